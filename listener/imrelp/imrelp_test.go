package imrelp_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"syslogd/config"
	"syslogd/hosts"
	"syslogd/internal/diag"
	"syslogd/internal/process"
	"syslogd/internal/receipt"
	"syslogd/listener"
	"syslogd/listener/imrelp"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/output/omdiscard"
)

func load(t testing.TB, conf string) (*config.Config, *diag.List) {
	t.Helper()
	reg := &module.Registry{}
	reg.AddInput(imrelp.Module)
	reg.AddOutput(omdiscard.Module)
	cfg, diags, err := config.Load("test.conf", []byte(conf), reg, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return cfg, diags
}

// queue takes batches as take decides, and keeps the texts.
type queue struct {
	take   func(b *message.Batch) bool
	forget bool // keeps nothing

	mu    sync.Mutex
	texts []string
}

func (q *queue) Enqueue(_ context.Context, b *message.Batch) error {
	if q.take != nil && !q.take(b) {
		b.Release()
		return receipt.ErrFull
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range b.Msgs {
		if q.forget {
			break
		}
		q.texts = append(q.texts, string(b.Msgs[i].Raw()))
	}
	b.Release()
	return nil
}

func (q *queue) TryEnqueue(b *message.Batch) error { return q.Enqueue(context.Background(), b) }

func (q *queue) all() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return strings.Join(q.texts, "|")
}

type server struct {
	t     testing.TB
	addr  string
	queue *queue
	stop  func()
}

// start runs an input with the parameters.
func start(t testing.TB, params string, q *queue) *server {
	t.Helper()
	cfg, diags := load(t, `module(load="imrelp") input(type="imrelp" address="127.0.0.1" port="0" `+params+`)`+"\n*.* :omdiscard:\n")
	for _, d := range diags.All() {
		if d.Severity == diag.Error && !strings.Contains(d.Text, "omdiscard") {
			t.Fatalf("%s: %s", d.Range.Start, d.Text)
		}
	}
	in, err := cfg.Inputs[0].Module.Build(cfg.Inputs[0].Conf, module.Env{
		Log: slog.New(slog.DiscardHandler), Metrics: &metrics.Set{}, Names: hosts.New(hosts.Options{LocalHostName: "box"}),
		Global: &module.Global{MaxMessageSize: 100, IPv4: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := in.Run(ctx, &listener.Submitter{Queue: q}); err != nil {
			t.Error(err)
		}
	}()
	s := &server{t: t, queue: q, addr: in.(interface{ Addrs() []net.Addr }).Addrs()[0].String()}
	s.stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(s.stop)
	return s
}

func (s *server) dial() *net.TCPConn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(process.Patience))
	return c.(*net.TCPConn)
}

const (
	open   = "1 open 30 relp_version=0\ncommands=syslog\n"
	opened = "1 rsp 59 200 OK\nrelp_version=0\nrelp_software=syslogd\ncommands=syslog\n"
	bye    = "0 serverclose 0\n"
)

func send(t testing.TB, c net.Conn, text string) {
	t.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Error(err)
	}
}

