// Command clients lets programs that people really have log to the server with its built-in
// configuration, and checks in which file, with which host, program, priority and text each
// of their messages ends up.
//
//	go run ./internal/clients -bin ./syslogd
//
// A client is a directory in testdata/clients: run is a script that logs, and says in lines
// "# needs: NAME" what it needs; expected has a line for each message: host, program, PRI and
// a part of the text (alternatives are separated by |). @HOST@ is the name of this machine,
// @SENDER@ what the server calls a sender that names no host, @NONE@ that there is no program. A client whose
// needs are not there is left out with the reason, or fails with -require.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"syslogd/internal/process"
)

// patience is how long a client may take, with what it has to build first.
const patience = 5 * time.Minute

// arrival is how long its messages may take to be in their files.
const arrival = 20 * time.Second

func main() {
	bin := flag.String("bin", "./syslogd", "the server")
	cases := flag.String("clients", "testdata/clients", "directory of the clients")
	cache := flag.String("cache", filepath.Join(os.TempDir(), "syslogd-clients"), "directory for what clients build")
	only := flag.String("only", "", "regular expression of the clients to run")
	require := flag.Bool("require", false, "a client that is not installed is a failure")
	flag.Parse()
	if err := run(*bin, *cases, *cache, *only, *require); err != nil {
		fmt.Fprintln(os.Stderr, "clients:", err)
		os.Exit(1)
	}
}

func run(bin, cases, cache, only string, require bool) error {
	chosen, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	for _, path := range []*string{&bin, &cases, &cache} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	dirs, err := os.ReadDir(cases)
	if err != nil {
		return err
	}
	passed, failed, skipped := 0, 0, 0
	for _, d := range dirs {
		if !d.IsDir() || !chosen.MatchString(d.Name()) {
			continue
		}
		c := &client{name: d.Name(), dir: filepath.Join(cases, d.Name()), cache: cache, bin: bin}
		var missing *missingError
		switch err := c.try(); {
		case errors.As(err, &missing) && !require:
			fmt.Printf("skip %s: %v\n", c.name, err)
			skipped++
		case err != nil:
			fmt.Printf("FAIL %s: %v\n", c.name, err)
			failed++
		default:
			fmt.Println("pass", c.name)
			passed++
		}
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if failed > 0 {
		return errors.New("some clients are not served")
	}
	return nil
}

// client is a program that logs.
type client struct {
	name, dir, cache, bin string
	work                  string // scratch directory of one run
	env                   []string
}

// missingError says what a client needs and this machine has not.
type missingError struct{ what string }

func (e *missingError) Error() string { return e.what + " is not here" }

// try starts a server with the built-in configuration, runs the client, and compares.
func (c *client) try() (err error) {
	if err := c.needs(); err != nil {
		return err
	}
	if c.work, err = os.MkdirTemp("", "clients"); err != nil {
		return err
	}
	if err := os.Chmod(c.work, 0o755); err != nil { // PostgreSQL runs as a user of its own
		return err
	}
	defer os.RemoveAll(c.work)
	want, err := c.expected()
	if err != nil {
		return err
	}
	srv, err := c.startServer()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.Stop()) }()
	if err := c.log(); err != nil {
		return err
	}
	return c.compare(want)
}

var needsLine = regexp.MustCompile(`(?m)^# needs: (\S+)$`)

// needs fails with a missingError when something that the script names is not there.
func (c *client) needs() error {
	script, err := os.ReadFile(filepath.Join(c.dir, "run"))
	if err != nil {
		return err
	}
	for _, m := range needsLine.FindAllSubmatch(script, -1) {
		if what := string(m[1]); !available(what) {
			return &missingError{what}
		}
	}
	return nil
}

func available(what string) bool {
	kind, name, _ := strings.Cut(what, ":")
	switch kind {
	case "python":
		return exec.Command("python3", "-c", "import "+name).Run() == nil
	case "npm":
		return exec.Command("node", "-e", "require('"+name+"')").Run() == nil
	case "devlog":
		return exec.Command("unshare", "--mount", "true").Run() == nil
	case "postgres":
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
		return len(found) > 0
	case "syslog-ng":
		return os.Getenv("SYSLOG_NG") != ""
	}
	_, err := exec.LookPath(what)
	return err == nil
}

// privateDev is a shell script that runs the client with a /dev of its own, in which the
// server's socket is /dev/log: clients that log through the C library know no other.
const privateDev = `set -e
mkdir "$WORK/dev"
mount --rbind /dev "$WORK/dev"
mount -t tmpfs none /dev
for f in "$WORK"/dev/*; do ln -s "$f" /dev/; done
ln -sf "$SYSLOG_SOCKET" /dev/log
exec "$CLIENT/run"
`

// command is how the client is run.
func (c *client) command(ctx context.Context) (*exec.Cmd, error) {
	run := filepath.Join(c.dir, "run")
	script, err := os.ReadFile(run)
	if err != nil {
		return nil, err
	}
	if strings.Contains(string(script), "# needs: devlog\n") {
		return exec.CommandContext(ctx, "unshare", "--mount", "sh", "-c", privateDev), nil
	}
	return exec.CommandContext(ctx, run), nil
}

