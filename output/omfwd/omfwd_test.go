package omfwd_test

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"syslogd/config"
	"syslogd/internal/diag"
	"syslogd/internal/process"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/output"
	"syslogd/output/omfwd"
)

// load reads a configuration with omfwd as the only module.
func load(t *testing.T, conf string) (*config.Config, *diag.List) {
	t.Helper()
	reg := &module.Registry{}
	reg.AddOutput(omfwd.Module)
	cfg, diags, err := config.Load("test.conf", []byte(conf), reg, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return cfg, diags
}

// open builds the action of a configuration.
func open(t *testing.T, conf string) output.Output {
	t.Helper()
	return openWith(t, conf, module.Env{})
}

// openWith is open with what env has.
func openWith(t *testing.T, conf string, env module.Env) output.Output {
	t.Helper()
	cfg, diags := load(t, conf)
	for _, d := range diags.All() {
		t.Fatalf("%s: %s", d.Range.Start, d.Text)
	}
	a := cfg.Actions[0]
	env.Now, env.Global = time.Now, &module.Global{StreamDriver: "ptcp"}
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	out, err := a.Module.Build(a.Conf, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	return out
}

func batchOf(records ...string) *output.Batch {
	var p output.Part
	for _, r := range records {
		p.Data = append(p.Data, r...)
		p.Ends = append(p.Ends, len(p.Data))
	}
	return &output.Batch{Parts: []output.Part{p}}
}

func write(out output.Output, records ...string) error {
	return out.Write(context.Background(), batchOf(records...))
}

func mustWrite(t *testing.T, out output.Output, records ...string) {
	t.Helper()
	if err := write(out, records...); err != nil {
		t.Fatal(err)
	}
}

// server is a TCP server.
type server struct {
	net.Listener
	t *testing.T
}

func listen(t *testing.T) *server {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return &server{ln, t}
}

func (s *server) port() string {
	_, port, _ := net.SplitHostPort(s.Addr().String())
	return port
}

func (s *server) accept() net.Conn {
	s.t.Helper()
	c, err := s.Accept()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	c.SetReadDeadline(time.Now().Add(process.Patience))
	return c
}

// all reads to the end of a connection.
func (s *server) all(c net.Conn) string {
	s.t.Helper()
	text, err := io.ReadAll(c)
	if err != nil {
		s.t.Error(err)
	}
	return string(text)
}

// rest closes the output and returns all that came over the connection.
func (s *server) rest(out output.Output, c net.Conn) string {
	s.t.Helper()
	got := make(chan string, 1)
	go func() { got <- s.all(c); c.Close() }()
	if err := out.Close(); err != nil {
		s.t.Error(err)
	}
	return <-got
}

func TestFramesOfAStream(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ params, want string }{
		{``, "one\ntwo\n"},
		{`tcp_framing="octet-counted"`, "3 one4 two\n"},
		{`tcp_frameDelimiter="0"`, "one\x00two\n\x00"},
		{`tcp_frameDelimiter="124"`, "one|two\n|"},
	} {
		s := listen(t)
		out := open(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp" `+test.params+`)`)
		mustWrite(t, out, "one", "two\n")
		c := s.accept()
		if got := s.rest(out, c); got != test.want {
			t.Errorf("%s: got %q, want %q", test.params, got, test.want)
		}
	}
}

func TestDatagrams(t *testing.T) {
	t.Parallel()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, port, _ := net.SplitHostPort(c.LocalAddr().String())
	read := func() string {
		t.Helper()
		buf := make([]byte, 1<<16)
		c.SetReadDeadline(time.Now().Add(process.Patience))
		n, _, err := c.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
	out := open(t, `action(type="omfwd" target="127.0.0.1" port="`+port+`" rebindInterval="1")`)
	mustWrite(t, out, "one", "two\n")
	mustWrite(t, out, strings.Repeat("x", 70000))
	for _, want := range []string{"one", "two\n", strings.Repeat("x", 65507)} {
		if got := read(); got != want {
			t.Errorf("got %.60q with %d bytes, want %.60q", got, len(got), want)
		}
	}
	zip := open(t, `action(type="omfwd" target="127.0.0.1" port="`+port+`" zipLevel="9")`)
	long := strings.Repeat("long text ", 20)
	mustWrite(t, zip, "short", long)
	if got := read(); got != "short" {
		t.Errorf("a short message is sent as %q", got)
	}
	packed := read()
	r, err := zlib.NewReader(strings.NewReader(packed[1:]))
	if err != nil || packed[0] != 'z' || len(packed) >= len(long) {
		t.Fatalf("%q: %v", packed, err)
	}
	if text, _ := io.ReadAll(r); string(text) != long {
		t.Errorf("it unpacks to %q", text)
	}
}

func TestDatagramsThatAreCutOrRefusedAreCounted(t *testing.T) {
	t.Parallel()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, port, _ := net.SplitHostPort(c.LocalAddr().String())
	losses := metrics.NewLosses(slog.New(slog.DiscardHandler))
	defer losses.Close()
	out := openWith(t, `action(type="omfwd" target="127.0.0.1" port="`+port+`")`, module.Env{Name: "fwd", Losses: losses})
	mustWrite(t, out, "x"+strings.Repeat("ä", 40000))
	buf := make([]byte, 1<<16)
	c.SetReadDeadline(time.Now().Add(process.Patience))
	n, _, err := c.ReadFrom(buf)
	if err != nil || n != 65507 && n != 65506 || !utf8.Valid(buf[:n]) {
		t.Errorf("%d bytes, whole characters: %v, %v", n, utf8.Valid(buf[:n]), err)
	}
	if n := losses.Of("message_cut", "fwd").Count(); n != 1 {
		t.Errorf("%d are cut, want 1", n)
	}
	c.Close()
	refused := losses.Of("target_refused", "fwd")
	deadline := time.Now().Add(process.Patience)
	for refused.Count() == 0 && time.Now().Before(deadline) {
		mustWrite(t, out, "nobody hears")
	}
	if refused.Count() == 0 {
		t.Error("datagrams that are refused are not counted")
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	s := listen(t)
	port := s.port()
	s.Close()
	out := open(t, `action(type="omfwd" target="127.0.0.1" port="`+port+`" protocol="tcp")`)
	var suspended *output.Suspended
	err := write(out, "one")
	if !errors.As(err, &suspended) || suspended.Done != 0 || !strings.Contains(err.Error(), "127.0.0.1:"+port) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v", err)
	}
	// It works as soon as somebody does.
	if s.Listener, err = net.Listen("tcp", "127.0.0.1:"+port); err != nil {
		t.Skipf("the port was taken meanwhile: %v", err)
	}
	defer s.Close()
	mustWrite(t, out, "two")
	if line, _ := bufio.NewReader(s.accept()).ReadString('\n'); line != "two\n" {
		t.Errorf("got %q", line)
	}
}

func TestAConnectionThatThePeerHasClosedIsNotWrittenTo(t *testing.T) {
	t.Parallel()
	s := listen(t)
	out := open(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp")`)
	mustWrite(t, out, "one")
	c := s.accept()
	if line, _ := bufio.NewReader(c).ReadString('\n'); line != "one\n" {
		t.Fatalf("got %q", line)
	}
	c.Close() // on loopback the other side knows at once
	mustWrite(t, out, "two")
	if line, _ := bufio.NewReader(s.accept()).ReadString('\n'); line != "two\n" {
		t.Errorf("got %q over the new connection", line)
	}
}

func TestTheLastMessageIsSentAgainOnRequest(t *testing.T) {
	t.Parallel()
	s := listen(t)
	out := open(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp" resendLastMsgOnReconnect="on")`)
	mustWrite(t, out, "one", "two")
	s.accept().Close()
	mustWrite(t, out, "three")
	c := s.accept()
	if got := s.rest(out, c); got != "two\nthree\n" {
		t.Errorf("got %q", got)
	}
}

func TestRebindLosesNothing(t *testing.T) {
	t.Parallel()
	s := listen(t)
	out := open(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp" rebindInterval="2")`)
	got := make(chan string, 3)
	go func() {
		for range 3 {
			c, err := s.Accept()
			if err != nil {
				break
			}
			text, _ := io.ReadAll(c)
			c.Close()
			got <- string(text)
		}
	}()
	for i := range 5 {
		mustWrite(t, out, fmt.Sprint(i))
	}
	if err := out.Close(); err != nil {
		t.Error(err)
	}
	var texts []string
	for range 3 {
		texts = append(texts, <-got)
	}
	if strings.Join(texts, "|") != "0\n1\n|2\n3\n|4\n" {
		t.Errorf("got %q", texts)
	}
}

func TestAnotherTargetTakesOver(t *testing.T) {
	t.Parallel()
	dead, s := listen(t), listen(t)
	deadPort := dead.port()
	dead.Close()
	out := open(t, `action(type="omfwd" target=["127.0.0.1","127.0.0.1"] port=["`+deadPort+`","`+s.port()+`"] protocol="tcp")`)
	for i := range 4 {
		mustWrite(t, out, fmt.Sprint(i))
	}
	c := s.accept()
	if got := s.rest(out, c); got != "0\n1\n2\n3\n" {
		t.Errorf("got %q", got)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s := listen(t)
	s.Listener = tls.NewListener(s.Listener, serverTLS(t))
	out := open(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp" streamDriver="ossl" streamDriverMode="1" streamDriverAuthMode="anon")`)
	got := make(chan string)
	go func() {
		c, err := s.Accept()
		if err != nil {
			got <- err.Error()
			return
		}
		text, err := io.ReadAll(c)
		got <- fmt.Sprintf("%s%v", text, err)
	}()
	var want bytes.Buffer
	for i := range 200 {
		line := fmt.Sprintf("message %d %s", i, strings.Repeat("x", i))
		mustWrite(t, out, line)
		want.WriteString(line + "\n")
	}
	if err := out.Close(); err != nil {
		t.Error(err)
	}
	if text := <-got; text != want.String()+"<nil>" {
		t.Errorf("got %d bytes, want %d: %.100q", len(text), want.Len(), text)
	}
	// A server whose certificate nobody has signed is refused where that matters.
	strict := open(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp" streamDriver="ossl" streamDriverMode="1" streamDriverAuthMode="x509/fingerprint" streamDriverPermittedPeers="SHA1:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00")`)
	go func() {
		if c, err := s.Accept(); err == nil {
			io.ReadAll(c)
		}
	}()
	if err := write(strict, "secret"); err == nil || !strings.Contains(err.Error(), "cannot connect") {
		t.Errorf("a server that is not permitted gets messages: %v", err)
	}
}

func TestTheRateLimitDropsWhatComesBeyond(t *testing.T) {
	t.Parallel()
	s := listen(t)
	out := open(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp" ratelimit.interval="3600" ratelimit.burst="2")`)
	mustWrite(t, out, "1", "2", "3")
	mustWrite(t, out, "4")
	c := s.accept()
	if got := s.rest(out, c); got != "1\n2\n" {
		t.Errorf("got %q", got)
	}
}

func TestActionLines(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"@host":                           "udp host:514",
		"@@host":                          "tcp host:514",
		"@host:1514":                      "udp host:1514",
		"@@[2001:db8::1]:1514":            "tcp [2001:db8::1]:1514",
		"@[2001:db8::1]":                  "udp [2001:db8::1]:514",
		"@@(o)host:10514":                 "tcp host:10514",
		"@(z9)host;RSYSLOG_ForwardFormat": "udp host:514",
		"@@(z3,o)host":                    "tcp host:514",
	} {
		out := open(t, "*.* "+line+"\n")
		if got := out.(interface{ Path() string }).Path(); got != want {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
		tpl := "RSYSLOG_TraditionalForwardFormat"
		if strings.Contains(line, ";") {
			tpl = "RSYSLOG_ForwardFormat"
		}
		if got := out.(output.Templated).Templates()[0]; got != tpl {
			t.Errorf("%s: its template is %s, want %s", line, got, tpl)
		}
	}
	out := open(t, "$ActionForwardDefaultTemplate RSYSLOG_SyslogProtocol23Format\n*.* @host\n")
	if got := out.(output.Templated).Templates()[0]; got != "RSYSLOG_SyslogProtocol23Format" {
		t.Errorf("with $ActionForwardDefaultTemplate the template is %s", got)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for conf, want := range map[string]string{
		`action(type="omfwd")`:                                               `needs the parameter "target"`,
		`action(type="omfwd" target="h" protocol="tls")`:                     `protocol: want one of udp, tcp`,
		`action(type="omfwd" target=["a","b","c"] port=["1","2"])`:           "3 targets and 2 ports",
		`action(type="omfwd" target="h" streamDriverMode="1")`:               "but the protocol is udp",
		`action(type="omfwd" target="h" tcp_framing="octet")`:                "tcp_framing: want one of",
		`action(type="omfwd" target="h" compression.mode="stream:always")`:   "a compressed stream needs TCP",
		`action(type="omfwd" target="h" compression.mode="always")`:          "compression.mode: want one of",
		`action(type="omfwd" target="h" keepAlive="on")`:                     "keepAlive has no effect: the protocol is udp",
		`action(type="omfwd" target="h" protocol="tcp" udp.sendBuf="1m")`:    "udp.sendBuf has no effect: the protocol is tcp",
		`action(type="omfwd" target="h" protocol="tcp" streamDriver="ossl")`: "the stream driver mode is 0: plain text",
		`action(type="omfwd" target="h" targetSrv="example.net")`:            "the targets and ports come from targetSrv",
		`action(type="omfwd" target="h" address="somewhere")`:                "address: want an IP address",
		"*.* @:514\n": "names no host",
		"*.* @(x)h\n": `there is no option "x"`,
		"*.* @(z9h\n": "have no )",
		"*.* @[::1\n": "has no ]",
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
	cfg, _ := load(t, `action(type="omfwd" target="h" protocol="tcp" streamDriverMode="1")`)
	a := cfg.Actions[0]
	if _, err := a.Module.Build(a.Conf, module.Env{Log: slog.New(slog.DiscardHandler), Now: time.Now, Global: &module.Global{StreamDriver: "ptcp"}}); err == nil || !strings.Contains(err.Error(), "ptcp can not do") {
		t.Errorf("TLS with the driver ptcp: %v", err)
	}
}

// Each directive counts for the actions of its protocol, until it is given again,
// and not for action().
func TestRebindDirectivesCountForTheirProtocol(t *testing.T) {
	t.Parallel()
	cfg, diags := load(t, `*.* @h
$ActionSendTCPRebindInterval 7
*.* @h
*.* @@h
$ActionSendUDPRebindInterval 9
*.* @h
*.* @@h
*.* action(type="omfwd" target="h" protocol="tcp")
$ActionSendTCPRebindInterval 0
*.* @@h
*.* @h
`)
	for _, d := range diags.All() {
		t.Errorf("%s: %s", d.Range.Start, d.Text)
	}
	want := []int{0, 0, 7, 9, 7, 0, 0, 9}
	for i, a := range cfg.Actions {
		if got := a.Conf.(*omfwd.Config).Rebind; got != want[i] {
			t.Errorf("action %d, line %d: rebindInterval %d, want %d", i, a.Range.Start.Line, got, want[i])
		}
	}
	if len(cfg.Actions) != len(want) {
		t.Errorf("%d actions, want %d", len(cfg.Actions), len(want))
	}
}
