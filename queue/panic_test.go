package queue

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"syslogd/internal/receipt"
	"syslogd/internal/vfs"
	"syslogd/message"
)

// unnamed makes the encoder of messages panic.
type unnamed struct{}

func (unnamed) Details(*message.Message) message.Value { return message.Value{} }
func (unnamed) DetailsName() string                    { panic("sprung") }

// TestAMessageThatCanNotBeEncodedIsPutAside gives a queue on disk batches with such
// messages, at the begin, the end and within: all others are stored, in order, and the
// queue takes more.
func TestAMessageThatCanNotBeEncodedIsPutAside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newDiskBench(t, vfs.NewMem(), diskConf(Disk))
		to := b.start(false)
		bad := []int{0, 1, 7, 19}
		var want []string
		for range 3 {
			mb := message.NewBatch(nil)
			for i, text := range numbered(0, 20) {
				m := mb.Add([]byte(text), origin, peer)
				if slices.Contains(bad, i) {
					m.Details = unnamed{}
				} else {
					want = append(want, text)
				}
			}
			var s slip
			if err := b.q.Enqueue(t.Context(), s.on(mb)); err != nil {
				t.Error(err)
			}
			s.want(t, receipt.GivenUp)
		}
		if !b.send(nil, "more") {
			t.Error("the queue takes nothing more")
		}
		b.q.Stop()
		same(t, to.texts(), append(want, "more"))
		if got := b.q.Enqueued.Value(); got != uint64(len(want)+1) {
			t.Errorf("%d are in the queue", got)
		}
		b.lost.Close()
		if log := b.logged(); !strings.Contains(log, "reason=panic") || !strings.Contains(log, "panic=sprung") {
			t.Errorf("the log does not tell: %s", log)
		}
	})
}

// TestAMessageThatCanNotBeEncodedDoesNotHoldUpTheStop keeps the batches that it is not in.
func TestAMessageThatCanNotBeEncodedDoesNotHoldUpTheStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem := vfs.NewMem()
		b := newDiskBench(t, mem, diskConf(LinkedList))
		b.start(true)
		for i, text := range []string{"first", "bad", "last"} {
			mb := message.NewBatch(nil)
			m := mb.Add([]byte(text), origin, peer)
			if i == 1 {
				m.Details = unnamed{}
			}
			b.q.Enqueue(t.Context(), mb)
		}
		b.q.Stop()
		next := newDiskBench(t, mem, diskConf(LinkedList))
		to := next.start(false)
		next.q.Stop()
		same(t, to.texts(), []string{"first", "last"})
	})
}
