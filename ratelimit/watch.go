package ratelimit

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// watchInterval is how often files are looked at.
const watchInterval = 500 * time.Millisecond

// Watch reads the files of policies again when they change. It returns a
// function that ends it and waits for the end; it may be called again.
func (s *Policies) Watch() (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	for _, p := range s.list {
		if p.Watch && (p.File != "" || p.PerSource) {
			running.Go(func() { p.watch(done) })
		}
	}
	return sync.OnceFunc(func() {
		close(done)
		running.Wait()
	})
}

func (p *Policy) watch(done <-chan struct{}) {
	tick := time.NewTicker(min(watchInterval, max(p.Debounce, 10*time.Millisecond)))
	defer tick.Stop()
	loaded := p.stamp()
	seen, since := loaded, time.Now()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		now := p.stamp()
		if now != seen {
			seen, since = now, time.Now()
		}
		if seen != loaded && time.Since(since) >= p.Debounce {
			loaded = seen
			p.reload()
		}
	}
}

// stamp changes when a file of the policy does.
func (p *Policy) stamp() string {
	out := ""
	for _, path := range []string{p.File, p.SourceFile} {
		if info, err := os.Stat(path); err == nil {
			out += fmt.Sprintln(info.ModTime().UnixNano(), info.Size(), inode(info))
		}
	}
	return out
}

func inode(info os.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ino
	}
	return 0
}
