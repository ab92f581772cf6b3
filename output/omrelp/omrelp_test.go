package omrelp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"syslogd/config"
	"syslogd/internal/diag"
	"syslogd/internal/process"
	"syslogd/module"
	"syslogd/output"
	"syslogd/output/omrelp"
	"syslogd/parser/frame/relp"
)

func load(t *testing.T, conf string) (*config.Config, *diag.List) {
	t.Helper()
	reg := &module.Registry{}
	reg.AddOutput(omrelp.Module)
	cfg, diags, err := config.Load("test.conf", []byte(`module(load="omrelp")`+"\n"+conf), reg, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return cfg, diags
}

// build makes the action of a configuration.
func build(t *testing.T, conf string) output.Output {
	t.Helper()
	cfg, diags := load(t, conf)
	for _, d := range diags.All() {
		t.Fatalf("%s: %s", d.Range.Start, d.Text)
	}
	a := cfg.Actions[0]
	out, err := a.Module.Build(a.Conf, module.Env{Log: slog.New(slog.DiscardHandler), Now: time.Now, Global: &module.Global{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	return out
}

func batch(records ...string) *output.Batch {
	var p output.Part
	for _, r := range records {
		p.Data = append(p.Data, r...)
		p.Ends = append(p.Ends, len(p.Data))
	}
	return &output.Batch{Parts: []output.Part{p}}
}

// server is a RELP server that does what a test says. Its methods are for one
// goroutine, which is not the test's.
type server struct {
	net.Listener
	t   *testing.T
	out output.Output
}

func serve(t *testing.T, params string) *server {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	out := build(t, `action(type="omrelp" target="127.0.0.1" port="`+port+`" `+params+`)`)
	return &server{ln, t, out}
}

// write writes a batch while the server does its part.
func (s *server) write(part func(), records ...string) error {
	s.t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); part() }()
	err := s.out.Write(context.Background(), batch(records...))
	<-done
	return err
}

// conn is a session of the server.
type conn struct {
	net.Conn
	t      *testing.T
	frames relp.Reader
	buf    []byte
}

func (s *server) accept() *conn {
	s.Listener.(*net.TCPListener).SetDeadline(time.Now().Add(process.Patience))
	c, err := s.Accept()
	if err != nil {
		s.t.Error(err)
		runtime.Goexit() // not the test's goroutine
	}
	s.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(process.Patience))
	return &conn{Conn: c, t: s.t, frames: relp.NewReader(&relp.Options{MaxData: 1 << 20})}
}

// next is the next frame as text; "" is the end of the connection.
func (c *conn) next() (text string, txnr int) {
	for {
		f, n, err := c.frames.Next(c.buf)
		if err != nil {
			c.t.Error(err)
			return "", 0
		}
		if n > 0 {
			text = strings.TrimSpace(string(f.Command) + " " + string(f.Data))
			c.buf = c.buf[n:]
			return text, f.Txnr
		}
		more := make([]byte, 1000)
		if n, err = c.Read(more); err != nil {
			return "", 0
		}
		c.buf = append(c.buf, more[:n]...)
	}
}

func (c *conn) say(text string) { io.WriteString(c, text) }

func (c *conn) ok(txnr int) { c.Write(relp.AppendOK(nil, txnr)) }

// open answers the opening of a session.
func (c *conn) open() *conn {
	text, txnr := c.next()
	if want := "open " + string(relp.AppendOffers(nil)); text != want {
		c.t.Errorf("it begins with %q, want %q", text, want)
	}
	c.Write(relp.Append(nil, txnr, relp.Response, []byte("200 OK\nrelp_version=0\ncommands=syslog")))
	return c
}

// take answers n messages and returns them.
func (c *conn) take(n int) (texts []string) {
	for range n {
		text, txnr := c.next()
		texts = append(texts, strings.TrimPrefix(text, "syslog "))
		c.ok(txnr)
	}
	return texts
}

func (c *conn) expect(want ...string) {
	if got := c.take(len(want)); !slices.Equal(got, want) {
		c.t.Errorf("the server gets %q, want %q", got, want)
	}
}

func numbers(from, to int) (out []string) {
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprint("message ", i))
	}
	return out
}

func TestABatchIsDeliveredWhenAllOfItIsAcknowledged(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	var c *conn
	if err := s.write(func() { c = s.accept().open(); c.expect(numbers(0, 300)...) }, numbers(0, 300)...); err != nil {
		t.Fatal(err)
	}
	if err := s.write(func() { c.expect("one more") }, "one more"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		text, txnr := c.next()
		if text != "close" {
			t.Errorf("the session ends with %q", text)
		}
		c.say(fmt.Sprintf("%d rsp 0\n0 serverclose 0\n", txnr))
		if text, _ := c.next(); text != "" {
			t.Errorf("behind close comes %q", text)
		}
	}()
	if err := s.out.Close(); err != nil {
		t.Error(err)
	}
	<-ended
}

