package queue

import (
	"slices"

	"syslogd/internal/barrier"
	"syslogd/internal/receipt"
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
		seg, err := s.seek()
		if err == nil && seg == nil {
			return nil, nil
		}
		var p []byte
		var short bool
		var slab *message.Slab
		if err == nil {
			slab = message.NewSlab(int(min(int64(size), s.at.end-s.at.off)))
			if p, short, err = s.at.window(slab.Buf); err != nil {
				slab.Release()
			}
		}
		if err != nil {
			if s.readFailed(seg, err) {
				s.stuck.Store(&err)
				return nil, err
			}
			continue
		}
		s.tries = 0
		s.stuck.Store(nil)
		if short {
			slab.Release()
			s.shortened(s.at.off + int64(len(p)))
			continue
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

// seek opens the segment where reading goes on, and says how far it may be read. It
// returns nil when everything was read; with an error the segment that can not be opened.
func (s *spool) seek() (seg *segment, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.at != nil {
			if s.at.end = s.reading.size; s.at.off < s.at.end {
				return s.reading, nil
			}
			if s.reading == s.writing {
				s.account(s.reading)
				return nil, nil
			}
			s.closeReading()
		}
		i := slices.IndexFunc(s.segments, func(seg *segment) bool { return !seg.read })
		if i < 0 {
			return nil, nil
		}
		seg = s.segments[i]
		if s.at, err = openCursor(s.fs, s.dir, seg); err != nil {
			s.at = nil
			return seg, err
		}
		s.reading, s.readOff, s.readSince = seg, s.at.off, seg.since
		s.lastSeq, s.rescans = 0, 0
	}
}

// closeReading is for a segment that has been read; mu is held.
func (s *spool) closeReading() {
	if s.at != nil {
		s.at.close()
	}
	seg := s.reading
	seg.read = true
	s.at, s.reading = nil, nil
	s.account(seg)
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
		if r.seq <= s.lastSeq { // it was read before the file became shorter
			p = rest
			continue
		}
		if !all {
			ruleset := s.dec.Ruleset(r.body)
			old := r.seq <= s.start
			if f.n > 0 && (f.n+r.msgs > limit || old != f.old || !mixed && !old && r.flow != f.flow || string(ruleset) != f.batch.Ruleset) {
				s.at.off = off
				return 0
			}
			s.add(f, &r, first)
		}
		s.lastSeq = r.seq
		p = rest
	}
}

// add appends the messages of a record to f, but for the first ones.
func (s *spool) add(f *fed, r *record, first int) {
	had := f.batch.Len()
	err := s.decode(f.batch, r.body)
	n := f.batch.Len() - had
	if err != nil || n != r.msgs {
		f.batch.Cut(had) // they are missed at the end of the segment
		s.mu.Lock()
		s.reading.bad += int64(recordHeader + len(r.body))
		s.mu.Unlock()
		return
	}
	s.mu.Lock()
	s.reading.seen += max(0, r.msgs-first)
	s.mu.Unlock()
	if first = min(first, n); first > 0 {
		f.batch.Msgs = slices.Delete(f.batch.Msgs, had, had+first)
	}
	if f.n == 0 {
		f.since = f.batch.Received
	}
	f.flow, f.old = r.flow, r.seq <= s.start
	f.n += n - first
	f.recs = append(f.recs, fedRecord{r.seq, n - first, first})
}

// decode appends the messages of a record to b. One that the decoder panics at is
// damaged.
func (s *spool) decode(b *message.Batch, body []byte) (err error) {
	had := b.Len()
	defer func() {
		if v := recover(); v != nil {
			b.Cut(had)
			err = barrier.Caught(v)
		}
	}()
	return s.dec.Append(b, body)
}

// passed notes how far reading has come, and that f is under way.
func (s *spool) passed(f *fed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readOff = s.at.off
	if s.at.bad > s.reading.bad {
		if s.reading.bad == 0 {
			s.log.Error("a queue's file is damaged, what can be read of it is processed", "file", s.reading.name, "bytes", s.at.bad)
		}
		s.reading.bad = s.at.bad
	}
	if f.n > 0 {
		s.readSince = f.batch.Received // of the last record
		s.watch(f)
	}
}

// watch asks for a receipt for f.
func (s *spool) watch(f *fed) {
	f.back = s.ledger.Open(f)
	f.batch.Receipt = receipt.New(func(o receipt.Outcome) {
		f.safe.Store(o != receipt.Unfinished)
		f.back.Return(o)
	})
}

// atEnd reports whether everything on disk was read; mu is held.
func (s *spool) atEnd() bool {
	if len(s.segments) == 0 {
		return true
	}
	last := s.segments[len(s.segments)-1]
	return last == s.reading && s.readOff >= last.size || last.read
}
