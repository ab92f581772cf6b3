package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"syslogd/config"
	"syslogd/engine"
	"syslogd/internal/diag"
	"syslogd/parser/frame/relp"
	systls "syslogd/tls"
)

// startServer runs the server with an input and a file for each host and program
// below dir/out. It returns its address and what stops it.
func startServer(t *testing.T, dir, input string) (addr string, stop func()) {
	t.Helper()
	text := input + `
template(name="path" type="string" string="` + dir + `/out/%hostname%/%programname%.log")
action(type="omfile" dynaFile="path" template="RSYSLOG_FileFormat")
`
	cfg, diags, err := config.Load("test.conf", []byte(text), engine.Modules(), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(cfg, engine.Env{Log: slog.New(slog.DiscardHandler)}, diags)
	for _, d := range diags.All() {
		if d.Severity >= diag.Warning {
			t.Fatalf("%s: %s", d.Range.Start, d.Text)
		}
	}
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() { e.Stop(t.Context()) })
	t.Cleanup(stop)
	return e.Listening()[0].Addr.String(), stop
}

// fault is what becomes of a message on its way.
type fault int

const (
	none fault = iota
	lost
	doubled
	torn
)

// proxy stands between a sender and a server and does something to one message
// of a connection. Over RELP both sides believe that all is well: frames are
// numbered anew, and answers come for what is lost.
type proxy struct {
	relp  bool
	fault fault
	// client is written to by both directions.
	mu             sync.Mutex
	client, server net.Conn
	// The server numbers what it sees; its answers get the sender's numbers. One
	// that the sender must not see has none.
	txnr    int
	numbers map[int]int
}

// at is the message that is treated.
const at = 40

// startProxy accepts connections and returns its address.
func startProxy(t *testing.T, to string, f fault, transport string, c *tls.Config) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dial := func() (net.Conn, error) { return net.Dial("tcp", to) }
	accepts := ln
	if c != nil {
		accepts = tls.NewListener(ln, c)
		dial = func() (net.Conn, error) { return tls.Dial("tcp", to, &tls.Config{InsecureSkipVerify: true}) }
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := accepts.Accept()
			if err != nil {
				return
			}
			server, err := dial()
			if err != nil {
				client.Close()
				continue
			}
			p := &proxy{relp: strings.HasPrefix(transport, "relp"), fault: f, client: client, server: server, numbers: map[int]int{}}
			running.Go(p.forward)
			running.Go(p.back)
		}
	})
	t.Cleanup(func() {
		ln.Close()
		running.Wait()
	})
	return ln.Addr().String()
}

// forward passes frames on.
func (p *proxy) forward() {
	defer p.server.Close()
	in := bufio.NewReaderSize(p.client, 1<<16)
	frames := relp.NewReader(&relp.Options{MaxData: 1 << 16})
	var buf []byte
	for n := 0; ; {
		chunk, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		buf = append(buf, chunk...)
		if !p.relp {
			if n++; n == at {
				buf = p.treatLine(buf)
			}
			p.server.Write(buf)
			buf = buf[:0]
			continue
		}
		f, size, err := frames.Next(buf)
		if err != nil {
			return
		}
		if size == 0 {
			continue
		}
		if string(f.Command) == relp.Syslog {
			n++
		}
		if n == at && string(f.Command) == relp.Syslog {
			p.treatFrame(&f)
		} else {
			p.pass(f.Txnr, string(f.Command), f.Data)
		}
		buf = buf[:0]
	}
}

// cut is how much a torn message loses.
const cut = 10

func (p *proxy) treatLine(line []byte) []byte {
	switch p.fault {
	case lost:
		return nil
	case doubled:
		return append(bytes.Clone(line), line...)
	case torn:
		return append(line[:len(line)-cut], '\n')
	}
	return line
}

func (p *proxy) treatFrame(f *relp.Frame) {
	switch p.fault {
	case lost:
		p.mu.Lock()
		defer p.mu.Unlock()
		p.client.Write(relp.AppendOK(nil, f.Txnr))
	case doubled:
		p.pass(f.Txnr, relp.Syslog, f.Data)
		p.pass(0, relp.Syslog, f.Data)
	case torn:
		p.pass(f.Txnr, relp.Syslog, f.Data[:len(f.Data)-cut])
	}
}

// pass sends a frame whose answer gets the number txnr.
func (p *proxy) pass(txnr int, command string, data []byte) {
	p.mu.Lock()
	p.txnr = relp.NextTxnr(p.txnr)
	p.numbers[p.txnr] = txnr
	to := p.txnr
	p.mu.Unlock()
	p.server.Write(relp.Append(nil, to, command, data))
}

