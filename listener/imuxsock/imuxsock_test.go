package imuxsock_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/hosts"
	"syslogd/internal/process"
	"syslogd/listener"
	"syslogd/listener/imuxsock"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/parser"
	"syslogd/ratelimit"
)

// The test program run again does what these variables say.
const (
	sendVar     = "IMUXSOCK_TEST_SEND"     // path of a socket; the arguments are the messages
	activateVar = "IMUXSOCK_TEST_ACTIVATE" // path of a socket that was passed
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(sendVar) != "":
		if err := sendText(os.Getenv(sendVar), os.Args[1:]...); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		io.Copy(io.Discard, os.Stdin) // stays alive until its input ends
	case os.Getenv(activateVar) != "":
		os.Exit(activated(os.Getenv(activateVar)))
	default:
		os.Exit(m.Run())
	}
}

// sendFromChild sends texts from another process and returns its ID.
func sendFromChild(t *testing.T, path string, texts ...string) int {
	t.Helper()
	cmd := exec.Command(os.Args[0], texts...)
	cmd.Env = append(os.Environ(), sendVar+"="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return cmd.Process.Pid
}

func send(t *testing.T, path string, texts ...string) {
	t.Helper()
	if err := sendText(path, texts...); err != nil {
		t.Fatal(err)
	}
}

func sendText(path string, texts ...string) error {
	c, err := net.Dial("unixgram", path)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, text := range texts {
		if _, err := io.WriteString(c, text); err != nil {
			return err
		}
	}
	return nil
}

// queue takes batches.
type queue struct{ batches chan *message.Batch }

func (q *queue) Enqueue(_ context.Context, b *message.Batch) error { return q.TryEnqueue(b) }
func (q *queue) TryEnqueue(b *message.Batch) error                 { q.batches <- b; return nil }

// logBuffer is a log that can be read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// server is an input with its surroundings.
type server struct {
	listener.Input
	t     testing.TB
	path  string
	queue *queue
	log   *logBuffer
	env   module.Env
	stop  context.CancelFunc
	ended chan error
	msgs  []*message.Message // read from the queue, not taken yet
}

// shortDir returns a directory whose path is short enough for sockets.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ux")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func defaults() *imuxsock.Config { return imuxsock.Module.Instance.New(nil).(*imuxsock.Config) }

func environment(log io.Writer) module.Env {
	to := slog.New(slog.NewTextHandler(log, nil))
	two := &ratelimit.Policy{Name: "two", Interval: 600, Burst: 2, Severity: 1, Log: to}
	_ = two.Load() // it has no files
	policies := &ratelimit.Policies{}
	policies.Add(two)
	return module.Env{
		Policies: policies,
		Log:      to, Metrics: &metrics.Set{}, Losses: metrics.NewLosses(to), Now: time.Now,
		Names:  hosts.New(hosts.Options{LocalHostName: "box"}),
		Global: &module.Global{MaxMessageSize: 8096, OversizeReport: true},
	}
}

// open opens an input with default settings but for what change does.
func open(t testing.TB, change func(*imuxsock.Config)) *server {
	t.Helper()
	s := prepare(t, change)
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// prepare makes an input and does not open it.
func prepare(t testing.TB, change func(*imuxsock.Config)) *server {
	t.Helper()
	c := defaults()
	c.Path = filepath.Join(shortDir(t), "log")
	if change != nil {
		change(c)
	}
	s := &server{t: t, path: c.Path, queue: &queue{batches: make(chan *message.Batch, 1000)}, log: &logBuffer{}}
	s.env = environment(s.log)
	in, err := imuxsock.New(*c, s.env)
	if err != nil {
		t.Fatal(err)
	}
	s.Input = in
	return s
}

// run starts receiving.
func (s *server) run() *server {
	var ctx context.Context
	ctx, s.stop = context.WithCancel(context.Background())
	s.ended = make(chan error, 1)
	go func() { s.ended <- s.Run(ctx, &listener.Submitter{Queue: s.queue}) }()
	s.t.Cleanup(func() { s.end() })
	return s
}

// end stops receiving, and returns what Run returned.
func (s *server) end() error {
	if s.stop == nil {
		return nil
	}
	s.stop()
	s.stop = nil
	select {
	case err := <-s.ended:
		return err
	case <-time.After(process.Patience):
		return errors.New("input does not end")
	}
}

// next returns the next message, parsed with the default chain.
func (s *server) next() *message.Message {
	s.t.Helper()
	for len(s.msgs) == 0 {
		select {
		case b := <-s.queue.batches:
			s.take(b)
		case <-time.After(process.Patience):
			s.t.Fatalf("no message; log: %s", s.log)
		}
	}
	m := s.msgs[0]
	s.msgs = s.msgs[1:]
	return m
}

func (s *server) take(b *message.Batch) {
	p := parser.New(parser.DefaultOptions(), nil)
	for i := range b.Msgs {
		p.Parse(b, &b.Msgs[i])
		s.msgs = append(s.msgs, b.Msgs[i].Clone())
	}
	b.Release()
}

// rest stops the input and returns the texts that it has received since next.
func (s *server) rest() []string {
	s.t.Helper()
	if err := s.end(); err != nil {
		s.t.Fatal(err)
	}
	for len(s.queue.batches) > 0 {
		s.take(<-s.queue.batches)
	}
	texts := []string{}
	for _, m := range s.msgs {
		texts = append(texts, string(m.Msg()))
	}
	s.msgs = nil
	return texts
}

func (s *server) metric(name string) float64 {
	s.t.Helper()
	for _, o := range s.env.Metrics.Objects() {
		for _, n := range o.Numbers {
			if n.Name == name {
				return n.Read()
			}
		}
	}
	s.t.Fatalf("there is no metric %s", name)
	return 0
}

func show(m *message.Message) string {
	return fmt.Sprintf("pri=%d host=%s tag=%s msg=%s", m.PRI, m.Hostname(), m.Tag(nil), m.Msg())
}

func TestMessagesAsProgramsSendThem(t *testing.T) {
	t.Parallel()
	general := func(c *imuxsock.Config) { c.SpecialParser = false }
	for _, tt := range []struct {
		name   string
		change func(*imuxsock.Config)
		text   string
		want   string
	}{
		{"syslog(3)", nil, "<13>Oct 11 22:14:15 app[12]: text", "pri=13 host=box tag=app[12]: msg= text"},
		{"Python's SysLogHandler ends with NUL", nil, "<14>python-app: hello\x00", "pri=14 host=box tag=python-app: msg= hello"},
		{"line feed at the end", nil, "<13>Oct 11 22:14:15 app: one\ntwo\n", "pri=13 host=box tag=app: msg= one#012two"},
		{"RFC 3339 time", nil, "<13>2003-10-11T22:14:15.123456Z app: text", "pri=13 host=box tag=app: msg= text"},
		{"host name is not looked for", nil, "<13>Oct 11 22:14:15 web1 app: text", "pri=13 host=box tag=web1 msg= app: text"},
		{"no PRI", nil, "text", "pri=13 host=box tag=text msg="},
		{"hostName", func(c *imuxsock.Config) { c.HostName = "jail1" }, "<13>app: text", "pri=13 host=jail1 tag=app: msg= text"},
		{"parser chain", general, "<13>Oct 11 22:14:15 app: text", "pri=13 host=box tag=app: msg= text"},
		{"parser chain, host name not expected", general, "<13>Oct 11 22:14:15 web1 app: text", "pri=13 host=box tag=web1 msg= app: text"},
		{"parser chain, host name expected", func(c *imuxsock.Config) { c.SpecialParser, c.ParseHostname = false, true },
			"<13>Oct 11 22:14:15 web1 app: text", "pri=13 host=web1 tag=app: msg= text"},
		{"parser chain, RFC 5424", general, "<13>1 2003-10-11T22:14:15Z web1 app 1 - - text", "pri=13 host=web1 tag=app[1] msg=text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, tt.change).run()
			send(t, s.path, tt.text)
			m := s.next()
			if got := show(m); got != tt.want {
				t.Errorf("%q\n got %s\nwant %s", tt.text, got, tt.want)
			}
			if m.Origin.Name != "imuxsock" || string(m.Peer.IP) != "127.0.0.1" {
				t.Errorf("input %q from %s", m.Origin.Name, m.Peer.IP)
			}
		})
	}
}

func TestEmptyDatagramIsNoMessage(t *testing.T) {
	t.Parallel()
	s := open(t, nil).run()
	send(t, s.path, "", "<13>app: text")
	if got := show(s.next()); got != "pri=13 host=box tag=app: msg= text" {
		t.Error(got)
	}
}

// The sent time is that of 2003, or the reported one is when the kernel or the
// input took the message.
func TestReportedTime(t *testing.T) {
	t.Parallel()
	const sent = true
	for _, tt := range []struct {
		special, system, ignore bool
		want                    bool
	}{
		{special: true, system: true, ignore: true},
		{special: true, system: true, ignore: false},
		{special: true, system: false, ignore: true},
		{special: true, system: false, ignore: false, want: sent},
		{special: false, system: true, ignore: true},
		{special: false, system: true, ignore: false, want: sent},
		{special: false, system: false, ignore: false, want: sent},
	} {
		t.Run(fmt.Sprintf("useSpecialParser=%t useSysTimeStamp=%t ignoreTimestamp=%t", tt.special, tt.system, tt.ignore), func(t *testing.T) {
			t.Parallel()
			s := open(t, func(c *imuxsock.Config) {
				c.SpecialParser, c.SystemTimestamp, c.IgnoreTimestamp = tt.special, tt.system, tt.ignore
			}).run()
			send(t, s.path, "<13>2003-10-11T22:14:15Z app: text")
			m := s.next()
			if got := m.Reported.Year == 2003; got != tt.want {
				t.Errorf("reported %d, the sent time is used: %t, want %t", m.Reported.Year, got, tt.want)
			}
			if m.Received.Year == 2003 {
				t.Error("received in 2003")
			}
		})
	}
}

func TestTimeOfReceptionIsTheKernels(t *testing.T) {
	t.Parallel()
	for _, system := range []bool{true, false} {
		t.Run(fmt.Sprintf("useSysTimeStamp=%t", system), func(t *testing.T) {
			t.Parallel()
			s := open(t, func(c *imuxsock.Config) { c.SystemTimestamp = system })
			before := time.Now().Truncate(time.Microsecond)
			send(t, s.path, "<13>app: text")
			after := time.Now()
			for time.Since(after) < 2*time.Millisecond {
			}
			s.run()
			m := s.next()
			got := m.Received.Time()
			if system && (got.Before(before) || got.After(after)) {
				t.Errorf("received %v, want from %v to %v", got, before.UTC(), after.UTC())
			}
			if !system && got.Before(after) {
				t.Errorf("received %v, want after %v", got, after.UTC())
			}
			if _, offset := time.Now().Zone(); m.Received.Offset() != offset {
				t.Errorf("zone %d, want %d", m.Received.Offset(), offset)
			}
		})
	}
}

// trustedOf is what the kernel tells of this process.
func trustedOf(t *testing.T) (comm, exe, cmd string) {
	t.Helper()
	read := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:min(len(b), 1023)])
	}
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(read("/proc/self/comm"), "\n"), exe, strings.ReplaceAll(read("/proc/self/cmdline"), "\x00", " ")
}

