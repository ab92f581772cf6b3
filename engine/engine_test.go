package engine_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"syslogd/config"
	"syslogd/engine"
	"syslogd/internal/diag"
	"syslogd/internal/process"
	"syslogd/message"
)

// logged collects log lines.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs a server with the configuration, in which @DIR@ is a new directory.
func start(t *testing.T, conf string) (e *engine.Engine, dir string, log *logged) {
	t.Helper()
	dir, log = t.TempDir(), &logged{}
	conf = strings.ReplaceAll(conf, "@DIR@", dir)
	cfg, diags, err := config.Load("test.conf", []byte(conf), engine.Modules(), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e = engine.New(cfg, engine.Env{Log: slog.New(slog.NewTextHandler(log, nil))}, diags)
	for _, d := range diags.All() {
		if d.Severity == diag.Error {
			t.Fatalf("%s: %s", d.Range.Start, d.Text)
		}
	}
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Stop(t.Context()) })
	return e, dir, log
}

func waitFor(t *testing.T, what string, cond func() bool) {
	t.Helper()
	if !process.Await(cond) {
		t.Fatalf("waited in vain: %s", what)
	}
}

func content(dir, name string) string {
	b, _ := os.ReadFile(filepath.Join(dir, name))
	return string(b)
}

func send(t *testing.T, addr net.Addr, text string) {
	t.Helper()
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

const toOneFile = `
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0")
template(name="t" type="string" string="%hostname% %msg%\n")
action(type="omfile" file="@DIR@/out" template="t")
`

func TestMessagesAreInTheFileWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	e, dir, _ := start(t, toOneFile)
	send(t, e.Listening()[0].Addr, "<13>Oct 11 22:14:15 web1 app: one\n<13>Oct 11 22:14:15 web2 app: two\n")
	waitFor(t, "two lines", func() bool { return content(dir, "out") == "web1  one\nweb2  two\n" })
	if err := e.Health(); err != nil {
		t.Errorf("health: %v", err)
	}
}

func TestStopStoresWhatWasAccepted(t *testing.T) {
	t.Parallel()
	e, dir, _ := start(t, toOneFile)
	const count = 20000
	var text strings.Builder
	for i := range count {
		fmt.Fprintf(&text, "<13>Oct 11 22:14:15 web1 app: %d\n", i)
	}
	send(t, e.Listening()[0].Addr, text.String())
	// The connection is closed, but much of it is still to be read.
	waitFor(t, "the first message", func() bool { return content(dir, "out") != "" })
	if err := e.Stop(t.Context()); err != nil {
		t.Errorf("stop: %v", err)
	}
	lines := strings.Split(strings.TrimSuffix(content(dir, "out"), "\n"), "\n")
	for i, line := range lines {
		if want := fmt.Sprintf("web1  %d", i); line != want {
			t.Fatalf("line %d is %q, want %q", i, line, want)
		}
	}
	if len(lines) != count {
		t.Errorf("%d of %d messages are in the file", len(lines), count)
	}
}

func TestHUPReopensARenamedFile(t *testing.T) {
	t.Parallel()
	e, dir, _ := start(t, toOneFile)
	addr := e.Listening()[0].Addr
	send(t, addr, "<13>Oct 11 22:14:15 a app: before\n")
	waitFor(t, "first line", func() bool { return content(dir, "out") == "a  before\n" })
	if err := os.Rename(filepath.Join(dir, "out"), filepath.Join(dir, "old")); err != nil {
		t.Fatal(err)
	}
	e.HUP()
	send(t, addr, "<13>Oct 11 22:14:15 a app: after\n")
	waitFor(t, "the new file", func() bool { return content(dir, "out") == "a  after\n" })
	if got := content(dir, "old"); got != "a  before\n" {
		t.Errorf("the old file is %q", got)
	}
}

func TestARulesetWithItsOwnQueueKeepsTheOrderOfASender(t *testing.T) {
	t.Parallel()
	e, dir, _ := start(t, `
module(load="imtcp")
template(name="t" type="string" string="%msg%\n")
ruleset(name="r" queue.type="LinkedList" queue.workerThreads="4") {
  action(type="omfile" file="@DIR@/out" template="t" queue.type="LinkedList")
}
input(type="imtcp" address="127.0.0.1" port="0" ruleset="r")
action(type="omfile" file="@DIR@/default")
`)
	var text, want strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&text, "<13>Oct 11 22:14:15 a app:%d\n", i)
		fmt.Fprintf(&want, "%d\n", i)
	}
	send(t, e.Listening()[0].Addr, text.String())
	waitFor(t, "all lines", func() bool { return len(content(dir, "out")) >= want.Len() })
	if content(dir, "out") != want.String() {
		t.Error("lines are not in order")
	}
	if content(dir, "default") != "" {
		t.Error("the default ruleset got messages of another ruleset")
	}
}

func TestAnInputThatCanNotListenIsNamedAndTheOthersServe(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	e, dir, log := start(t, fmt.Sprintf(`
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="%d")
input(type="imtcp" address="127.0.0.1" port="0")
template(name="t" type="string" string="%%msg%%\n")
action(type="omfile" file="@DIR@/out" template="t")
`, port))
	if err := e.Health(); err == nil || !strings.Contains(err.Error(), "imtcp") {
		t.Errorf("health: %v", err)
	}
	if !strings.Contains(log.String(), "input can not listen") || !strings.Contains(log.String(), "test.conf:3") {
		t.Errorf("log: %s", log)
	}
	send(t, e.Listening()[0].Addr, "<13>Oct 11 22:14:15 a app: x\n")
	waitFor(t, "the message", func() bool { return content(dir, "out") == " x\n" })
}

func TestOwnMessagesGoThroughTheRules(t *testing.T) {
	t.Parallel()
	e, dir, _ := start(t, `
global(localHostname="box")
template(name="t" type="string" string="%pri-text% %hostname% %syslogtag% %programname%%msg%\n")
action(type="omfile" file="@DIR@/out" template="t")
`)
	if !e.Inject(message.Warning, "rsyslogd-2007:", "action suspended") {
		t.Fatal("not taken")
	}
	waitFor(t, "the message", func() bool { return content(dir, "out") != "" })
	got := content(dir, "out")
	if !strings.HasPrefix(got, "syslog.warning<44> box rsyslogd-2007: rsyslogd") && !strings.HasPrefix(got, "syslog.warning box rsyslogd-2007: rsyslogd") || !strings.Contains(got, "action suspended\n") {
		t.Errorf("got %q", got)
	}
	e.Stop(t.Context())
	if e.Inject(message.Info, "rsyslogd:", "late") {
		t.Error("a stopped server took a message")
	}
}

func TestMetricsCountOneMessageOnItsWay(t *testing.T) {
	t.Parallel()
	e, dir, _ := start(t, toOneFile)
	send(t, e.Listening()[0].Addr, "<13>Oct 11 22:14:15 web1 app: one\n")
	waitFor(t, "the line", func() bool { return content(dir, "out") != "" })
	want := map[string]float64{
		"input_messages_received_total": 1, "action_messages_written_total": 1, "queue_enqueued_total": 1, "files_open": 1,
		"files_bytes_written_total": float64(len("web1  one\n")), "input_messages_dropped_total": 0,
	}
	for name, v := range want { // what was written is counted after that
		waitFor(t, fmt.Sprintf("%s to be %v", name, v), func() bool {
			values := slices.Collect(maps.Values(numbers(e, name)))
			return len(values) > 0 && values[0] == v
		})
	}
}
