package listener

import (
	"log/slog"
	"testing"

	"syslogd/internal/process"
	"syslogd/message"
)

// holding is a connection of a source that holds n bytes, and waits for its peer.
func holding(b *Budget, srv *StreamServer, source string, n int) *intake {
	in := &intake{srv: srv, peer: message.NewPeer("", source)}
	in.peer.IP = []byte(source)
	in.idle.Store(true)
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
	if got, want := b.Used(), int64(1050*kib); got != want {
		t.Errorf("%d bytes are held before it has let go, want %d", got, want)
	}
	b.gone(large)
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
	b.gone(large)
	if !large.cutOff.Load() || b.Used() > 10*worthNoting {
		t.Errorf("%d bytes are held, %d may be", b.Used(), 10*worthNoting)
	}
}

// What a connection holds counts until it has let it go, not until it is sent away.
func TestWhoWasSentAwayCountsUntilItHasGone(t *testing.T) {
	t.Parallel()
	b, srv := newBudgetBench(1 << 30)
	in := holding(b, srv, "192.0.2.1", 2*worthNoting)
	srv.remove(in)
	if b.Used() != 2*worthNoting {
		t.Errorf("%d bytes are held by one that has not gone", b.Used())
	}
	b.gone(in)
	if b.Used() != 0 {
		t.Errorf("%d bytes are held by one that has gone", b.Used())
	}
}

// Who is at work, which may be to wait for its queue, loses nothing: others wait for what it
// will let go. When all wait for their peers, one of them goes.
func TestWhoIsAtWorkIsWaitedFor(t *testing.T) {
	t.Parallel()
	b, srv := newBudgetBench(1000 << 10)
	silent, working := holding(b, srv, "192.0.2.1", 300<<10), holding(b, srv, "192.0.2.1", 500<<10)
	b.works(working)
	next := holding(b, srv, "192.0.2.2", 0)
	next.sub = &Submitter{}
	got := make(chan bool, 1)
	go func() { got <- b.wait(next, 200<<10) }()
	if !process.Await(func() bool { return b.Waits.Value() == 1 }) {
		t.Fatal("nobody waits")
	}
	if silent.cutOff.Load() || working.cutOff.Load() {
		t.Error("one goes although another is at work")
	}
	b.idles(working)
	b.gone(working)
	if !<-got || !working.cutOff.Load() || silent.cutOff.Load() {
		t.Errorf("the largest one was cut off: %v, the smaller one: %v", working.cutOff.Load(), silent.cutOff.Load())
	}
}
