package imfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"syslogd/internal/posix"
)

func expr(t testing.TB, s string) *posix.Regexp {
	t.Helper()
	if s == "" {
		return nil
	}
	re, err := posix.Compile(s, posix.Extended, false)
	if err != nil {
		t.Fatal(err)
	}
	return re
}

// pieces cuts text that arrives in steps of so many bytes. It returns the
// messages with their offsets, and what was not sent.
func pieces(s *splitter, text string, step int, end flush) (out []string, rest string) {
	var st skip
	from := 0
	for have := 0; ; {
		have = min(have+step, len(text))
		f := flushNothing
		if have == len(text) {
			f = end
		}
		for {
			p := s.next([]byte(text[from:have]), &st, flushNothing)
			if p.used == 0 {
				p = s.next([]byte(text[from:have]), &st, f)
			}
			if p.used == 0 {
				break
			}
			if len(p.text) > 0 {
				out = append(out, fmt.Sprintf("%d:%s", from, p.text))
			}
			from += p.used
		}
		if have == len(text) {
			return out, text[from:]
		}
	}
}

var splitCases = []struct {
	name       string
	mode       readMode
	start, end string
	join       string
	limit      int
	trim       int
	discard    bool
	in         string
	want       []string
	rest       string
}{
	{name: "lines", in: "one\n\n  two  \nthr", want: []string{"0:one", "5:  two  "}, rest: "thr"},
	{name: "a line of the limit", limit: 4, in: "1234\n12345\nx\n", want: []string{"0:1234", "5:1234", "11:x"}},
	{name: "a line without end", limit: 4, in: strings.Repeat("x", 50), want: []string{"0:xxxx"}},
	{name: "trim", trim: 3, in: "12345\n12\n", want: []string{"0:123", "6:12"}},
	{name: "paragraphs", mode: modeParagraph, join: "#012", in: "a\nb\n\n\n\nc\n  \nd\n\ne\n",
		want: []string{"0:a#012b", "7:c#012  #012d"}, rest: "e\n"},
	{name: "a paragraph over the limit", mode: modeParagraph, join: "/", limit: 6, in: "abc\ndef\nghi\n\nx\n\n", want: []string{"0:abc/de", "13:x"}},
	{name: "a paragraph of one long line", mode: modeParagraph, join: "/", limit: 3, in: "abcdef\nghi\n\nx\n\n", want: []string{"0:abc", "12:x"}},
	{name: "indented", mode: modeIndented, join: "<LF>", in: "a\n b\n\n c\nd\n\ne\n", want: []string{"0:a<LF> b", "6: c", "9:d"}, rest: "e\n"},
	{name: "indented over the limit", mode: modeIndented, join: "/", limit: 4, in: "a\n bcd\n e\nf\n", want: []string{"0:a/ b"}, rest: "f\n"},
	{name: "start", mode: modeRegex, join: `\n`, start: "^S", in: "pre\nS one\nL\n\nL2\nS two\nx\nS", want: []string{"0:pre", `4:S one\nL\n\nL2`}, rest: "S two\nx\nS"},
	{name: "end", mode: modeRegex, join: "+", end: "END$", in: "a\nb END\nc\n", want: []string{"0:a+b END"}, rest: "c\n"},
	{name: "start and end", mode: modeRegex, join: "+", start: "^S", end: "^E", in: "S\na\nE\nb\nS\nE\n", want: []string{"0:S+a+E", "6:b", "8:S+E"}},
	{name: "a long message is split", mode: modeRegex, join: "+", start: "^S", limit: 6, in: "S1234\n567\n8\nS\nS\n",
		want: []string{"0:S1234+", "6:567+8", "12:S"}, rest: "S\n"},
	{name: "a long message is discarded", mode: modeRegex, join: "+", start: "^S", limit: 7, discard: true, in: "S1234\n567\n8\nS\nS\n",
		want: []string{"0:S1234+5", "12:S"}, rest: "S\n"},
	{name: "the end of a discarded message", mode: modeRegex, join: "+", end: "END$", limit: 4, discard: true, in: "123\n456\n7END\nx END\n",
		want: []string{"0:123+", "13:x EN"}},
	{name: "a line without end in a message", mode: modeRegex, join: "+", start: "^S", limit: 4, in: "S\n" + strings.Repeat("x", 9), want: []string{"0:S+xx", "4:xxxx"}, rest: "xxx"},
}