func TestAnnotateAppendsTrustedProperties(t *testing.T) {
	t.Parallel()
	comm, exe, cmd := trustedOf(t)
	note := fmt.Sprintf(` @[_PID=%d _UID=%d _GID=%d _COMM=%s _EXE=%s _CMDLINE="%s"]`, os.Getpid(), os.Getuid(), os.Getgid(), comm, exe, cmd)
	for _, tt := range []struct{ text, want string }{
		{"<13>app: text", " text" + note},
		{"<13>app: text\x00", " text" + note},
		{"<13>app: text\n", " text" + note},
		{"<13>app", note},
	} {
		s := open(t, func(c *imuxsock.Config) { c.Annotate = true }).run()
		send(t, s.path, tt.text)
		if got := string(s.next().Msg()); got != tt.want {
			t.Errorf("%q\n got %q\nwant %q", tt.text, got, tt.want)
		}
	}
}

func TestAnnotateTellsSendersApart(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *imuxsock.Config) { c.Annotate = true })
	send(t, s.path, "<13>app: a")
	child := sendFromChild(t, s.path, "<13>app: b")
	send(t, s.path, "<13>app: c")
	s.run()
	for _, want := range []string{
		fmt.Sprintf(" a @[_PID=%d ", os.Getpid()), fmt.Sprintf(" b @[_PID=%d ", child), fmt.Sprintf(" c @[_PID=%d ", os.Getpid()),
	} {
		if got := string(s.next().Msg()); !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q...", got, want)
		}
	}
}

