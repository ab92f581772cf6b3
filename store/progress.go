package store

import "syslogd/internal/progress"

// Stages are the writes to files: each must end. What can not be written is in Health.
func (s *Store) Stages() []progress.Stage {
	return []progress.Stage{
		{
			Name:   "writing files",
			Sample: func() (step uint64, busy bool) { _, since := s.oldestWrite(); return uint64(since), since != 0 },
			Detail: func() string { path, _ := s.oldestWrite(); return path },
		},
	}
}

// oldestWrite is the file whose write has been under way for longest, and since when.
func (s *Store) oldestWrite() (path string, since int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		if at := f.writing.Load(); at != 0 && (since == 0 || at < since) {
			path, since = f.path, at
		}
	}
	return path, since
}
