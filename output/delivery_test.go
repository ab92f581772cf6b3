package output

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/metrics"
)

// flaky is an Output that follows a script: each Write takes the next error.
type flaky struct {
	errs []error
	got  []string
	each []int // records per call
}

func (f *flaky) Write(_ context.Context, b *Batch) error {
	var err error
	if len(f.errs) > 0 {
		err, f.errs = f.errs[0], f.errs[1:]
	}
	n := b.Len()
	var s *Suspended
	var r *Rejected
	switch {
	case errors.As(err, &s):
		n = s.Done
	case errors.As(err, &r):
		n = r.Index
	}
	for i := range n {
		f.got = append(f.got, string(b.Parts[0].At(i)))
	}
	f.each = append(f.each, b.Len())
	return err
}

func (*flaky) Close() error { return nil }

func records(texts ...string) *Batch {
	b := &Batch{Parts: make([]Part, 1)}
	for _, s := range texts {
		b.Parts[0].Data = append(b.Parts[0].Data, s...)
		b.Parts[0].Ends = append(b.Parts[0].Ends, len(b.Parts[0].Data))
	}
	return b
}

var errDown = errors.New("down")

func TestDelivery(t *testing.T) {
	t.Parallel()
	down := func(done int) error { return &Suspended{Done: done, Err: errDown} }
	bad := func(done int) error { return &Suspended{Done: done, Err: errDown, Record: true} }
	for _, tt := range []struct {
		name    string
		retries int
		errs    []error
		want    string
		failed  uint64
		susp    bool
	}{
		{"all at once", 0, nil, "a b c", 0, false},
		{"a record that can never be delivered costs only itself", 0, []error{&Rejected{Index: 1, Err: errDown}}, "a c", 1, false},
		{"without retries the rest is lost and the action suspended", 0, []error{down(1)}, "a", 2, true},
		{"with retries the rest is tried again", 2, []error{down(1), down(0)}, "a b c", 0, false},
		{"retries end", 2, []error{down(1), down(0), down(1), nil}, "a b", 1, true},
		{"a record that is refused costs only itself", 0, []error{bad(1)}, "a c", 1, false},
		{"a record that is refused is tried again first", 1, []error{bad(1), bad(0), bad(0)}, "a c", 1, false},
		{"a record that is refused and then taken", 1, []error{bad(1), nil}, "a b c", 0, false},
		{"for ever, also for a record that is refused", -1, []error{bad(1), bad(0), bad(0), nil}, "a b c", 0, false},
		{"for ever", -1, []error{down(0), down(0), down(0), down(0), down(2)}, "a b c", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out := &flaky{errs: tt.errs}
			d := NewDelivery(out, Policy{RetryCount: tt.retries, Interval: time.Millisecond, IntervalMax: time.Millisecond}, slog.New(slog.DiscardHandler), func() time.Time { return time.Unix(0, 0) })
			d.Deliver(t.Context(), records("a", "b", "c"))
			if got := strings.Join(out.got, " "); got != tt.want {
				t.Errorf("delivered %q, want %q", got, tt.want)
			}
			if d.Failed.Value() != tt.failed || d.Processed.Value() != uint64(3)-tt.failed {
				t.Errorf("failed %d, processed %d; want %d, %d", d.Failed.Value(), d.Processed.Value(), tt.failed, 3-tt.failed)
			}
			if d.Suspended() != tt.susp {
				t.Errorf("suspended %v, want %v", d.Suspended(), tt.susp)
			}
		})
	}
}

