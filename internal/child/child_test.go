package child_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"syslogd/internal/child"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for command, want := range map[string][]string{
		"/bin/prog":                 {"/bin/prog"},
		`/bin/prog a 'b c' "d e" f`: {"/bin/prog", "a", "'b", "c'", `"d e"`, "f"},
		`  p   a  `:                 {"p", "a"},
		`p "open`:                   {"p", `"open`},
		"":                          nil,
	} {
		if got := child.Split(command); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", command, got, want)
		}
	}
}

func TestAProgramThatAnswers(t *testing.T) {
	t.Parallel()
	p, err := child.Start("/bin/cat", true, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "", strings.Repeat("x", 50000)} {
		if err := p.Write([]byte(text+"\n"), time.Minute); err != nil {
			t.Fatal(err)
		}
		if got, err := p.Line(time.Minute); err != nil || got != text {
			t.Errorf("got %.30q (%v), want %.30q", got, err, text)
		}
	}
	if _, err := p.Line(10 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "no answer within 10ms") {
		t.Errorf("without an answer: %v", err)
	}
	p.End(time.Minute, true)
}

func TestAProgramThatDoesNotEndIsKilled(t *testing.T) {
	t.Parallel()
	p, err := child.Start("/bin/sleep 1000", false, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	p.End(10*time.Millisecond, true)
	if d := time.Since(start); d > time.Minute {
		t.Errorf("it took %v", d)
	}
}

func TestAProgramThatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"/no/such/program", ""} {
		if _, err := child.Start(command, true, nil, nil); err == nil {
			t.Errorf("%q was started", command)
		}
	}
}

func TestProgramsGetFewVariables(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "/run/secret")
	t.Setenv("PASSWORD", "secret")
	t.Setenv("LC_ALL", "C.UTF-8")
	p, err := child.Start("/usr/bin/env", true, nil, child.Environment([]string{"TOKEN=given", "TZ=given"}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.End(0, true)
	seen := map[string]string{}
	for {
		line, err := p.Line(10 * time.Second)
		if err != nil {
			break
		}
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		seen[name] = value
	}
	for _, name := range []string{"PASSWORD", "NOTIFY_SOCKET"} {
		if _, there := seen[name]; there {
			t.Errorf("the program has %s", name)
		}
	}
	for name, want := range map[string]string{"TOKEN": "given", "TZ": "given", "LC_ALL": "C.UTF-8"} {
		if seen[name] != want {
			t.Errorf("%s is %q, want %q", name, seen[name], want)
		}
	}
}
