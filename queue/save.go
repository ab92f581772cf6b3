package queue

import (
	"cmp"
	"errors"
	"hash/crc32"
	"path/filepath"
	"slices"

	"syslogd/internal/barrier"
	"syslogd/message"
)

// kept is a batch in memory that a stop leaves: messages from done on are not
// processed.
type kept struct {
	batch *message.Batch
	seq   uint64
	done  int
	saved bool
}

// close ends the spool. left are batches that were in memory only: they are
// written between the segments, where their numbers belong, so that the next
// start finds all messages in their order. Each is told whether it is on disk.
func (s *spool) close(left []kept) (err error) {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	s.closed = true
	s.mu.Lock()
	if s.noting != nil {
		s.noting.Stop()
		s.noting = nil
	}
	s.endSegment()
	allDone := len(s.window) == 0 && s.atEnd() && len(left) == 0
	if s.at != nil {
		s.at.close()
		s.at, s.reading = nil, nil
	}
	s.mu.Unlock()
	slices.SortFunc(left, func(a, b kept) int { return cmp.Compare(a.seq, b.seq) })
	var there []kept
	for i := range left {
		one := s.saveOne(&left[i])
		left[i].saved = one == nil
		if one == nil {
			there = append(there, left[i])
			continue
		}
		if err = errors.Join(err, one); !ofMessage(one) {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endSegment()
	s.pos, s.window = s.finalPosition(there), nil
	if allDone {
		s.pos.advance(s.seq.Load() + 1)
	}
	s.posLog.isThere() // else it is written anew
	s.writePosition()
	if s.posErr == nil {
		s.drop()
	}
	err = errors.Join(err, s.posErr, s.posLog.close())
	if len(s.segments) == 0 && s.posErr == nil {
		s.tidy()
	}
	return errors.Join(err, s.unlock())
}

// tidy removes what an empty queue does not need.
func (s *spool) tidy() {
	names, err := s.fs.ReadDir(s.dir)
	if err != nil || slices.ContainsFunc(names, func(name string) bool { return name != positionName && name != lockName }) {
		return
	}
	for _, name := range names {
		if s.fs.Remove(filepath.Join(s.dir, name)) != nil {
			return
		}
	}
	s.fs.Remove(s.dir)
}

// encodeRest puts a record of what is left of a batch into buf. An error is an *unfit.
func (s *spool) encodeRest(k *kept) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &unfit{barrier.Caught(v)}
		}
	}()
	var head [recordHeader]byte
	s.buf = message.AppendBatch(append(s.buf[:0], head[:]...), k.batch, k.done, k.batch.Len())
	return nil
}

// saveOne writes a batch under its own number; wmu is held.
func (s *spool) saveOne(k *kept) error {
	if err := s.encodeRest(k); err != nil {
		return err
	}
	if len(s.buf)-recordHeader > maxBody {
		return errTooLarge
	}
	s.mu.Lock()
	cur := s.writing
	between := cur != nil && slices.ContainsFunc(s.segments, func(seg *segment) bool { return seg.first > cur.last && seg.first < k.seq })
	s.mu.Unlock()
	if cur == nil || between || cur.size+int64(len(s.buf)) > s.maxSegment {
		var err error
		if cur, err = s.begin(k.seq, 0); err != nil {
			return err
		}
	}
	r := record{seq: k.seq, msgs: k.batch.Len() - k.done}
	sum := crc32.Checksum(s.buf[recordHeader:], castagnoli)
	_, err := s.put(cur, &r, sum)
	return err
}

// finalPosition is the position when nothing is under way any more; mu is held.
func (s *spool) finalPosition(saved []kept) position {
	p := position{next: s.pos.next, ranges: s.pos.ranges, parts: s.pos.parts}
	for _, f := range s.window {
		p.note(f)
	}
	if len(saved) > 0 && saved[0].seq < p.next {
		// What was done behind the first batch that is left.
		from := saved[0].seq
		for _, k := range saved {
			if k.seq >= p.next {
				break
			}
			if k.seq > from {
				p.ranges = append(p.ranges, seqRange{from, k.seq})
			}
			from = k.seq + 1
		}
		if from < p.next {
			p.ranges = append(p.ranges, seqRange{from, p.next})
		}
		p.next = saved[0].seq
	}
	return p
}

// note adds what is done of a batch that is still in the window.
func (p *position) note(f *fed) {
	part := f.part
	for _, r := range f.recs {
		p.parts = slices.DeleteFunc(p.parts, func(s seqPart) bool { return s.seq == r.seq })
		switch {
		case f.done || part >= r.msgs:
			p.ranges = append(p.ranges, seqRange{r.seq, r.seq + 1})
		case r.first+part > 0:
			p.parts = append(p.parts, seqPart{r.seq, uint64(r.first + part)})
		}
		part = max(0, part-r.msgs)
	}
}