// log runs the client.
func (c *client) log() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd, err := c.command(ctx)
	if err != nil {
		return err
	}
	port, err := process.FreePort()
	if err != nil {
		return err
	}
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Env = append(cmd.Env, "CLIENT="+c.dir, "CACHE="+c.cache, "WORK="+c.work, "FREE_PORT="+port,
		"SYSLOG_SOCKET="+filepath.Join(c.work, "run/log"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run: %w\n%s", err, out)
	}
	return nil
}

// message is what a client is expected to log.
type message struct{ host, program, pri, text string }

func (c *client) expected() ([]message, error) {
	text, err := os.ReadFile(filepath.Join(c.dir, "expected"))
	if err != nil {
		return nil, err
	}
	name, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	name, _, _ = strings.Cut(strings.ToLower(name), ".")
	sender := "localhost"
	if names, err := net.LookupAddr("127.0.0.1"); err == nil && len(names) > 0 {
		sender, _, _ = strings.Cut(strings.TrimSuffix(names[0], "."), ".")
	}
	var list []message
	for line := range strings.Lines(strings.NewReplacer("@HOST@", name, "@SENDER@", sender).Replace(string(text))) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 4)
		if len(f) != 4 {
			return nil, fmt.Errorf("expected: %q has no four fields", line)
		}
		list = append(list, message{f[0], f[1], f[2], f[3]})
	}
	return list, nil
}

// compare waits for the messages, and fails unless each is in the file of its host and
// program, with its priority, and there are no other files.
func (c *client) compare(want []message) error {
	var err error
	if !process.Poll(arrival, func() bool { err = c.missing(want); return err == nil }) {
		return err
	}
	return c.noOthers(want)
}

func (c *client) missing(want []message) error {
	record, err := os.ReadFile(filepath.Join(c.work, "run/clients.log"))
	if err != nil {
		return err
	}
	for _, m := range want {
		if !m.in(string(record)) {
			return fmt.Errorf("no message of host %q, program %q, PRI %s with %q in:\n%s", m.host, m.program, m.pri, m.text, record)
		}
		file := m.file()
		text, err := os.ReadFile(filepath.Join(c.work, file))
		if err != nil {
			return err
		}
		if !containsOne(string(text), m.text) {
			return fmt.Errorf("%s does not have %q:\n%s", file, m.text, text)
		}
	}
	return nil
}

// noProgram stands for a message without a program.
const noProgram = "@NONE@"

// file is where the message belongs.
func (m message) file() string {
	name := m.program
	if name == noProgram {
		name = "noprogram"
	}
	return filepath.Join("log", m.host, name+".log")
}

// in looks for the message in lines of host, program, PRI and text.
func (m message) in(record string) bool {
	for line := range strings.Lines(record) {
		f := strings.SplitN(line, "\t", 4)
		if len(f) == 4 && f[0] == m.host && (f[1] == m.program || f[1] == "" && m.program == noProgram) && f[2] == m.pri && containsOne(f[3], m.text) {
			return true
		}
	}
	return false
}

func containsOne(text, alternatives string) bool {
	for a := range strings.SplitSeq(alternatives, "|") {
		if strings.Contains(text, a) {
			return true
		}
	}
	return false
}

// noOthers fails on a file of a host or program that nobody has.
func (c *client) noOthers(want []message) error {
	files, err := filepath.Glob(filepath.Join(c.work, "log/*/*"))
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, m := range want {
		known[filepath.Join(c.work, m.file())] = true
	}
	for _, f := range files {
		if !known[f] {
			text, _ := os.ReadFile(f)
			return fmt.Errorf("a file that should not be: %s:\n%s", strings.TrimPrefix(f, c.work), text)
		}
	}
	return nil
}

// record is what the check adds to the built-in configuration, in front of its own rules.
const record = `
template(name="clients" type="string" string="%hostname%\t%programname%\t%pri%\t%msg%\n")
action(type="omfile" file="run/clients.log" template="clients")
`

// startServer starts the server with its built-in configuration on free ports.
func (c *client) startServer() (*process.Server, error) {
	conf, err := exec.Command(c.bin, "--print-default-config").Output()
	if err != nil {
		return nil, err
	}
	text := string(conf)
	var port string // of syslog
	for _, place := range []string{`:8514"`, `"6514"`, `"5514"`} {
		if port, err = process.FreePort(); err != nil {
			return nil, err
		}
		text = strings.ReplaceAll(text, place, place[:1]+port+`"`)
	}
	c.env = []string{"SYSLOG_HOST=127.0.0.1", "SYSLOG_PORT=" + port}
	s := &process.Server{Dir: c.work, Command: []string{c.bin}}
	if err := s.Configure(strings.Replace(text, "\ntemplate(", record+"\ntemplate(", 1)); err != nil {
		return nil, err
	}
	return s, s.Start()
}
