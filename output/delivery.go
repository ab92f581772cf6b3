package output

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"syslogd/internal/barrier"
	"syslogd/internal/receipt"
	"syslogd/metrics"
)

// Policy is what the action.* parameters say about failures.
type Policy struct {
	// RetryCount is how often a batch is tried again before its messages are
	// given up; -1 is for ever.
	RetryCount int
	// Interval is the time between tries and the length of the first
	// suspensions; it grows up to IntervalMax as suspensions follow each other.
	Interval, IntervalMax time.Duration
	// Report logs suspension and resumption, ReportContinuation every try.
	Report, ReportContinuation bool
	// Errors, if not nil, gets the messages that are given up.
	Errors *ErrorFile
	// Barrier, if not nil, gets the messages that make the output panic.
	Barrier *barrier.Barrier
	// Name is the action's.
	Name string
	// Losses are where the action counts messages that it gives up.
	Losses *metrics.Losses
	// StateFile, if not empty, is a file that suspends the action while its text
	// is SUSPENDED (action.externalState.file).
	StateFile string
}

// maxGrowth is where rsyslogd stops counting suspensions in a row.
const maxGrowth = 20

// suspension is how long an output stays suspended after n suspensions in a row.
func (p *Policy) suspension(n int) time.Duration {
	return min(p.Interval*time.Duration(min(n, maxGrowth)/10+1), max(p.IntervalMax, p.Interval))
}

// Delivery hands batches to one output, retries, suspends and resumes it. It is
// safe for concurrent use.
type Delivery struct {
	out    Output
	policy Policy
	log    *slog.Logger
	now    func() time.Time

	serial sync.Mutex // held around Write, unless the output is Concurrent
	shared bool
	holds  bool

	hurry    chan struct{} // closed by Hurry
	hurried  sync.Once
	hurries  atomic.Int32 // tries since then
	retrying atomic.Int32 // workers that try a batch again and again
	// failing is when the output failed that has not worked since, in Unix nanoseconds;
	// 0: it works.
	failing atomic.Int64

	// Ways to lose messages: one that is suspended gets none, those of a batch that
	// was tried often enough, and one that the output can not process.
	suspended, givenUp, rejected *metrics.Loss

	mu    sync.Mutex // guards what follows
	row   int        // suspensions in a row
	until time.Time  // end of the suspension
	why   error      // of the failure
	lostN uint64     // messages lost in this suspension
	down  atomic.Bool

	// Counters, in messages and bytes, and what became of the output.
	Processed   metrics.Counter
	Failed      metrics.Counter
	Bytes       metrics.Counter
	Suspensions metrics.Counter
	Resumptions metrics.Counter
	// SuspendedSeconds is how long it was to be suspended.
	SuspendedSeconds metrics.Counter
}

// NewDelivery returns a Delivery for out. log carries the action's name.
func NewDelivery(out Output, policy Policy, log *slog.Logger, now func() time.Time) *Delivery {
	_, shared := out.(Concurrent)
	_, holds := out.(Coalescing)
	lost := func(reason string) *metrics.Loss { return policy.Losses.Of(reason, policy.Name) }
	return &Delivery{
		out: out, policy: policy, log: log, now: now, shared: shared, holds: holds, hurry: make(chan struct{}),
		suspended: lost("action_suspended"), givenUp: lost("action_given_up"), rejected: lost("message_rejected"),
	}
}

// Output returns the output.
func (d *Delivery) Output() Output { return d.out }

// Holds reports whether the output is Coalescing.
func (d *Delivery) Holds() bool { return d.holds }

