package queue

import (
	"slices"

	"syslogd/message"
)

// maxRead bounds what is read at a time, unless a record is longer.
const maxRead = 256 << 10

// read returns the next batch from disk: messages of one flow and one ruleset, at
// most limit of them unless a record has more. With mixed set flows do not
// matter. It returns nil when everything was read.
func (s *spool) read(limit int, mixed bool) (*fed, error) {
	size := maxRead
	for {
		ok, err := s.seek()
		if err != nil || !ok {
			return nil, err
		}
		slab := message.NewSlab(int(min(int64(size), s.at.end-s.at.off)))
		p, err := s.at.window(slab.Buf)
		if err != nil {
			slab.Release()
			return nil, err
		}
		f := &fed{batch: message.NewBatch(slab)}
		need := s.fill(f, p, limit, mixed)
		if s.passed(f); f.n > 0 {
			return f, nil
		}
		f.batch.Release()
		size = max(maxRead, need)
	}
}

// seek opens the segment where reading goes on, and says how far it may be read.
func (s *spool) seek() (ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.at != nil {
			if s.at.end = s.reading.size; s.at.off < s.at.end {
				return true, nil
			}
			if s.reading == s.writing {
				return false, nil
			}
			s.closeReading()
		}
		i := slices.IndexFunc(s.segments, func(seg *segment) bool { return seg.first > s.readPast })
		if i < 0 {
			return false, nil
		}
		if s.at, err = openCursor(s.fs, s.dir, s.segments[i]); err != nil {
			s.at = nil
			return false, err
		}
		s.reading, s.readOff = s.segments[i], s.at.off
	}
}

// closeReading is for a segment that has been read; mu is held.
func (s *spool) closeReading() {
	s.at.close()
	s.readPast = s.reading.first
	s.at, s.reading = nil, nil
	s.drop()
}

// fill adds the records in p to f. It returns how long a window must be when p
// ends within the first record.
func (s *spool) fill(f *fed, p []byte, limit int, mixed bool) (need int) {
	var r record
	for {
		off := s.at.off
		rest, ok, need := s.at.next(p, &r)
		if !ok {
			return need
		}
		s.mu.Lock()
		all, first := s.pos.done(r.seq)
		s.mu.Unlock()
		if !all {
			ruleset := s.dec.Ruleset(r.body)
			old := r.seq <= s.start
			if f.n > 0 && (f.n+r.msgs > limit || old != f.old || !mixed && !old && r.flow != f.flow || string(ruleset) != f.batch.Ruleset) {
				s.at.off = off
				return 0
			}
			s.add(f, &r, first)
		}
		p = rest
	}
}

// add appends the messages of a record to f, but for the first ones.
func (s *spool) add(f *fed, r *record, first int) {
	had := f.batch.Len()
	err := s.dec.Append(f.batch, r.body)
	n := f.batch.Len() - had
	if err != nil || n != r.msgs {
		s.log.Error("messages on disk can not be read, they are kept aside", "file", s.reading.name, "count", r.msgs, "err", err)
		f.batch.Cut(had)
		s.mu.Lock()
		s.reading.bad += int64(recordHeader + len(r.body))
		s.stored -= r.msgs - first
		s.mu.Unlock()
		return
	}
	if first = min(first, n); first > 0 {
		f.batch.Msgs = slices.Delete(f.batch.Msgs, had, had+first)
	}
	f.flow, f.old = r.flow, r.seq <= s.start
	f.n += n - first
	f.recs = append(f.recs, fedRecord{r.seq, n - first, first})
}

// passed notes how far reading has come, and that f is under way.
func (s *spool) passed(f *fed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readOff = s.at.off
	if s.at.bad > s.reading.bad {
		s.log.Error("a queue's file is damaged, what can be read of it is processed", "file", s.reading.name, "bytes", s.at.bad)
		s.reading.bad = s.at.bad
	}
	if f.n > 0 {
		s.window = append(s.window, f)
	}
}

// atEnd reports whether everything on disk was read; mu is held.
func (s *spool) atEnd() bool {
	if len(s.segments) == 0 {
		return true
	}
	last := s.segments[len(s.segments)-1]
	return last == s.reading && s.readOff >= last.size || last.first <= s.readPast
}