// back passes answers on.
func (p *proxy) back() {
	defer p.client.Close()
	frames := relp.NewReader(&relp.Options{})
	buf := make([]byte, 1<<16)
	for fill := 0; ; {
		n, err := p.server.Read(buf[fill:])
		if err != nil {
			return
		}
		rest := buf[:fill+n]
		for p.relp {
			f, n, err := frames.Next(rest)
			if n == 0 || err != nil {
				break
			}
			rest = rest[n:]
			p.mu.Lock()
			if to := p.numbers[f.Txnr]; to > 0 {
				p.client.Write(relp.Append(nil, to, string(f.Command), f.Data))
			}
			p.mu.Unlock()
		}
		fill = copy(buf, rest)
	}
}

// lines counts the lines of all files below dir.
func lines(t *testing.T, dir string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		text, err := os.ReadFile(path)
		n += bytes.Count(text, []byte("\n"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestServerStoresWhatWasSentAndVerifyFindsFaults(t *testing.T) {
	t.Parallel()
	certs := t.TempDir()
	cert, key := filepath.Join(certs, "cert.pem"), filepath.Join(certs, "key.pem")
	if err := systls.EnsureSelfSigned(cert, key); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	onTLS := &tls.Config{Certificates: []tls.Certificate{pair}}
	// Several times the window, so that it fills.
	const count = 1000
	faults := []struct {
		name   string
		kind   fault
		stored int
		says   string
	}{
		{"nothing", none, count, "1000 lines: 0 missing, 0 twice, 0 broken, 0 misplaced\n"},
		{"lost", lost, count - 1, "999 lines: 1 missing, 0 twice, 0 broken, 0 misplaced\n"},
		{"doubled", doubled, count + 1, "1001 lines: 0 missing, 1 twice, 0 broken, 0 misplaced\n"},
		{"torn", torn, count, "1000 lines: 1 missing, 0 twice, 1 broken, 0 misplaced\n"},
	}
	for _, in := range []struct {
		transport, conf string
		tls             *tls.Config
	}{
		{"tcp", `module(load="imtcp") input(type="imtcp" address="127.0.0.1" port="0")`, nil},
		{"tls", fmt.Sprintf(`global(defaultNetstreamDriverCertFile=%q defaultNetstreamDriverKeyFile=%q)
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon") input(type="imtcp" address="127.0.0.1" port="0")`, cert, key), onTLS},
		{"relp", `module(load="imrelp") input(type="imrelp" address="127.0.0.1" port="0")`, nil},
		{"relp-tls", fmt.Sprintf(`module(load="imrelp") input(type="imrelp" address="127.0.0.1" port="0" tls="on" tls.myCert=%q tls.myPrivKey=%q)`, cert, key), onTLS},
	} {
		for _, f := range faults {
			t.Run(in.transport+" "+f.name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				addr, stop := startServer(t, dir, in.conf)
				if f.kind != none {
					addr = startProxy(t, addr, f.kind, in.transport, in.tls)
				}
				var out, errs bytes.Buffer
				shape := []string{"-size", "200", "-hosts", "3", "-programs", "2", "-count", fmt.Sprint(count)}
				send := append([]string{"send", "-quiet", "-transport", in.transport, "-addr", addr, "-window", "32", "-idle", "1"}, shape...)
				if status := run(t.Context(), send, &out, &errs); status != 0 || !strings.HasPrefix(out.String(), "1000 messages in ") {
					t.Fatalf("status %d: %s%s", status, out.String(), errs.String())
				}
				await(t, func() bool { return lines(t, filepath.Join(dir, "out")) >= f.stored })
				stop()
				out.Reset()
				status := run(t.Context(), append([]string{"verify", "-dir", filepath.Join(dir, "out"), "-per-host", "-per-program"}, shape...), &out, &errs)
				if status != min(int(f.kind), 1) || !strings.HasPrefix(out.String(), f.says) {
					t.Errorf("status %d, got %q, want %q", status, out.String(), f.says)
				}
			})
		}
	}
}

// await asks until the answer is yes; what comes of a no shows in what follows.
func await(t *testing.T, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); !yes() && time.Now().Before(end); {
		<-tick.C
	}
}

// peer answers a RELP session as told: for each frame it gets the frame's number
// and command and returns what it says.
func peer(t *testing.T, says func(txnr int, command string) string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		frames := relp.NewReader(&relp.Options{MaxData: 1 << 16})
		buf := make([]byte, 1<<16)
		for fill := 0; ; {
			n, err := conn.Read(buf[fill:])
			if err != nil {
				return
			}
			rest := buf[:fill+n]
			for {
				f, n, err := frames.Next(rest)
				if n == 0 || err != nil {
					break
				}
				text := says(f.Txnr, string(f.Command))
				if text == "hang up" {
					return
				}
				conn.Write([]byte(text))
				rest = rest[n:]
			}
			fill = copy(buf, rest)
		}
	})
	t.Cleanup(func() {
		ln.Close()
		running.Wait()
	})
	return ln.Addr().String()
}

