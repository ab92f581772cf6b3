package queue

import (
	"slices"
	"sync"
	"time"
)

// settling is what was delivered from disk, until it is safe elsewhere.
type settling struct {
	mu        sync.Mutex // held while outputs settle
	unsettled []*fed     // delivered, and perhaps still in the memory of an output or on the way
	outputs   []Acknowledger
	again     *time.Timer   // looks at unsettled; nil before Start and after the end
	pause     time.Duration // of again
}

// settlePause is how long after the last batch it is looked at again what has arrived;
// while something has not it grows up to settlePauseMax.
const (
	settlePause    = 50 * time.Millisecond
	settlePauseMax = 2 * time.Second
)

// startSettling is for before the first batch is finished.
func (q *Queue) startSettling() {
	s := &q.disk.settling
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.env.Acknowledgers != nil {
		s.outputs = q.env.Acknowledgers()
	}
	s.again = time.AfterFunc(time.Hour, q.settleAgain)
	s.again.Stop()
}

// finish is for a batch from disk that was delivered. Its place on disk is given up
// when outputs hold nothing of it in memory any more, and it has arrived where that is
// known: a server that is killed loses what was there.
func (q *Queue) finish(f *fed) {
	s := &q.disk.settling
	s.mu.Lock()
	defer s.mu.Unlock()
	f.batch = nil
	for _, o := range s.outputs {
		f.given = append(f.given, o.Given())
	}
	s.unsettled = append(s.unsettled, f)
	s.pause = settlePause
	q.settle()
}

// settle gives up the place on disk of what is safe elsewhere; the mu of settling is held.
func (q *Queue) settle() {
	s := &q.disk.settling
	n := 0
	if q.env.Settle == nil || q.env.Settle() == nil { // else the output has said why
		n = s.arrived()
	}
	for _, f := range s.unsettled[:n] {
		q.disk.spool.finish(f)
	}
	s.unsettled = slices.Delete(s.unsettled, 0, n)
	if len(s.unsettled) > 0 && s.again != nil {
		s.again.Reset(s.pause)
	}
	if n > 0 {
		select {
		case q.disk.room <- struct{}{}:
		default:
		}
	}
}

// arrived is how many batches, from the first one on, have arrived; its mu is held.
func (s *settling) arrived() int {
	n := len(s.unsettled)
	for i, o := range s.outputs {
		arrived, first := o.Arrived(), 0
		for first < n && s.unsettled[first].given[i] <= arrived {
			first++
		}
		n = first
	}
	return n
}

// settleAgain looks again at what has arrived.
func (q *Queue) settleAgain() {
	s := &q.disk.settling
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.again != nil {
		s.pause = min(2*s.pause, settlePauseMax)
		q.settle()
	}
}

// endSettling waits until all that was delivered has arrived, at most for
// queue.timeoutActionCompletion. What has not stays on disk.
func (q *Queue) endSettling() {
	s := &q.disk.settling
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.again != nil {
		s.again.Stop()
		s.again = nil
	}
	deadline := time.Now().Add(time.Duration(q.conf.TimeoutCompletion) * time.Millisecond)
	for pause := time.Millisecond; ; pause = min(2*pause, settlePause) {
		q.settle()
		if len(s.outputs) == 0 || len(s.unsettled) == 0 || time.Now().After(deadline) {
			return
		}
		time.Sleep(pause)
	}
}
