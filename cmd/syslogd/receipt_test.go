package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"syslogd/internal/process"
)

// Lines that a full disk keeps in memory are read again when the server is killed there.
func TestLinesThatAFullDiskKeepsInMemoryAreReadAgain(t *testing.T) {
	t.Parallel()
	disk, mayFill := scratch(t)
	if !mayFill {
		t.Skip("no disk may be filled")
	}
	s := startServer(t, strings.Replace(fileConf, `file="@DIR@/out.log"`, `file="`+disk+`/out.log"`, 1))
	out := func() string {
		text, _ := os.ReadFile(filepath.Join(disk, "out.log"))
		return string(text)
	}
	add := func(from, to int) {
		t.Helper()
		f, err := os.OpenFile(s.path("in.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for i := from; i <= to; i++ {
			fmt.Fprintf(f, "line %d\n", i)
		}
	}
	add(1, 10)
	if !poll(func() bool { return strings.Contains(out(), "line 10\n") }) {
		t.Fatalf("the first lines did not come: %s", s.read("output"))
	}
	fill(filepath.Join(disk, "ballast"))
	add(11, 2000)
	if !poll(func() bool { return strings.Contains(s.read("output"), "cannot be written") }) {
		t.Fatalf("the disk is full, and nobody says so: %s", s.read("output"))
	}
	begin := time.Now()
	poll(func() bool { return time.Since(begin) > 3*time.Second }) // positions are saved in between
	s.kill()
	os.Remove(filepath.Join(disk, "ballast"))
	s.again()
	if !poll(func() bool { return strings.Contains(out(), "line 2000\n") }) {
		t.Fatalf("the last line did not come: %s", s.read("output"))
	}
	s.stop()
	got := map[string]bool{}
	for line := range strings.Lines(out()) {
		got[strings.TrimSuffix(line, "\n")] = true
	}
	for i := 1; i <= 2000; i++ {
		if !got[fmt.Sprintf("line %d", i)] {
			t.Fatalf("line %d is missing, %d of 2000 are there", i, len(got))
		}
	}
}

// What a sender of RELP gets an answer to with acknowledge="stored" is in the file: also when
// the server is killed at that moment, and while the disk is full there is no answer.
func TestWhatIsAcknowledgedAsStoredIsInTheFile(t *testing.T) {
	t.Parallel()
	disk, mayFill := scratch(t)
	s := startServer(t, `
global(workDirectory="@DIR@")
module(load="imrelp")
input(type="imrelp" address="127.0.0.1" port="0" acknowledge="stored")
template(name="f" type="string" string="%msg%\n")
action(type="omfile" file="`+disk+`/out.log" template="f" action.resumeRetryCount="-1" action.resumeInterval="1")
`)
	c := connect(t, "tcp", s.port("imrelp"))
	c.SetDeadline(time.Now().Add(4 * process.Patience))
	answers := bufio.NewReader(c)
	fmt.Fprint(c, "1 open 30 relp_version=0\ncommands=syslog\n")
	awaitLine := func(want string) {
		t.Helper()
		for {
			line, err := answers.ReadString('\n')
			if err != nil {
				t.Fatalf("no answer %q: %v\n%s", want, err, s.read("output"))
			}
			if strings.HasPrefix(line, want) {
				return
			}
		}
	}
	// Longer than a page: what is left of the last one of a file can be written.
	padding := strings.Repeat("x", 6000)
	say := func(n int) {
		text := fmt.Sprintf("<13>Oct 11 22:14:15 web1 app: %sline %d", padding, n)
		fmt.Fprintf(c, "%d syslog %d %s\n", n, len(text), text)
	}
	awaitLine("commands=")
	say(2)
	awaitLine("2 rsp 6 200")
	out, _ := os.ReadFile(filepath.Join(disk, "out.log"))
	if !strings.HasSuffix(string(out), "line 2\n") {
		t.Errorf("the file has %q when the message is acknowledged", out)
	}
	if mayFill {
		fill(filepath.Join(disk, "ballast"))
		say(3)
		c.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		if line, err := answers.ReadString('\n'); err == nil {
			t.Errorf("the disk is full, and the server answers %q", line)
		}
		os.Remove(filepath.Join(disk, "ballast"))
		c.SetReadDeadline(time.Now().Add(4 * process.Patience))
		awaitLine("3 rsp 6 200")
	}
	s.kill()
	if out, _ := os.ReadFile(filepath.Join(disk, "out.log")); mayFill && !strings.Contains(string(out), "line 3\n") {
		t.Errorf("an acknowledged message is not in the file: %q", out)
	}
}
