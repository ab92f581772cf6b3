package engine

import (
	"context"
	"log/slog"
	"sync"
	"testing"

	"syslogd/message"
	"syslogd/metrics"
)

// ownLog is a log whose lines are own messages.
type ownLog struct {
	slog.Handler
	own *ownMessages
	to  func(*message.Batch) error
}

func (o ownLog) Enabled(context.Context, slog.Level) bool { return true }

func (o ownLog) Handle(context.Context, slog.Record) error {
	o.own.add(message.NewBatch(nil), o.to)
	return nil
}

// While the main queue takes nothing, own messages that are too many are counted; the line
// that says so is one more of them.
func TestOwnMessagesThatAreTooManyAreCounted(t *testing.T) {
	t.Parallel()
	own := &ownMessages{}
	own.idle = sync.NewCond(&own.mu)
	begun, held := make(chan struct{}, maxOwn+10), make(chan struct{})
	to := func(b *message.Batch) error {
		begun <- struct{}{}
		<-held
		b.Release()
		return nil
	}
	losses := metrics.NewLosses(slog.New(ownLog{slog.DiscardHandler, own, to}))
	own.lost = losses.Of("own_messages", "rsyslogd")
	text := func() *message.Batch {
		b := message.NewBatch(nil)
		b.Add([]byte("text"), &message.Origin{}, message.NewPeer("127.0.0.1", "box"))
		return b
	}
	own.add(text(), to)
	<-begun
	for range maxOwn {
		if !own.add(text(), to) {
			t.Fatal("a message for which there is room is refused")
		}
	}
	for range 3 {
		if own.add(text(), to) {
			t.Fatal("a message too many is taken")
		}
	}
	if n := own.lost.Count(); n != 3 {
		t.Errorf("%d lost, want 3", n)
	}
	close(held)
	own.stop()
	losses.Close()
}
