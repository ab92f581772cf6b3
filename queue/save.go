package queue

import (
	"cmp"
	"errors"
	"hash/crc32"
	"path/filepath"
	"slices"

	"syslogd/internal/barrier"
	"syslogd/internal/receipt"
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

// save takes no more, and writes batches that were in memory only between the segments,
// where their numbers belong, so that the next start finds all messages in their order.
// Each is told whether it is on disk. What was read may still become safe elsewhere until
// close.
func (s *spool) save(left []kept) (err error) {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	s.closed = true
	s.mu.Lock()
	if s.noting != nil {
		s.noting.Stop()
		s.noting = nil
	}
	s.endSegment()
	s.drained = s.atEnd() && len(left) == 0
	if s.at != nil {
		s.at.close()
		s.at, s.reading = nil, nil
	}
	s.ending = true
	s.mu.Unlock()
	slices.SortFunc(left, func(a, b kept) int { return cmp.Compare(a.seq, b.seq) })
	for i := range left {
		one := s.saveOne(&left[i])
		left[i].saved = one == nil
		if one == nil {
			s.saved = append(s.saved, left[i])
			continue
		}
		if err = errors.Join(err, one); !ofMessage(one) {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endSegment()
	s.writeFinal() // a kill may come before close
	return err
}

// writeFinal notes the position as it is when nothing more becomes safe; mu is held.
func (s *spool) writeFinal() {
	s.pass()
	pos, stored := s.pos, s.stored
	if s.drained && s.ledger.Len() == 0 {
		s.pos.advance(s.seq.Load() + 1)
	} else {
		s.pos = s.finalPosition()
	}
	s.posLog.isThere() // else it is written anew
	s.writePosition()
	if s.posErr == nil {
		s.drop()
	}
	s.pos, s.stored = pos, stored
}

// close ends the spool, which save has prepared for that: what has not become safe
// elsewhere by now stays.
func (s *spool) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writeFinal()
	err := errors.Join(s.posErr, s.posLog.close())
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

// finalPosition is the position when nothing is under way any more; what it says is done
// is no longer counted as stored. mu is held.
func (s *spool) finalPosition() position {
	saved := s.saved
	p := position{next: s.pos.next, ranges: slices.Clone(s.pos.ranges), parts: slices.Clone(s.pos.parts)}
	s.ledger.Each(func(f *fed, back bool, o receipt.Outcome) {
		done := 0
		switch {
		case back && o != receipt.Unfinished:
			done = f.n
		case f.safe.Load():
			done = f.part
		}
		s.stored -= done
		p.note(f, done)
	})
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

// note adds what is done of a batch that is not passed: so many messages.
func (p *position) note(f *fed, done int) {
	for _, r := range f.recs {
		p.parts = slices.DeleteFunc(p.parts, func(s seqPart) bool { return s.seq == r.seq })
		switch {
		case done >= r.msgs:
			p.ranges = append(p.ranges, seqRange{r.seq, r.seq + 1})
		case r.first+done > 0:
			p.parts = append(p.parts, seqPart{r.seq, uint64(r.first + done)})
		}
		done = max(0, done-r.msgs)
	}
}