func TestAnnotateQuotesTheCommandLine(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *imuxsock.Config) { c.Annotate = true })
	s.run()
	cmd := exec.Command(os.Args[0], `<13>app: "a\b"`)
	cmd.Env = append(os.Environ(), sendVar+"="+s.path)
	alive, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	got := string(s.next().Msg())
	alive.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	want := fmt.Sprintf(`_CMDLINE="%s <13>app: \"a\\b\" "]`, os.Args[0])
	if !strings.HasSuffix(got, want) {
		t.Errorf("got %s, want ...%s", got, want)
	}
}

func TestParseTrustedSetsVariables(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *imuxsock.Config) { c.Annotate, c.ParseTrusted = true, true }).run()
	send(t, s.path, "<13>app: text")
	m := s.next()
	comm, exe, cmd := trustedOf(t)
	want := message.ObjectValue()
	want.Put("pid", message.IntValue(int64(os.Getpid())), true)
	want.Put("uid", message.IntValue(int64(os.Getuid())), true)
	want.Put("gid", message.IntValue(int64(os.Getgid())), true)
	want.Put("appname", message.StringValue(comm), true)
	want.Put("exe", message.StringValue(exe), true)
	want.Put("cmd", message.StringValue(cmd), true)
	if got, want := m.JSON.Root.AppendJSON(nil, true), want.AppendJSON(nil, true); !bytes.Equal(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	if string(m.Msg()) != " text" {
		t.Errorf("msg=%s", m.Msg())
	}
}

func TestParseTrustedAloneDoesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *imuxsock.Config) { c.ParseTrusted = true }).run()
	send(t, s.path, "<13>app: text")
	if m := s.next(); m.JSON != nil || string(m.Msg()) != " text" {
		t.Errorf("msg=%s, variables %v", m.Msg(), m.JSON)
	}
}

func TestPIDFromSystem(t *testing.T) {
	t.Parallel()
	pid := fmt.Sprintf("[%d]:", os.Getpid())
	for _, tt := range []struct{ text, tag, msg string }{
		{"<13>Oct 11 22:14:15 app[12]: text", "app" + pid, " text"},
		{"<13>Oct 11 22:14:15 app: text", "app" + pid, " text"},
		{"<13>2003-10-11T22:14:15.5+02:00 app: text", "app" + pid, " text"},
		{"<13>app: text", "app" + pid, " text"},
		{"<13>hello world", "hello" + pid, " world"},
		{"<13>a[b][c]: x[7]: y", "a[b]" + pid, " x[7]: y"},
		{"app[1]:", "app" + pid, ""},
	} {
		s := open(t, func(c *imuxsock.Config) { c.SystemPID = true }).run()
		send(t, s.path, tt.text)
		m := s.next()
		if got := string(m.Tag(nil)); got != tt.tag || string(m.Msg()) != tt.msg {
			t.Errorf("%q: tag %q msg %q, want %q %q", tt.text, got, m.Msg(), tt.tag, tt.msg)
		}
	}
}

