package router

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"syslogd/message"
	"syslogd/output"
	"syslogd/router/template"
)

// discardOutput takes everything.
type discardOutput struct{}

func (discardOutput) Write(context.Context, *output.Batch) error { return nil }
func (discardOutput) Close() error                               { return nil }

var errDown = errors.New("down")

func TestActionsWriteOnceABatchInTheirOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ruleset("default", b.cond(`$msg == "late"`, b.to("c")), b.to("a"), b.to("b"))
	b.send("1", "2", "late")
	b.want("a", "1|2|late", "b", "1|2|late", "c", "late")
	// c is last: it is the last to have something to write.
	if got := strings.Join(b.order, " "); got != "a b c" {
		t.Errorf("order of the writes: %s", got)
	}
	b.order = nil
	b.send("late", "3")
	if got := strings.Join(b.order, " "); got != "c a b" {
		t.Errorf("order of the writes of the second batch: %s", got)
	}
}

func TestOneActionOfSeveralStatements(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.to("a")
	b.ruleset("default", b.cond(`$msg contains "x"`, a), b.cond(`$msg contains "y"`, a))
	b.send("x", "y", "xy", "z")
	b.want("a", "x|y|xy|xy")
	if b.sinks["a"].writes != 1 {
		t.Errorf("%d writes", b.sinks["a"].writes)
	}
}

func TestOutputWithSeveralTemplates(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	out := &parts{}
	a, second := b.action("a", "%msg%"), b.action("unused", "%syslogtag%-")
	a.Templates = []*template.Template{a.Templates[0], second.Templates[0]}
	a.Delivery = output.NewDelivery(out, output.Policy{}, nil, time.Now)
	b.ruleset("default", a)
	b.send("x", "y")
	b.send("z")
	if got := strings.Join(out.got, " "); got != "x,app:- y,app:- z,app:-" {
		t.Errorf("got %s", got)
	}
}

// parts keeps records with all their parts.
type parts struct{ got []string }

func (p *parts) Write(_ context.Context, b *output.Batch) error {
	for i := range b.Len() {
		p.got = append(p.got, string(b.Parts[0].At(i))+","+string(b.Parts[1].At(i)))
	}
	return nil
}

func (*parts) Close() error { return nil }

func TestAFailingOutputDoesNotHoldTheOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	bad := b.action("bad", "%msg%")
	b.sinks["bad"].errs = []error{&output.Suspended{Err: errDown}}
	reject := b.action("rejecting", "%msg%")
	b.sinks["rejecting"].errs = []error{&output.Rejected{Index: 1, Err: errDown}}
	b.ruleset("default", b.to("before"), bad, reject, b.to("after"))
	b.send("a", "b", "c")
	b.send("d")
	b.want("before", "a|b|c|d", "after", "a|b|c|d", "bad", "", "rejecting", "c|d")
	if bad.Delivery.Failed.Value() != 4 || reject.Delivery.Failed.Value() != 1 {
		t.Errorf("lost %d and %d messages, want 4 and 1", bad.Delivery.Failed.Value(), reject.Delivery.Failed.Value())
	}
	if b.sinks["bad"].writes != 1 {
		t.Errorf("the suspended output was called %d times", b.sinks["bad"].writes)
	}
	b.now = b.now.Add(time.Minute)
	b.send("e")
	b.want("bad", "e")
}

func TestADisabledActionTakesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.action("a", "%msg%")
	a.Disabled, a.Delivery = true, nil
	b.ruleset("default", a, b.to("b"))
	b.send("x")
	b.want("a", "", "b", "x")
}

// failover is a first action with a second and a third that stand in for it.
func failover(b *bench) {
	first, second, third := b.action("first", "%msg%"), b.action("second", "%msg%"), b.action("third", "%msg%")
	first.Watched, second.Watched = true, true
	second.WhenPreviousSuspended, third.WhenPreviousSuspended = true, true
	b.ruleset("default", first, second, third)
}