func TestNoMoreThanTheWindowIsUnderWay(t *testing.T) {
	t.Parallel()
	for params, window := range map[string]int{"": 128, `windowSize="5"`: 5, `windowSize="1"`: 1, `windowSize="10000"`: 10000} {
		s := serve(t, params)
		err := s.write(func() {
			c := s.accept().open()
			var txnrs []int
			for range window {
				_, txnr := c.next()
				txnrs = append(txnrs, txnr)
			}
			c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			if text, _ := c.next(); text != "" {
				t.Errorf("windowSize %d: %q comes before anything was acknowledged", window, text)
			}
			c.SetReadDeadline(time.Now().Add(process.Patience))
			for _, txnr := range txnrs {
				c.ok(txnr)
			}
			c.take(10)
		}, numbers(0, window+10)...)
		if err != nil {
			t.Error(err)
		}
	}
}

func TestAnswersMayComeOutOfTurn(t *testing.T) {
	t.Parallel()
	s := serve(t, `windowSize="6"`)
	if err := s.write(func() {
		c := s.accept().open()
		for range 3 {
			var txnrs []int
			for range 6 {
				_, txnr := c.next()
				txnrs = append(txnrs, txnr)
			}
			slices.Reverse(txnrs)
			for _, txnr := range txnrs {
				c.ok(txnr)
			}
		}
	}, numbers(0, 18)...); err != nil {
		t.Error(err)
	}
}

// What is not acknowledged when a session ends comes again, and nothing else.
func TestAfterASessionThatEndsTheRestIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(c *conn){
		"serverclose":              func(c *conn) { c.say("0 serverclose 0\n") },
		"the connection is closed": func(c *conn) {},
		"the connection is reset":  func(c *conn) { c.Conn.(*net.TCPConn).SetLinger(0) },
		"nonsense":                 func(c *conn) { c.say("HTTP/1.1 400\n") },
		"an answer to nothing":     func(c *conn) { c.say("77777 rsp 6 200 OK\n") },
		"an answer twice":          func(c *conn) { c.say("2 rsp 6 200 OK\n") },
		"too many answers":         func(c *conn) { c.say(strings.Repeat("99 rsp 6 200 OK\n", 400)) },
		"a message":                func(c *conn) { c.say("2 syslog 1 a\n") },
	} {
		s := serve(t, "")
		err := s.write(func() {
			c := s.accept().open()
			c.expect(numbers(0, 7)...)
			end(c)
			time.AfterFunc(50*time.Millisecond, func() { c.Close() })
			s.accept().open().expect(numbers(7, 20)...)
		}, numbers(0, 20)...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestASessionThatEndedWhileNothingWasSentIsReplacedFirst(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	if err := s.write(func() {
		c := s.accept().open()
		c.expect("a")
		c.say("0 serverclose 0\n")
		c.Close()
	}, "a"); err != nil {
		t.Fatal(err)
	}
	if err := s.write(func() { s.accept().open().expect("b", "c") }, "b", "c"); err != nil {
		t.Fatal(err)
	}
}

func suspended(t *testing.T, err error, done int, want string) {
	t.Helper()
	var s *output.Suspended
	if !errors.As(err, &s) || s.Done != done || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want it suspended after %d with %q", err, done, want)
	}
}

func TestServersThatDoNotWorkSuspendTheAction(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, params, want string
		part               func(s *server)
	}{
		{"it never acknowledges", `timeout="1"`, "does not acknowledge", func(s *server) { c := s.accept().open(); c.next(); c.next() }},
		{"it never answers", `timeout="1"`, "does not open", func(s *server) { s.accept().next() }},
		{"it closes at once", "", "does not open", func(s *server) { s.accept().Close() }},
		{"it refuses the session", "", "refuses the session: 500 no", func(s *server) { c := s.accept(); c.next(); c.say("1 rsp 6 500 no\n") }},
		{"it transfers no messages", "", "does not offer", func(s *server) { c := s.accept(); c.next(); c.say("1 rsp 6 200 OK\n") }},
		{"it speaks something else", "", "broken frame", func(s *server) { s.accept().say("220 mail.example.net ESMTP\r\n") }},
	} {
		s := serve(t, test.params)
		suspended(t, s.write(func() { test.part(s) }, "a", "b"), 0, test.want)
	}
	s := serve(t, `timeout="1"`)
	suspended(t, s.write(func() {
		s.accept().open().expect("a")
		s.accept().open() // it takes nothing in the second session
	}, "a", "b"), 1, "does not acknowledge")
	s.Close()
	suspended(t, s.write(func() {}, "a"), 0, "cannot connect")
}