func TestPIDFromSystemNeedsTheSpecialParser(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *imuxsock.Config) { c.SystemPID, c.SpecialParser = true, false }).run()
	send(t, s.path, "<13>Oct 11 22:14:15 app[12]: text")
	if tag := string(s.next().Tag(nil)); tag != "app[12]:" {
		t.Errorf("tag %s", tag)
	}
}

// What is looked for in a text as received is what the parser finds in it.
func TestTagLiesWhereTheParserFindsIt(t *testing.T) {
	t.Parallel()
	p := parser.New(parser.DefaultOptions(), nil)
	origin := &message.Origin{Format: message.LocalSocket}
	for _, text := range []string{
		"<13>Oct 11 22:14:15 app[12]: text", "<13>Oct  1 22:14:15 app: text", "<13>2003-10-11T22:14:15Z app: text",
		"<13>app: text", "<13>app", "<13>", "<13> app: text", "text of no program", "<999>app: text", "<x>app: text", "<13", "<13>Oct 11 22:14:15 ",
		"<13>" + strings.Repeat("x", 600) + " text",
	} {
		b := message.NewBatch(nil)
		m := b.Add([]byte(text), origin, message.NewPeer("127.0.0.1", "box"))
		b.Received = time.Now()
		b.StampReceived()
		start, end := parser.LocalTag([]byte(text))
		pri := parser.PRI([]byte(text))
		p.Parse(b, m)
		if got, want := text[start:end], string(m.Tag(nil)); got != want {
			t.Errorf("%q: tag %q, want %q", text, got, want)
		}
		if pri != m.PRI {
			t.Errorf("%q: PRI %d, want %d", text, pri, m.PRI)
		}
	}
}

func TestRateLimitCountsEachProcess(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]ratelimit.Config{
		"by parameters": {LimitInterval: 600, LimitBurst: 2},
		"by a policy":   {LimitName: "two"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testEachProcess(t, limit)
		})
	}
}

func testEachProcess(t *testing.T, limit ratelimit.Config) {
	s := open(t, func(c *imuxsock.Config) { c.Config = limit })
	s.run()
	send(t, s.path, "<13>app[1]: a", "<13>app[2]: b", "<13>app[3]: c", "<8>app[4]: emergency", "<13>app[5]: d")
	child := sendFromChild(t, s.path, "<13>other: e", "<13>other: f", "<13>other: g")
	got := strings.Join(s.rest(), ",")
	if want := " a, b, emergency, e, f"; got != want {
		t.Errorf("received %s, want %s", got, want)
	}
	if n := s.metric("input_messages_ratelimited_total"); n != 3 {
		t.Errorf("%v messages counted as dropped, want 3", n)
	}
	if n := s.metric("input_messages_received_total"); n != 5 {
		t.Errorf("%v messages counted as received, want 5", n)
	}
	for _, want := range []string{
		fmt.Sprintf("imuxsock[pid: %d, name: %s] from <box:app>: begin to drop messages due to rate-limiting", os.Getpid(), os.Args[0]),
		fmt.Sprintf("imuxsock[pid: %d, name: %s]: 2 messages lost due to rate-limiting (2 allowed within 600 seconds)", os.Getpid(), os.Args[0]),
		fmt.Sprintf("imuxsock[pid: %d", child),
	} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("log has no %q:\n%s", want, s.log)
		}
	}
}

