package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each example has cases that say what becomes of messages.
func TestExamplesDoWhatTheirCasesSay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../examples/*.conf")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, conf := range files {
		cases := strings.TrimSuffix(conf, ".conf") + ".cases"
		if _, err := os.Stat(cases); err != nil {
			t.Error(err)
			continue
		}
		var out, errs bytes.Buffer
		c := &command{prog: "syslogd", args: []string{"test", conf, cases}, stdout: &out, stderr: &errs}
		if status, _ := c.subcommand(); status != 0 {
			t.Errorf("%s: status %d\n%s%s", cases, status, out.String(), errs.String())
		}
	}
}
