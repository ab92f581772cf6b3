package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The manual page names each flag and each command that --help names.
func TestManualPageIsComplete(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/man/syslogd.8")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(page), `\-`, "-")
	var help bytes.Buffer
	(&command{prog: "syslogd", stdout: &help}).printHelp()
	flags := regexp.MustCompile(`(?m)^ +(--?[A-Za-z-]+)`).FindAllStringSubmatch(help.String(), -1)
	if len(flags) < 10 {
		t.Fatalf("only %d flags in\n%s", len(flags), help.String())
	}
	for _, f := range flags {
		if !regexp.MustCompile(`(?m)^\.BI? .*` + f[1] + `\b`).MatchString(text) {
			t.Errorf("syslogd.8 does not name %s", f[1])
		}
	}
	for _, s := range subcommands() {
		if !strings.Contains(text, "\n.B syslogd "+s.name) || !strings.Contains(text, "\n.B "+s.name+"\n") {
			t.Errorf("syslogd.8 does not describe %s", s.name)
		}
		for _, f := range regexp.MustCompile(`--[a-z]+`).FindAllString(s.usage, -1) {
			if !strings.Contains(text, "B "+f) {
				t.Errorf("syslogd.8 does not name %s of %s", f, s.name)
			}
		}
	}
}
