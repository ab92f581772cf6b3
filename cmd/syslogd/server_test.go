package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"syscall"
	"testing"

	"syslogd/internal/process"
)

// running is a server of the program under test, in a directory of its own.
type running struct {
	process.Server
	t *testing.T
}

// startServer starts the program with conf and returns when it says that it is
// ready. @DIR@ in conf is the server's directory.
func startServer(t *testing.T, conf string) *running {
	t.Helper()
	return startServerIn(t, t.TempDir(), conf)
}

// startServerIn does so in a directory where another one may have run before. wrap is a
// command that runs what is behind it.
func startServerIn(t *testing.T, dir, conf string, wrap ...string) *running {
	t.Helper()
	s := &running{t: t, Server: process.Server{Dir: dir, Command: append(wrap, "syslogd")}}
	if err := s.Configure(conf); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return s
}

// again starts the program once more in the same directory.
func (s *running) again() {
	s.t.Helper()
	s.KeepOutput = true
	if err := s.Start(); err != nil {
		s.t.Fatal(err)
	}
}

// stop ends the server as an administrator does, and waits until it has ended.
func (s *running) stop() {
	s.t.Helper()
	if s.Process == nil {
		return
	}
	if err := s.Process.Stop(syscall.SIGTERM, process.Patience); err != nil {
		s.t.Errorf("the server ended with %v: %s", err, s.Output())
	}
	s.Process = nil
	if s.t.Failed() {
		s.t.Logf("output of the server:\n%s", s.Output())
	}
}

// kill ends the server at once.
func (s *running) kill() {
	s.Kill()
	s.Process = nil
}

func (s *running) path(name string) string { return filepath.Join(s.Dir, name) }

func (s *running) read(name string) string {
	text, _ := os.ReadFile(s.path(name))
	return string(text)
}

// port returns the port of the input of that name, as the server prints it.
func (s *running) port(input string) string {
	s.t.Helper()
	m := regexp.MustCompile(`(?m)^  listening +` + input + ` .*:(\d+)$`).FindStringSubmatch(s.read("output"))
	if m == nil {
		s.t.Fatalf("no %s in: %s", input, s.read("output"))
	}
	return m[1]
}

// holds waits until the file has as many lines as want, stops the server, and
// compares the lines, in any order.
func (s *running) holds(name string, want []string) {
	s.t.Helper()
	poll(func() bool { return strings.Count(s.read(name), "\n") >= len(want) })
	s.stop()
	got := strings.Split(strings.TrimSuffix(s.read(name), "\n"), "\n")
	sort.Strings(got)
	want = append([]string(nil), want...)
	sort.Strings(want)
	if problem := compareSorted(got, want); problem != "" {
		s.t.Errorf("%s: %s", name, problem)
	}
}

func compareSorted(got, want []string) string {
	var b strings.Builder
	for problems := 0; len(got)+len(want) > 0 && problems < 10; {
		switch {
		case len(want) == 0 || len(got) > 0 && got[0] < want[0]:
			fmt.Fprintf(&b, "\n  has, but should not: %q", got[0])
			got = got[1:]
			problems++
		case len(got) == 0 || want[0] < got[0]:
			fmt.Fprintf(&b, "\n  missing: %q", want[0])
			want = want[1:]
			problems++
		default:
			got, want = got[1:], want[1:]
		}
	}
	return b.String()
}

// need skips a test when a program that it is about is not installed.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed", program)
	}
	return path
}

// run runs a program to its end.
func runProgram(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}
