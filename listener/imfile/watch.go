package imfile

import (
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"syslogd/internal/barrier"
	"syslogd/ratelimit"
)

// hub watches directories for all inputs of the module: the number of inotify
// instances that a user may have is small. One goroutine reads the events; it
// runs while an input does.
type hub struct {
	log   *slog.Logger
	guard *barrier.Barrier

	mu     sync.Mutex // guards what follows
	events *notifier
	users  int
	watches
	max   int
	limit ratelimit.PerMinute
	done  chan struct{} // closed by the reader of events
}

// watches are what is watched: directories, and files that may be written to by other names than
// those in a directory that is watched. Paths are without symbolic links.
type watches struct {
	byPath map[string]*watch
	// byNumber has the same by the kernel's number. What can be reached by several paths, as with
	// mount --bind, has one number.
	byNumber map[int32][]*watch
}

type watch struct {
	path   string
	number int32
	users  map[*mailbox]bool // who wants to know
}

// join makes events arrive. Without them (an error) the input has to look itself.
func (h *hub) join(max int) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.users > 0 {
		h.users++
		return nil
	}
	n, err := newNotifier(h.guard)
	if err != nil {
		return err
	}
	h.events, h.users, h.max = n, 1, max
	h.watches = watches{byPath: map[string]*watch{}, byNumber: map[int32][]*watch{}}
	done := make(chan struct{})
	h.done = done
	go func() {
		defer close(done)
		n.run(h.event, h.failed)
	}()
	return nil
}

// leave ends the watches of an input; the last one waits for the reader.
func (h *hub) leave(m *mailbox) {
	h.keep(m, nil)
	h.mu.Lock()
	h.users--
	last := h.users == 0
	n, done := h.events, h.done
	h.mu.Unlock()
	if last {
		n.end()
		<-done
	}
}

// watch makes changes at path known to m. It reports whether that is so. It is asked again at
// each scan: another directory may have come to the path.
func (h *hub) watch(m *mailbox, path string, mask uint32) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.byPath[path]
	if w == nil && h.max > 0 && len(h.byPath) >= h.max {
		return false
	}
	number, err := h.events.add(path, mask)
	switch {
	case err != nil:
		// What does not exist is seen coming by the watch of where it will be.
		if !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENOTDIR) && h.limit.Allow() {
			h.log.Warn("directory can not be watched, it is looked at from time to time", "file", path, "err", err)
		}
		return false
	case w == nil:
		w = &watch{path: path, users: map[*mailbox]bool{}}
		h.byPath[path] = w
	case w.number != number:
		h.drop(w)
	}
	if w.number != number {
		w.number = number
		h.byNumber[number] = append(h.byNumber[number], w)
	}
	w.users[m] = true
	return true
}

// drop ends the watch of what was at a path.
func (h *hub) drop(w *watch) {
	rest := slices.DeleteFunc(h.byNumber[w.number], func(o *watch) bool { return o == w })
	h.byNumber[w.number] = rest
	if len(rest) == 0 {
		delete(h.byNumber, w.number)
		h.events.remove(w.number)
	}
}

// keep ends m's watches of all paths but those.
func (h *hub) keep(m *mailbox, paths map[string]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for path, w := range h.byPath {
		if !w.users[m] || paths[path] {
			continue
		}
		delete(w.users, m)
		if len(w.users) == 0 {
			delete(h.byPath, path)
			h.drop(w)
		}
	}
}

func (h *hub) event(e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e.all {
		h.all()
		return
	}
	for _, w := range h.byNumber[e.wd] {
		path := w.path
		if e.name != "" {
			path = join(path, e.name)
		}
		for m := range w.users {
			switch {
			case e.mask&textEvents != 0:
				m.written(path)
			case e.name == "":
				m.all() // the directory itself came away
			default:
				m.changed(path)
			}
		}
	}
	if e.mask&unix.IN_IGNORED != 0 { // the watch has ended with what it was on
		for _, w := range h.byNumber[e.wd] {
			delete(h.byPath, w.path)
		}
		delete(h.byNumber, e.wd)
	}
}

// failed is called when events can not be read.
func (h *hub) failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.limit.Allow() {
		h.log.Warn("reading file events", "err", err)
	}
	h.all()
}

// all makes everybody look at everything.
func (h *hub) all() {
	for _, w := range h.byPath {
		for m := range w.users {
			m.all()
		}
	}
}

// mailbox is what an input has to look at.
type mailbox struct {
	// wake has room for one token; the hub puts it, the input takes it.
	wake    chan struct{}
	pattern *pattern

	mu sync.Mutex // guards what follows
	// known are the files that are read, dirs the directories as the pattern leads to
	// them, and steps the names on the way to both, all by their path without symbolic
	// links: events name that one.
	known map[string]*tail
	dirs  map[string][]string
	steps map[string]bool
	dirty []*tail // in the order of events; each has marked set
	scan  bool    // files came or went
}

func newMailbox(p *pattern) *mailbox {
	return &mailbox{wake: make(chan struct{}, 1), pattern: p, known: map[string]*tail{}, dirs: map[string][]string{}, steps: map[string]bool{}}
}

func (m *mailbox) ring() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// written is called when a file in a watched directory was written to.
func (m *mailbox) written(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t := m.known[name]; t != nil && !t.marked {
		t.marked = true
		m.dirty = append(m.dirty, t)
		m.ring()
	}
}

// changed is called when a name in a watched directory came, went or changed.
func (m *mailbox) changed(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	relevant := m.known[name] != nil || m.steps[name]
	for _, dir := range m.dirs[filepath.Dir(name)] {
		relevant = relevant || m.pattern.concerns(join(dir, filepath.Base(name)))
	}
	if relevant {
		m.scan = true
		m.ring()
	}
}

// all is called when anything may have changed.
func (m *mailbox) all() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.scan = true
	m.ring()
}

// take returns and forgets what there is to look at.
func (m *mailbox) take(dirty []*tail) (_ []*tail, scan bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, t := range m.dirty {
		t.marked = false
		m.dirty[i] = nil
		dirty = append(dirty, t)
	}
	m.dirty = m.dirty[:0]
	scan, m.scan = m.scan, false
	return dirty, scan
}

// addDir makes a directory known before it is read.
func (m *mailbox) addDir(real, dir string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.Contains(m.dirs[real], dir) {
		m.dirs[real] = append(m.dirs[real], dir)
	}
}

// addStep makes a name on the way known before it is looked up.
func (m *mailbox) addStep(path string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.steps[path] = true
}

// setKnown exchanges what is known after all directories were read.
func (m *mailbox) setKnown(known map[string]*tail, dirs map[string][]string, steps map[string]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known, m.dirs, m.steps = known, dirs, steps
}