func TestASuspendedOutputIsTriedAgainAfterItsInterval(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	out := &flaky{errs: []error{&Suspended{Err: errDown}}}
	var log strings.Builder
	d := NewDelivery(out, Policy{Interval: 30 * time.Second, IntervalMax: time.Hour, Report: true},
		slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return now })
	d.Deliver(t.Context(), records("a"))
	d.Deliver(t.Context(), records("b"))
	now = now.Add(30 * time.Second)
	d.Deliver(t.Context(), records("c"))
	if got := strings.Join(out.got, " "); got != "c" {
		t.Errorf("delivered %q, want only what came after the suspension", got)
	}
	if len(out.each) != 2 {
		t.Errorf("the output was called %d times, want 2: it is left alone while suspended", len(out.each))
	}
	if d.Failed.Value() != 2 {
		t.Errorf("%d messages counted as lost, want 2", d.Failed.Value())
	}
	if !strings.Contains(log.String(), "action suspended") || !strings.Contains(log.String(), "lost=2") {
		t.Errorf("the log does not tell of the suspension and the loss:\n%s", log.String())
	}
}

// The length of suspensions as rsyslogd has it: interval * (n/10 + 1), n up to 20.
func TestSuspensionsGrow(t *testing.T) {
	t.Parallel()
	p := Policy{Interval: 30 * time.Second, IntervalMax: 80 * time.Second}
	for n, want := range map[int]time.Duration{0: 30, 9: 30, 10: 60, 19: 60, 20: 80, 500: 80} {
		if got := p.suspension(n); got != want*time.Second {
			t.Errorf("after %d suspensions: %v, want %v", n, got, want*time.Second)
		}
	}
}

func TestBatchViewBeginsAtARecord(t *testing.T) {
	t.Parallel()
	v := records("a", "bb", "ccc").From(1)
	if v.Len() != 2 || string(v.Parts[0].At(0)) != "bb" || string(v.Parts[0].All()) != "bbccc" {
		t.Errorf("got %d records, first %q, all %q", v.Len(), v.Parts[0].At(0), v.Parts[0].All())
	}
	if v = v.From(2); v.Len() != 0 || len(v.Parts[0].All()) != 0 {
		t.Errorf("an empty view has %d records, %q", v.Len(), v.Parts[0].All())
	}
}

// An output that refuses whatever it gets does not work.
func TestManyRefusedRecordsInARowSuspend(t *testing.T) {
	t.Parallel()
	out := &flaky{}
	var texts []string
	for i := range 30 {
		texts = append(texts, string(rune('A'+i)))
		out.errs = append(out.errs, &Suspended{Err: errDown, Record: true})
	}
	d := NewDelivery(out, Policy{Interval: time.Minute, IntervalMax: time.Hour}, slog.New(slog.DiscardHandler), time.Now)
	d.Deliver(t.Context(), records(texts...))
	if len(out.each) != maxBad+1 || !d.Suspended() || d.Failed.Value() != 30 {
		t.Errorf("%d tries, suspended %v, %d failed; want %d, true, 30", len(out.each), d.Suspended(), d.Failed.Value(), maxBad+1)
	}
}

func TestARecordThatAStopInterruptsIsNotDone(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	out := &flaky{errs: []error{&Suspended{Done: 1, Err: errDown}}}
	d := NewDelivery(out, Policy{RetryCount: -1, Interval: time.Hour, IntervalMax: time.Hour}, slog.New(slog.DiscardHandler), time.Now)
	time.AfterFunc(time.Millisecond, stop)
	if done := d.Deliver(ctx, records("a", "b", "c")); done != 1 {
		t.Errorf("%d records done, want the one that was delivered", done)
	}
	if d.Failed.Value() != 0 {
		t.Errorf("%d records counted as lost: they are the queue's", d.Failed.Value())
	}
}

// down fails until the given time.
type downUntil struct {
	flaky
	up time.Time
}

func (d *downUntil) Write(ctx context.Context, b *Batch) error {
	if time.Now().Before(d.up) {
		return &Suspended{Err: errDown}
	}
	return d.flaky.Write(ctx, b)
}

func TestAStopTriesASuspendedOutputAtOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		retries int
		back    time.Duration // after the stop began
		took    time.Duration
		lost    uint64
	}{
		{"for ever, back before the stop", -1, 0, 0, 0},
		{"some retries, back before the stop", 3, 0, 0, 0},
		{"no retries, back before the stop", 0, 0, 0, 1}, // the message that found it out
		{"back during the stop", -1, 450 * time.Millisecond, 700 * time.Millisecond, 0},
		{"such tries do not use retries up", 1, 2 * time.Second, 2500 * time.Millisecond, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now().Add(time.Second)
				out := &downUntil{up: begin.Add(tt.back)}
				d := NewDelivery(out, Policy{RetryCount: tt.retries, Interval: time.Minute, IntervalMax: time.Minute}, slog.New(slog.DiscardHandler), time.Now)
				done := make(chan int)
				go func() { done <- d.Deliver(t.Context(), records("a")) }()
				if tt.retries == 0 {
					<-done
				}
				time.Sleep(time.Second)
				if since, why := d.Trouble(); !since.Equal(begin.Add(-time.Second)) || !errors.Is(why, errDown) {
					t.Errorf("trouble since %v: %v", since, why)
				}
				d.Hurry()
				if tt.retries != 0 {
					<-done
				}
				if n := d.Deliver(t.Context(), records("b")); n != 1 || out.got[len(out.got)-1] != "b" {
					t.Errorf("what came then is not delivered: %q", out.got)
				}
				if took := time.Since(begin); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if d.Failed.Value() != tt.lost {
					t.Errorf("%d lost, want %d", d.Failed.Value(), tt.lost)
				}
				if since, _ := d.Trouble(); !since.IsZero() {
					t.Errorf("still in trouble")
				}
			})
		})
	}
}

func TestFirstFailureAndRecoveryAreLogged(t *testing.T) {
	t.Parallel()
	for _, retries := range []int{-1, 0, 3} {
		synctest.Test(t, func(t *testing.T) {
			var log strings.Builder
			out := &downUntil{up: time.Now().Add(2500 * time.Millisecond)}
			d := NewDelivery(out, Policy{RetryCount: retries, Interval: time.Second, IntervalMax: time.Second, Report: true},
				slog.New(slog.NewTextHandler(&log, nil)), time.Now)
			for range 4 {
				d.Deliver(t.Context(), records("a"))
				time.Sleep(time.Second)
			}
			if n, m := strings.Count(log.String(), "action suspended"), strings.Count(log.String(), "action resumed"); n != 1 || m != 1 {
				t.Errorf("%d retries: %d failures, %d recoveries in: %s", retries, n, m, &log)
			}
			if n, m := d.Suspensions.Value(), d.Resumptions.Value(); n == 0 || m != 1 {
				t.Errorf("%d retries: %d suspensions, %d resumptions", retries, n, m)
			}
		})
	}
}

// Each way in which an action loses messages has its reason, and Failed counts them all.
func TestAnActionSaysHowItLosesMessages(t *testing.T) {
	down := errors.New("down")
	for reason, test := range map[string]struct {
		errs []error
		lost uint64
	}{
		"message_rejected": {[]error{&Rejected{Index: 1, Err: down}, nil, nil}, 1},
		"action_given_up":  {[]error{&Suspended{Err: down}}, 3},
		"action_suspended": {[]error{&Suspended{Err: down}}, 3},
	} {
		losses := metrics.NewLosses(slog.New(slog.DiscardHandler))
		out := &flaky{errs: test.errs}
		d := NewDelivery(out, Policy{Interval: time.Minute, IntervalMax: time.Hour, Losses: losses, Name: "a"}, slog.New(slog.DiscardHandler), time.Now)
		d.Deliver(context.Background(), records("one", "two", "three"))
		want := test.lost
		if reason == "action_suspended" {
			d.Deliver(context.Background(), records("four", "five", "six"))
			want += losses.Of("action_given_up", "a").Count()
		}
		if n := losses.Of(reason, "a").Count(); n != test.lost || losses.Total() != want || d.Failed.Value() != want {
			t.Errorf("%s: %d, %d in all, %d failed; want %d of %d", reason, n, losses.Total(), d.Failed.Value(), test.lost, want)
		}
		losses.Close()
	}
}
