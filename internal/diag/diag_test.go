package diag

import (
	"strings"
	"testing"
)

func TestSuggest(t *testing.T) {
	t.Parallel()
	names := []string{"port", "type", "address", "ruleset", "rcvbufSize", "ratelimit.interval", "name"}
	for _, c := range []struct{ word, want string }{
		{"prt", "port"},
		{"prot", "port"}, // two neighbours swapped
		{"PORT", "port"},
		{"addres", "address"},
		{"adress", "address"},
		{"rulset", "ruleset"},
		{"rcvbufsize", "rcvbufSize"},
		{"ratelimit.intervall", "ratelimit.interval"},
		{"tipe", "type"},
		{"xyz", ""},
		{"", ""},
		{"p", ""},
		{"averylongwordthatisnothing", ""},
	} {
		if got := Suggest(c.word, names); got != c.want {
			t.Errorf("Suggest(%q) = %q, want %q", c.word, got, c.want)
		}
	}
	if names[0] != "port" {
		t.Error("Suggest has sorted the caller's slice")
	}
}

func TestSuggestTakesTheFirstOfEquallyNear(t *testing.T) {
	t.Parallel()
	if got := Suggest("bat", []string{"hat", "cat", "rat"}); got != "cat" {
		t.Errorf("got %q, want cat", got)
	}
}

func TestDistanceIsSymmetric(t *testing.T) {
	t.Parallel()
	words := []string{"", "a", "ab", "ba", "abc", "acb", "template", "tempalte", "type", "port"}
	for _, a := range words {
		for _, b := range words {
			if x, y := distance(a, b, 9), distance(b, a, 9); x != y {
				t.Errorf("%q to %q is %d, back it is %d", a, b, x, y)
			}
		}
	}
}

func TestCountAndClean(t *testing.T) {
	t.Parallel()
	var l List
	l.Notef(Range{}, "a note")
	if !l.Clean() {
		t.Error("a note makes the list unclean")
	}
	l.Warnf(Range{}, "a warning").Hint = "hint"
	l.Errorf(Range{}, "an error %d", 1).Code = -1
	if l.Clean() || l.Count(Note) != 3 || l.Count(Warning) != 2 || l.Count(Error) != 1 || l.Len() != 3 {
		t.Errorf("%+v", l.All())
	}
	if l.All()[1].Hint != "hint" || l.All()[2].Code != -1 || l.All()[2].Text != "an error 1" {
		t.Errorf("%+v", l.All())
	}
}

func TestPosString(t *testing.T) {
	t.Parallel()
	src := &Source{Name: "a.conf"}
	for _, c := range []struct {
		pos  Pos
		want string
	}{
		{Pos{src, 2, 3}, "a.conf:2:3"}, {Pos{Src: src}, "a.conf"}, {Pos{}, "-"},
	} {
		if got := c.pos.String(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func write(d Diagnostic) string {
	var b strings.Builder
	d.Write(&b)
	return b.String()
}

func TestWrite(t *testing.T) {
	t.Parallel()
	main := &Source{Name: "main.conf", Text: []byte("include(file=\"/a\")\n")}
	src := &Source{Name: "/a", Text: []byte("first\n\tport=\"5\" x\r\nlast"), From: Range{Pos{main, 1, 14}, 4}}
	d := Diagnostic{
		Severity: Error, Range: Range{Pos{src, 2, 7}, 3}, Text: "want a number from 10, found \"5\"",
		Hint: "write more", Effect: "this input is ignored", Code: -2207,
		Related: []Related{{Range{Pos{src, 1, 1}, 5}, "first given here"}},
	}
	want := `/a:2:7: error: want a number from 10, found "5" [-2207]
  2 | ` + "\t" + `port="5" x
    | ` + "\t" + `     ^^^
  note: /a:1:1: first given here
  hint: write more
  this input is ignored
  note: included from main.conf:1:14
`
	if got := write(d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWriteWithoutPlace(t *testing.T) {
	t.Parallel()
	if got, want := write(Diagnostic{Severity: Note, Text: "hello"}), "note: hello\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	src := &Source{Name: "a.conf"}
	if got, want := write(Diagnostic{Severity: Warning, Range: Range{Start: Pos{Src: src}}, Text: "empty"}), "a.conf: warning: empty\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCaret(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		line     string
		col, len int
		want     string // the line and the carets, without the margin
	}{
		{"word", "abc def", 5, 3, "abc def\n    ^^^\n"},
		{"no length", "abc", 2, 0, "abc\n ^\n"},
		{"longer than the line", "abc", 2, 10, "abc\n ^^\n"},
		{"behind the line", "abc", 4, 1, "abc\n   ^\n"},
		{"far behind the line", "abc", 99, 5, "abc\n   ^\n"},
		{"empty line", "", 1, 1, "\n^\n"},
		{"tabs", "\ta\tbc", 4, 2, "\ta\tbc\n\t \t^^\n"},
		{"UTF-8 in front", "äö x", 6, 1, "äö x\n   ^\n"},
		{"UTF-8 below", "a äöü", 3, 6, "a äöü\n  ^^^\n"},
		{"wide characters", "日本 x", 8, 1, "日本 x\n     ^\n"},
		{"wide characters below", "日本", 1, 6, "日本\n^^^^\n"},
		{"combining mark", "e\u0301 x", 5, 1, "e\u0301 x\n  ^\n"},
		{"not UTF-8", "\xe4\xf6 x", 4, 1, "?? x\n   ^\n"},
		{"escape sequence", "\x1b[2Jx\x9b", 5, 1, "?[2Jx?\n    ^\n"},
		{"direction of writing", "a\u202eb", 5, 1, "a?b\n  ^\n"},
		{"inside of a character", "äb", 2, 2, "äb\n^^\n"},
	} {
		src := &Source{Name: "x", Text: []byte(c.line + "\nnext")}
		got := write(Diagnostic{Range: Range{Pos{src, 1, c.col}, c.len}, Text: "t"})
		got = strings.TrimPrefix(got, "x:1:")
		got = got[strings.Index(got, "\n")+1:]
		got = strings.ReplaceAll(strings.ReplaceAll(got, "  1 | ", ""), "    | ", "")
		if got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestCaretInLongLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ col, len int }{{1, 5}, {100, 5}, {158, 20}, {1000, 4}, {1000, 5000}, {9995, 6}, {1, 10000}, {10001, 1}} {
		text := []byte(strings.Repeat(".", 10000))
		for i := c.col - 1; i < c.col-1+c.len && i < len(text); i++ {
			text[i] = 'x'
		}
		src := &Source{Name: "x", Text: text}
		lines := strings.Split(write(Diagnostic{Range: Range{Pos{src, 1, c.col}, c.len}, Text: "t"}), "\n")
		if len(lines[1]) > maxExcerpt+20 {
			t.Errorf("%v: %d columns are shown", c, len(lines[1]))
		}
		for i := range lines[2] {
			if lines[2][i] == '^' && i < len(lines[1]) && lines[1][i] != 'x' {
				t.Errorf("%v: the carets do not lie below the text:\n%s\n%s", c, lines[1], lines[2])
				break
			}
		}
		if !strings.Contains(lines[2], "^") {
			t.Errorf("%v: no caret", c)
		}
	}
}

func TestWriteCleansTexts(t *testing.T) {
	t.Parallel()
	got := write(Diagnostic{Text: "a\x1bb", Hint: "c\nd", Effect: "e\u202ef"})
	if want := "note: a?b\n  hint: c?d\n  e?f\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
