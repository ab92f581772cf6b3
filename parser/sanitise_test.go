package parser

import (
	"bytes"
	"compress/zlib"
	"strings"
	"testing"
	"unicode/utf8"

	"syslogd/message"
)

func TestSanitising(t *testing.T) {
	t.Parallel()
	const all = "tab\there \x01\x1b\x7f \xe9é \r\n end\n\n"
	for _, c := range []struct {
		name    string
		options func(*Options)
		in, out string
	}{
		{"defaults", func(*Options) {}, all, "tab#011here #001#033\x7f \xe9é #015#012 end#012"},
		{"clean", func(*Options) {}, "clean text of more than eight bytes", "clean text of more than eight bytes"},
		{"NUL at the end", func(*Options) {}, "x\x00", "x"},
		{"LF and NUL at the end", func(*Options) {}, "x\n\x00", "x"},
		{"NUL and LF at the end", func(*Options) {}, "x\x00\n", "x#000"},
		{"only NUL", func(*Options) {}, "\x00", ""},
		{"only LF", func(*Options) {}, "\n", ""},
		{"CRLF", func(*Options) {}, "x\r\n", "x#015"},
		{"CRLF dropped", func(o *Options) { o.DropTrailingCR = true }, "x\r\n", "x"},
		{"LF kept", func(o *Options) { o.DropTrailingLF = false }, "x\n", "x#012"},
		{"escaping off", func(o *Options) { o.EscapeControlCharacters = false }, all, "tab\there \x01\x1b\x7f \xe9é \r\n end\n"},
		{"escaping off, NUL", func(o *Options) { o.EscapeControlCharacters = false }, "a\tb\x00c\td", "a\tb#000c\td"},
		{"tabs kept", func(o *Options) { o.EscapeTab = false }, "a\tb\x01\tc\td and more text", "a\tb#001\tc\td and more text"},
		{"C style", func(o *Options) { o.EscapeCStyle = true }, "\x00\a\b\t\n\v\f\r\x1b\x01\x1f.", `\0\a\b\t\n\v\f\r\e\x01\x1F.`},
		{"8 bit", func(o *Options) { o.Escape8Bit = true }, "\xe9é", "#351#303#251"},
		{"8 bit, C style", func(o *Options) { o.Escape8Bit, o.EscapeCStyle = true, true }, "\xe9", `\xE9`},
		{"prefix", func(o *Options) { o.EscapePrefix = '\\' }, "a\tb#", `a\011b#`},
		{"LF to blank", func(o *Options) { o.SpaceLF = true }, "one\ntwo\n\nthree\tx\n", "one two  three#011x"},
		{"LF to blank, escaping off", func(o *Options) { o.SpaceLF, o.EscapeControlCharacters = true, false }, "one\ntwo\t\n", "one two\t"},
		{"DEL and beyond", func(*Options) {}, "\x7f\x80\x9f\xff", "\x7f\x80\x9f\xff"},
	} {
		o := DefaultOptions()
		c.options(&o)
		if got := string(parse(t, New(o, nil), network, c.in).Raw()); got != c.out {
			t.Errorf("%s: %q\n got %q\nwant %q", c.name, c.in, got, c.out)
		}
	}
}

// TestEscapingStopsAtTheSizeLimit holds lengths seen with rsyslogd 8.2302 and maxMessageSize 128.
func TestEscapingStopsAtTheSizeLimit(t *testing.T) {
	t.Parallel()
	o := DefaultOptions()
	o.MaxMessageSize = 128
	p := New(o, nil)
	for _, c := range []struct {
		in   string
		want int
	}{
		{strings.Repeat("a", 200), 200}, // inputs cut, not the parser
		{strings.Repeat("\x01", 100), 128},
		{"a" + strings.Repeat("\x01", 100), 125},
		{strings.Repeat("a", 120) + "\x01bcdefgh", 125},
		{strings.Repeat("a", 124) + "\x01bcd", 128},
		{strings.Repeat("a", 126) + "\x01b", 125},
		{strings.Repeat("a", 127) + "\x01", 126},
		{strings.Repeat("a", 200) + "\x01", 128},
	} {
		if got := len(parse(t, p, network, c.in).Raw()); got != c.want {
			t.Errorf("%d bytes %.3q...: got %d bytes, want %d", len(c.in), c.in, got, c.want)
		}
	}
}

