package terminal_test

import (
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"syslogd/internal/terminal"
)

func TestNothingDrivesATerminal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain ä €\n":       "plain ä €\n",
		"\r\n\aMessage\t.":  "\r\n\aMessage\t.",
		"a\x1b[2Jb":         "a#033[2Jb",
		"a\x00\b\x7fb":      "a#000#010#177b",
		"a\u009b2Jb":        "a#302#2332Jb",
		"a\x9b2Jb":          "a#2332Jb",
		"a\u202eb\u2066c":   "a#342#200#256b#342#201#246c",
		"":                  "",
		"\xff\xfe":          "#377#376",
		"\ufffd is a place": "\ufffd is a place",
	} {
		if got := string(terminal.Append(nil, []byte(text))); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// Whatever the text is, what comes out is text without anything that acts.
func FuzzAppend(f *testing.F) {
	f.Add("a\x1b[2J\u009b\x9b\u202e\n")
	f.Fuzz(func(t *testing.T, text string) {
		got := string(terminal.Append(nil, []byte(text)))
		if !utf8.ValidString(got) {
			t.Errorf("%q: %q is no text", text, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) && !strings.ContainsRune("\n\r\t\a", r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%q: %q has %U", text, got, r)
			}
		}
	})
}

func TestAFileIsNoTerminal(t *testing.T) {
	t.Parallel()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if terminal.Is(f) {
		t.Error("/dev/null is taken for a terminal")
	}
}
