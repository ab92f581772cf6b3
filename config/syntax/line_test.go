package syntax

import (
	"strings"
	"testing"
)

// lineTests are what each way to read takes from the front of a line, and what it leaves.
var lineTests = []struct {
	name, text, want, rest string
	take                   func(*Line) string
}{
	{"word", "  a#b # text", "a#b", " # text", (*Line).Word},
	{"word before a tab", "a\t# text", "a", "\t# text", (*Line).Word},
	{"word in quotes", `"a b" c`, `"a`, ` b" c`, (*Line).Word},
	{"no word", " \t", "", "", (*Line).Word},
	{"file", "/a;T # text", "/a", ";T # text", (*Line).File},
	{"file before a blank", "/a # text", "/a", " # text", (*Line).File},
	{"a tab does not end a file", "/a\t# text", "/a\t#", " text", (*Line).File},
	{"file in quotes", `/a";T`, `/a"`, ";T", (*Line).File},
	{"no file", ";T", "", ";T", (*Line).File},

	{"host", "h", "h,", "", takeHost},
	{"host and comment", "h  # text", "h,", "# text", takeHost},
	{"host, port and comment", "h:514\t# text", "h,514", "\t# text", takeHost},
	{"host and template", "h;T", "h,", ";T", takeHost},
	{"host, port and template", "h:514;T", "h,514", ";T", takeHost},
	{"address in brackets", "[2001:db8::1]:514;T", "2001:db8::1,514", ";T", takeHost},
	{"address without brackets", "2001:db8::1", "2001,db8::1", "", takeHost},
	{"a service behind the colon", "h:syslog-tls # text", "h,syslog-tls", " # text", takeHost},
	{"what stands behind the port", "h:514x;T", "h,514", ";T", takeHost},
	{"no port behind the colon", "h:;T", "h,", ";T", takeHost},
	{"no bracket at the end", "[::1", "the address has no ]", "", takeHost},
	{"no host", ":514", "the action names no host", "", takeHost},
	{"nothing", "", "the action names no host", "", takeHost},
	{"two hosts", "a b", `want ;TEMPLATE behind the host, found blanks in "a b"`, "", takeHost},

	{"template", ";T", "T", "", takeTemplate},
	{"blanks around a template", "  ; T\t# text", "T", "\t# text", takeTemplate},
	{"comment at a template", ";T#text", "T", "#text", takeTemplate},
	{"comment for a template", "; # text", "", "# text", takeTemplate},
	{"no template", " # text", "", "# text", takeTemplate},
	{"text for a template", " text", `want ;TEMPLATE, found "text"`, "text", takeTemplate},
}

func takeHost(l *Line) string {
	host, port, err := l.Host()
	if err != nil {
		return err.Error()
	}
	return host + "," + port
}

func takeTemplate(l *Line) string {
	name, at, err := l.Template()
	switch {
	case err != nil:
		return err.Error()
	case name != "" && !strings.HasPrefix(l.text[at:], name):
		return "the template stands elsewhere"
	}
	return name
}

func TestLine(t *testing.T) {
	t.Parallel()
	for _, tt := range lineTests {
		l := NewLine(tt.text)
		if got := tt.take(l); got != tt.want || l.Rest() != tt.rest {
			t.Errorf("%s: %q: got %q and left %q, want %q and %q", tt.name, tt.text, got, l.Rest(), tt.want, tt.rest)
		}
	}
}

// FuzzLine reads a line in every way: what is taken and what is left are the line,
// a word has no white space and is the same with a comment behind it, and the name of a
// file has no blank.
func FuzzLine(f *testing.F) {
	for _, tt := range lineTests {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, take := range map[string]func(*Line) string{"word": (*Line).Word, "file": (*Line).File, "host": takeHost, "template": takeTemplate} {
			l := NewLine(text)
			got := take(l)
			if l.Offset() < 0 || text[l.Offset():] != l.Rest() {
				t.Fatalf("%s of %q: offset %d, and %q is left", name, text, l.Offset(), l.Rest())
			}
			switch name {
			case "word":
				if strings.ContainsFunc(got, func(r rune) bool { return r < 0x80 && isSpace(byte(r)) }) {
					t.Fatalf("word of %q: %q", text, got)
				}
				if again := NewLine(text + " # text").Word(); got != "" && again != got {
					t.Fatalf("word of %q: %q, and with a comment %q", text, got, again)
				}
			case "file":
				if strings.ContainsAny(got, " ;") {
					t.Fatalf("file of %q: %q", text, got)
				}
			}
		}
	})
}
