package omshell_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"syslogd/module"
	"syslogd/output"
	"syslogd/output/omshell"
)

func run(t *testing.T, binary string, records ...string) error {
	t.Helper()
	out, err := omshell.New(omshell.Config{Binary: binary}, module.Env{})
	if err != nil {
		t.Fatal(err)
	}
	var p output.Part
	for _, r := range records {
		p.Data = append(p.Data, r...)
		p.Ends = append(p.Ends, len(p.Data))
	}
	return out.Write(context.Background(), &output.Batch{Parts: []output.Part{p}})
}

// Not parallel: a file just written can not always be executed while other tests
// start programs.
func TestTheProgramGetsTheTextAsItsOnlyArgument(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	script := "#!/bin/sh\nprintf '%s[%s]\\n' \"$#\" \"$1\" >> " + filepath.Join(dir, "out") + "\nexit 3\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := run(t, program, "one two", "$HOME `id` 'x';y", ""); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "out"))
	if want := "1[one two]\n1[$HOME `id` 'x';y]\n1[]\n"; err != nil || string(text) != want {
		t.Errorf("got %q (%v), want %q", text, err, want)
	}
}

func TestAProgramThatIsNotThereRejectsTheMessage(t *testing.T) {
	var rejected *output.Rejected
	if err := run(t, "/no/such/program", "x"); !errors.As(err, &rejected) || rejected.Index != 0 {
		t.Errorf("got %v", err)
	}
}
