package imfile

import (
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"

	"github.com/fsnotify/fsnotify"

	"syslogd/listener"
)

// hub watches directories for all inputs of the module: the number of inotify
// instances that a user may have is small. One goroutine reads the events; it
// runs while an input does.
type hub struct {
	log *slog.Logger

	mu     sync.Mutex // guards what follows
	events *fsnotify.Watcher
	users  int
	dirs   map[string]map[*mailbox]bool // who wants to know of a directory
	max    int
	limit  listener.LogLimiter
	done   chan struct{} // closed by the reader of events
}

// join makes events arrive. Without them (an error) the input has to look itself.
func (h *hub) join(max int) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.users > 0 {
		h.users++
		return nil
	}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	h.events, h.users, h.dirs, h.max = w, 1, map[string]map[*mailbox]bool{}, max
	done := make(chan struct{})
	h.done = done
	go func() {
		defer close(done)
		h.read(w)
	}()
	return nil
}

// leave ends the watches of an input; the last one waits for the reader.
func (h *hub) leave(m *mailbox) {
	h.keep(m, nil)
	h.mu.Lock()
	h.users--
	last := h.users == 0
	w, done := h.events, h.done
	h.mu.Unlock()
	if last {
		w.Close()
		<-done
	}
}

// watch makes changes in dir known to m. It reports whether that is so.
func (h *hub) watch(m *mailbox, dir string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	who := h.dirs[dir]
	if len(who) > 0 {
		who[m] = true
		return true
	}
	if h.max > 0 && len(h.dirs) >= h.max {
		return false
	}
	if err := h.events.Add(dir); err != nil {
		if h.limit.Allow() {
			h.log.Warn("directory can not be watched, it is looked at from time to time", "file", dir, "err", err)
		}
		return false
	}
	h.dirs[dir] = map[*mailbox]bool{m: true}
	return true
}

// keep ends m's watches of all directories but those.
func (h *hub) keep(m *mailbox, dirs map[string]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for dir, who := range h.dirs {
		if !who[m] || dirs[dir] {
			continue
		}
		delete(who, m)
		if len(who) == 0 {
			delete(h.dirs, dir)
			h.events.Remove(dir) // fails for one that is gone
		}
	}
}

func (h *hub) read(w *fsnotify.Watcher) {
	events, errs := w.Events, w.Errors
	for events != nil {
		select {
		case ev, ok := <-events:
			if !ok {
				events = nil
				break
			}
			h.event(ev)
		case err, ok := <-errs:
			if !ok {
				errs = nil
				break
			}
			h.failed(err)
		}
	}
}

func (h *hub) event(ev fsnotify.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	content := ev.Op == fsnotify.Write
	for m := range h.dirs[filepath.Dir(ev.Name)] {
		if content {
			m.written(ev.Name)
		} else {
			m.changed(ev.Name)
		}
	}
	if who := h.dirs[ev.Name]; len(who) > 0 && ev.Op&(fsnotify.Remove|fsnotify.Rename) != 0 {
		// The directory itself is gone, and its watch with it.
		delete(h.dirs, ev.Name)
		for m := range who {
			m.all()
		}
	}
}

// failed is called when events were lost, or can not be read.
func (h *hub) failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !errors.Is(err, fsnotify.ErrEventOverflow) && h.limit.Allow() {
		h.log.Warn("reading file events", "err", err)
	}
	for _, who := range h.dirs {
		for m := range who {
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
	// known are the files that are read, and dirs the directories as the pattern
	// leads to them, both by their path without symbolic links: events name
	// that one.
	known map[string]*tail
	dirs  map[string][]string
	dirty []*tail // in the order of events; each has marked set
	scan  bool    // files came or went
}

func newMailbox(p *pattern) *mailbox {
	return &mailbox{wake: make(chan struct{}, 1), pattern: p, known: map[string]*tail{}, dirs: map[string][]string{}}
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
	relevant := m.known[name] != nil
	for _, dir := range m.dirs[filepath.Dir(name)] {
		relevant = relevant || m.pattern.concerns(filepath.Join(dir, filepath.Base(name)))
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

// setKnown exchanges what is known after all directories were read.
func (m *mailbox) setKnown(known map[string]*tail, dirs map[string][]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known, m.dirs = known, dirs
}