func TestRateLimitSeverity(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *imuxsock.Config) { c.LimitInterval, c.LimitBurst, c.LimitSeverity = 600, 1, 5 }).run()
	send(t, s.path, "<14>app: a", "<14>app: b", "<12>app: c", "<13>app: d", "<8>app: e")
	if got, want := strings.Join(s.rest(), ","), " a, c, e"; got != want {
		t.Errorf("received %s, want %s", got, want)
	}
}

func TestOwnMessagesAreIgnored(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name              string
		given, own        bool
		internal, ignored bool
	}{
		{name: "default"},
		{name: "default with processInternalMessages", internal: true, ignored: true},
		{name: "on", given: true, own: true, ignored: true},
		{name: "off", given: true, internal: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := defaults()
			c.Path, c.IgnoreOwn, c.IgnoreOwnGiven = filepath.Join(shortDir(t), "log"), tt.own, tt.given
			s := &server{t: t, path: c.Path, queue: &queue{batches: make(chan *message.Batch, 10)}, log: &logBuffer{}}
			s.env = environment(s.log)
			s.env.Global.ProcessInternal = tt.internal
			s.Input, _ = imuxsock.New(*c, s.env)
			if err := s.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.run()
			send(t, s.path, "<13>own: a")
			sendFromChild(t, s.path, "<13>other: b")
			want := " a, b"
			if tt.ignored {
				want = " b"
			}
			if got := strings.Join(s.rest(), ","); got != want {
				t.Errorf("received %s, want %s", got, want)
			}
		})
	}
}

func TestMessageLongerThanMaxMessageSizeIsCut(t *testing.T) {
	t.Parallel()
	s := open(t, nil).run()
	text := "<13>app: " + strings.Repeat("x", 9000)
	send(t, s.path, text, "<13>app: next")
	if got := s.next().Raw(); string(got) != text[:8096] {
		t.Errorf("%d bytes, want the first 8096", len(got))
	}
	if got := string(s.next().Msg()); got != " next" {
		t.Errorf("the next message is %q", got)
	}
	if n := s.metric("input_messages_truncated_total"); n != 1 {
		t.Errorf("%v messages counted as cut, want 1", n)
	}
	if want := "reason=message_cut where=\"imuxsock " + s.path + "\" count=1 peer=\"\" size=9009 limit=8096"; !strings.Contains(s.log.String(), want) {
		t.Errorf("want %s in the log:\n%s", want, s.log)
	}
}

