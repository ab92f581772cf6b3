package main

import (
	"regexp"
	"testing"
	"unicode/utf8"
)

// Output that is no valid text, made of input that is, is a fault of the daemon that it
// was recorded from: memory that it read by mistake, or a character that it cut. Nobody can
// depend on that, so no case may want it.
func TestNoCaseWantsBytesThatNobodySent(t *testing.T) {
	t.Parallel()
	cases, err := loadCases("../../testdata/compat/cases")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if !validInput(c) {
			continue
		}
		for name, text := range c.want {
			if !utf8.Valid(text) {
				t.Errorf("%s: %s has bytes that are no text: %q", c.name, name, text)
			}
		}
	}
}

// hasHighEscape finds bytes above 127 that a step writes as \xHH.
var hasHighEscape = regexp.MustCompile(`\\x[89a-fA-F]`)

// validInput reports whether no step and no file of a case has bytes that are no text.
func validInput(c *testCase) bool {
	for _, text := range c.files {
		if !utf8.Valid(text) {
			return false
		}
	}
	for _, step := range c.steps {
		if hasHighEscape.MatchString(step) || !utf8.ValidString(step) {
			return false
		}
	}
	return true
}
