package relp_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"syslogd/parser/frame/relp"
)

// cut feeds a stream to a reader, step bytes at a time, and returns a line for
// each frame, a cut one as one with what is left of its data, and one for the
// error that ended it. Need must be right when it is not 0.
func cut(t testing.TB, opt *relp.Options, stream []byte, step int) []string {
	t.Helper()
	r := relp.NewReader(opt)
	var out []string
	var buf []byte
	for at := 0; at < len(stream); {
		n := min(step, len(stream)-at)
		if need := r.Need(); need > 0 && need <= len(buf) {
			t.Fatalf("it needs %d bytes and has %d", need, len(buf))
		}
		buf = append(buf, stream[at:at+n]...)
		at += n
		for {
			f, n, err := r.Next(buf)
			if err != nil {
				if errors.Is(err, relp.ErrTooLong) {
					return append(out, "too long")
				}
				return append(out, "broken")
			}
			if n == 0 {
				break
			}
			buf = buf[n:]
			switch f.Part {
			case relp.Whole, relp.Cut:
				out = append(out, fmt.Sprintf("%d %s %d %q", f.Txnr, f.Command, f.Size, f.Data))
			case relp.End:
				out = append(out, fmt.Sprintf("end of %d", f.Txnr))
			}
		}
	}
	return out
}

var streams = []struct {
	name, in string
	opt      relp.Options
	want     string
}{
	{"frames with and without data", "1 open 3 a=b\n2 syslog 5 a\n b\n\n3 close 0\n", relp.Options{MaxData: 10},
		`1 open 3 "a=b"|2 syslog 5 "a\n b\n"|3 close 0 ""`},
	{"a blank and no data", "7 syslog 0 \n8 syslog 0\n", relp.Options{MaxData: 10}, `7 syslog 0 ""|8 syslog 0 ""`},
	{"the largest number", "999999999 rsp 6 200 OK\n", relp.Options{}, `999999999 rsp 6 "200 OK"`},
	{"NUL and line feeds are data", "1 syslog 3 \x00\n\x00\n", relp.Options{MaxData: 3}, `1 syslog 3 "\x00\n\x00"`},
	{"a message of just the limit", "1 syslog 3 abc\n", relp.Options{MaxData: 3}, `1 syslog 3 "abc"`},
	{"one that is cut", "1 syslog 6 abcdef\n2 syslog 1 g\n", relp.Options{MaxData: 3}, `1 syslog 6 "abc"|end of 1|2 syslog 1 "g"`},
	{"one that is cut and not ended", "1 syslog 6 abcdefg\n", relp.Options{MaxData: 3}, `1 syslog 6 "abc"|broken`},
	{"one that aborts", "1 syslog 1 x\n2 syslog 6 abcdef\n", relp.Options{MaxData: 3, Oversize: relp.Abort}, `1 syslog 1 "x"|too long`},
	{"one that is accepted", "1 syslog 6 abcdef\n", relp.Options{MaxData: 3, Oversize: relp.Accept, Accept: 6}, `1 syslog 6 "abcdef"`},
	{"one that is too long to be accepted", "1 syslog 7 abcdefg\n", relp.Options{MaxData: 3, Oversize: relp.Accept, Accept: 6}, `too long`},
	{"offers are not cut", "1 open 40000 abc", relp.Options{MaxData: 3}, `too long`},
	{"data without its end", "1 syslog 3 abcd\n", relp.Options{MaxData: 3}, `broken`},
	{"no number", "open 3 abc\n", relp.Options{}, `broken`},
	{"a number of ten digits", "1234567890 open 0\n", relp.Options{}, `broken`},
	{"a length of ten digits", "1 syslog 1234567890 a", relp.Options{}, `broken`},
	{"a negative length", "1 syslog -1 a", relp.Options{}, `broken`},
	{"no length", "1 syslog \n", relp.Options{}, `broken`},
	{"a length and no data", "1 syslog 3\nabc", relp.Options{MaxData: 3}, `broken`},
	{"a digit in the command", "1 sys1og 1 a\n", relp.Options{MaxData: 3}, `broken`},
	{"a command that never ends", "1 " + strings.Repeat("x", 33), relp.Options{}, `broken`},
	{"no command", "1  0\n", relp.Options{}, `broken`},
	{"TLS", "\x16\x03\x01\x02\x00", relp.Options{}, `broken`},
	{"a frame that has not ended", "1 syslog 3 ab", relp.Options{MaxData: 3}, ``},
}

