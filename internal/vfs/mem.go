package vfs

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Mem is a file system in memory. It knows directories and regular files, and
// keeps two states: what a running system sees, and what a disk holds. Content
// reaches the disk by File.Sync, a directory's entries by Sync of the
// directory. Crash goes back to what the disk holds.
type Mem struct {
	mu    sync.Mutex
	root  *node // never replaced but by Crash
	ino   uint64
	space int64 // bytes that may still be written; negative: no limit
	epoch int   // counts crashes; handles of an older epoch are dead
}

// node is a file or a directory. Mem.mu guards all nodes.
type node struct {
	info    Info
	data    []byte
	disk    []byte
	entries map[string]*node // nil: a file
	durable map[string]*node
}

// NewMem returns an empty file system with unlimited space.
func NewMem() *Mem {
	m := &Mem{space: -1}
	m.root = m.node(fs.ModeDir | 0o755)
	return m
}

// SetSpace limits how many more bytes can be written. A write that does not
// fit is cut short, the next one fails with ENOSPC, as on a disk that is full.
// Truncate and Remove do not give space back. Negative: no limit.
func (m *Mem) SetSpace(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.space = n
}

// Crash forgets what was not synced, and makes all open files unusable.
func (m *Mem) Crash() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.epoch++
	m.root.crash()
}

func (n *node) crash() {
	n.data = slices.Clone(n.disk)
	n.info.Size = int64(len(n.data))
	if n.entries == nil {
		return
	}
	n.entries = maps.Clone(n.durable)
	for _, c := range n.entries {
		c.crash()
	}
}

func (m *Mem) node(mode fs.FileMode) *node {
	m.ino++
	n := &node{info: Info{Mode: mode, Ino: m.ino, Dev: 1, Nlink: 1, ModTime: time.Now()}}
	if mode.IsDir() {
		n.entries, n.durable = map[string]*node{}, map[string]*node{}
	}
	return n
}

// walk finds the directory that holds name, and the last element of name.
func (m *Mem) walk(op, name string) (*node, string, error) {
	dir, base := path.Split(path.Clean("/" + name))
	d := m.root
	for elem := range strings.SplitSeq(dir, "/") {
		if elem == "" {
			continue
		}
		if d = d.entries[elem]; d == nil {
			return nil, "", pathError(op, name, unix.ENOENT)
		}
		if d.entries == nil {
			return nil, "", pathError(op, name, unix.ENOTDIR)
		}
	}
	return d, base, nil
}

// find returns the node called name.
func (m *Mem) find(op, name string) (*node, error) {
	d, base, err := m.walk(op, name)
	if err != nil {
		return nil, err
	}
	if base == "" {
		return d, nil
	}
	if n := d.entries[base]; n != nil {
		return n, nil
	}
	return nil, pathError(op, name, unix.ENOENT)
}

func pathError(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

func (m *Mem) OpenFile(name string, flags int, perm uint32) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, base, err := m.walk("open", name)
	if err != nil {
		return nil, err
	}
	n := d.entries[base]
	if base == "" {
		n = d
	}
	switch {
	case n == nil && flags&unix.O_CREAT == 0:
		return nil, pathError("open", name, unix.ENOENT)
	case n == nil:
		n = m.node(fs.FileMode(perm & 0o777))
		d.entries[base] = n
	case flags&(unix.O_CREAT|unix.O_EXCL) == unix.O_CREAT|unix.O_EXCL:
		return nil, pathError("open", name, unix.EEXIST)
	case n.entries != nil && flags&unix.O_ACCMODE != unix.O_RDONLY:
		return nil, pathError("open", name, unix.EISDIR)
	case n.entries == nil && flags&unix.O_DIRECTORY != 0:
		return nil, pathError("open", name, unix.ENOTDIR)
	}
	if flags&unix.O_TRUNC != 0 {
		n.setData(nil)
	}
	return &memFile{m: m, n: n, name: name, flags: flags, epoch: m.epoch}, nil
}

func (n *node) setData(p []byte) {
	n.data = p
	n.info.Size = int64(len(p))
	n.info.ModTime = time.Now()
}

func (m *Mem) Mkdir(name string, perm uint32) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, base, err := m.walk("mkdir", name)
	if err != nil {
		return err
	}
	if base == "" || d.entries[base] != nil {
		return pathError("mkdir", name, unix.EEXIST)
	}
	d.entries[base] = m.node(fs.ModeDir | fs.FileMode(perm&0o777))
	return nil
}

func (m *Mem) Stat(name string) (Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find("stat", name)
	if err != nil {
		return Info{}, err
	}
	return n.info, nil
}

// Lstat is Stat: there are no symbolic links.
func (m *Mem) Lstat(name string) (Info, error) { return m.Stat(name) }

