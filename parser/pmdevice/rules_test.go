package pmdevice

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"syslogd/message"
	"syslogd/parser"
)

// rule is one of the rules that docs/devices.md lists: messages that it is for, and
// messages that look like it and are read otherwise. Both have the fields that are
// wanted.
type rule struct {
	id, name     string
	hits, misses [][2]string
}

// rules are all of them, in the order of the files rules_*_test.go.
var rules = slices.Concat(headerRules, timeRules, ciscoRules, vendorRules, textRules)

func TestRules(t *testing.T) {
	t.Parallel()
	p := newParser(t, parser.DefaultOptions(), Config{})
	for _, r := range rules {
		t.Run(r.id+" "+r.name, func(t *testing.T) {
			t.Parallel()
			if len(r.hits)+len(r.misses) < 5 || len(r.misses) == 0 {
				t.Errorf("%d messages and %d near misses, want five in all and one near miss", len(r.hits), len(r.misses))
			}
			for _, c := range slices.Concat(r.hits, r.misses) {
				b := message.NewBatch(nil)
				m := add(b, c[0])
				p.Parse(b, m)
				if got := fields(m); got != c[1] {
					t.Errorf("%q\n got  %s\n want %s", c[0], got, c[1])
				}
			}
		})
	}
}

// The page lists each rule once, with the name that its test has.
func TestRulesAreListedInTheDocumentation(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/devices.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed, tested []string
	for _, row := range regexp.MustCompile(`(?m)^\| (R\d\d) \| ([^|]+) \|`).FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, row[1]+" "+row[2])
	}
	for _, r := range rules {
		tested = append(tested, r.id+" "+r.name)
	}
	slices.Sort(listed)
	slices.Sort(tested)
	if !slices.Equal(listed, tested) {
		t.Errorf("\n listed %q\n tested %q", listed, tested)
	}
}