func TestAMessageThatTheServerRefusesThreeTimesIsSetAside(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	refuse := func(c *conn) {
		_, txnr := c.next()
		c.Write(relp.Append(nil, txnr, relp.Response, []byte("500 not that one")))
	}
	suspended(t, s.write(func() {
		c := s.accept().open()
		c.expect("a")
		refuse(c)
	}, "a", "bad", "c"), 1, "refuses the message: 500 not that one")
	suspended(t, s.write(func() { refuse(s.accept().open()) }, "bad", "c"), 0, "500 not that one")
	err := s.write(func() { refuse(s.accept().open()) }, "bad", "c")
	var r *output.Rejected
	if !errors.As(err, &r) || r.Index != 0 || !strings.Contains(err.Error(), "500 not that one") {
		t.Errorf("got %v, want the first message rejected", err)
	}
	if err := s.write(func() { s.accept().open().expect("c") }, "c"); err != nil {
		t.Error(err)
	}
}

func TestRebindIntervalMakesNewConnections(t *testing.T) {
	t.Parallel()
	s := serve(t, `rebindInterval="4"`)
	session := func(want ...string) {
		c := s.accept().open()
		c.expect(want...)
		if text, txnr := c.next(); text == "close" {
			c.say(fmt.Sprintf("%d rsp 0\n0 serverclose 0\n", txnr))
		} else {
			t.Errorf("behind %q comes %q", want, text)
		}
	}
	if err := s.write(func() {
		session(numbers(0, 4)...)
		session(numbers(4, 8)...)
		s.accept().open().expect(numbers(8, 10)...)
	}, numbers(0, 10)...); err != nil {
		t.Error(err)
	}
}

func TestAStopEndsWaiting(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		c := s.accept().open()
		c.next()
		cancel()
	}()
	suspended(t, s.out.Write(ctx, batch("a")), 0, "context canceled")
	// A server that does not read fills all buffers: then a write waits.
	ctx, cancel = context.WithCancel(context.Background())
	go func() {
		s.accept().open()
		time.AfterFunc(100*time.Millisecond, cancel)
	}()
	large := strings.Repeat("x", 1<<20)
	if err := s.out.Write(ctx, batch(slices.Repeat([]string{large}, 30)...)); err == nil {
		t.Error("a batch that nobody has read counts as delivered")
	}
}

func TestActionLines(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		":omrelp:host":                          "relp host:514",
		":omrelp:host:2514":                     "relp host:2514",
		":omrelp:[2001:db8::1]:2514":            "relp [2001:db8::1]:2514",
		":omrelp:host:2514;RSYSLOG_DebugFormat": "relp host:2514",
	} {
		out := build(t, "*.* "+line+"\n")
		if got := out.(interface{ Path() string }).Path(); got != want {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
		tpl := "RSYSLOG_ForwardFormat"
		if strings.Contains(line, ";") {
			tpl = "RSYSLOG_DebugFormat"
		}
		if got := out.(output.Templated).Templates()[0]; got != tpl {
			t.Errorf("%s: its template is %s, want %s", line, got, tpl)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for conf, want := range map[string]string{
		`action(type="omrelp")`:                                         `"target"`,
		`action(type="omrelp" target="h" tls.authMode="name")`:          `write tls="on"`,
		`action(type="omrelp" target="h" tls="on" tls.authMode="name")`: "need CA certificates",
		`action(type="omrelp" target="h" tls.caCert="c")`:               "tls.caCert is given, but TLS is off",
		`action(type="omrelp" target="h" tls="on" tls.authMode="anon")`: "want one of name, fingerprint, certvalid",
		`action(type="omrelp" target="h" tls="on" tls.myCert="c")`:      "go together",
		`action(type="omrelp" target="h" localClientIP="eth0")`:         "want an IP address",
		`action(type="omrelp" target="h" windowSize="-1")`:              "windowSize: want a number from 0",
		`action(type="omrelp" target="h" tls.compression="on")`:         "no TLS library compresses",
		"*.* :omrelp::514\n": "names no host",
		"*.* :omrelp:[::1\n": "has no ]",
	} {
		_, diags := load(t, conf)
		found := false
		for _, d := range diags.All() {
			found = found || strings.Contains(d.Text, want)
		}
		if !found {
			t.Errorf("%q: want %q in %+v", conf, want, diags.All())
		}
	}
}
