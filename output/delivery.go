package output

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

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

	mu    sync.Mutex // guards what follows
	row   int        // suspensions in a row
	until time.Time  // end of the suspension
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
	return &Delivery{out: out, policy: policy, log: log, now: now, shared: shared}
}

// Output returns the output.
func (d *Delivery) Output() Output { return d.out }

// Suspended reports whether the output is suspended and not yet due to be tried.
func (d *Delivery) Suspended() bool {
	if !d.down.Load() {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now().Before(d.until)
}

// Lose counts n messages that were not handed to a suspended output.
func (d *Delivery) Lose(n int) {
	d.Failed.Add(uint64(n))
	d.mu.Lock()
	d.lostN += uint64(n)
	d.mu.Unlock()
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
		d.Lose(n)
		return n
	}
	if !d.shared {
		d.serial.Lock()
		defer d.serial.Unlock()
	}
	err := d.out.Write(ctx, b)
	if err == nil {
		d.delivered(b)
		return n
	}
	return n - d.struggle(ctx, b.From(0), err)
}

func (d *Delivery) delivered(b *Batch) {
	d.Processed.Add(uint64(b.Len()))
	d.Bytes.Add(uint64(len(b.Parts[0].All())))
	if d.down.Load() {
		d.resume()
	}
}

// struggle goes on with a batch whose write ended with err. It returns how many
// records are left when ctx ended.
func (d *Delivery) struggle(ctx context.Context, b Batch, err error) (left int) {
	for tries := 0; err != nil; {
		var rejected *Rejected
		var suspended *Suspended
		switch {
		case errors.As(err, &rejected):
			d.Processed.Add(uint64(rejected.Index))
			d.Failed.Add(1)
			d.log.Error("message lost, it can not be processed", "err", rejected.Err)
			b = b.From(rejected.Index + 1)
		default:
			if errors.As(err, &suspended) && suspended.Done > 0 {
				d.Processed.Add(uint64(suspended.Done))
				b = b.From(suspended.Done)
			}
			switch {
			case ctx.Err() != nil: // which may be why the write failed
				return b.Len()
			case tries == d.policy.RetryCount:
				d.suspend(err, b.Len())
				return 0
			case !d.pause(ctx, tries):
				d.suspend(err, 0)
				return b.Len()
			}
			tries++
			if d.policy.ReportContinuation {
				d.log.Warn("action tries again", "retry", tries, "err", err)
			}
		}
		if b.Len() == 0 {
			return 0
		}
		err = d.out.Write(ctx, &b)
	}
	d.delivered(&b)
	return 0
}

// pause waits for the time between two tries.
func (d *Delivery) pause(ctx context.Context, tries int) bool {
	t := time.NewTimer(d.policy.suspension(tries))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// suspend gives up lost messages and the output for a while.
func (d *Delivery) suspend(err error, lost int) {
	d.Failed.Add(uint64(lost))
	d.Suspensions.Add(1)
	d.mu.Lock()
	defer d.mu.Unlock()
	wait := d.policy.suspension(d.row)
	var s *Suspended
	if errors.As(err, &s) && s.After > 0 {
		wait = s.After
	}
	first := d.row == 0
	d.row++
	d.until = d.now().Add(wait)
	d.SuspendedSeconds.Add(uint64(wait / time.Second))
	d.lostN += uint64(lost)
	d.down.Store(true)
	if first && d.policy.Report || d.policy.ReportContinuation {
		d.log.Warn("action suspended", "err", err, "retry_in", wait, "code", 2007)
	}
}

// resume ends a suspension after a successful write.
func (d *Delivery) resume() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.down.Load() {
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