func TestFrames(t *testing.T) {
	t.Parallel()
	for _, test := range streams {
		for _, step := range []int{len(test.in), 1, 3} {
			got := strings.Join(cut(t, &test.opt, []byte(test.in), step), "|")
			if got != test.want {
				t.Errorf("%s, %d bytes at a time:\n got %s\nwant %s", test.name, step, got, test.want)
			}
		}
	}
}

// What is received does not depend on how the stream is cut into reads.
func FuzzReader(f *testing.F) {
	for _, test := range streams {
		f.Add([]byte(test.in), uint8(test.opt.Oversize), uint8(test.opt.MaxData))
	}
	f.Fuzz(func(t *testing.T, stream []byte, mode, maxData uint8) {
		opt := relp.Options{MaxData: int(maxData), Oversize: relp.Oversize(mode % 3), Accept: 300}
		whole := strings.Join(cut(t, &opt, stream, len(stream)+1), "|")
		if single := strings.Join(cut(t, &opt, stream, 1), "|"); single != whole {
			t.Errorf("whole:  %s\nsingle: %s", whole, single)
		}
	})
}

func TestAFrameIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	var stream []byte
	var want []string
	txnr := relp.MaxTxnr - 2
	for _, data := range []string{"", "x", "a\nb\n", strings.Repeat("long", 2000)} {
		txnr = relp.NextTxnr(txnr)
		stream = relp.Append(stream, txnr, relp.Syslog, []byte(data))
		want = append(want, fmt.Sprintf("%d syslog %d %q", txnr, len(data), data))
	}
	stream = relp.AppendOK(stream, 7)
	want = append(want, `7 rsp 6 "200 OK"`)
	if txnr != 2 {
		t.Errorf("the number of the last frame is %d: 1 follows %d", txnr, relp.MaxTxnr)
	}
	got := cut(t, &relp.Options{MaxData: 8000}, stream, 4096)
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %.200q\nwant %.200q", got, want)
	}
}

func TestOffers(t *testing.T) {
	t.Parallel()
	for offers, want := range map[string]string{
		"relp_version=0\nrelp_software=librelp,1.11.0,http://librelp.adiscon.com\ncommands=syslog": "",
		"commands=eventlog,syslog":           "",
		"relp_version=1\ncommands=syslog":    "",
		string(relp.AppendOffers(nil)):       "",
		"relp_version=x\ncommands=syslog":    "unknown version",
		"relp_version=0":                     "does not offer",
		"relp_version=0\ncommands=syslogs\n": "does not offer",
		"":                                   "does not offer",
	} {
		if err := relp.CheckOffers([]byte(offers)); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", offers, err, want)
		}
	}
}

func TestResponses(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		"200 OK":                    "200 OK ",
		"200 OK\nrelp_version=0\nx": "200 OK relp_version=0\nx",
		"500 no such command":       "500 no such command ",
		"200":                       "200  ",
		"":                          "200  ",
		"OK":                        "broken",
		"20 OK":                     "broken",
		"2000 OK":                   "broken",
	} {
		code, text, offers, err := relp.ParseResponse([]byte(data))
		got := fmt.Sprintf("%d %s %s", code, text, offers)
		if err != nil {
			got = "broken"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", data, got, want)
		}
	}
}

func TestReadingAFrameDoesNotAllocate(t *testing.T) {
	stream := relp.Append(nil, 1, relp.Syslog, []byte("<13>Oct 11 22:14:15 web1 app[12]: text"))
	r := relp.NewReader(&relp.Options{MaxData: 100})
	if n := testing.AllocsPerRun(1000, func() {
		if _, n, err := r.Next(stream); n != len(stream) || err != nil {
			t.Fatal(n, err)
		}
	}); n != 0 {
		t.Errorf("%.1f allocations", n)
	}
}
