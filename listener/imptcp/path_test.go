package imptcp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"syslogd/config"
	"syslogd/hosts"
	"syslogd/internal/process"
	"syslogd/listener"
	"syslogd/listener/imptcp"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/parser"
)

// queue takes batches.
type queue struct{ batches chan *message.Batch }

func (q *queue) Enqueue(_ context.Context, b *message.Batch) error { return q.TryEnqueue(b) }
func (q *queue) TryEnqueue(b *message.Batch) error                 { q.batches <- b; return nil }

// shortPath returns a path that is short enough for a socket.
func shortPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ptcp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "log")
}

// build makes an input on path with default settings but for what change does.
func build(t *testing.T, path string, change func(*imptcp.Config)) listener.Input {
	t.Helper()
	c := imptcp.Module.Instance.New(nil).(*imptcp.Config)
	c.Path = path
	if change != nil {
		change(c)
	}
	in, err := imptcp.New(*c, module.Env{
		Log: slog.New(slog.DiscardHandler), Metrics: &metrics.Set{}, Now: time.Now,
		Names:  hosts.New(hosts.Options{LocalHostName: "box"}),
		Global: &module.Global{MaxMessageSize: 8096},
	})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// run opens and runs an input; stop ends it.
func run(t *testing.T, in listener.Input) (q *queue, stop func()) {
	t.Helper()
	if err := in.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	q = &queue{batches: make(chan *message.Batch, 100)}
	ended := make(chan error, 1)
	go func() { ended <- in.Run(ctx, &listener.Submitter{Queue: q}) }()
	done := false
	stop = func() {
		if done {
			return
		}
		done = true
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(process.Patience):
			t.Error("input does not end")
		}
	}
	t.Cleanup(stop)
	return q, stop
}

func dial(t *testing.T, path string) net.Conn {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func next(t *testing.T, q *queue) string {
	t.Helper()
	select {
	case b := <-q.batches:
		defer b.Release()
		m := &b.Msgs[0]
		parser.New(parser.DefaultOptions(), nil).Parse(b, m)
		return fmt.Sprintf("host=%s from=%s|%s tag=%s msg=%s", m.Hostname(), m.Peer.Host(), m.Peer.IP, m.Tag(nil), m.Msg())
	case <-time.After(process.Patience):
		t.Fatal("no message")
		return ""
	}
}

func TestMessagesOverAUnixStreamSocket(t *testing.T) {
	t.Parallel()
	path := shortPath(t)
	q, _ := run(t, build(t, path, nil))
	c := dial(t, path)
	for _, tt := range []struct{ text, want string }{
		{"<13>Oct 11 22:14:15 web1 app: text\n", "host=web1 from=box|127.0.0.1 tag=app: msg= text"},
		{"<13>hello: text\n", "host=box from=box|127.0.0.1 tag=hello: msg= text"},
		{"17 <13>app: one\ntwo\n", "host=box from=box|127.0.0.1 tag=app: msg= one#012two"},
	} {
		if _, err := io.WriteString(c, tt.text); err != nil {
			t.Fatal(err)
		}
		if got := next(t, q); got != tt.want {
			t.Errorf("%q\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

func TestModeOfTheUnixSocket(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{0o644, 0o666, 0o600} {
		path := shortPath(t)
		_, stop := run(t, build(t, path, func(c *imptcp.Config) {
			if mode != 0o644 { // the default
				c.Mode = mode
			}
		}))
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != mode {
			t.Errorf("mode %o, want %o", got, mode)
		}
		stop()
	}
}

func TestOwnerOfTheUnixSocket(t *testing.T) {
	t.Parallel()
	const owner, group = 12345, 23456
	path := shortPath(t)
	in := build(t, path, func(c *imptcp.Config) { c.Owner, c.Group = owner, group })
	if os.Geteuid() != 0 {
		if err := in.Open(t.Context()); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("failOnChownFailure=on: got %v", err)
		}
		run(t, build(t, path, func(c *imptcp.Config) { c.Owner, c.FailOnChown, c.Unlink = owner, false, true }))
		dial(t, path)
		return
	}
	run(t, in)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if st := info.Sys().(*syscall.Stat_t); st.Uid != owner || st.Gid != group {
		t.Errorf("owner %d:%d, want %d:%d", st.Uid, st.Gid, owner, group)
	}
}

func TestUnixSocketThatIsThereAlready(t *testing.T) {
	t.Parallel()
	path := shortPath(t)
	old, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	old.SetUnlinkOnClose(false)
	old.Close()
	err = build(t, path, nil).Open(t.Context())
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), `unlink="on"`) {
		t.Errorf("unlink off: got %v", err)
	}
	_, stop := run(t, build(t, path, func(c *imptcp.Config) { c.Unlink = true }))
	dial(t, path)
	stop()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the stop: %v", err)
	}
}

func TestUnixSocketDoesNotReplaceADirectory(t *testing.T) {
	t.Parallel()
	path := filepath.Dir(shortPath(t))
	if err := build(t, path, func(c *imptcp.Config) { c.Unlink = true }).Open(t.Context()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestPortOrPath(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ params, want string }{
		{`port="0"`, ""},
		{`path="/x"`, ""},
		{``, `needs either "port" or "path"`},
		{`port="0" path="/x"`, `needs either "port" or "path"`},
		{`path="/` + strings.Repeat("x", 106) + `"`, ""},
		{`path="/` + strings.Repeat("x", 107) + `"`, "path has 108 bytes, a unix socket's can have 107"},
	} {
		r := &module.Registry{}
		r.AddInput(imptcp.Module)
		_, diags, err := config.Load("test.conf", []byte(`module(load="imptcp")`+"\n"+`input(type="imptcp" `+tt.params+")\n"), r, config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		for _, d := range diags.All() {
			if d.Range.Start.Line == 2 {
				d.Write(&text)
			}
		}
		if !strings.Contains(text.String(), tt.want) || (text.Len() == 0) != (tt.want == "") {
			t.Errorf("%s: got %q, want %q", tt.params, text.String(), tt.want)
		}
	}
}

// TestConnectionsThatArriveAtOnce: with rsyslogd's 64 as the default, thousands of
// senders that connect after a restart would wait for seconds.
func TestConnectionsThatArriveAtOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ backlog, arrive, refused int }{{0, 200, 0}, {5, 20, 14}} {
		path := shortPath(t)
		in := build(t, path, func(conf *imptcp.Config) {
			if c.backlog > 0 {
				conf.Backlog = c.backlog
			}
		})
		if err := in.Open(t.Context()); err != nil { // and accept none
			t.Fatal(err)
		}
		refused, last := 0, error(nil)
		for range c.arrive {
			conn, err := net.Dial("unix", path)
			if err != nil {
				refused, last = refused+1, err
				continue
			}
			t.Cleanup(func() { conn.Close() })
		}
		if refused != c.refused {
			t.Errorf("socketBacklog %d: %d of %d refused, want %d (%v)", c.backlog, refused, c.arrive, c.refused, last)
		}
		runtime.KeepAlive(in) // a listener that nothing refers to is closed
	}
}
