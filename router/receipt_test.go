package router

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"syslogd/internal/barrier"
	"syslogd/internal/receipt"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/output"
)

// asked is a batch with a receipt, and where it comes back.
func asked(texts ...string) (*message.Batch, chan receipt.Outcome) {
	back := make(chan receipt.Outcome, 1)
	b := batch(texts...)
	b.Receipt = receipt.New(func(o receipt.Outcome) { back <- o })
	return b, back
}

// outcome is what has come back, "under way" if nothing has.
func outcome(back chan receipt.Outcome) string {
	select {
	case o := <-back:
		return o.String()
	default:
		return "under way"
	}
}

// keeping is an output that keeps what it takes.
type keeping struct{ held []*receipt.Receipt }

func (k *keeping) Write(_ context.Context, b *output.Batch) error {
	b.Receipt.Hold()
	k.held = append(k.held, b.Receipt)
	return nil
}

func (*keeping) Close() error { return nil }

func TestAReceiptComesBackWhenAllThatWasMadeOfTheMessagesIsSafe(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ofAction, ofRuleset, out := &lane{}, &lane{}, &keeping{}
	kept := b.action("kept", "%msg%")
	kept.Delivery = output.NewDelivery(out, output.Policy{}, nil, time.Now)
	queued := b.action("queued", "%msg%")
	queued.Queue = ofAction
	b.ruleset("own").Queue = ofRuleset
	b.ruleset("default", b.to("direct"), kept, queued, b.call("own"))
	b.w = b.r.NewWorker(t.Context())
	mb, back := asked("a", "b")
	b.w.Run(mb)
	ofAction.batches[0].Release()
	ofRuleset.batches[0].Release()
	if got := outcome(back); got != "under way" || len(out.held) != 1 {
		t.Fatalf("it is %s, and %d records are kept", got, len(out.held))
	}
	out.held[0].Return(receipt.Stored)
	if got := outcome(back); got != "stored" {
		t.Errorf("it is %s", got)
	}
	mb, back = asked("nothing is done with it")
	b.ruleset("none")
	mb.Ruleset = "none"
	b.w.Run(mb)
	if got := outcome(back); got != "stored" {
		t.Errorf("what no rule wants is %s", got)
	}
}

// refusing is a queue that takes nothing.
type refusing struct{}

func (refusing) Enqueue(_ context.Context, b *message.Batch) error {
	b.Release()
	return receipt.ErrFull
}

// A stop leaves what an output or a queue has not taken; what they do not take while the
// server runs is done: it was given up there.
func TestWhatIsDoneAtAStop(t *testing.T) {
	t.Parallel()
	down := &output.Suspended{Err: errors.New("down")}
	for name, build := range map[string]func(b *bench) []Stmt{
		"an output that does not work": func(b *bench) []Stmt {
			a := b.action("down", "%msg%")
			b.sinks["down"].errs = []error{down, down, down}
			a.Delivery = output.NewDelivery(b.sinks["down"], output.Policy{RetryCount: 1, Interval: time.Nanosecond},
				slog.New(slog.DiscardHandler), time.Now)
			return []Stmt{a, b.to("works")}
		},
		"the queue of an action": func(b *bench) []Stmt {
			a := b.action("queued", "%msg%")
			a.Queue = refusing{}
			return []Stmt{a, b.to("works")}
		},
		"the queue of a ruleset": func(b *bench) []Stmt {
			b.ruleset("own").Queue = refusing{}
			return []Stmt{b.call("own"), b.to("works")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, stopped := range []bool{false, true} {
				b := newBench(t)
				b.ruleset("default", build(b)...)
				ctx, cancel := context.WithCancel(t.Context())
				if stopped {
					cancel()
				}
				want := map[bool]int{false: 2, true: 0}[stopped]
				if done := b.r.NewWorker(ctx).Run(batch("a", "b")); done != want {
					t.Errorf("stopped %v: %d messages are done, want %d", stopped, done, want)
				}
				cancel()
			}
		})
	}
}

func TestAMessageThatIsSetAsideIsGivenUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.r.Barrier = barrier.New(t.TempDir(), slog.New(slog.DiscardHandler), metrics.NewLosses(slog.New(slog.DiscardHandler)))
	b.ruleset("default", b.to("out"), bursting{})
	mb, back := asked("a", "b")
	if done := b.r.NewWorker(t.Context()).Run(mb); done != 2 {
		t.Errorf("%d messages are done, want 2", done)
	}
	if got := outcome(back); got != "given up" {
		t.Errorf("it is %s", got)
	}
}

// bursting is a statement that panics.
type bursting struct{}

func (bursting) run(*Worker, *message.Message) bool { panic("burst") }
