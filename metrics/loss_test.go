package metrics

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// lines is what the log says, without times.
func lossLog(buf *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(buf, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func TestLossIsLoggedAtItsBeginOnceAMinuteAndWithItsSum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := NewLosses(lossLog(&out))
		w := l.Of("queue_full", "main Q")
		w.Add(3, "err", "no room")
		time.Sleep(time.Second / 2) // no message is lost in the moment in which the log is written
		for range 90 {
			time.Sleep(time.Second)
			w.Add(2)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		want := strings.Join([]string{
			`msg="messages are lost" reason=queue_full where="main Q" count=3 err="no room"`,
			`msg="messages are still lost" reason=queue_full where="main Q" count=118 err="no room"`,
			`msg="messages are still lost" reason=queue_full where="main Q" count=62 err="no room"`,
			`msg="no more messages are lost; in all" reason=queue_full where="main Q" count=183 err="no room"`,
			``}, "\n")
		// Whether the loss at 60 s belongs to the first or the second minute is open.
		got := strings.NewReplacer("count=120 ", "count=118 ", "count=60 ", "count=62 ").Replace(out.String())
		if got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		if w.Count() != 183 || l.Total() != 183 {
			t.Errorf("counted %d, %d in all, want 183", w.Count(), l.Total())
		}
		out.Reset()
		w.Add(1)
		l.Close()
		if !strings.Contains(out.String(), "in all\" reason=queue_full where=\"main Q\" count=1\n") {
			t.Errorf("a closed book does not end the second episode:\n%s", out.String())
		}
	})
}

func TestLossesAreCountersByReasonAndPlace(t *testing.T) {
	l := NewLosses(slog.New(slog.DiscardHandler))
	defer l.Close()
	l.Of("b", "y").Add(2)
	l.Of("a", "x").Add(1)
	l.Of("a", "x").Add(1)
	l.Of("c", "never")
	var got []string
	for _, o := range l.Objects() {
		got = append(got, o.Name+" "+o.Extra[0][1])
		if o.Name != "c" && o.Numbers[0].Read() != 2 {
			t.Errorf("%s: %v", o.Name, o.Numbers[0].Read())
		}
	}
	if strings.Join(got, ", ") != "a x, b y, c never" {
		t.Errorf("objects %v", got)
	}
	var none *Losses
	none.Of("a", "b").Add(1)
	none.Close()
}

// comesBack is a log whose lines are messages that are lost, too, as the server's own are
// when the main queue is full.
type comesBack struct {
	slog.Handler
	again func()
}

func (c comesBack) Handle(ctx context.Context, r slog.Record) error {
	c.again()
	return c.Handler.Handle(ctx, r)
}

func TestALossOfTheLineThatTellsItIsOnlyCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		var w *Loss
		var lose atomic.Int64 // timers of the log come in goroutines of their own
		lose.Store(3)
		again := func() {
			if lose.Add(-1) >= 0 {
				w.Add(1)
			}
		}
		l := NewLosses(slog.New(comesBack{lossLog(&out).Handler(), again}))
		w = l.Of("queue_full", "main Q")
		w.Add(1)
		time.Sleep(10 * time.Minute)
		lose.Store(2)
		w.Add(1)
		l.Close()
		w.Add(1)
		synctest.Wait()
		if n := w.Count(); n != 1+3+1+2+1 {
			t.Errorf("%d lost", n)
		}
		for text, want := range map[string]int{`"messages are lost"`: 2, "still lost": 3, "in all": 2} {
			if n := strings.Count(out.String(), text); n != want {
				t.Errorf("%q is logged %d times, want %d:\n%s", text, n, want, out.String())
			}
		}
	})
}