func TestActionThatStandsInForASuspendedOne(t *testing.T) {
	t.Parallel()
	down := &output.Suspended{Err: errDown}
	for _, tt := range []struct {
		name                 string
		first, second        []error
		want1, want2, third  string
		afterwards, standsIn string // of first and second, for messages sent a minute later
	}{
		{"all is well", nil, nil, "a|b|c", "", "", "a|b|c|d", ""},
		{"the message that finds the failure is taken over", []error{nil, down}, nil, "a", "b|c", "", "a|d", "b|c"},
		{"a message that is refused is taken over", []error{nil, &output.Rejected{Err: errDown}}, nil, "a|c", "b", "", "a|c|d", "b"},
		{"two in a row", []error{down}, []error{down}, "", "", "a|b|c", "d", ""},
	} {
		b := newBench(t)
		failover(b)
		b.sinks["first"].errs, b.sinks["second"].errs = tt.first, tt.second
		b.send("a", "b", "c")
		for i, want := range []string{tt.want1, tt.want2, tt.third} {
			name := []string{"first", "second", "third"}[i]
			if got := b.got(name); got != want {
				t.Errorf("%s: %s has %q, want %q", tt.name, name, got, want)
			}
		}
		b.now = b.now.Add(time.Minute)
		b.send("d")
		if got1, got2 := b.got("first"), b.got("second"); got1 != tt.afterwards || got2 != tt.standsIn {
			t.Errorf("%s, a minute later: first has %q, second %q; want %q, %q", tt.name, got1, got2, tt.afterwards, tt.standsIn)
		}
	}
}

func TestPreviousActionSuspendedInAnExpression(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	down := b.action("down", "%msg%")
	b.sinks["down"].errs = []error{&output.Suspended{Err: errDown}}
	b.ruleset("default", down, b.cond("previous_action_suspended()", b.to("instead")), b.to("works"), b.cond("previous_action_suspended()", b.to("never")))
	b.send("finds the failure")
	b.send("a", "b")
	b.want("instead", "a|b", "works", "finds the failure|a|b", "never", "")
}

func TestActionForEveryNthMessage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	third, timed := b.action("third", "%msg%"), b.action("timed", "%msg%")
	third.EveryNth = 3
	timed.EveryNth, timed.EveryNthTimeout = 3, 60
	b.ruleset("default", third, timed)
	b.send("1", "2", "3", "4")
	b.send("5")
	b.want("third", "3", "timed", "3")
	b.now = b.now.Add(61 * time.Second)
	b.send("6", "7", "8")
	// The count of the second one began again after a minute without messages.
	b.want("third", "3|6", "timed", "3|8")
}

func TestActionAtMostOnceInAnInterval(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.action("a", "%msg%")
	a.OnceEvery = 10
	b.ruleset("default", a)
	for i, step := range []struct {
		after time.Duration
		want  string
	}{{0, "1"}, {9 * time.Second, "1"}, {time.Second, "1|3"}, {5 * time.Second, "1|3"}, {20 * time.Second, "1|3|5"}} {
		b.now = b.now.Add(step.after)
		b.send(strconv.Itoa(i + 1))
		b.want("a", step.want)
	}
}

func TestMarkMessages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	all, quiet := b.action("all", "%msg%"), b.action("quiet", "%msg%")
	quiet.WriteAllMarks = false
	b.ruleset("default", all, quiet)
	b.w = b.r.NewWorker(t.Context())
	mark := func() {
		mb := batch("mark")
		mb.Msgs[0].Flags |= message.Mark
		b.w.Run(mb)
	}
	b.send("a")
	mark() // the action has run within half of the twenty minutes between marks
	b.now = b.now.Add(10 * time.Minute)
	mark()
	mark()
	b.want("all", "a|mark|mark|mark", "quiet", "a|mark")
}
