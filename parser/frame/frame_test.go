package frame

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// with returns the default options, small enough to be exceeded, with changes.
func with(changes ...func(*Options)) *Options {
	o := Defaults()
	o.MaxMessageSize = 64
	for _, c := range changes {
		c(&o)
	}
	return &o
}

func ptcp(o *Options)    { o.Dialect = PTCP }
func discard(o *Options) { o.DiscardTruncated = true }
func noNUL(o *Options)   { o.NULIsData = true }

func delimiter(c int) func(*Options) { return func(o *Options) { o.AddtlDelimiter = c } }

func regex(expr string) func(*Options) {
	return func(o *Options) { o.Dialect, o.DelimiterRegex = PTCP, regexp.MustCompile(expr) }
}

// session does what a connection does: it collects bytes, lets r take frames
// out, and keeps what is left. It returns frames and events in order.
func session(t testing.TB, o *Options, stream string, chunk func(left int) int) []string {
	t.Helper()
	var out []string
	var buf []byte
	r := NewReader(o)
	take := func(atEOF bool) {
		for {
			f, n, ev := r.Next(buf, atEOF)
			if ev.Kind != 0 {
				out = append(out, describe(ev))
			}
			if len(f) > 0 {
				out = append(out, string(f))
			}
			buf = buf[n:]
			if f == nil && n == 0 && ev.Kind == 0 {
				return
			}
			if len(out) > 10*len(stream)+10 {
				t.Fatal("no end")
			}
		}
	}
	for rest := []byte(stream); len(rest) > 0; {
		n := min(max(chunk(len(rest)), 1), len(rest))
		buf = append(buf[:len(buf):len(buf)], rest[:n]...)
		rest = rest[n:]
		take(false)
		if len(buf) > o.MaxBuffer() {
			t.Errorf("%d bytes are left, more than %d", len(buf), o.MaxBuffer())
		}
	}
	take(true)
	if len(buf) > 0 {
		t.Errorf("%q is left at the end", buf)
	}
	return out
}

