package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"syslogd/internal/barrier"
	"syslogd/internal/receipt"
	"syslogd/message"
)

// disk is the files of a queue and what goes on between them and the lanes.
//
// A queue of type Disk writes every batch down before it counts as taken, and
// reads it back for the workers. One in memory does so only while it is above its
// high watermark, and then until all on disk was read: a batch in memory never
// overtakes one on disk. Batches from disk have the flow that they had before, so
// the lanes keep the order of each sender. What an earlier run left goes through
// one lane, before anything else.
type disk struct {
	spool  *spool
	always bool // type Disk

	// The queue's mu guards what follows.
	spilling bool   // what comes goes to disk
	storing  int    // batches that senders are writing
	writes   uint64 // batches or parts of them, so that the feeder sees those that came in between
	ahead    int    // batches from disk in the lanes or being processed
	fed      int    // their messages
	feeding  bool   // the feeder runs
	wake     sync.Cond
	left     []kept // what a stop leaves
	flows    map[uint64]*diskFlow
	ids      map[*message.Flow]uint64
	lastID   uint64
	old      message.Flow // stands in for all flows of an earlier run
	oldAhead int          // batches of it in the lanes or being processed

	settling sync.WaitGroup
	ended    chan struct{} // closed by Close, ends the goroutine that settles
	saving   sync.Once
	closing  sync.Once

	room chan struct{} // tells a sender that waits for the disk to try again; never closed
}

// diskFlow is a flow that has batches on disk.
type diskFlow struct {
	flow  *message.Flow
	count int // of messages
}

// retryWrite is how long a sender waits before it tries a disk that took nothing again.
const retryWrite = 200 * time.Millisecond

// Open opens the queue's files, if it has any. It is called once, before Start.
// With an error the queue can be used, too: it then is in memory only, and Health says so.
func (q *Queue) Open() error {
	if q.conf.Dir == "" {
		return nil
	}
	log := q.env.Log.With("queue", q.name)
	sp, found, err := openSpool(q.env.FS, q.conf.Dir, &q.conf, log)
	if err != nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.unspooled = q.errorf("is kept in memory: %w", err)
		return fmt.Errorf("queue %s: %w", q.name, err)
	}
	sp.damaged = q.lost.damaged
	sp.dec.Resolve, sp.dec.Details = q.env.Resolve, q.env.Details
	taken, err := q.takeClassic(sp)
	sp.start = sp.seq.Load()
	found.messages += taken
	if err != nil {
		log.Error("an rsyslogd queue could not be taken over as a whole, its files are kept", "err", err)
	}
	found.report(log)
	sp.damaged.Add(found.lost, "file", q.conf.Dir)
	d := &disk{
		spool: sp, always: q.conf.Type == Disk, spilling: q.conf.Type == Disk || found.messages > 0 || found.segments > 0, feeding: true,
		flows: map[uint64]*diskFlow{}, ids: map[*message.Flow]uint64{}, lastID: oneFlow, room: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	d.wake.L = &q.mu
	q.mu.Lock()
	defer q.mu.Unlock()
	q.disk = d
	for i := range q.lanes { // the server's own messages may have come already
		for j := range q.lanes[i].entries {
			q.lanes[i].entries[j].seq = sp.number(q.lanes[i].entries[j].n)
		}
	}
	sp.between.Store(sp.seq.Load())
	return nil
}

// store takes over b: into memory, if it may go there, else to disk. wait says
// that the sender can wait while the disk takes nothing.
func (q *Queue) store(ctx context.Context, b *message.Batch, wait bool) error {
	d := q.disk
	n, size := b.Len(), b.Bytes()
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return q.refuse(ctx, b, receipt.ErrClosed)
	}
	if !d.spilling && !q.above(n, size) {
		seq := d.spool.number(n)
		d.spool.between.Store(seq)
		q.push(entry{Batch: b, n: n, size: size, seq: seq}, b.Flow)
		q.mu.Unlock()
		q.Enqueued.Add(uint64(n))
		return nil
	}
	d.spilling = true
	d.storing++
	flow := q.flowID(b.Flow, n)
	q.mu.Unlock()

	done, lost, err := q.write(ctx, b, flow, wait)
	q.mu.Lock()
	d.storing--
	d.writes++
	d.forget(flow, n-done+lost)
	d.wake.Signal()
	q.mu.Unlock()
	q.Enqueued.Add(uint64(done - lost))
	q.spilled.Add(uint64(done - lost))
	if done < n {
		err = q.untaken(ctx, b, n-done, err)
	}
	b.Release()
	return err
}

// above reports whether the queue has reached its high watermark; mu is held.
func (q *Queue) above(n, size int) bool {
	return q.msgs+n > q.conf.High || q.msgs > 0 && int64(q.bytes+size) > q.conf.MaxBytes/10*9
}