func TestEveryoneMayLog(t *testing.T) {
	t.Parallel()
	s := open(t, nil).run()
	info, err := os.Stat(s.path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o666 {
		t.Errorf("mode %o, want 666", got)
	}
}

func TestCreatePath(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	path := filepath.Join(dir, "a", "b", "log")
	missing := prepare(t, func(c *imuxsock.Config) { c.Path = path })
	if err := missing.Open(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without createPath: %v", err)
	}
	open(t, func(c *imuxsock.Config) { c.Path, c.CreatePath = path, true }).run()
	send(t, path, "<13>app: text")
}

// bound makes a socket at path, as another process would, and returns it.
func bound(t *testing.T, path string) *net.UnixConn {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestSocketThatIsThereAlready(t *testing.T) {
	t.Parallel()
	t.Run("left behind", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(shortDir(t), "log")
		bound(t, path).Close()
		s := open(t, func(c *imuxsock.Config) { c.Path = path }).run()
		send(t, path, "<13>app: text")
		s.next()
	})
	t.Run("in use", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(shortDir(t), "log")
		bound(t, path)
		s := prepare(t, func(c *imuxsock.Config) { c.Path = path })
		if err := s.Open(t.Context()); !errors.Is(err, unix.EADDRINUSE) || !strings.Contains(err.Error(), "is used by ") {
			t.Errorf("the socket of a server that runs was taken: %v", err)
		}
		send(t, path, "<13>app: text")
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("unlink off", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(shortDir(t), "log")
		bound(t, path).Close()
		s := prepare(t, func(c *imuxsock.Config) { c.Path, c.Unlink = path, false })
		err := s.Open(t.Context())
		if !errors.Is(err, unix.EADDRINUSE) || !strings.Contains(err.Error(), `unlink="on"`) {
			t.Errorf("got %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("a directory", func(t *testing.T) {
		t.Parallel()
		path := shortDir(t)
		s := prepare(t, func(c *imuxsock.Config) { c.Path = path })
		if err := s.Open(t.Context()); !errors.Is(err, unix.EADDRINUSE) {
			t.Errorf("got %v", err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	})
}

func TestSocketIsRemovedAtStop(t *testing.T) {
	t.Parallel()
	exists := func(path string) bool { _, err := os.Lstat(path); return err == nil }
	t.Run("after running", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil).run()
		if err := s.end(); err != nil || exists(s.path) {
			t.Errorf("error %v, there: %t", err, exists(s.path))
		}
	})
	t.Run("without running", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil)
		if err := s.Close(); err != nil || exists(s.path) {
			t.Errorf("error %v, there: %t", err, exists(s.path))
		}
	})
	t.Run("unlink off", func(t *testing.T) {
		t.Parallel()
		s := open(t, func(c *imuxsock.Config) { c.Unlink = false }).run()
		if err := s.end(); err != nil || !exists(s.path) {
			t.Errorf("error %v, there: %t", err, exists(s.path))
		}
	})
	t.Run("replaced meanwhile", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil).run()
		if err := os.Remove(s.path); err != nil {
			t.Fatal(err)
		}
		bound(t, s.path)
		if err := s.end(); err != nil || !exists(s.path) {
			t.Errorf("error %v, there: %t", err, exists(s.path))
		}
	})
}

func TestWhatArrivedBeforeTheStopIsStored(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	send(t, s.path, "<13>app: a", "<13>app: b", "<13>app: c")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx, &listener.Submitter{Queue: s.queue}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.rest(), ","); got != " a, b, c" {
		t.Errorf("received %q", got)
	}
}

// A program could fill the table of descriptors of a reader that accepts them.
func TestDescriptorsOfSendersAreNotTaken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*imuxsock.Config)
	}{
		{"time and credentials", func(c *imuxsock.Config) { c.Annotate = true }},
		{"time", nil},
		{"nothing", func(c *imuxsock.Config) { c.SystemTimestamp = false }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, tt.change).run()
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			conn, err := net.Dial("unixgram", s.path)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			onto, err := conn.(*net.UnixConn).SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			pipe, err := w.SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			var sendErr error
			pipe.Control(func(fd uintptr) {
				onto.Control(func(sock uintptr) {
					sendErr = unix.Sendmsg(int(sock), []byte("<13>app: text"), unix.UnixRights(int(fd)), nil, 0)
				})
			})
			if sendErr != nil {
				t.Fatal(sendErr)
			}
			s.next()
			w.Close()
			r.SetReadDeadline(time.Now().Add(process.Patience))
			if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("the other end of the pipe is still open: %v", err)
			}
		})
	}
}

func TestSocketOfSystemdIsUsed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(shortDir(t), "log")
	other := filepath.Join(shortDir(t), "other")
	var files []*os.File
	for _, p := range []string{other, path} {
		f, err := bound(t, p).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	// Sent before the server starts: systemd holds the socket.
	send(t, path, "<13>app: early")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), activateVar+"="+path, fmt.Sprintf("LISTEN_FDS=%d", len(files)))
	cmd.ExtraFiles = files
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"received [early] once, and [late] after another start",
		fmt.Sprintf("imuxsock: Acquired UNIX socket '%s' (fd 4) from systemd.", path),
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q:\n%s", want, out)
		}
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the socket belongs to systemd: %v", err)
	}
}