func describe(ev Event) string {
	var names []string
	for i, n := range []string{"BadDelimiter", "ZeroCount", "TooLarge", "Oversize", "Split", "Incomplete", "Unterminated"} {
		if ev.Kind&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	s := "!" + strings.Join(names, "+")
	if ev.Kind&BadDelimiter != 0 {
		s += fmt.Sprintf(" %d", ev.Byte)
	}
	if ev.Kind != Split {
		s += fmt.Sprintf(" %d", ev.Size)
	}
	return s
}

func whole(left int) int { return left }

func byteByByte(int) int { return 1 }

const a60 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// streams are what imtcp and imptcp of rsyslogd 8.2302 were given and made of
// it, with a maxMessageSize of 64, and what is done beyond that.
var streams = []struct {
	name   string
	o      *Options
	stream string
	want   []string
}{
	{"LF", with(), "<13>one\n<13>two\n", []string{"<13>one", "<13>two"}},
	{"empty lines", with(), "\n\n<13>one\n\n\n<13>two\n", []string{"<13>one", "<13>two"}},
	{"CRLF", with(), "<13>one\r\n<13>two\r\n", []string{"<13>one\r", "<13>two\r"}},
	{"no LF at the end", with(), "<13>one\n<13>two", []string{"<13>one", "<13>two"}},
	{"no LF at the end, imptcp", with(ptcp), "<13>one\n<13>two", []string{"<13>one", "!Unterminated 7"}},
	{"octet-counted", with(), "7 <13>one7 <13>two9 <13>three", []string{"<13>one", "<13>two", "<13>three"}},
	{"octet-counted with LF inside", with(), "11 <13>one\ntwo9 <13>three", []string{"<13>one\ntwo", "<13>three"}},
	{"octet-counted with LF behind", with(), "7 <13>one\n7 <13>two\n", []string{"<13>one", "<13>two"}},
	{"octet-counted with LF in front", with(), "8 <13>one\n7 <13>two", []string{"<13>one\n", "<13>two"}},
	{"both", with(), "<13>one\n7 <13>two<13>three\n8 <13>four", []string{"<13>one", "<13>two", "<13>three", "<13>four"}},
	{"leading zeros in the count", with(), "0007 <13>one<13>two\n", []string{"<13>one", "<13>two"}},
	{"no blank behind the count", with(), "7x<13>one<13>two\n", []string{"!BadDelimiter 120 7", "<13>one", "<13>two"}},
	{"text that begins with a number", with(), "3 blind mice\n", []string{"bli", "nd mice"}},
	{"text that begins with a date", with(), "2003-10-11 text\n<13>after\n", []string{"!BadDelimiter+Oversize 45 2003", "!Incomplete 21"}},
	{"count 0", with(), "0 32 <13>x\n<13>y\n", []string{"!ZeroCount 0", "32 <13>x", "<13>y"}},
	{"count too large", with(), "99999999 <13>x\n<13>y\n", []string{"!TooLarge+Oversize 99999999", "99999999<13>x", "<13>y"}},
	{"count too large, no blank", with(), "99999999x<13>x\n", []string{"!BadDelimiter+TooLarge+Oversize 120 99999999", "99999999<13>x"}},
	{"digits without end", with(), strings.Repeat("1", 70) + "\nx\n", []string{"!TooLarge 1111111111111", strings.Repeat("1", 64), "!Split", "11111", "x"}},
	{"stream ends in the count", with(), "12", []string{"!Incomplete 2"}},
	{"stream ends behind the count", with(), "12 ", []string{"!Incomplete 0"}},
	{"stream ends in a frame", with(), "7 <13>one9 <13>t", []string{"<13>one", "!Incomplete 5"}},
	{"octet counting off", with(func(o *Options) { o.OctetCounting = false }), "7 <13>one\n<13>two\n", []string{"7 <13>one", "<13>two"}},
	{"text of just the limit", with(), a60 + "1234\nx\n", []string{a60 + "1234", "x"}},
	{"text one byte over the limit", with(), a60 + "12345\nx\n", []string{"!Split", a60 + "1234", "x"}},
	{"text over the limit", with(), a60 + "1234567\nx\n", []string{"!Split", a60 + "1234", "67", "x"}},
	{"text over the limit, cut", with(discard), a60 + "1234567\nx\n", []string{"!Split", a60 + "1234", "x"}},
	{"text over the limit, imptcp", with(ptcp), a60 + "1234567\nx\n", []string{"!Split", a60 + "1234", "567", "x"}},
	{"text far over the limit, cut", with(discard), strings.Repeat(a60, 9) + "\nx\n", []string{"!Split", strings.Repeat("a", 64), "x"}},
	{"octet-counted over the limit", with(), "67 " + a60 + "1234567" + "1 x", []string{"!Oversize 67", a60 + "1234", "67", "x"}},
	{"octet-counted over the limit, cut", with(discard), "67 " + a60 + "1234567" + "1 x", []string{"!Oversize 67", a60 + "1234", "x"}},
	{"octet-counted over the limit, imptcp", with(ptcp), "67 " + a60 + "1234567" + "1 x", []string{"!Oversize 67", a60 + "1234", "x"}},
	{"blank in front", with(), " <13>x\n", []string{" <13>x"}},
	{"blank in front, ASA", with(func(o *Options) { o.CiscoASAFix = true }), " <13>x\n 7 <13>one\n", []string{"<13>x", "<13>one"}},
	{"further delimiter", with(delimiter('|')), "<13>one|<13>two\n|3 |\nx", []string{"<13>one", "<13>two", "|\nx"}},
	{"further delimiter NUL", with(delimiter(0)), "<13>one\x00<13>two\n", []string{"<13>one", "<13>two"}},
	{"only the further delimiter", with(delimiter(0), func(o *Options) { o.LFDelimiter = false }), "<13>one\ntwo\x00<13>two\x00", []string{"<13>one\ntwo", "<13>two"}},
	{"several lines", with(ptcp, func(o *Options) { o.MultiLine = true }), "<13>one\n two\n three\n<13>next\n<13>last\n", []string{"<13>one\n two\n three", "<13>next", "<13>last"}},
	{"several lines, LF in front", with(ptcp, func(o *Options) { o.MultiLine = true }), "\nx\n<13>y\n", []string{"\nx", "<13>y"}},
	{"expression", with(regex("^<[0-9]{1,3}>")), "<13>one\n two\n<13>next\n<13>last\n", []string{"<13>one\n two", "<13>next", "!Unterminated 9"}},
	{"expression and counts", with(regex("^<[0-9]{1,3}>")), "3 ab\n<1>x\n<2>", []string{"3 ab", "<1>x", "!Unterminated 3"}},
	{"expression at a long line", with(regex("a$")), "x\n" + a60 + a60 + "\ny", []string{"x", "!Split", strings.Repeat("a", 64), "!Unterminated 58"}},

	{"NUL inside a line", with(), "<13>a\x00b\n<13>c\x00\n<13>d\n", []string{"<13>a\x00b", "<13>c\x00", "<13>d"}},
	{"records that end with NUL", with(), "<14>one\x00<12>two\x00<11>three\x00", []string{"<14>one", "<12>two", "<11>three"}},
	{"records that end with NUL, imptcp", with(ptcp), "<14>one\x00<12>two\x00<11>three\x00", []string{"<14>one", "<12>two", "<11>three"}},
	{"one record that ends with NUL, imptcp", with(ptcp), "<14>one\x00", []string{"<14>one\x00"}},
	{"records that end with LF NUL", with(), "<14>one\n\x00<12>two\n\x00<11>three\n\x00", []string{"<14>one", "<12>two\n", "<11>three\n"}},
	{"LF inside records that end with NUL", with(), "<14>one\x00<11>boom\nTraceback\n  x\x00<14>two\x00", []string{"<14>one", "<11>boom\nTraceback\n  x", "<14>two"}},
	{"NUL, then LF after all", with(), "<14>a\x00<13>b\n<13>c\n<13>d\x00e\n", []string{"<14>a", "<13>b", "<13>c", "<13>d\x00e"}},
	{"NUL, then no PRI", with(), "<14>a\x00<13>b\x00text\x00more\n", []string{"<14>a", "<13>b", "text\x00more"}},
	{"NUL, then a count", with(), "<14>a\x00<13>b\x007 <13>one", []string{"<14>a", "<13>b", "<13>one"}},
	{"NUL in front of text in brackets", with(), "<14>a\x00<tag>\n<14>b\x00<1234>\n", []string{"<14>a\x00<tag>", "<14>b\x00<1234>"}},
	{"only NUL", with(), "\x00", nil},
	{"NUL at the limit", with(), "<13>" + a60 + "\x00<13>x\x00", []string{"<13>" + a60, "<13>x"}},
	{"NUL recognition off", with(noNUL), "<14>one\x00<12>two\x00\n", []string{"<14>one\x00<12>two\x00"}},
}

func TestStreams(t *testing.T) {
	t.Parallel()
	for _, c := range streams {
		for how, chunk := range map[string]func(int) int{"whole": whole, "byte by byte": byteByByte, "in sevens": func(int) int { return 7 }} {
			got := session(t, c.o, c.stream, chunk)
			want := c.want
			// The expected lists may name an event before or behind its frame.
			if strings.Join(sorted(got), "|") != strings.Join(sorted(want), "|") {
				t.Errorf("%s, %s: %.80q\n got %.90q\nwant %.90q", c.name, how, c.stream, got, want)
			}
		}
	}
}

// sorted puts frames first, in order, and events behind them, in order.
func sorted(list []string) []string {
	var frames, events []string
	for _, s := range list {
		if strings.HasPrefix(s, "!") {
			events = append(events, s)
		} else {
			frames = append(frames, s)
		}
	}
	return append(frames, events...)
}

func TestIdleStream(t *testing.T) {
	t.Parallel()
	multi := with(func(o *Options) { o.MultiLine = true })
	for _, c := range []struct {
		name, pending string
		o             *Options
		want          string
	}{
		{"the first record that ends with NUL", "<14>started\x00", with(), "<14>started"},
		{"a record that is not complete", "<14>star", with(), ""},
		{"text without PRI", "text\x00", with(), ""},
		{"NUL is data", "<14>started\x00", with(noNUL), ""},
		{"lines, which may go on", "<14>one\n two\n", multi, ""},
		{"half an octet-counted frame", "9 <14>x\x00", with(), ""},
	} {
		r := NewReader(c.o)
		buf := []byte(c.pending)
		f, n, _ := r.Next(buf, false)
		if f != nil {
			t.Fatalf("%s: Next returned %q", c.name, f)
		}
		buf = buf[n:]
		f, n = r.Idle(buf)
		if string(f) != c.want || (f != nil) != (n == len(buf)) {
			t.Errorf("%s: got %q, %d; want %q", c.name, f, n, c.want)
		}
	}
	// A stream that has shown one NUL record needs no pause any more.
	r := NewReader(with())
	r.Next([]byte("<14>a\x00"), false)
	r.Idle([]byte("<14>a\x00"))
	if f, n, _ := r.Next([]byte("<14>b\x00"), false); string(f) != "<14>b" || n != 6 {
		t.Errorf("second record: got %q, %d", f, n)
	}
}

func TestLongFramesTakeLinearTime(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	o := Defaults()
	o.MaxMessageSize = size
	multi, lines := o, o
	multi.MultiLine = true
	lines.DelimiterRegex = regexp.MustCompile("^<never>")
	for name, c := range map[string]struct {
		o    *Options
		byte string
	}{
		"text":          {&o, "a"},
		"NUL":           {&o, "\x00"},
		"LF":            {&multi, "\n"},
		"one long line": {&lines, "a"},
		"short lines":   {&lines, "x\n"},
	} {
		start := time.Now()
		stream := "<13>" + strings.Repeat(c.byte, size/2)
		buf, r := []byte(stream), NewReader(c.o)
		from := 0
		for i := 1; i <= len(buf); i++ {
			_, n, _ := r.Next(buf[from:i], false)
			from += n
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%s: %v", name, d)
		}
	}
}

func TestWriters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{string(AppendOctetCounted(nil, []byte("<13>x"))), "5 <13>x"},
		{string(AppendOctetCounted([]byte("a"), nil)), "a0 "},
		{string(AppendOctetCounted(nil, bytes.Repeat([]byte("x"), 1234))), "1234 " + strings.Repeat("x", 1234)},
		{string(AppendLF([]byte("a"), []byte("b"))), "ab\n"},
		{string(AppendLF(nil, []byte("b\n"))), "b\n"},
		{string(AppendLF([]byte("a\n"), nil)), "a\n\n"},
		{string(AppendDelimited(nil, []byte("b"), 0)), "b\x00"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	var stream []byte
	msgs := []string{"<13>one", "<13>two\nlines", "<13>three\x00"}
	for _, m := range msgs {
		stream = AppendOctetCounted(stream, []byte(m))
	}
	if got := session(t, with(), string(stream), whole); strings.Join(got, "|") != strings.Join(msgs, "|") {
		t.Errorf("got %q", got)
	}
}

// FuzzLine compares the short ways for lines and counted frames with the general one.
func FuzzLine(f *testing.F) {
	for i, c := range streams {
		f.Add([]byte(c.stream), byte(i))
	}
	f.Add([]byte("5 <1>ab3 <2>99999 x"), byte(9))
	f.Add([]byte("<1>a\n<2>b\x00<3>c\n\n<4>\x00\n"), byte(0))
	f.Fuzz(func(t *testing.T, stream []byte, seed byte) {
		o := Defaults()
		o.MaxMessageSize = 4 + int(seed)
		quick, general := NewReader(&o), NewReader(&o)
		general.quick, general.counts = false, false
		for a, b := stream, append([]byte(nil), stream...); ; {
			x, n, e := quick.Next(a, true)
			y, m, g := general.Next(b, true)
			if string(x) != string(y) || n != m || e != g {
				t.Fatalf("%q: %q %d %+v, the general way %q %d %+v", stream, x, n, e, y, m, g)
			}
			if a, b = a[n:], b[m:]; n == 0 && len(x) == 0 && e.Kind == 0 {
				return
			}
		}
	})
}

// FuzzReader checks that it makes no difference how a stream is cut into buffers.
func FuzzReader(f *testing.F) {
	for i, c := range streams {
		f.Add([]byte(c.stream), uint16(i), byte(i))
	}
	expr := regexp.MustCompile("^<[0-9]{1,3}>")
	f.Fuzz(func(t *testing.T, stream []byte, bits uint16, seed byte) {
		on := func(i int) bool { return bits>>i&1 == 1 }
		o := Options{
			OctetCounting: !on(0), LFDelimiter: !on(1), AddtlDelimiter: -1, MaxFrameSize: 100, MaxMessageSize: 64,
			DiscardTruncated: on(2), CiscoASAFix: on(3), MultiLine: on(4), NULIsData: on(5), Dialect: Dialect(bits >> 6 & 1),
		}
		if on(7) {
			o.DelimiterRegex = expr
		}
		if on(8) {
			o.AddtlDelimiter = int(seed)
		}
		if on(9) {
			o.MaxMessageSize = 8
		}
		want := session(t, &o, string(stream), whole)
		rnd := uint32(seed)
		for how, chunk := range map[string]func(int) int{"byte by byte": byteByByte, "in pieces": func(int) int {
			rnd = rnd*1664525 + 1013904223
			return int(rnd>>24) % 17
		}} {
			if got := session(t, &o, string(stream), chunk); strings.Join(got, "\xff|") != strings.Join(want, "\xff|") {
				t.Errorf("%+v, %s: %q\n  got %q\nwhole %q", o, how, stream, got, want)
			}
		}
	})
}

func lines(n int) []byte {
	line := "<38>Oct 11 22:14:15 web01 sshd[12345]: Accepted publickey for deploy from 192.0.2.7 port 54321 ssh2: ED25519 SHA256:Zm9vYmFyYmF6cXV4cXV1eGNvcmdlZ3Jhd\n"
	return []byte(strings.Repeat(line, n))
}

func takeAll(r *Reader, buf []byte) (frames int) {
	for len(buf) > 0 {
		f, n, _ := r.Next(buf, false)
		if n == 0 {
			break
		}
		if f != nil {
			frames++
		}
		buf = buf[n:]
	}
	return frames
}

func TestFramesAreTakenWithoutAllocation(t *testing.T) {
	o := Defaults()
	var counted []byte
	for range 10 {
		counted = AppendOctetCounted(counted, []byte("<13>Oct 11 22:14:15 h app: x"))
	}
	for _, buf := range [][]byte{lines(10), counted, []byte(strings.Repeat("<14>app: x\x00", 10) + "<")} {
		if n := testing.AllocsPerRun(100, func() {
			r := NewReader(&o)
			if got := takeAll(&r, buf); got != 10 {
				t.Fatalf("%d frames", got)
			}
		}); n != 0 {
			t.Errorf("%.20q...: %.0f allocations", buf, n)
		}
	}
}

func benchmark(b *testing.B, buf []byte) {
	o := Defaults()
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		r := NewReader(&o)
		takeAll(&r, buf)
	}
}