// expect reads what the server says next.
func expect(t testing.TB, c net.Conn, want string) {
	t.Helper()
	buf := make([]byte, len(want))
	n, err := io.ReadFull(c, buf)
	if err != nil || string(buf) != want {
		t.Fatalf("the server says %q (%v), want %q", buf[:n], err, want)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 12)
	for _, test := range []struct {
		name, params, say, answers, messages string
	}{
		{"messages and the end", "", "2 syslog 5 <13>a\n3 syslog 5 <13>b\n4 close 0\n", "2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 0\n" + bye, "<13>a|<13>b"},
		{"line feeds and NUL are part of the message", "", "2 syslog 4 a\n\x00b\n3 close 0\n", "2 rsp 6 200 OK\n3 rsp 0\n" + bye, "a\n\x00b"},
		{"an empty message", "", "2 syslog 0\n3 close 0\n", "2 rsp 6 200 OK\n3 rsp 0\n" + bye, ""},
		{"a number that does not follow", "", "2 syslog 1 a\n4 syslog 1 b\n", "2 rsp 6 200 OK\n" + bye, "a"},
		{"a number twice", "", "2 syslog 1 a\n2 syslog 1 a\n", "2 rsp 6 200 OK\n" + bye, "a"},
		{"an unknown command", "", "2 syslog 1 a\n3 eventlog 0\n", "2 rsp 6 200 OK\n" + bye, "a"},
		{"opened twice", "", "2 open 0\n", bye, ""},
		{"a broken frame", "", "2 syslog 1 a\n3 syslog 1 bc\n", "2 rsp 6 200 OK\n" + bye, "a"},
		{"a long message is cut", "", "2 syslog 120 " + long + "\n3 syslog 1 b\n4 close 0\n", "2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 0\n" + bye, long[:100] + "|b"},
		{"maxDataSize", `maxDataSize="110"`, "2 syslog 120 " + long + "\n3 close 0\n", "2 rsp 6 200 OK\n3 rsp 0\n" + bye, long[:110]},
		{"maxDataSize below maxMessageSize", `maxDataSize="50"`, "2 syslog 120 " + long + "\n3 close 0\n", "2 rsp 6 200 OK\n3 rsp 0\n" + bye, long[:100]},
		{"a long message ends the session", `oversizeMode="abort"`, "2 syslog 1 a\n3 syslog 120 " + long + "\n", "2 rsp 6 200 OK\n" + bye, "a"},
		{"a long message is accepted", `oversizeMode="accept"`, "2 syslog 120 " + long + "\n3 close 0\n", "2 rsp 6 200 OK\n3 rsp 0\n" + bye, long},
		{"no message is longer than accepted", `oversizeMode="accept"`, "2 syslog 16777217 a", bye, ""},
		{"beyond the rate limit", `rateLimit.interval="600" rateLimit.burst="1"`, "2 syslog 1 a\n3 syslog 1 b\n4 close 0\n", "2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 0\n" + bye, "a"},
	} {
		for _, step := range []int{0, 1} {
			s := start(t, test.params, &queue{})
			c := s.dial()
			var sending sync.WaitGroup
			sending.Go(func() { // a server that ends the session does not read all
				text := open + test.say
				for len(text) > 0 && step > 0 && len(test.say) < 60 { // each byte in a packet
					c.Write([]byte(text[:step]))
					text = text[step:]
				}
				io.WriteString(c, text)
				c.CloseWrite()
			})
			got, err := io.ReadAll(c)
			if err != nil || string(got) != opened+test.answers {
				t.Errorf("%s: the server says %q (%v)\nwant %q", test.name, got, err, opened+test.answers)
			}
			sending.Wait()
			s.stop()
			if got := s.queue.all(); got != test.messages {
				t.Errorf("%s: messages %q, want %q", test.name, got, test.messages)
			}
		}
	}
}

func TestASessionMustBeOpened(t *testing.T) {
	t.Parallel()
	const refused = "1 rsp 44 500 required command not supported by client\n" + bye
	for say, want := range map[string]string{
		"1 syslog 1 a\n":              bye,
		"1 close 0\n":                 bye,
		"<13>plain syslog\n":          bye,
		"1 open 0\n":                  refused,
		"1 open 14 relp_version=0\n":  refused,
		"1 open 15 commands=syslog\n": opened,
	} {
		s := start(t, "", &queue{})
		c := s.dial()
		send(t, c, say)
		expect(t, c, want)
		s.stop()
		if got := s.queue.all(); got != "" {
			t.Errorf("%q: message %q without a session", say, got)
		}
	}
}

func TestAMessageIsAcknowledgedWhenTheQueueHasIt(t *testing.T) {
	t.Parallel()
	taken := make(chan bool)
	s := start(t, "", &queue{take: func(*message.Batch) bool { return <-taken }})
	c := s.dial()
	send(t, c, open)
	expect(t, c, opened)
	send(t, c, "2 syslog 1 a\n")
	c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Fatal("the server answers before the queue has the message")
	}
	c.SetReadDeadline(time.Now().Add(process.Patience))
	taken <- true
	expect(t, c, "2 rsp 6 200 OK\n")
	send(t, c, "3 syslog 1 b\n4 syslog 1 c\n")
	taken <- false
	expect(t, c, bye)
	if n, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the session goes on after the queue has not taken a message: %d, %v", n, err)
	}
}

func TestWhenTheServerStopsWhatHasArrivedIsAcknowledged(t *testing.T) {
	t.Parallel()
	first := make(chan bool, 2)
	s := start(t, "", &queue{take: func(*message.Batch) bool { return <-first }})
	c := s.dial()
	send(t, c, open)
	expect(t, c, opened)
	send(t, c, "2 syslog 1 a\n")
	stopped := make(chan struct{})
	go func() { s.stop(); close(stopped) }()
	send(t, c, "3 syslog 1 b\n")
	first <- true
	first <- true
	rest, err := io.ReadAll(c)
	if err != nil {
		t.Error(err)
	}
	c.Close()
	<-stopped
	// b may have come too late; then it is not acknowledged.
	want := map[string]string{"a": "2 rsp 6 200 OK\n" + bye, "a|b": "2 rsp 6 200 OK\n3 rsp 6 200 OK\n" + bye}[s.queue.all()]
	if string(rest) != want || want == "" {
		t.Errorf("messages %q, the server says %q, want %q", s.queue.all(), rest, want)
	}
}

