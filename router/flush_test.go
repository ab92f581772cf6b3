package router

import (
	"context"
	"slices"
	"testing"
	"time"

	"syslogd/output"
)

// holding is an output that holds what it takes until it is flushed.
type holding struct {
	name   string
	events *[]string
}

func (h *holding) Write(_ context.Context, b *output.Batch) error {
	event := h.name + " alone"
	if b.Attended {
		event = h.name + " attended"
	}
	*h.events = append(*h.events, event)
	return nil
}

func (*holding) Coalesces()   {}
func (*holding) Close() error { return nil }

// newHolding returns a bench with files a and b and another output, x. What happens
// to them is in events.
func newHolding(t *testing.T) (b *bench, events *[]string) {
	t.Helper()
	b, events = newBench(t), &[]string{}
	hold := func(name string) *Action {
		a := b.action(name, "%msg%")
		a.Delivery = output.NewDelivery(&holding{name, events}, output.Policy{}, nil, time.Now)
		return a
	}
	other := b.action("x", "%msg%")
	other.Delivery = output.NewDelivery(noted{events}, output.Policy{}, nil, time.Now)
	b.ruleset("default", hold("a"), b.cond(`$msg contains "b"`, hold("b")), b.cond(`$msg contains "x"`, other), b.cond(`$msg contains "call"`, b.call("other")))
	b.ruleset("other").Queue = &lane{}
	b.r.Flush = func() { *events = append(*events, "flush") }
	b.r.Rouse = func() { *events = append(*events, "rouse") }
	return b, events
}

type noted struct{ events *[]string }

func (n noted) Write(context.Context, *output.Batch) error {
	*n.events = append(*n.events, "x")
	return nil
}

func (noted) Close() error { return nil }

// TestFilesAreAttendedUntilTheyAreFlushed: what an output holds is known to somebody
// before the worker waits for anything.
func TestFilesAreAttendedUntilTheyAreFlushed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		do   func(b *bench)
		want []string
	}{
		{"a batch and nothing else to do", func(b *bench) { b.send("1"); b.w.Idle(true) }, []string{"a attended", "flush"}},
		{"two files", func(b *bench) { b.send("b"); b.w.Idle(true) }, []string{"a attended", "b attended", "flush"}},
		{"another worker is busy", func(b *bench) { b.send("1"); b.w.Idle(false); b.w.Idle(false) }, []string{"a attended", "rouse"}},
		{"another batch", func(b *bench) { b.send("1"); b.send("2"); b.w.Idle(true) }, []string{"a attended", "rouse", "a attended", "flush"}},
		{"an output that may wait", func(b *bench) { b.send("x"); b.w.Idle(false) }, []string{"a alone", "x"}},
		{"a queue that may be full", func(b *bench) { b.send("call"); b.w.Idle(false) }, []string{"a alone"}},
		{"nobody to tell", func(b *bench) { b.r.Rouse = nil; b.send("1"); b.w.Idle(false) }, []string{"a alone"}},
		{"what was flushed", func(b *bench) { b.send("1"); b.w.Idle(true); b.send("x") }, []string{"a attended", "flush", "a alone", "x"}},
	} {
		b, events := newHolding(t)
		tt.do(b)
		if !slices.Equal(*events, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, *events, tt.want)
		}
	}
}

func TestRepetitionsAtTheEndAreNotForgotten(t *testing.T) {
	t.Parallel()
	b, events := newHolding(t)
	b.r.Repeats = NewRepeats()
	b.send("1", "1", "1")
	*events = nil
	b.w.ProcessRepeats()
	if want := []string{"a attended", "rouse"}; !slices.Equal(*events, want) {
		t.Errorf("got %v, want %v", *events, want)
	}
}