func deflate(t testing.TB, text string) string {
	t.Helper()
	var buf bytes.Buffer
	buf.WriteByte('z')
	w := zlib.NewWriter(&buf)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func TestCompressedMessages(t *testing.T) {
	t.Parallel()
	p := New(DefaultOptions(), nil)
	text := "<13>Oct 11 22:14:15 h app: " + strings.Repeat("compressible ", 50) + "\tend"
	packed := deflate(t, text+"\n")
	want := strings.ReplaceAll(text, "\t", "#011")
	for range 3 { // the reader is used again
		if got := string(parse(t, p, network, packed).Raw()); got != want {
			t.Fatalf("got %q", got)
		}
	}
	limit := "<13>" + strings.Repeat("x", DefaultMaxMessageSize-4)
	if got := parse(t, p, network, deflate(t, limit)); string(got.Raw()) != limit {
		t.Errorf("a message of just the limit is not unpacked: %d bytes", len(got.Raw()))
	}
	// Texts that are not, or not wholly, zlib data stay; their control characters are escaped.
	for _, in := range []string{
		"zebra crossing: text", "z", "zz", "z\x78\x9c", "z\x78\x9cgarbage that is no stream", packed[:len(packed)-3], packed[:20],
		deflate(t, limit+"x"), deflate(t, strings.Repeat("bomb", 1<<20)),
	} {
		m := parse(t, p, network, in)
		if len(m.Raw()) == 0 || m.Raw()[0] != 'z' || bytes.IndexByte(m.Raw(), '\n') >= 0 {
			t.Errorf("%.40q: got %.40q", in, m.Raw())
		}
	}
	o := DefaultOptions()
	o.Decompress = false
	if got := parse(t, New(o, nil), network, packed).Raw(); got[0] != 'z' {
		t.Errorf("unpacked although off: %.40q", got)
	}
}

func TestCleanTextIsNotCopied(t *testing.T) {
	t.Parallel()
	p := New(DefaultOptions(), nil)
	b := message.NewBatch(nil)
	text := []byte("<13>Oct 11 22:14:15 h app: text\n")
	m := b.Add(text, network, message.NewPeer("", ""))
	p.Parse(b, m)
	if &m.Raw()[0] != &text[0] || len(m.Raw()) != len(text)-1 {
		t.Error("copied")
	}
	b.Release()
}

// FuzzCleanPrefix compares the search 8 bytes at a time with one byte by byte.
func FuzzCleanPrefix(f *testing.F) {
	f.Add([]byte("plain text, nothing else"), false, false)
	f.Add([]byte("0123456\x1f"), true, false)
	f.Add([]byte("\x80\x7f\x20\x1f\x21\xff\x00\x80\x80"), true, true)
	f.Fuzz(func(t *testing.T, text []byte, high, tab bool) {
		o := DefaultOptions()
		o.Escape8Bit, o.EscapeTab = high, tab
		s := newSanitiser(o)
		want := len(text)
		for i, c := range text {
			if c < 32 && (tab || c != '\t') || c > 127 && high {
				want = i
				break
			}
		}
		if got := s.cleanPrefix(text); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	})
}

// A text that grows beyond the limit by escapes ends with a whole character.
func TestEscapedTextsEndWithAWholeCharacter(t *testing.T) {
	t.Parallel()
	o := DefaultOptions()
	o.MaxMessageSize = 128
	p := New(o, nil)
	for shift := range 4 {
		m := parse(t, p, network, "<13>"+strings.Repeat("x", shift)+"\n"+strings.Repeat("€", 60))
		if text := m.Raw(); !utf8.Valid(text) || len(text) > 128 || len(text) < 120 {
			t.Errorf("%d bytes: %q", len(text), text)
		}
	}
}
