package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// roomInterval is how often file systems are looked at.
	roomInterval = 10 * time.Second
	// maxNamed is how many failing files, and maxDisks how many file systems, are told
	// of: hosts and their files may be many.
	maxNamed = 5
	maxDisks = 32
	// Room is short when less than a hundredth is left, and less than this.
	leastBytes  = 256 << 20
	leastInodes = 10_000
)

// Health returns what is wrong with files and the file systems they are on, or nil.
func (s *Store) Health() error {
	var errs []error
	failing := s.Failing(maxNamed)
	for _, f := range failing {
		errs = append(errs, fmt.Errorf("file %q can not be written: %w", f.Path, f.Err))
	}
	if more := s.stats.failing.Load() - int64(len(failing)); more > 0 && len(failing) == maxNamed {
		errs = append(errs, fmt.Errorf("%d more files can not be written", more))
	}
	if short := s.short.Load(); short != nil {
		for _, text := range *short {
			errs = append(errs, errors.New(text))
		}
	}
	return errors.Join(errs...)
}

// watchRoom looks at the file systems until ctx ends. It has a goroutine of its own:
// one that hangs must not hang who asks for the health.
func (s *Store) watchRoom(ctx context.Context) {
	ticker := time.NewTicker(roomInterval)
	defer ticker.Stop()
	for {
		s.checkRoom(unix.Statfs)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// checkRoom notes which file systems are short of bytes or inodes.
func (s *Store) checkRoom(statfs func(path string, st *unix.Statfs_t) error) {
	var seen []unix.Fsid
	var short []string
	for _, dir := range s.directories() {
		var st unix.Statfs_t
		if statfs(dir, &st) != nil || slices.Contains(seen, st.Fsid) {
			continue
		}
		seen = append(seen, st.Fsid)
		if what := shortOf(&st); what != "" {
			short = append(short, fmt.Sprintf("the file system of %q has %s left", dir, what))
		}
		if len(seen) == maxDisks {
			break
		}
	}
	if old := s.short.Swap(&short); len(short) > 0 && (old == nil || len(*old) == 0) {
		s.report.warn("a disk is nearly full", "which", short[0])
	}
}

// shortOf says what a file system is short of, or "".
func shortOf(st *unix.Statfs_t) string {
	size := uint64(max(st.Bsize, 1))
	switch {
	case st.Blocks > 0 && st.Bavail < st.Blocks/100 && st.Bavail*size < leastBytes:
		return fmt.Sprintf("%d MiB", st.Bavail*size>>20)
	case st.Files > 0 && st.Ffree < st.Files/100 && st.Ffree < leastInodes:
		// Some file systems (btrfs) count no inodes.
		return fmt.Sprintf("%d inodes", st.Ffree)
	}
	return ""
}

// directories are those that files are in: of fixed names, and the constant ones of
// dynamic names.
func (s *Store) directories() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	add := func(dir string) {
		if dir = filepath.Clean(dir); !slices.Contains(list, dir) {
			list = append(list, dir)
		}
	}
	for _, c := range s.caches {
		if c.base != "" {
			add(c.base)
		}
	}
	for _, f := range s.files {
		if len(list) == 2*maxDisks {
			break
		}
		if f.base == "" {
			add(filepath.Dir(f.path))
		}
	}
	return list
}