// offers is the answer to open.
func offers() string {
	return string(relp.Append(nil, 1, relp.Response, relp.AppendOffers([]byte("200 OK\n"))))
}

func TestRelpSenderIsNotSatisfiedWithLess(t *testing.T) {
	t.Parallel()
	opens := func(then func(txnr int) string) func(int, string) string {
		return func(txnr int, command string) string {
			if command == relp.Open {
				return offers()
			}
			return then(txnr)
		}
	}
	for _, tc := range []struct {
		name string
		says func(int, string) string
		want string
	}{
		{"no session", func(int, string) string { return "1 rsp 6 500 no\n" }, "the session does not open"},
		{"no offers", func(int, string) string { return "1 rsp 6 200 OK\n" }, "does not offer"},
		{"not RELP", func(int, string) string { return "220 mail ESMTP\n" }, "the session does not open"},
		{"hangs up", opens(func(int) string { return "hang up" }), "without an answer: the server closes the session"},
		{"closes", opens(func(int) string { return "0 serverclose 0\n" }), "the server closes the session"},
		{"refuses", opens(func(n int) string { return fmt.Sprintf("%d rsp 8 500 full\n", n) }), "with 500 full"},
		{"answers twice", opens(func(n int) string { return strings.Repeat(fmt.Sprintf("%d rsp 6 200 OK\n", n), 2) }), "has been answered"},
		{"answers what was not sent", opens(func(int) string { return "77 rsp 6 200 OK\n" }), "was not sent"},
		{"says nothing", opens(func(int) string { return "" }), "none came for 100ms"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var errs bytes.Buffer
			args := []string{"send", "-quiet", "-transport", "relp", "-addr", peer(t, tc.says), "-count", "10", "-window", "4", "-timeout", "100ms"}
			if tc.name != "says nothing" {
				args[len(args)-1] = "20s"
			}
			if status := run(t.Context(), args, &bytes.Buffer{}, &errs); status != 1 || !strings.Contains(errs.String(), tc.want) {
				t.Errorf("status %d, %q, want %q", status, errs.String(), tc.want)
			}
		})
	}
}

func TestRelpWindowIsKept(t *testing.T) {
	t.Parallel()
	// The peer answers only when the window is full, in the wrong order.
	var mu sync.Mutex
	most := 0
	var waiting []int
	addr := peer(t, func(txnr int, command string) string {
		mu.Lock()
		defer mu.Unlock()
		switch command {
		case relp.Open:
			return offers()
		case relp.Close:
			return fmt.Sprintf("%d rsp 0\n", txnr)
		}
		waiting = append(waiting, txnr)
		most = max(most, len(waiting))
		if len(waiting) < 8 {
			return ""
		}
		var b []byte
		for i := len(waiting) - 1; i >= 0; i-- {
			b = relp.AppendOK(b, waiting[i])
		}
		waiting = nil
		return string(b)
	})
	var out, errs bytes.Buffer
	args := []string{"send", "-quiet", "-transport", "relp", "-addr", addr, "-count", "80", "-window", "8", "-timeout", "20s"}
	if status := run(t.Context(), args, &out, &errs); status != 0 || !strings.HasPrefix(out.String(), "80 messages") {
		t.Errorf("status %d: %s%s", status, out.String(), errs.String())
	}
	if most != 8 {
		t.Errorf("%d messages were under way, want 8", most)
	}
}

func TestClientCertificateIsShown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := systls.EnsureSelfSigned(cert, key); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	result := make(chan error, 1)
	go func() {
		conn, err := ln.Accept()
		if err == nil {
			err = conn.(*tls.Conn).HandshakeContext(t.Context())
			if err == nil && len(conn.(*tls.Conn).ConnectionState().PeerCertificates) != 1 {
				err = errors.New("no certificate")
			}
			conn.Close()
		}
		result <- err
	}()
	var errs bytes.Buffer
	run(t.Context(), []string{"send", "-quiet", "-transport", "tls", "-addr", ln.Addr().String(), "-count", "1", "-cert", cert, "-key", key}, &bytes.Buffer{}, &errs)
	if err := <-result; err != nil {
		t.Errorf("%v %s", err, errs.String())
	}
}