func TestLargeMessagesComeInManyParts(t *testing.T) {
	t.Parallel()
	s := start(t, `maxDataSize="3m"`, &queue{})
	c := s.dial()
	send(t, c, open)
	expect(t, c, opened)
	var want []string
	for i := range 3 {
		text := strings.Repeat(string('a'+rune(i)), 1<<20*i+100000)
		want = append(want, text)
		send(t, c, fmt.Sprintf("%d syslog %d %s\n", 2*i+2, len(text), text))
		send(t, c, fmt.Sprintf("%d syslog 5 short\n", 2*i+3))
		want = append(want, "short")
		expect(t, c, fmt.Sprintf("%d rsp 6 200 OK\n%d rsp 6 200 OK\n", 2*i+2, 2*i+3))
	}
	s.stop()
	if s.queue.all() != strings.Join(want, "|") {
		t.Error("the messages are not those that were sent")
	}
}

func TestThereAreNoMoreSessionsThanPermitted(t *testing.T) {
	t.Parallel()
	s := start(t, `maxSessions="1"`, &queue{})
	c := s.dial()
	send(t, c, open)
	expect(t, c, opened)
	if rest, err := io.ReadAll(s.dial()); len(rest) > 0 || err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("a second session gets %q, %v", rest, err)
	}
	send(t, c, "2 syslog 1 a\n")
	expect(t, c, "2 rsp 6 200 OK\n")
}

func TestLegacyDirectivesMeanTheSame(t *testing.T) {
	t.Parallel()
	const rules = `ruleset(name="r") { stop }` + "\n"
	legacy, _ := load(t, rules+"$ModLoad imrelp\n$InputRELPServerBindRuleset r\n$InputRELPServerRun 20514\n")
	modern, _ := load(t, rules+`module(load="imrelp") input(type="imrelp" port="20514" ruleset="r")`)
	module, _ := load(t, rules+`module(load="imrelp" ruleset="r") input(type="imrelp" port="20514")`)
	for name, cfg := range map[string]*config.Config{"legacy": legacy, "at the module": module} {
		if len(cfg.Inputs) != 1 {
			t.Fatalf("%s: %d inputs", name, len(cfg.Inputs))
		}
		got, want := fmt.Sprintf("%+v", cfg.Inputs[0].Conf), fmt.Sprintf("%+v", modern.Inputs[0].Conf)
		if got != want || cfg.Inputs[0].Ruleset == nil || cfg.Inputs[0].Ruleset.Name != "r" {
			t.Errorf("%s: got %s\nwant %s", name, got, want)
		}
	}
}

// A session that is busy sees the stop itself, perhaps before it is interrupted.
// It waits for its peer even so: closing at once would reset the connection, and
// a peer that is writing then never reads its answers.
func TestAStopGivesABusySessionTimeToRead(t *testing.T) {
	t.Parallel()
	busy, goOn := make(chan struct{}), make(chan struct{})
	s := start(t, "", &queue{take: func(*message.Batch) bool {
		close(busy)
		<-goOn
		return true
	}})
	c := s.dial()
	send(t, c, open)
	expect(t, c, opened)
	send(t, c, "2 syslog 5 <13>a\n")
	<-busy
	stopped := make(chan struct{})
	go func() { s.stop(); close(stopped) }()
	close(goOn)
	expect(t, c, "2 rsp 6 200 OK\n"+bye)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for i := range 30 {
		send(t, c, fmt.Sprintf("%d syslog 5 <13>b\n", 3+i))
		<-tick.C
	}
	c.Close()
	<-stopped
}

// What an input says about its senders is in the messages that it takes.
func TestWhoseNameAndWhichZoneCount(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		``:                                      "message - -",
		`hostname="auto"`:                       "auto - -",
		`defaultTZ="-03:00" hostname="message"`: "message - -03:00",
		`hostname="sender" defaultTZ="Z" defaultTZ.networks=["127.0.0.0/8=+01:00", "127.0.0.1=+05:30"]`: "sender +05:30 Z",
	} {
		taken := make(chan string, 1)
		s := start(t, params, &queue{take: func(b *message.Batch) bool {
			m := &b.Msgs[0]
			network := "-"
			if len(m.Origin.Zones) > 0 {
				network = zone(m.Origin.ZoneOf(m.Peer))
			}
			taken <- [...]string{"message", "sender", "auto"}[m.Origin.Trust] + " " + network + " " + zone(m.Origin.DefaultTZ)
			return true
		}})
		c := s.dial()
		send(t, c, open)
		expect(t, c, opened)
		send(t, c, "2 syslog 1 a\n")
		expect(t, c, "2 rsp 6 200 OK\n")
		if got := <-taken; got != want {
			t.Errorf("%s: got %s, want %s", params, got, want)
		}
	}
}

