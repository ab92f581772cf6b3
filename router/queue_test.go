package router

import (
	"strings"
	"testing"
	"time"

	"syslogd/message"
	"syslogd/output"
)

// A ruleset with a queue gets a copy: nothing that one side does is seen by the other.
func TestRulesetWithItsOwnQueue(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	queue := &lane{}
	b.ruleset("own", b.set("!where", `$!where & " own"`), b.action("own", "%msg% %$!where%"), Stop{}).Queue = queue
	b.ruleset("default",
		b.set("!where", `"before"`), b.cond(`not ($msg contains "skip")`, b.call("own")),
		b.set("!where", `"after"`), b.action("default", "%msg% %$!where%"))
	b.send("a", "skip", "b")
	b.want("own", "", "default", "a after|skip after|b after")
	if len(queue.batches) != 1 || queue.batches[0].Len() != 2 || queue.batches[0].Ruleset != "own" {
		t.Fatalf("%d batches in the queue", len(queue.batches))
	}
	b.send("reuses the memory of the first batch") // goes to the queue, too
	for _, mb := range queue.batches {
		b.w.Run(mb)
	}
	b.want("own", "a before own|b before own|reuses the memory of the first batch before own", "default", "a after|skip after|b after|reuses the memory of the first batch after")
}

func TestCopiesKeepTheFlowAndTheTimeOfReception(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	forRuleset, forAction := &lane{}, &lane{}
	b.ruleset("own").Queue = forRuleset
	a := b.action("out", "%msg%")
	a.Queue = forAction
	b.ruleset("default", b.call("own"), a)
	b.w = b.r.NewWorker(t.Context())
	mb := batch("x")
	flow := &message.Flow{}
	mb.Flow = flow
	received := mb.Received
	b.w.Run(mb)
	for name, l := range map[string]*lane{"ruleset": forRuleset, "action": forAction} {
		if len(l.batches) != 1 || l.batches[0].Flow != flow || !l.batches[0].Received.Equal(received) {
			t.Errorf("queue of the %s: %d batches, or another flow or time", name, len(l.batches))
		}
	}
}

func TestActionWithAQueue(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	queue := &lane{}
	a := b.action("queued", "%msg% %$!n%")
	a.Queue = queue
	b.ruleset("default", b.set("!n", "1"), a, b.set("!n", "2"), b.action("direct", "%msg% %$!n%"))
	b.send("a", "b")
	b.want("queued", "", "direct", "a 2|b 2")
	b.send("c")
	worker := a.NewQueueWorker(b.r.NewWorker(t.Context()))
	for _, mb := range queue.batches {
		worker.Run(mb)
	}
	b.want("queued", "a 1|b 1|c 1")
	if s := b.sinks["queued"]; s.writes != 2 {
		t.Errorf("%d writes for two batches", s.writes)
	}
}

func TestOutputsAreFlushedWhenThereIsNothingToDo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	flushed := 0
	b.r.Flush = func() { flushed++ }
	w := b.r.NewWorker(t.Context())
	for _, last := range []bool{false, true} {
		if w.Idle(last); flushed != map[bool]int{true: 1}[last] {
			t.Errorf("last %v: flushed %d times", last, flushed)
		}
	}
}

// A worker keeps the memory of small batches, not that of large ones.
func TestMemoryOfAnAction(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ruleset("default", b.set("!big", `replace("`+strings.Repeat("x", 2000)+`", "x", $msg)`), b.action("out", "%$!big%"))
	b.send(strings.Repeat("y", 1000))
	if got := len(b.sinks["out"].got[0]); got != 2000*1000 {
		t.Fatalf("%d bytes written", got)
	}
	if kept := cap(b.w.acts[0].batch.Parts[0].Data); kept > maxKept {
		t.Errorf("%d bytes kept after a batch", kept)
	}
}

func TestAWorkerDoesNotAllocate(t *testing.T) {
	b := newBench(t)
	b.action("discarded", "%TIMESTAMP:::date-rfc3339% %HOSTNAME% %syslogtag%%msg%\n")
	discard := b.r.Actions[0]
	b.sinks["discarded"].order = nil
	discard.Delivery = output.NewDelivery(discardOutput{}, output.Policy{}, nil, time.Now)
	b.ruleset("default", b.selector("*.info;mail.none", b.filter("msg", "contains", "hello", b.cond(`$programname == "app" and $syslogseverity <= 6`, discard))))
	w := b.r.NewWorker(t.Context())
	mb := batch("hello a", "hello b", "other", "hello c")
	w.Run(clone(mb))
	if n := testing.AllocsPerRun(100, func() { mb.Retain(); w.Run(mb) }); n >= 1 {
		t.Errorf("%.1f allocations for 4 messages", n)
	}
}

// What goes to an action's queue costs a batch, not something a message.
func TestMessagesForAQueueAreNotAllocatedOneByOne(t *testing.T) {
	b := newBench(t)
	queue := &lane{}
	a := b.action("queued", "%msg%")
	a.Queue = queue
	b.ruleset("default", a)
	w := b.r.NewWorker(t.Context())
	var lines []string
	for range 200 {
		lines = append(lines, "a message")
	}
	mb := batch(lines...)
	w.Run(clone(mb))
	if n := testing.AllocsPerRun(100, func() {
		mb.Retain()
		w.Run(mb)
		for _, q := range queue.batches {
			q.Release()
		}
		queue.batches = queue.batches[:0]
	}); n > 20 {
		t.Errorf("%.1f allocations for 200 messages", n)
	}
}

func clone(mb *message.Batch) *message.Batch {
	c := message.NewBatch(nil)
	for i := range mb.Msgs {
		c.Msgs = append(c.Msgs, *mb.Msgs[i].Clone())
	}
	return c
}
