package vfs

import (
	"io"
	"sync"
)

// Op is one call that a Fault is asked about.
type Op struct {
	// Kind is the method in lower case: open, mkdir, stat, lstat, rename,
	// remove, readdir, chown, chmod, write, read, sync, fstat, truncate, close, lock.
	Kind string
	Path string
	// Len is how many bytes a write has, or a read may have.
	Len int
	// N counts the calls of this kind and path, from 1.
	N int
}

// Verdict is what becomes of a call. The zero Verdict lets it through.
type Verdict struct {
	// Err fails the call.
	Err error
	// Short, with a write, passes on this many bytes only: the call then
	// returns that count, and Err if that is set. A read returns this many bytes and
	// io.EOF, as if the file ended there.
	Short int
	// Cut makes Short count even when it is zero and Err is nil.
	Cut bool
}

// Fault passes calls on to another file system and fails those that its rule
// names. A failed call has no effect, but for the Short bytes of a write.
type Fault struct {
	FS

	mu    sync.Mutex
	rule  func(Op) Verdict
	count map[string]int
}

// NewFault returns a Fault that lets everything through.
func NewFault(inner FS) *Fault { return &Fault{FS: inner, count: map[string]int{}} }

// Set replaces the rule and restarts the counts. rule is called under a lock:
// it may keep state, and must not use the file system.
func (f *Fault) Set(rule func(Op) Verdict) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rule = rule
	clear(f.count)
}

func (f *Fault) ask(kind, path string, n int) Verdict {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rule == nil {
		return Verdict{}
	}
	key := kind + " " + path
	f.count[key]++
	return f.rule(Op{Kind: kind, Path: path, Len: n, N: f.count[key]})
}

func (f *Fault) OpenFile(name string, flags int, perm uint32) (File, error) {
	if v := f.ask("open", name, 0); v.Err != nil {
		return nil, v.Err
	}
	h, err := f.FS.OpenFile(name, flags, perm)
	if err != nil {
		return nil, err
	}
	return &faultFile{File: h, f: f}, nil
}

func (f *Fault) Mkdir(name string, perm uint32) error {
	if v := f.ask("mkdir", name, 0); v.Err != nil {
		return v.Err
	}
	return f.FS.Mkdir(name, perm)
}

func (f *Fault) Stat(name string) (Info, error) {
	if v := f.ask("stat", name, 0); v.Err != nil {
		return Info{}, v.Err
	}
	return f.FS.Stat(name)
}

func (f *Fault) Lstat(name string) (Info, error) {
	if v := f.ask("lstat", name, 0); v.Err != nil {
		return Info{}, v.Err
	}
	return f.FS.Lstat(name)
}

func (f *Fault) Rename(old, new string) error {
	if v := f.ask("rename", old, 0); v.Err != nil {
		return v.Err
	}
	return f.FS.Rename(old, new)
}

func (f *Fault) Remove(name string) error {
	if v := f.ask("remove", name, 0); v.Err != nil {
		return v.Err
	}
	return f.FS.Remove(name)
}

func (f *Fault) ReadDir(name string) ([]string, error) {
	if v := f.ask("readdir", name, 0); v.Err != nil {
		return nil, v.Err
	}
	return f.FS.ReadDir(name)
}

func (f *Fault) Chown(name string, uid, gid int) error {
	if v := f.ask("chown", name, 0); v.Err != nil {
		return v.Err
	}
	return f.FS.Chown(name, uid, gid)
}

func (f *Fault) Chmod(name string, perm uint32) error {
	if v := f.ask("chmod", name, 0); v.Err != nil {
		return v.Err
	}
	return f.FS.Chmod(name, perm)
}

// Lock passes on what the other file system can do, if it is a Locker; else it locks
// nothing.
func (f *Fault) Lock(name string) (io.Closer, error) {
	if v := f.ask("lock", name, 0); v.Err != nil {
		return nil, v.Err
	}
	if l, ok := f.FS.(Locker); ok {
		return l.Lock(name)
	}
	return io.NopCloser(nil), nil
}

type faultFile struct {
	File
	f *Fault
}

func (h *faultFile) Write(p []byte) (int, error) {
	v := h.f.ask("write", h.Name(), len(p))
	if v.Err == nil && v.Short == 0 && !v.Cut {
		return h.File.Write(p)
	}
	n, err := h.File.Write(p[:min(v.Short, len(p))])
	if err != nil {
		return n, err
	}
	return n, v.Err
}

func (h *faultFile) ReadAt(p []byte, off int64) (int, error) {
	v := h.f.ask("read", h.Name(), len(p))
	switch {
	case v.Err != nil:
		return 0, v.Err
	case v.Short > 0 || v.Cut:
		n, err := h.File.ReadAt(p[:min(v.Short, len(p))], off)
		if err == nil {
			err = io.EOF
		}
		return n, err
	}
	return h.File.ReadAt(p, off)
}

func (h *faultFile) Sync() error {
	if v := h.f.ask("sync", h.Name(), 0); v.Err != nil {
		return v.Err
	}
	return h.File.Sync()
}

func (h *faultFile) Stat() (Info, error) {
	if v := h.f.ask("fstat", h.Name(), 0); v.Err != nil {
		return Info{}, v.Err
	}
	return h.File.Stat()
}

func (h *faultFile) Truncate(size int64) error {
	if v := h.f.ask("truncate", h.Name(), 0); v.Err != nil {
		return v.Err
	}
	return h.File.Truncate(size)
}

func (h *faultFile) Chown(uid, gid int) error {
	if v := h.f.ask("chown", h.Name(), 0); v.Err != nil {
		return v.Err
	}
	return h.File.Chown(uid, gid)
}

func (h *faultFile) Chmod(perm uint32) error {
	if v := h.f.ask("chmod", h.Name(), 0); v.Err != nil {
		return v.Err
	}
	return h.File.Chmod(perm)
}

// Close closes the inner file in any case, as close(2) does.
func (h *faultFile) Close() error {
	v := h.f.ask("close", h.Name(), 0)
	if err := h.File.Close(); err != nil {
		return err
	}
	return v.Err
}