// zone is z as it is written.
func zone(z *message.Zone) string {
	if z == nil {
		return "-"
	}
	if z.Sign == 'Z' {
		return "Z"
	}
	return fmt.Sprintf("%c%02d:%02d", z.Sign, z.Hour, z.Min)
}

// A zone that is none stops the input, as in imtcp.
func TestAZoneThatIsNone(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		`defaultTZ="+1"`:                            "want +hh:mm, -hh:mm or Z",
		`defaultTZ.networks=["10.0.0.0/8"]`:         "behind =",
		`defaultTZ.networks=["10.0.0.0/40=+01:00"]`: "want network=zone",
	} {
		cfg, _ := load(t, `module(load="imrelp") input(type="imrelp" address="127.0.0.1" port="0" `+params+")\n*.* :omdiscard:\n")
		in, err := cfg.Inputs[0].Module.Build(cfg.Inputs[0].Conf, module.Env{Log: slog.New(slog.DiscardHandler), Metrics: &metrics.Set{}, Global: &module.Global{MaxMessageSize: 100, IPv4: true}})
		if err == nil {
			err = in.Open(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", params, err, want)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		`tls="on"`:                          "TLS needs a certificate",
		`tls="on" tls.myCert="c"`:           "TLS needs a certificate",
		`tls.authMode="name"`:               `write tls="on"`,
		`tls="on" tls.authMode="x509/name"`: "want one of name, fingerprint, certvalid",
		`tls="on" tls.myCert="c" tls.myPrivKey="k" tls.authMode="name"`:                                            "need CA certificates",
		`tls="on" tls.myCert="c" tls.myPrivKey="k" tls.caCert="ca" tls.authMode="name"`:                            "needs tls.permittedPeer",
		`tls="on" tls.myCert="c" tls.myPrivKey="k" tls.caCert="ca" tls.authMode="certvalid" tls.permittedPeer="x"`: "any valid certificate is accepted",
		`tls="on" tls.myCert="c" tls.myPrivKey="k" tls.priorityString="NORMAL" tls.tlsCfgCmd="Protocol=ALL"`:       "keep one",
		`tls="off" tls.myCert="c"`: "tls.myCert is given, but TLS is off",
		`hostname="both"`:          "want one of message, sender, auto",
		`oversizeMode="split"`:     "want one of truncate, abort, accept",
		`maxDataSize="2g"`:         "a RELP frame holds at most",
		`flowControl="on"`:         "want one of none, no, light, full",
		`tls.compression="on"`:     "no TLS library compresses",
		`listenPortFileName="/x"`:  `parameter "listenPortFileName" not known`,
	} {
		_, diags := load(t, `module(load="imrelp") input(type="imrelp" port="0" `+params+")\n")
		found := false
		for _, d := range diags.All() {
			found = found || strings.Contains(d.Text, want)
		}
		if !found {
			t.Errorf("%s: want %q in %+v", params, want, diags.All())
		}
	}
}

// Dashboards look for the name that rsyslogd gives its counters.
func TestNameOfTheCounters(t *testing.T) {
	t.Parallel()
	cfg, _ := load(t, `module(load="imrelp") input(type="imrelp" address="127.0.0.1" port="0" name="west")`+"\n*.* :omdiscard:\n")
	set := &metrics.Set{}
	in, err := cfg.Inputs[0].Module.Build(cfg.Inputs[0].Conf, module.Env{Log: slog.New(slog.DiscardHandler), Metrics: set, Global: &module.Global{MaxMessageSize: 100, IPv4: true}})
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(in.(interface{ Addrs() []net.Addr }).Addrs()[0].String())
	if got := set.Stats()[0].Name; got != "west("+port+")" {
		t.Errorf("the counters are named %q", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := in.Run(ctx, &listener.Submitter{Queue: &queue{}}); err != nil {
		t.Error(err)
	}
}

// With acknowledge="stored" a message is acknowledged when it is safe, or given up; the session
// ends when it is not.
func TestAMessageIsAcknowledgedWhenItIsStored(t *testing.T) {
	t.Parallel()
	for _, outcome := range []receipt.Outcome{receipt.Stored, receipt.GivenUp, receipt.Unfinished} {
		held := make(chan *receipt.Receipt, 1)
		s := start(t, `acknowledge="stored"`, &queue{take: func(b *message.Batch) bool {
			b.Receipt.Hold()
			held <- b.Receipt
			return true
		}})
		c := s.dial()
		send(t, c, open)
		expect(t, c, opened)
		send(t, c, "2 syslog 1 a\n")
		back := <-held
		c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil {
			t.Fatal("the server answers before the message is safe")
		}
		c.SetReadDeadline(time.Now().Add(20 * time.Second))
		back.Return(outcome)
		if outcome == receipt.Unfinished {
			expect(t, c, bye)
			continue
		}
		expect(t, c, "2 rsp 6 200 OK\n")
	}
}
