package imfile

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

// shared is what the inputs of the module have in common.
type shared struct {
	hub hub

	mu     sync.Mutex // guards inputs
	inputs []*input   // in the order of the configuration
}

// add adds an input and returns those before it.
func (s *shared) add(in *input) []*input {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inputs = append(s.inputs, in)
	return s.inputs[: len(s.inputs)-1 : len(s.inputs)-1]
}

// scan looks which files there are, and which of them changed.
func (in *input) scan(now time.Time) {
	in.retry = false
	v := newVisit(in)
	w := walker{fs: in.fs, maxFiles: maxFiles, maxDirs: maxDirs, enter: v.enter, trace: func(path string) { v.dir(path) }}
	paths := w.walk(in.pattern)
	if w.full && in.warn.Allow() {
		in.env.Log.Error("more files or directories match than can be read, the others are not read", "file", in.conf.File, "limit", maxFiles)
	}
	in.reconcile(now, paths, w.found)
	known := make(map[string]*tail, len(in.byPath))
	for path, t := range in.byPath {
		// A link, or a directory above, may have changed and lead to the same file.
		if real := v.dir(path); t.real != real {
			t.real = real
			in.enqueue(t) // events until now had the old name
		}
		known[t.real] = t
		v.watch(filepath.Dir(t.real), nameEvents|textEvents|unix.IN_ONLYDIR)
		if w.found[path].Nlink > 1 { // it may be written to by a name elsewhere
			v.watch(t.real, textEvents)
			in.enqueue(t) // what was written since it was looked at has no event
		}
	}
	in.box.setKnown(known, v.dirs, v.steps)
	if in.watching {
		in.hub.keep(in.box, v.watched)
	}
	for _, path := range paths {
		if t := in.byPath[path]; t != nil && w.found[path].Size != t.seen {
			in.enqueue(t)
		}
	}
	if in.first {
		in.first = false
		if len(paths) == 0 && in.pattern.static() && in.conf.NotFoundError {
			in.env.Log.Warn("file does not exist, it is read when it appears", "file", in.conf.File)
		}
	}
}

// visit is what a scan comes by.
type visit struct {
	in *input
	routes
	watched map[string]bool
	masks   map[string]uint32   // what is watched of each
	dirs    map[string][]string // as the pattern leads to them, by their real path
	steps   map[string]bool     // names on the way
}

func newVisit(in *input) *visit {
	v := &visit{in: in, watched: map[string]bool{}, masks: map[string]uint32{}, dirs: map[string][]string{}, steps: map[string]bool{}}
	v.routes.step = v.pass
	return v
}

// pass watches the directory in which a name on the way is looked up.
func (v *visit) pass(dir, name string) {
	path := join(dir, name)
	v.steps[path] = true
	v.in.box.addStep(path)
	v.watch(dir, nameEvents|unix.IN_ONLYDIR)
}

// enter watches a directory in which files of the pattern are, or come.
func (v *visit) enter(dir string) {
	real := v.dir(dir)
	v.dirs[real] = append(v.dirs[real], dir)
	v.in.box.addDir(real, dir)
	v.watch(real, nameEvents|textEvents|unix.IN_ONLYDIR)
}

func (v *visit) watch(path string, mask uint32) {
	if v.in.watching && v.masks[path]|mask != v.masks[path] {
		v.masks[path] |= mask
		v.watched[path] = v.in.hub.watch(v.in.box, path, mask)
	}
}

// reconcile makes the files that are read those that were found. A file is known
// by device and inode: it may have got another name.
func (in *input) reconcile(now time.Time, paths []string, found map[string]vfs.Info) {
	byPath := make(map[string]*tail, len(paths))
	taken := map[*tail]bool{}
	// Names that did not change come first, so that of two names of a file the
	// one that is known stays.
	for _, path := range paths {
		if t := in.byPath[path]; t != nil && t.id == idOf(found[path]) {
			byPath[path], taken[t] = t, true
		}
	}
	for _, path := range paths {
		if byPath[path] != nil {
			continue
		}
		info := found[path]
		t := in.files[idOf(info)]
		switch {
		case t != nil && taken[t]:
			continue // another name of a file that is read
		case t != nil:
			in.renamed(t, path)
		case in.tooOld(now, info):
			continue
		default:
			if t = in.open(path, info); t == nil {
				continue
			}
			in.files[t.id] = t
			in.enqueue(t)
		}
		byPath[path], taken[t] = t, true
	}
	for _, t := range in.byPath {
		if !taken[t] {
			in.leave(t, now)
		}
	}
	in.byPath = byPath
}