func (m *Mem) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, base, err := m.walk("rename", from)
	if err != nil {
		return err
	}
	d2, base2, err := m.walk("rename", to)
	if err != nil {
		return err
	}
	n := d.entries[base]
	if n == nil {
		return pathError("rename", from, unix.ENOENT)
	}
	if over := d2.entries[base2]; over != nil && over != n {
		over.info.Nlink = 0
	}
	delete(d.entries, base)
	d2.entries[base2] = n
	return nil
}

func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, base, err := m.walk("remove", name)
	if err != nil {
		return err
	}
	n := d.entries[base]
	switch {
	case n == nil:
		return pathError("remove", name, unix.ENOENT)
	case len(n.entries) > 0:
		return pathError("remove", name, unix.ENOTEMPTY)
	}
	n.info.Nlink = 0
	delete(d.entries, base)
	return nil
}

func (m *Mem) ReadDir(name string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if n.entries == nil {
		return nil, pathError("readdir", name, unix.ENOTDIR)
	}
	return slices.Sorted(maps.Keys(n.entries)), nil
}

func (m *Mem) Chown(name string, uid, gid int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find("chown", name)
	if err != nil {
		return err
	}
	n.chown(uid, gid)
	return nil
}

func (n *node) chown(uid, gid int) {
	if uid >= 0 {
		n.info.UID = uid
	}
	if gid >= 0 {
		n.info.GID = gid
	}
}

func (m *Mem) Chmod(name string, perm uint32) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find("chmod", name)
	if err != nil {
		return err
	}
	n.chmod(perm)
	return nil
}

func (n *node) chmod(perm uint32) { n.info.Mode = n.info.Mode.Type() | fs.FileMode(perm&0o777) }

type memFile struct {
	m      *Mem
	n      *node
	name   string
	flags  int
	epoch  int
	pos    int64 // without O_APPEND
	closed bool
}

// lock takes the file system's lock, or says why the handle is of no use.
func (f *memFile) lock(op string) error {
	f.m.mu.Lock()
	switch {
	case f.closed:
		f.m.mu.Unlock()
		return pathError(op, f.name, fs.ErrClosed)
	case f.epoch != f.m.epoch:
		f.m.mu.Unlock()
		return pathError(op, f.name, errCrashed)
	}
	return nil
}

var errCrashed = errors.New("file was open when the system crashed")

func (f *memFile) Write(p []byte) (int, error) {
	if err := f.lock("write"); err != nil {
		return 0, err
	}
	defer f.m.mu.Unlock()
	if f.flags&unix.O_ACCMODE == unix.O_RDONLY {
		return 0, pathError("write", f.name, unix.EBADF)
	}
	if f.m.space >= 0 {
		if f.m.space == 0 && len(p) > 0 {
			return 0, pathError("write", f.name, unix.ENOSPC)
		}
		p = p[:min(int64(len(p)), f.m.space)]
		f.m.space -= int64(len(p))
	}
	if f.flags&unix.O_APPEND != 0 {
		f.pos = int64(len(f.n.data))
	}
	end := f.pos + int64(len(p))
	data := f.n.data
	if end > int64(len(data)) {
		data = append(data, make([]byte, end-int64(len(data)))...)
	}
	copy(data[f.pos:], p)
	f.n.setData(data)
	f.pos = end
	return len(p), nil
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.lock("read"); err != nil {
		return 0, err
	}
	defer f.m.mu.Unlock()
	n := 0
	if off < int64(len(f.n.data)) {
		n = copy(p, f.n.data[off:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Sync() error {
	if err := f.lock("sync"); err != nil {
		return err
	}
	defer f.m.mu.Unlock()
	f.n.disk = slices.Clone(f.n.data)
	f.n.durable = maps.Clone(f.n.entries)
	return nil
}

func (f *memFile) Stat() (Info, error) {
	if err := f.lock("stat"); err != nil {
		return Info{}, err
	}
	defer f.m.mu.Unlock()
	return f.n.info, nil
}

func (f *memFile) Truncate(size int64) error {
	if err := f.lock("truncate"); err != nil {
		return err
	}
	defer f.m.mu.Unlock()
	data := f.n.data
	if size > int64(len(data)) {
		data = append(data, make([]byte, size-int64(len(data)))...)
	}
	f.n.setData(data[:size])
	return nil
}

func (f *memFile) Chown(uid, gid int) error {
	if err := f.lock("chown"); err != nil {
		return err
	}
	defer f.m.mu.Unlock()
	f.n.chown(uid, gid)
	return nil
}

func (f *memFile) Chmod(perm uint32) error {
	if err := f.lock("chmod"); err != nil {
		return err
	}
	defer f.m.mu.Unlock()
	f.n.chmod(perm)
	return nil
}

func (f *memFile) Close() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.closed {
		return pathError("close", f.name, fs.ErrClosed)
	}
	f.closed = true
	return nil
}

func (f *memFile) Name() string { return f.name }
