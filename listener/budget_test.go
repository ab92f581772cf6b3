package listener

import (
	"log/slog"
	"testing"

	"syslogd/message"
)

// holding is a connection of a source that holds n bytes.
func holding(b *Budget, srv *StreamServer, source string, n int) *intake {
	in := &intake{srv: srv, peer: message.NewPeer("", source)}
	in.peer.IP = []byte(source)
	b.hold(in, n)
	return in
}

func newBudgetBench(most int64) (*Budget, *StreamServer) {
	log := slog.New(slog.DiscardHandler)
	srv := &StreamServer{opt: StreamOptions{Log: log, Origin: &message.Origin{Name: "imtcp"}}}
	return NewBudget(most, log), srv
}

// The source whose connections hold most together loses the largest of them, also where
// another source has the largest of all.
func TestTheSourceThatHoldsMostLosesItsLargestConnection(t *testing.T) {
	t.Parallel()
	const kib = 1 << 10
	b, srv := newBudgetBench(1000 * kib)
	single := holding(b, srv, "192.0.2.1", 400*kib)
	small, large := holding(b, srv, "192.0.2.66", 200*kib), holding(b, srv, "192.0.2.66", 300*kib)
	holding(b, srv, "192.0.2.2", 150*kib)
	if single.cutOff.Load() || small.cutOff.Load() || !large.cutOff.Load() {
		t.Errorf("cut off are: the largest of all %v, the smaller %v and the larger %v of the source with most; want the last",
			single.cutOff.Load(), small.cutOff.Load(), large.cutOff.Load())
	}
	if got, want := b.Used(), int64(750*kib); got != want {
		t.Errorf("%d bytes are held, want %d", got, want)
	}
}

// Connections that hold little are many: what they hold counts, too.
func TestManyThatHoldLittleMakeALargeOneGo(t *testing.T) {
	t.Parallel()
	b, srv := newBudgetBench(10 * worthNoting)
	large := holding(b, srv, "192.0.2.1", 5*worthNoting)
	for range 11 {
		holding(b, srv, "192.0.2.2", worthNoting/2)
	}
	if !large.cutOff.Load() || b.Used() > 10*worthNoting {
		t.Errorf("%d bytes are held, %d may be", b.Used(), 10*worthNoting)
	}
}

func TestWhoWasSentAwayHoldsNothingMore(t *testing.T) {
	t.Parallel()
	b, srv := newBudgetBench(1 << 30)
	in := holding(b, srv, "192.0.2.1", 2*worthNoting)
	srv.remove(in)
	b.hold(in, 4*worthNoting)
	if b.Used() != 0 {
		t.Errorf("%d bytes are held by one that has gone", b.Used())
	}
}