// write puts b on disk. Without room there it waits, or gives up. It returns how many
// messages are done: they are on disk, but for the lost ones that no record can hold.
func (q *Queue) write(ctx context.Context, b *message.Batch, flow uint64, wait bool) (done, lost int, err error) {
	d := q.disk
	full := false
	var deadline <-chan time.Time
	for last := false; ; {
		before := done
		if err = errFull; !q.tooMany() {
			done, err = d.spool.append(b, done, flow)
		}
		if err != nil && done > before {
			q.wrote() // what is there has to be read for room to come free
		}
		if err == nil {
			if full {
				q.setPatient(true)
			}
			return done, lost, nil
		}
		if ofMessage(err) {
			q.misfit(&b.Msgs[done], err)
			b.Receipt.Mark(receipt.GivenUp)
			done++
			lost++
			continue
		}
		if !full {
			full = true
			q.Full.Add(1)
			if q.conf.ForAction {
				timer := time.NewTimer(time.Duration(q.conf.TimeoutEnqueue) * time.Millisecond)
				defer timer.Stop()
				deadline = timer.C
			}
		}
		if last || !wait || !q.isPatient() || errors.Is(err, errClosed) {
			return done, lost, err
		}
		again := time.NewTimer(retryWrite)
		select {
		case <-d.room:
		case <-again.C:
		case <-deadline:
			q.setPatient(false)
			last = true
		case <-ctx.Done():
			last = true
		case <-q.ended:
			last = true
		}
		again.Stop()
		// There may be room by now, also when the queue was closed in the meantime.
		last = last || q.isClosed()
	}
}

// misfit counts a message that no record can hold: it is too large, or makes the
// encoder panic.
func (q *Queue) misfit(m *message.Message, err error) {
	var bad *unfit
	if !errors.As(err, &bad) {
		q.dropped(q.lost.large, 1)
		return
	}
	if q.env.Barrier != nil {
		q.env.Barrier.Message("queue "+q.name, bad.Panic, barrier.TextOf(m))
	}
}

// wrote lets the feeder know that a part of a batch is on disk.
func (q *Queue) wrote() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.disk.writes++
	q.disk.wake.Signal()
}

func (q *Queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

func (q *Queue) isPatient() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.patient
}

func (q *Queue) setPatient(patient bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.patient = patient
}

// tooMany reports whether a queue of type Disk holds as many messages as
// queue.size allows, where that was given.
func (q *Queue) tooMany() bool {
	if !q.disk.always || !q.conf.sizeGiven {
		return false
	}
	s := q.disk.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored >= q.conf.Size
}

// oneFlow is the number of all flows of a queue with one lane, where there is
// nothing to keep apart.
const oneFlow = 1

// flowID returns the number of a flow and counts n messages of it; mu is held.
func (q *Queue) flowID(f *message.Flow, n int) uint64 {
	if len(q.lanes) == 1 {
		return oneFlow
	}
	if f == nil {
		return 0
	}
	d := q.disk
	id := d.ids[f]
	if id == 0 {
		d.lastID++
		id = d.lastID
		d.ids[f], d.flows[id] = id, &diskFlow{flow: f}
	}
	d.flows[id].count += n
	return id
}

// forget counts n messages of a flow less; mu is held.
func (d *disk) forget(id uint64, n int) {
	if f := d.flows[id]; f != nil {
		if f.count -= n; f.count <= 0 {
			delete(d.flows, id)
			delete(d.ids, f.flow)
		}
	}
}

// flowOf returns the flow of batches that were read; mu is held.
func (d *disk) flowOf(id uint64) *message.Flow {
	if f := d.flows[id]; f != nil {
		return f.flow
	}
	return nil
}

// readPause is how long after a file could not be read it is tried again.
const readPause = time.Second

// feed reads batches from disk for the workers.
func (q *Queue) feed() {
	d := q.disk
	defer func() {
		q.mu.Lock()
		d.feeding = false
		for i := range q.lanes {
			q.lanes[i].wake.Broadcast()
		}
		q.mu.Unlock()
	}()
	mixed := len(q.lanes) == 1
	var told time.Time // that it can not be read
	for {
		q.mu.Lock()
		for !q.hurry.Load() && !q.hungry() && !q.finished() {
			d.wake.Wait()
		}
		if q.hurry.Load() || q.finished() {
			q.mu.Unlock()
			return
		}
		writes := d.writes
		q.mu.Unlock()
		f, err := d.spool.read(q.conf.readLimit(), mixed)
		if err != nil {
			if now := time.Now(); now.Sub(told) >= tellEvery {
				told = now
				q.env.Log.Error("a queue can not be read from disk", "queue", q.name, "err", err)
			}
			select {
			case <-time.After(readPause):
			case <-q.ended:
			}
			continue
		}
		if f == nil {
			if q.caughtUp(writes) {
				return
			}
			continue
		}
		q.hand(f, mixed)
	}
}

