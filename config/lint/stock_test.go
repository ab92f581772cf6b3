package lint_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"syslogd/config"
	"syslogd/config/lint"
	"syslogd/engine"
	"syslogd/internal/diag"
)

// What distributions deliver and what we show as examples has no trap.
func TestNoFalseAlarm(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"testdata/*.conf", "../../examples/*.conf", "../../examples/*.yaml", "../../cmd/syslogd/default.conf"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	for _, name := range files {
		if filepath.Base(name) == "python.conf" {
			continue // it stands there as guides on the net have it
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range traps(t, filepath.Base(name), text) {
			t.Errorf("%s: %s: %s", name, d.Range.Start, d.Text)
		}
	}
}

// onPurpose are recorded cases that show what a trap does.
var onPurpose = map[string]bool{
	"check/bad-port":                 true,
	"check/duplicate-ruleset":        true,
	"config/size-units":              true,
	"control/ruleset-default-global": true,
	"expr/compare-ops":               true,
	"impstats/queues-with-files":     true,
	"expr/numbers-literal":           true,
	"expr/precedence":                true,
	"expr/truth":                     true,
	"selector/not-alone":             true,
}

// sink are the words that stand for ports of receivers in recorded cases: @SINKTCP@.
var sink = regexp.MustCompile(`@SINK[A-Z]+([0-9]*)@`)

// Of the recorded cases only those with a trap in them are noted.
func TestRecordedCasesHaveNoFalseAlarm(t *testing.T) {
	t.Parallel()
	const dir = "../../testdata/compat/cases"
	noted := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".txtar") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(path, dir+"/"), ".txtar")
		for _, f := range txtar.Parse(text).Files {
			if f.Name != "rsyslog.conf" {
				continue
			}
			for _, n := range traps(t, "rsyslog.conf", sink.ReplaceAll(f.Data, []byte("9$1"))) {
				if strings.Contains(n.Text, "hidden file") {
					continue // of log/%PROGRAMNAME%.log, which many have and few mean so
				}
				noted[name] = true
				if !onPurpose[name] {
					t.Errorf("%s: %s: %s", name, n.Range.Start, n.Text)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range onPurpose {
		if !noted[name] {
			t.Errorf("%s is noted no more and must leave the list", name)
		}
	}
}

func traps(t *testing.T, name string, text []byte) []diag.Diagnostic {
	t.Helper()
	cfg, _, err := config.Load(name, text, engine.Modules(), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var found diag.List
	lint.Check(cfg, lint.Host{Name: "here"}, &found)
	return found.All()
}
