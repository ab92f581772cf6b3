package imuxsock

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/internal/receipt"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
)

func TestDefaultPath(t *testing.T) {
	t.Parallel()
	const journal, devLog = "run/systemd/journal/syslog", "dev/log"
	for _, tt := range []struct {
		name             string
		systemd, forward bool
		want             string
	}{
		{"without systemd", false, false, devLog},
		{"a socket left by systemd", false, true, devLog},
		{"journal does not forward", true, false, devLog},
		{"journal forwards", true, true, journal},
	} {
		root, err := os.MkdirTemp("", "ux")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(root) })
		if tt.systemd {
			os.MkdirAll(filepath.Join(root, "run/systemd/system"), 0o755)
		}
		if tt.forward {
			path := filepath.Join(root, journal)
			os.MkdirAll(filepath.Dir(path), 0o755)
			c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
		}
		if got := defaultPath(root); got != filepath.Join(root, tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func newLimits(log *bytes.Buffer) *limits {
	return &limits{
		interval: 10 * time.Second, burst: 2, from: 1, host: func() string { return "box" },
		log: slog.New(slog.NewTextHandler(log, nil)), dropped: new(metrics.Counter),
	}
}

// noProcess is no process: IDs end before it.
const noProcess = 1 << 22

func TestRateLimitWindowBeginsWithItsFirstMessage(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	l := newLimits(&log)
	begin := time.Now()
	var got strings.Builder
	for _, at := range []int{3, 4, 5, 6, 12, 13, 14, 15} {
		if l.allow(noProcess, []byte("<13>app: x"), begin.Add(time.Duration(at)*time.Second)) {
			fmt.Fprint(&got, at, " ")
		}
	}
	if want := "3 4 13 14 "; got.String() != want {
		t.Errorf("let through at %s, want %s", got.String(), want)
	}
	if want := fmt.Sprintf("imuxsock[pid: %d]: 3 messages lost due to rate-limiting (2 allowed within 10 seconds)", noProcess); strings.Count(log.String(), want) != 1 {
		t.Errorf("log has no %q:\n%s", want, log.String())
	}
	if n := l.dropped.Value(); n != 4 {
		t.Errorf("%d dropped, want 4", n)
	}
}

// What a process lost is told even if it sends no more.
func TestRateLimitOfAProcessThatEnded(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	l := newLimits(&log)
	begin := time.Now()
	for range 3 {
		l.allow(noProcess, []byte("<13>app: x"), begin)
	}
	l.allow(noProcess+1, []byte("<13>app: x"), begin.Add(25*time.Second))
	if want := "1 messages lost"; !strings.Contains(log.String(), want) {
		t.Errorf("log has no %q:\n%s", want, log.String())
	}
	if len(l.windows) != 1 {
		t.Errorf("%d processes are remembered, want 1", len(l.windows))
	}
}

func TestRateLimitRemembersSoManyProcesses(t *testing.T) {
	t.Parallel()
	l := newLimits(&bytes.Buffer{})
	now := time.Now()
	for pid := range int32(2 * maxProcesses) {
		if !l.allow(noProcess+pid, []byte("<13>app: x"), now) {
			t.Fatal("first message of a process dropped")
		}
	}
	if len(l.windows) > maxProcesses {
		t.Errorf("%d processes are remembered, want at most %d", len(l.windows), maxProcesses)
	}
}

// fullQueue has no room until it is told so.
type fullQueue struct{ room chan struct{} }

func (q *fullQueue) Enqueue(ctx context.Context, b *message.Batch) error {
	defer b.Release()
	select {
	case <-q.room:
		return nil
	case <-ctx.Done():
		return receipt.ErrFull
	}
}

func (q *fullQueue) TryEnqueue(b *message.Batch) error {
	defer b.Release()
	select {
	case <-q.room:
		return nil
	default:
		return receipt.ErrFull
	}
}

func TestFullQueue(t *testing.T) {
	t.Parallel()
	origin, peer := &message.Origin{Name: "imuxsock"}, message.NewPeer("127.0.0.1", "box")
	// hand submits one message and returns how long that took.
	hand := func(r *reader, sub *listener.Submitter) time.Duration {
		begin := time.Now()
		b := message.NewBatch(nil)
		b.Received = begin
		b.Add([]byte("<13>app: x"), origin, peer)
		r.sub = sub
		r.enqueue(b)
		return time.Since(begin)
	}
	newTestReader := func(flowControl bool) *reader {
		return &reader{input: &input{conf: Config{FlowControl: flowControl}, env: module.Env{Log: slog.New(slog.DiscardHandler)}}}
	}
	t.Run("programs wait once, for a moment", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			q := &fullQueue{room: make(chan struct{})}
			sub := &listener.Submitter{Queue: q}
			r := newTestReader(false)
			defer r.pending.stop()
			if took := hand(r, sub); took < maxWait/2 || took > maxWait {
				t.Errorf("the first message waited %v", took)
			}
			if took := hand(r, sub); took != 0 {
				t.Errorf("the second message waited %v", took)
			}
			close(q.room)
			if hand(r, sub); r.stats.received.Value() != 1 || r.stats.dropped.Value() != 2 {
				t.Errorf("%d received, %d dropped", r.stats.received.Value(), r.stats.dropped.Value())
			}
			q.room = make(chan struct{})
			time.Sleep(maxWait / 4)
			if took := hand(r, sub); took < maxWait/2 || took > maxWait {
				t.Errorf("when it is full again the first message waited %v", took)
			}
		})
	})
	t.Run("flowControl", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			q := &fullQueue{room: make(chan struct{})}
			r := newTestReader(true)
			time.AfterFunc(time.Hour, func() { close(q.room) })
			if took := hand(r, &listener.Submitter{Queue: q}); took != time.Hour {
				t.Errorf("the message waited %v", took)
			}
			if n := r.stats.received.Value(); n != 1 {
				t.Errorf("%d received", n)
			}
		})
	})
}
