package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Help of every subcommand: on standard output, with a sentence and an example,
// and nothing is wrong.
func TestEverySubcommandExplainsItself(t *testing.T) {
	t.Parallel()
	for _, s := range subcommands() {
		for _, args := range [][]string{{s.name, "--help"}, {s.name, "-h"}, {"help", s.name}, {s.name, "x", "--help"}} {
			var out, errs bytes.Buffer
			c := &command{prog: "syslogd", args: args, stdout: &out, stderr: &errs}
			if status, found := c.subcommand(); status != 0 || !found {
				t.Errorf("%q: status %d, stderr %q", args, status, errs.String())
			}
			for _, want := range []string{"usage: syslogd " + s.name, s.does, "\n  syslogd " + s.examples[0]} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q does not say %q:\n%s", args, want, out.String())
				}
			}
			if errs.Len() > 0 {
				t.Errorf("%q writes to standard error: %s", args, errs.String())
			}
			for _, f := range flagsOf(s)[1:] {
				if !strings.Contains(out.String(), "  "+f.name) || !strings.Contains(s.usage, f.name) {
					t.Errorf("%q: the usage or the list lacks %s", args, f.name)
				}
			}
		}
	}
}

// What the shells that are here offer for a command line.
func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	dir := t.TempDir()
	script := filepath.Join(dir, "completion")
	if err := os.WriteFile(script, completionFor(t, "bash"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "my.conf"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		line []string
		want []string
	}{
		{[]string{"syslogd", "ex"}, []string{"explain"}},
		{[]string{"syslogd", "--def"}, []string{"--default-config"}},
		{[]string{"syslogd", "explain", "--mat"}, []string{"--matched"}},
		{[]string{"syslogd", "check", "--j"}, []string{"--json"}},
		{[]string{"syslogd", "check", "my"}, []string{"my.conf"}},
		{[]string{"syslogd", "completion", "z"}, []string{"zsh"}},
		{[]string{"syslogd", "help", "q"}, []string{"queue"}},
	} {
		cmd := exec.Command(bash, "--norc", "-c", `. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _syslogd; printf '%s\n' "${COMPREPLY[@]}"`, script)
		cmd.Args = append(cmd.Args, test.line...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if got := strings.Fields(string(out)); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, want %q (%v)", test.line, got, test.want, err)
		}
	}
}

// The scripts name every command and every flag, and a shell that is here reads them.
func TestCompletionIsComplete(t *testing.T) {
	t.Parallel()
	for _, shell := range shellNames() {
		script := completionFor(t, shell)
		for _, s := range subcommands() {
			list := append(flagsOf(s), serverFlags()...)
			for _, f := range list {
				name := f.name
				if shell == "fish" {
					name = " " + strings.TrimLeft(name, "-") + " "
				}
				if !bytes.Contains(script, []byte(name)) {
					t.Errorf("%s: %s of %s is missing", shell, f.name, s.name)
				}
			}
			if !bytes.Contains(script, []byte(s.name)) {
				t.Errorf("%s: %s is missing", shell, s.name)
			}
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		cmd := exec.Command(path, "-n")
		cmd.Stdin = bytes.NewReader(script)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s does not read the script: %v\n%s", shell, err, out)
		}
	}
}

func completionFor(t *testing.T, shell string) []byte {
	t.Helper()
	var out bytes.Buffer
	c := &command{prog: "syslogd", args: []string{"completion", shell}, stdout: &out, stderr: os.Stderr}
	if status, _ := c.subcommand(); status != 0 {
		t.Fatalf("completion %s: status %d", shell, status)
	}
	return out.Bytes()
}