// Suspended reports whether the output is suspended and not yet due to be tried.
func (d *Delivery) Suspended() bool {
	if !d.down.Load() {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now().Before(d.until)
}

// Hurrier is implemented by outputs that leave out what failed for a while: Hurry ends
// that, because the server stops and whatever works again is to get its messages.
type Hurrier interface {
	Hurry()
}

// Hurry is called when the server begins to stop. An output that is suspended, or rests
// between two tries, is tried at once, as in rsyslogd, and then soon again: what is
// still to be delivered, and a target that has come back, must not wait for the end of an
// interval that the server does not live to see.
func (d *Delivery) Hurry() {
	d.hurried.Do(func() {
		d.mu.Lock()
		d.until = time.Time{}
		d.mu.Unlock()
		if h, ok := d.out.(Hurrier); ok {
			h.Hurry()
		}
		close(d.hurry)
	})
}

// Trouble is since when the output has not worked, and why: it is suspended, or what it
// refused is tried again. A zero time is none.
func (d *Delivery) Trouble() (since time.Time, why error) {
	at := d.failing.Load()
	if at == 0 || d.retrying.Load() == 0 && !d.Suspended() {
		return time.Time{}, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Unix(0, at), d.why
}

// fail notes that the output does not work, and tells it when that is new.
func (d *Delivery) fail(err error, wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.why = err
	if !d.failing.CompareAndSwap(0, max(1, d.now().UnixNano())) {
		return
	}
	d.Suspensions.Add(1)
	if d.policy.Report || d.policy.ReportContinuation {
		d.log.Warn("action suspended", "err", err, "retry_in", wait, "code", 2007)
	}
}

// lose gives up messages that were not handed to a suspended output.
func (d *Delivery) lose(b *Batch) {
	d.Failed.Add(uint64(b.Len()))
	b.Receipt.Mark(receipt.GivenUp)
	d.mu.Lock()
	d.lostN += uint64(b.Len())
	why := d.why
	d.mu.Unlock()
	d.suspended.Add(b.Len(), "err", why)
	d.policy.Errors.Write(b, codeSuspended, why)
}

var errStateFile = errors.New("suspended by action.externalState.file")

// write hands b to the output unless the state file suspends the action. A panic is
// an error of the type *panicked.
func (d *Delivery) write(ctx context.Context, b *Batch) (err error) {
	if d.policy.Barrier != nil {
		b.Done = 0
		defer func() {
			if v := recover(); v != nil {
				err = &panicked{min(b.Done, b.Len()), b.Len(), barrier.Caught(v)}
			}
		}()
	}
	if d.policy.StateFile != "" {
		text, err := os.ReadFile(d.policy.StateFile)
		// As in rsyslogd a file that can not be read, or says anything else, means ready.
		if err == nil && string(bytes.TrimSuffix(text, []byte("\n"))) == "SUSPENDED" {
			return &Suspended{Err: errStateFile}
		}
	}
	return d.out.Write(ctx, b)
}

// panicked says that Write has panicked behind the first done of so many records.
type panicked struct {
	done, of int
	*barrier.Panic
}

// Deliver writes b, and returns when all its records are delivered or given up.
// It returns how many that are, from the first one on: less than all only when
// ctx ended while the output did not work. What becomes of those that are left is
// the queue's business: one on disk keeps them for the next start, any other counts
// them as dropped.
func (d *Delivery) Deliver(ctx context.Context, b *Batch) (done int) {
	n := b.Len()
	if n == 0 {
		return 0
	}
	if d.Suspended() {
		d.lose(b)
		b.Lost = n
		return n
	}
	if !d.shared {
		d.serial.Lock()
		defer d.serial.Unlock()
	}
	err := d.write(ctx, b)
	if err == nil {
		d.delivered(b)
		return n
	}
	left, lost := d.struggle(ctx, b.From(0), err)
	b.Lost = lost
	return n - left
}

func (d *Delivery) delivered(b *Batch) {
	d.Processed.Add(uint64(b.Len()))
	d.Bytes.Add(uint64(len(b.Parts[0].All())))
	if d.failing.Load() != 0 {
		d.resume()
	}
}

// struggle goes on with a batch whose write ended with err. It returns how many
// records are left when ctx ended, and how many were given up.
func (d *Delivery) struggle(ctx context.Context, b Batch, err error) (left, lost int) {
	d.retrying.Add(1)
	defer d.retrying.Add(-1)
	bad := 0        // records in a row that were set aside
	single := false // records go one by one: one of them makes the output panic
	for tries := 0; err != nil; {
		var rejected *Rejected
		var suspended *Suspended
		var crash *panicked
		switch {
		case errors.As(err, &crash):
			d.Processed.Add(uint64(crash.done))
			b = b.From(crash.done)
			single = crash.of-crash.done > 1
			if crash.of-crash.done == 1 {
				b = d.putAside(b, crash.Panic)
				lost++
			} else {
				d.policy.Barrier.Report("an output panicked, what is left goes message by message", crash.Panic, "action", d.policy.Name)
			}
		case errors.As(err, &rejected):
			d.Processed.Add(uint64(rejected.Index))
			b = d.setAside(b.From(rejected.Index), rejected.Err)
			lost++
		default:
			if errors.As(err, &suspended) && suspended.Done > 0 {
				d.Processed.Add(uint64(suspended.Done))
				b = b.From(suspended.Done)
				if suspended.Record {
					tries, bad = 0, 0
				}
			}
			switch {
			case ctx.Err() != nil: // which may be why the write failed
				return b.Len(), lost
			case tries == d.policy.RetryCount && suspended != nil && suspended.Record && bad < maxBad:
				b = d.setAside(b, suspended.Err)
				lost, bad, tries = lost+1, bad+1, 0
			case tries == d.policy.RetryCount:
				d.suspend(err, &b)
				return 0, lost + b.Len()
			default:
				d.fail(err, max(d.policy.Interval, leastPause))
				waited, more := d.pause(ctx)
				if !more {
					d.suspend(err, nil)
					return b.Len(), lost
				}
				if waited {
					tries++
				}
				if d.policy.ReportContinuation {
					d.log.Warn("action tries again", "retry", tries, "err", err)
				}
			}
		}
		if b.Len() == 0 {
			return 0, lost
		}
		err = d.writeOn(ctx, &b, single)
	}
	d.delivered(&b)
	return 0, lost
}

// writeOn writes b, with single one record after the other. b becomes what was written
// last.
func (d *Delivery) writeOn(ctx context.Context, b *Batch, single bool) error {
	for single && b.Len() > 1 {
		one := b.To(0, 1)
		if err := d.write(ctx, &one); err != nil {
			return err
		}
		d.delivered(&one)
		*b = b.From(1)
	}
	return d.write(ctx, b)
}

// putAside gives up the first record of b, which makes the output panic, and returns
// the others.
func (d *Delivery) putAside(b Batch, p *barrier.Panic) Batch {
	d.Failed.Add(1)
	b.Receipt.Mark(receipt.GivenUp)
	one := b.To(0, 1)
	d.policy.Barrier.Message("action "+d.policy.Name, p, one.Parts[0].At(0))
	d.policy.Errors.Write(&one, codeDataFail, p)
	return b.From(1)
}

// maxBad is how many records in a row may be set aside before it is the output
// that does not work. rsyslogd stops trying at once after as many.
const maxBad = 10

// setAside gives up the first record of b and returns the others.
func (d *Delivery) setAside(b Batch, reason error) Batch {
	d.Failed.Add(1)
	b.Receipt.Mark(receipt.GivenUp)
	d.rejected.Add(1, "err", reason)
	d.log.Error("message lost, it can not be processed", "err", reason, "code", -codeDataFail)
	one := b.To(0, 1)
	d.policy.Errors.Write(&one, codeDataFail, reason)
	return b.From(1)
}

// leastPause is between two tries even if the interval is 0.
const leastPause = 10 * time.Millisecond

// hurryPause is after the first try of a stop; it doubles up to hurryPauseMax.
const (
	hurryPause    = 100 * time.Millisecond
	hurryPauseMax = time.Second
)

// pause waits for the time between two tries, which does not grow. While the server
// stops it is shorter, and such a try does not count: what has not been delivered by then
// stays in the queue. It reports whether it took all its time, and whether to go on.
func (d *Delivery) pause(ctx context.Context) (waited, more bool) {
	full := max(d.policy.Interval, leastPause)
	t := time.NewTimer(full)
	defer t.Stop()
	select {
	case <-t.C:
		return true, true
	case <-ctx.Done():
		return false, false
	case <-d.hurry:
	}
	n := d.hurries.Add(1) - 1
	if n == 0 {
		return false, true
	}
	short := min(hurryPause<<min(n-1, 10), hurryPauseMax)
	t.Reset(min(full, short))
	select {
	case <-t.C:
		return full <= short, true
	case <-ctx.Done():
		return false, false
	}
}

// suspend gives up lost messages, if it is not nil, and the output for a while.
func (d *Delivery) suspend(err error, lost *Batch) {
	n := 0
	if lost != nil {
		n = lost.Len()
		d.Failed.Add(uint64(n))
		lost.Receipt.Mark(receipt.GivenUp)
		d.givenUp.Add(n, "err", err)
		d.policy.Errors.Write(lost, codeSuspended, err)
	}
	d.mu.Lock()
	wait := d.policy.suspension(d.row)
	var s *Suspended
	if errors.As(err, &s) && s.After > 0 {
		wait = s.After
	}
	d.mu.Unlock()
	d.fail(err, wait)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.row++; d.row > 1 {
		d.Suspensions.Add(1)
	}
	d.until = d.now().Add(wait)
	d.SuspendedSeconds.Add(uint64(wait / time.Second))
	d.lostN += uint64(n)
	d.down.Store(true)
	if d.row > 1 && d.policy.ReportContinuation {
		d.log.Warn("action suspended", "err", err, "retry_in", wait, "code", 2007)
	}
}

// resume ends a suspension after a successful write.
func (d *Delivery) resume() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failing.Swap(0) == 0 {
		return
	}
	d.row = 0
	d.down.Store(false)
	d.Resumptions.Add(1)
	if d.policy.Report {
		d.log.Warn("action resumed", "lost", d.lostN, "code", 2359)
	} else if d.lostN > 0 {
		d.log.Error("messages lost while the action was suspended", "count", d.lostN)
	}
	d.lostN = 0
}

// Stats are rsyslogd's counters of an action of that name.
func (d *Delivery) Stats(name string) []*metrics.Stats {
	var out []*metrics.Stats
	if c, ok := d.out.(Counted); ok {
		out = c.Stats(d)
	}
	return append(out, &metrics.Stats{Name: name, Origin: "core.action", Counters: []metrics.Stat{
		{Name: "processed", Read: func() uint64 { return d.Processed.Value() + d.Failed.Value() }},
		metrics.StatOf("failed", &d.Failed), metrics.StatOf("suspended", &d.Suspensions),
		metrics.StatOf("suspended.duration", &d.SuspendedSeconds), metrics.StatOf("resumed", &d.Resumptions),
	}})
}