func BenchmarkLF(b *testing.B) { benchmark(b, lines(400)) }

func BenchmarkOctetCounted(b *testing.B) {
	var buf []byte
	for range 400 {
		buf = AppendOctetCounted(buf, lines(1)[:149])
	}
	benchmark(b, buf)
}

func BenchmarkNUL(b *testing.B) {
	benchmark(b, bytes.ReplaceAll(lines(400), []byte("\n"), []byte{0}))
}

// TestCleanFrames: what is said to be clean holds no control character, and conformant
// frames are said to be.
func TestCleanFrames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		stream string
		clean  bool
	}{
		{"<13>text\n", true},
		{"<13>tab\there\n", false},
		{"<13>nul\x00here\n", false},
		{"8 <13>text", true},
		{"8 <13>a\tbc", false},
		{"10 <13>line\nbc", false},
		{"8 <13>abc\n", false},
		{"8 <13>\x7f\x80\xff1", true},
	} {
		o := Defaults()
		r := NewReader(&o)
		f, _, _ := r.Next([]byte(tt.stream), false)
		if len(f) == 0 || r.Clean() != tt.clean {
			t.Errorf("%q: frame %q, clean %v, want %v", tt.stream, f, r.Clean(), tt.clean)
		}
	}
}

// A frame that is too long is cut between characters, and where it is split no character is lost.
func TestFramesAreCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	for _, o := range []*Options{with(), with(ptcp), with(discard)} {
		for shift := range 4 {
			text := "<13>" + strings.Repeat("x", shift) + strings.Repeat("€", 60)
			for _, stream := range []string{text + "\n<13>y\n", fmt.Sprintf("%d %s6 <13>yz", len(text), text)} {
				r := NewReader(o)
				var pieces []string
				for buf := []byte(stream); len(buf) > 0; {
					f, n, _ := r.Next(buf, true)
					if len(f) > 0 {
						pieces = append(pieces, string(f))
					}
					if n == 0 && len(f) == 0 {
						break
					}
					buf = buf[n:]
				}
				for _, p := range pieces {
					if !utf8.ValidString(p) || len(p) > 64 {
						t.Errorf("%+v: piece %q of %d bytes", o, p, len(p))
					}
				}
				whole := strings.Join(pieces[:len(pieces)-1], "")
				cut := o.DiscardTruncated || o.Dialect == PTCP && stream[0] != '<'
				if !cut && whole != text || cut && (len(pieces) != 2 || !strings.HasPrefix(text, whole) || len(whole) < 62) {
					t.Errorf("%+v: %q became %q", o, stream, pieces)
				}
			}
		}
	}
}
