package output

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/internal/receipt"
)

// suspendable is a delivery with a clock that tests move.
func suspendable(out Output, p Policy) (d *Delivery, now *time.Time) {
	now = new(time.Time)
	*now = time.Unix(1000, 0)
	return NewDelivery(out, p, slog.New(slog.DiscardHandler), func() time.Time { return *now }), now
}

func TestAnOutputSaysWhenItIsToBeTriedAgain(t *testing.T) {
	t.Parallel()
	out := &flaky{errs: []error{&Suspended{Err: errDown, After: 5 * time.Second}}}
	d, now := suspendable(out, Policy{Interval: 30 * time.Second, IntervalMax: time.Hour})
	d.Deliver(t.Context(), records("a"))
	*now = now.Add(5*time.Second - 1)
	if !d.Suspended() {
		t.Error("it is tried before that")
	}
	*now = now.Add(1)
	if d.Suspended() {
		t.Error("it is not tried then")
	}
}

// After ten suspensions in a row they last longer, and no longer so when it has worked.
func TestSuspensionsAreShortAgainWhenTheOutputHasWorked(t *testing.T) {
	t.Parallel()
	down := &Suspended{Err: errDown}
	out := &flaky{errs: append(slices.Repeat([]error{down}, 11), nil, down)}
	d, now := suspendable(out, Policy{Interval: 30 * time.Second, IntervalMax: time.Hour})
	suspended := func() (length time.Duration) {
		d.Deliver(t.Context(), records("a"))
		for from := *now; d.Suspended(); *now = now.Add(time.Second) {
			length = now.Sub(from) + time.Second
		}
		return length
	}
	var got []string
	for range 13 {
		got = append(got, suspended().String())
	}
	want := strings.Repeat("30s ", 10) + "1m0s 0s 30s"
	if strings.Join(got, " ") != want {
		t.Errorf("suspended for %v, want %s", got, want)
	}
}

// Each record has its own tries.
func TestTheTriesOfARecordBeginWhenThoseBeforeItAreDelivered(t *testing.T) {
	t.Parallel()
	bad := func(done int) error { return &Suspended{Done: done, Err: errDown, Record: true} }
	out := &flaky{errs: []error{bad(0), bad(1), bad(1)}}
	d, _ := suspendable(out, Policy{RetryCount: 1, Interval: time.Nanosecond})
	d.Deliver(t.Context(), records("a", "b", "c"))
	if got := strings.Join(out.got, " "); got != "a b c" || d.Failed.Value() != 0 {
		t.Errorf("delivered %q, %d failed; want all", got, d.Failed.Value())
	}
}

// What a stop interrupts is not tried again by whoever comes next.
func TestAnOutputIsSuspendedWhenAStopInterruptsItsTries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &flaky{errs: []error{&Suspended{Err: errDown}}}
		d := NewDelivery(out, Policy{RetryCount: -1, Interval: time.Hour, IntervalMax: time.Hour}, slog.New(slog.DiscardHandler), time.Now)
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		if done := d.Deliver(ctx, records("a")); done != 0 || !d.Suspended() {
			t.Errorf("%d done, suspended %v; want 0, true", done, d.Suspended())
		}
	})
}

// What policy drops is given up, what a stop leaves is not, and all else is delivered.
func TestWhatADeliveryDoesNotDeliverIsNoted(t *testing.T) {
	t.Parallel()
	down := &Suspended{Err: errDown}
	over, end := context.WithCancel(t.Context())
	end()
	for name, tt := range map[string]struct {
		ctx  context.Context
		errs []error
		want receipt.Outcome
	}{
		"delivered":              {t.Context(), nil, receipt.Stored},
		"delivered after a try":  {t.Context(), []error{down}, receipt.Stored},
		"rejected":               {t.Context(), []error{&Rejected{Index: 1, Err: errDown}}, receipt.GivenUp},
		"given up":               {t.Context(), []error{down, down}, receipt.GivenUp},
		"a record is given up":   {t.Context(), slices.Repeat([]error{&Suspended{Err: errDown, Record: true}}, 2), receipt.GivenUp},
		"left by a stop (queue)": {over, []error{down}, receipt.Stored},
	} {
		out := &flaky{errs: tt.errs}
		d, _ := suspendable(out, Policy{RetryCount: 1, Interval: time.Nanosecond, IntervalMax: time.Hour})
		var back []receipt.Outcome
		b := records("a", "b", "c")
		b.Receipt = receipt.New(func(o receipt.Outcome) { back = append(back, o) })
		d.Deliver(tt.ctx, b)
		b.Receipt.Return(receipt.Stored)
		if !slices.Equal(back, []receipt.Outcome{tt.want}) {
			t.Errorf("%s: %v, want %v", name, back, tt.want)
		}
		if name != "given up" {
			continue
		}
		back = nil
		b.Receipt = receipt.New(func(o receipt.Outcome) { back = append(back, o) })
		d.Deliver(tt.ctx, b) // while it is suspended
		b.Receipt.Return(receipt.Stored)
		if !slices.Equal(back, []receipt.Outcome{receipt.GivenUp}) {
			t.Errorf("suspended: %v, want given up", back)
		}
	}
}