func TestSplit(t *testing.T) {
	for _, c := range splitCases {
		t.Run(c.name, func(t *testing.T) {
			s := &splitter{mode: c.mode, start: expr(t, c.start), end: expr(t, c.end), join: []byte(c.join), limit: max(c.limit, 1), rawLimit: 1 << 20, trim: c.trim, discard: c.discard}
			if c.limit == 0 {
				s.limit = 100
			}
			for _, step := range []int{1, 3, 1000} {
				got, rest := pieces(s, c.in, step, flushNothing)
				if !slices.Equal(got, c.want) || rest != c.rest {
					t.Errorf("steps of %d: got %q, rest %q\nwant %q, rest %q", step, got, rest, c.want, c.rest)
				}
			}
		})
	}
}

func TestSplitFlush(t *testing.T) {
	s := &splitter{mode: modeRegex, start: expr(t, "^S"), join: []byte("+"), limit: 100, rawLimit: 1000}
	const text = "S one\nmore\npart"
	if got, rest := pieces(s, text, 1000, flushLines); !slices.Equal(got, []string{"0:S one+more"}) || rest != "part" {
		t.Errorf("lines: got %q, rest %q", got, rest)
	}
	if got, rest := pieces(s, text, 1000, flushAll); !slices.Equal(got, []string{"0:S one+more+part"}) || rest != "" {
		t.Errorf("all: got %q, rest %q", got, rest)
	}
}

// A message takes a bounded part of the file even if its lines add nothing.
func TestSplitBoundsEmptyLines(t *testing.T) {
	s := &splitter{mode: modeRegex, start: expr(t, "^S"), limit: 10, rawLimit: 100}
	got, rest := pieces(s, strings.Repeat("\n", 1000)+"S\nx\nS\n", 1000, flushNothing)
	if len(rest) > 100 || len(got) == 0 || got[len(got)-1] != "1000:Sx" {
		t.Errorf("got %q, rest of %d bytes", got, len(rest))
	}
}

// Whole or byte by byte, a file has the same messages, and no text of it is in two.
func FuzzSplit(f *testing.F) {
	for _, c := range splitCases {
		f.Add(byte(c.mode), byte(c.limit), c.discard, c.in)
	}
	f.Fuzz(func(t *testing.T, mode, limit byte, discard bool, text string) {
		if len(text) > 4096 {
			return
		}
		s := &splitter{mode: readMode(mode % 4), limit: 1 + int(limit), rawLimit: 600, join: []byte("/"), discard: discard,
			start: expr(t, "^S"), end: expr(t, "E$")}
		if mode&8 != 0 {
			s.start = nil
		}
		if mode&16 != 0 {
			s.join = nil
		}
		whole, rest := pieces(s, text, len(text)+1, flushAll)
		slow, slowRest := pieces(s, text, 1, flushAll)
		if !slices.Equal(whole, slow) || rest != slowRest {
			t.Fatalf("whole %q, rest %q\nby bytes %q, rest %q", whole, rest, slow, slowRest)
		}
		if rest != "" {
			t.Fatalf("%q is left", rest)
		}
		total := 0
		for _, p := range whole {
			_, msg, _ := strings.Cut(p, ":")
			if len(msg) > s.limit {
				t.Fatalf("%q is longer than %d", msg, s.limit)
			}
			total += len(strings.ReplaceAll(msg, "/", ""))
		}
		if total > len(bytes.ReplaceAll([]byte(text), []byte("/"), nil)) {
			t.Fatalf("%d bytes of messages of %q: %q", total, text, whole)
		}
	})
}

// A line that is too long, or trimmed, is cut between characters.
func TestLinesAreCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	for _, mode := range []func(*Config){
		func(*Config) {}, func(c *Config) { c.Trim = 50 }, func(c *Config) { c.ReadMode = 2 }, func(c *Config) { c.Start = "^<" },
	} {
		for shift := range 4 {
			var c Config
			inputParams.SetDefaults(&c)
			mode(&c)
			s, err := c.splitter(64)
			if err != nil {
				t.Fatal(err)
			}
			buf, st := []byte("<13>"+strings.Repeat("x", shift)+strings.Repeat("€", 60)+"\n<13>end\n"), skip{}
			for range 20 {
				p := s.next(buf, &st, flushAll)
				if !utf8.Valid(p.text) {
					t.Errorf("%q is cut within a character", p.text)
				}
				if buf = buf[p.used:]; len(buf) == 0 {
					break
				}
			}
		}
	}
}