// hungry reports whether there is room for a batch from disk; mu is held.
func (q *Queue) hungry() bool {
	d := q.disk
	return d.spilling && d.ahead < 2*len(q.lanes) && (d.always || q.msgs < q.conf.Low || q.msgs == 0)
}

// finished reports whether nothing more will go to disk, and all of it was read;
// mu is held.
func (q *Queue) finished() bool { return q.closed && !q.disk.spilling && q.disk.storing == 0 }

// caughtUp is called when everything on disk was read. It waits until there is
// more, and reports whether there will be nothing more.
func (q *Queue) caughtUp(writes uint64) (end bool) {
	d := q.disk
	q.mu.Lock()
	defer q.mu.Unlock()
	for d.writes == writes && !q.hurry.Load() {
		if d.storing == 0 {
			if q.closed {
				return true
			}
			if !d.always && d.oldAhead == 0 {
				d.spilling = false
				return false
			}
		}
		d.wake.Wait()
	}
	return false
}

// hand gives a batch from disk to its lane.
func (q *Queue) hand(f *fed, mixed bool) {
	d := q.disk
	q.mu.Lock()
	defer q.mu.Unlock()
	var flow *message.Flow
	switch {
	case mixed:
	case f.old:
		flow = &d.old
		d.oldAhead++
	default:
		// Whoever sent these may have sent some of those, too.
		for d.oldAhead > 0 && !q.hurry.Load() {
			d.wake.Wait()
		}
		flow = d.flowOf(f.flow)
	}
	f.batch.Flow = flow
	d.ahead++
	d.fed += f.n
	e := entry{Batch: f.batch, n: f.n, size: f.batch.Bytes(), fed: f, seq: f.recs[0].seq}
	q.push(e, flow)
	if !f.old { // whose numbers mean other flows
		d.forget(f.flow, f.n)
	}
}

// processStored runs a batch of a queue that has a disk.
func (q *Queue) processStored(e entry, h Handler) {
	done := 0
	if !q.hurry.Load() {
		e.Retain()
		done = q.run(e, h)
	}
	q.mu.Lock()
	if e.fed != nil {
		q.disk.ahead--
		if e.Flow == &q.disk.old {
			q.disk.oldAhead--
		}
	}
	keep := e.fed == nil && done < e.n && q.conf.SaveOnShutdown
	if keep {
		q.disk.left = append(q.disk.left, kept{batch: e.Batch, seq: e.seq, done: done})
	}
	q.mu.Unlock()
	switch {
	case done >= e.n || keep:
	case e.fed != nil:
		q.disk.spool.interrupted(e.fed, done)
	default:
		q.leave(e.Receipt, e.n-done)
	}
	if !keep {
		e.Release()
	}
}

// settle gives up the places on disk of what is safe elsewhere. The worker does so itself
// when it is done with a batch: what is safe then does not come twice with the next one.
func (q *Queue) settle() {
	if q.disk.spool.settle() {
		select {
		case q.disk.room <- struct{}{}:
		default:
		}
	}
}

// settleLater settles what becomes safe later.
func (q *Queue) settleLater() {
	for {
		select {
		case <-q.disk.spool.settled:
			q.settle()
		case <-q.disk.ended:
			return
		}
	}
}

// saveLeft writes down what a stop left in memory.
func (q *Queue) saveLeft() {
	d := q.disk
	left := 0
	for _, k := range d.left {
		left += k.batch.Len() - k.done
	}
	err := d.spool.save(d.left)
	for _, k := range d.left {
		if !k.saved {
			n := k.batch.Len() - k.done
			left -= n
			q.leave(k.batch.Receipt, n, "err", err)
		}
		k.batch.Release()
	}
	if err != nil {
		q.env.Log.Error("a queue could not be saved as a whole", "queue", q.name, "err", err)
	}
	if left > 0 {
		q.env.Log.Info("messages of a queue were saved to disk", "queue", q.name, "count", left, "code", 2041)
	}
}

// Close closes the files of a queue that has ended: what is not safe elsewhere by now
// stays in them. Outputs are closed before.
func (q *Queue) Close() {
	if q.disk != nil {
		q.disk.closing.Do(q.closeDisk)
	}
}

func (q *Queue) closeDisk() {
	close(q.disk.ended)
	q.disk.settling.Wait()
	if err := q.disk.spool.close(); err != nil {
		q.env.Log.Error("the position of a queue could not be saved, messages may be delivered twice", "queue", q.name, "err", err)
	}
}
