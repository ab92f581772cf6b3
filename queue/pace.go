package queue

import (
	"sync"
	"time"
)

// Senders that can wait are paced: above busyBytes they wait, once for each pacedBytes
// that they bring, until the workers have caught up, at most for pacing. While the
// workers keep pace the memory in use then stays small enough for the processor's
// caches, and little memory is touched for the first time; when they stall the queue
// still fills up to its limit. The senders go on before the workers have nothing left
// to do.
const (
	busyBytes = 4 << 20
	calmBytes = busyBytes / 2

	pacedBytes = 256 << 10
	pacing     = 20 * time.Millisecond
	vainPaces  = 10
)

// pacer is what a queue knows of the senders that it paces. The queue's mu guards it.
type pacer struct {
	calm    sync.Cond
	waiting int // senders that wait for calm
	brought int // bytes since a sender last waited
	batches int // processed
	inVain  int // waits, one after the other, in which none was processed
}

// pace makes a sender that brings size bytes wait until the queue is calm again, or for
// a moment. After vainPaces waits in which nothing was processed it no longer does: the
// queue is there for that. mu is held.
func (q *Queue) pace(size int) {
	p := &q.pacer
	if q.bytes <= busyBytes || q.closed {
		return
	}
	if p.brought += size; p.brought < pacedBytes || p.inVain >= vainPaces {
		return
	}
	p.brought = 0
	over, before := false, p.batches
	timer := time.AfterFunc(pacing, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		over = true
		p.calm.Broadcast()
	})
	defer timer.Stop()
	p.waiting++
	for q.bytes > calmBytes && !over && !q.closed {
		p.calm.Wait()
	}
	p.waiting--
	if over && p.batches == before {
		p.inVain++
	}
}

// processed notes that a batch was processed and bytes are left. The queue's mu is held.
func (p *pacer) processed(bytes int) {
	p.batches++
	p.inVain = 0
	if p.waiting > 0 && bytes <= calmBytes/2 {
		p.calm.Broadcast()
	}
}
