package listener

import (
	"log/slog"
	"runtime"
	"testing"
	"weak"

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

// What has waited for memory and ended is let go although others go on to wait.
func TestWhoWaitedAndEndedIsForgotten(t *testing.T) {
	t.Parallel()
	b, srv := newBudgetBench(1000 << 10)
	working := holding(b, srv, "192.0.2.1", 600<<10)
	b.works(working)
	wait := func(n, place int) (weak.Pointer[intake], chan bool) {
		in, got := holding(b, srv, "192.0.2.2", 0), make(chan bool, 1)
		in.sub = &Submitter{}
		go func() {
			got <- b.wait(in, n)
			b.gone(in)
		}()
		if !process.Await(func() bool { return b.Waits.Value() == uint64(place) }) {
			t.Error("nobody waits")
		}
		return weak.Make(in), got
	}
	first, got := wait(500<<10, 1)
	_, next := wait(900<<10, 2) // more than there is
	b.hold(working, 300<<10)
	if !<-got {
		t.Fatal("no memory")
	}
	if !process.Await(func() bool { runtime.GC(); return first.Value() == nil }) {
		t.Error("it is kept")
	}
	b.gone(working)
	<-next
}

// Who asked first comes first: what would fit does not overtake a larger one.
func TestWhoWaitsForMemoryIsNotOvertaken(t *testing.T) {
	t.Parallel()
	b, srv := newBudgetBench(1000 << 10)
	working := holding(b, srv, "192.0.2.1", 600<<10)
	b.works(working)
	large, small := holding(b, srv, "192.0.2.2", 0), holding(b, srv, "192.0.2.3", 0)
	large.sub = &Submitter{}
	got := make(chan bool, 1)
	go func() { got <- b.wait(large, 500<<10) }()
	if !process.Await(func() bool { return b.Waits.Value() == 1 }) {
		t.Fatal("nobody waits")
	}
	if !process.Await(func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.waiting) == 1
	}) {
		t.Fatal("nobody is in the line")
	}
	if b.try(small, 100<<10) {
		t.Error("one overtakes")
	}
	b.gone(working)
	if !<-got {
		t.Error("the first one gets nothing")
	}
}

// While a part of those that hold much is at work, one that is silent has to go when there
// is too much, although it holds less.
func TestWhoIsAtWorkIsNotTheVictim(t *testing.T) {
	t.Parallel()
	b, srv := newBudgetBench(1000 << 10)
	working := holding(b, srv, "192.0.2.1", 600<<10)
	b.works(working)
	silent := holding(b, srv, "192.0.2.2", 200<<10)
	holding(b, srv, "192.0.2.3", 100<<10)
	b.hold(working, 750<<10)
	if working.cutOff.Load() || !silent.cutOff.Load() {
		t.Errorf("cut off are: who is at work %v, the largest that is silent %v", working.cutOff.Load(), silent.cutOff.Load())
	}
}

// A frame that grows is copied: for that time what it was in and what it will be in are there.
func TestAGrowingFrameCountsTwiceWhileItIsCopied(t *testing.T) {
	t.Parallel()
	b, srv := newBudgetBench(1000 << 10)
	srv.opt.Budget = b
	working := holding(b, srv, "192.0.2.1", 200<<10)
	b.works(working)
	s := &session{intake: holding(b, srv, "192.0.2.2", 0), large: large{need: 600 << 10}}
	s.sub = &Submitter{}
	if err := s.gather(make([]byte, 200<<10)); err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() { got <- s.gather(make([]byte, 100<<10)) }()
	if !process.Await(func() bool { return b.Waits.Value() == 1 }) {
		t.Error("it does not wait")
	}
	b.gone(working)
	if err := <-got; err != nil {
		t.Error(err)
	}
	if held := s.held.Load(); held != int64(s.collected) {
		t.Errorf("%d bytes count of %d", held, s.collected)
	}
}