func idOf(info vfs.Info) fileID { return fileID{info.Dev, info.Ino} }

func (in *input) tooOld(now time.Time, info vfs.Info) bool {
	return in.conf.OlderThan > 0 && now.Sub(info.ModTime) > time.Duration(in.conf.OlderThan)*time.Second
}

// renamed goes on with a file under another name.
func (in *input) renamed(t *tail, path string) {
	t.path = path
	if !t.left.IsZero() {
		t.left = time.Time{}
		for i, g := range in.gone {
			if g == t {
				in.gone = append(in.gone[:i:i], in.gone[i+1:]...)
				break
			}
		}
	}
	in.enqueue(t)
}

// leave keeps a file for a while whose name is gone: a program may still write to it.
func (in *input) leave(t *tail, now time.Time) {
	t.left, t.read = now, now
	in.gone = append(in.gone, t)
	in.enqueue(t)
	if len(in.gone) > maxGone {
		in.sendRest(context.Background(), in.gone[0])
		in.closeGone(in.gone[0])
		in.gone = append(in.gone[:0:0], in.gone[1:]...)
	}
}

// maxGone bounds the files that are kept open without a name.
const maxGone = 1000

// lookAtGone reads on in files without a name, and closes those that do not grow
// any more.
func (in *input) lookAtGone(ctx context.Context, now time.Time) {
	keep := in.gone[:0]
	for _, t := range in.gone {
		info, err := t.file.Stat()
		t.deleted = err == nil && info.Nlink == 0
		quiet := movedQuiet
		if t.deleted {
			quiet = deletedQuiet
		}
		switch {
		case err == nil && info.Size > t.seen:
			in.enqueue(t)
		case t.queued:
		case now.Sub(t.read) >= quiet && in.sendRest(ctx, t):
			in.closeGone(t)
			continue
		}
		keep = append(keep, t)
	}
	clear(in.gone[len(keep):])
	in.gone = keep
}

// sendRest sends what is left of a file, and reports whether all of it is safe.
func (in *input) sendRest(ctx context.Context, t *tail) bool {
	for more, ok := true, true; more; {
		if more, ok = in.consume(ctx, t, flushAll); !ok {
			return false
		}
	}
	return t.unsettled() == 0
}

// closeGone closes a file without a name. What is not safe of it then nobody reads again.
func (in *input) closeGone(t *tail) {
	in.save(t, t.settled())
	if t.deleted && in.conf.DeleteOnDelete || !t.deleted && in.conf.DeleteOnMove {
		in.forget(t)
	}
	delete(in.files, t.id)
	in.close(t)
}

func (in *input) close(t *tail) {
	t.file.Close()
	t.file = nil
	in.stats.closed.Add(1)
}

// finish sends what is left of files without a name: after a restart nobody
// finds them.
func (in *input) finish() {
	for _, t := range in.gone {
		in.sendRest(context.Background(), t)
	}
}

// sendOverdue sends messages of several lines whose end was not seen for readTimeout.
func (in *input) sendOverdue(ctx context.Context, now time.Time) {
	for _, t := range in.byPath {
		if t.queued || t.seen <= t.at.pos || now.Sub(t.read) < time.Duration(in.conf.ReadTimeout)*time.Second {
			continue
		}
		if _, ok := in.consume(ctx, t, flushLines); !ok {
			return
		}
	}
}

// open opens a file and finds out where to read on.
func (in *input) open(path string, info vfs.Info) *tail {
	f, err := in.fs.OpenFile(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		in.retry = true
		if !errors.Is(err, unix.ENOENT) {
			in.complain("file can not be opened, it is tried again", path, err)
		}
		return nil
	}
	if now, err := f.Stat(); err != nil || !vfs.SameFile(now, info) {
		// It was exchanged in between.
		f.Close()
		in.box.all()
		return nil
	}
	t := &tail{path: path, id: idOf(info), file: f, read: time.Now(), saved: place{pos: -1}}
	in.stats.open.Add(1)
	in.restore(t, info)
	t.seen = t.at.pos
	t.done = t.at
	return t
}

func (in *input) complain(text, path string, err error) {
	if in.openWarn.Allow() {
		in.env.Log.Error(text, "file", path, "err", err)
	}
}
