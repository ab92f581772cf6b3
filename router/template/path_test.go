package template

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"syslogd/message"
	"syslogd/router/internal/testmsg"
)

// withHost is a message whose host and $!v are the text.
func withHost(host string) *message.Message {
	m := testmsg.Parse("<13>Feb  3 04:05:06 h app: text")
	m.SetHostname([]byte(host))
	m.JSON = &message.Tree{}
	m.JSON.Set(message.ParsePath("v"), message.StringValue(host), true, true)
	return m
}

func TestAPathElementOfAMessageStaysOne(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ template, host, want string }{
		{"log/%hostname%/auth.log", "web1", "log/web1/auth.log"},
		{"log/%hostname%/auth.log", "web1/sshd.log", "log/web1%2fsshd.log/auth.log"},
		{"log/%hostname%/auth.log", ".", "log/%2e/auth.log"},
		{"log/%hostname%/auth.log", "..", "log/%2e./auth.log"},
		{"log/%hostname%/auth.log", "./", "log/%2e%2f/auth.log"},
		{"log/%hostname%/auth.log", "../../etc/cron.d/x", "log/%2e.%2f..%2fetc%2fcron.d%2fx/auth.log"},
		{"log/%hostname%/auth.log", "", "log/_/auth.log"},
		{"log/%hostname%/auth.log", "_", "log/%5f/auth.log"},
		{"log/%hostname%.log", ".bashrc", "log/%2ebashrc.log"},
		{"log/%hostname%.log", "", "log/.log"}, // the dot is the administrator's, as in rsyslogd
		{"log/%hostname%", "", "log/_"},
		{"%hostname%", "/etc/cron.d/x", "%2fetc%2fcron.d%2fx"},
		{"log/x%hostname%", "..", "log/x.."},
		{"log/%hostname%%hostname%/x", ".", "log/%2e./x"},
		{"log/%hostname%%hostname%/x", "", "log/_/x"},
		{"log/%hostname%.log", "50%", "log/50%.log"},
		{"log/%hostname%.log", "%2fa", "log/%252fa.log"},
		{"log/%hostname%.log", "%CDP-4-DUPLEX", "log/%CDP-4-DUPLEX.log"},
		{"log/%hostname%.log", "...", "log/....log"},
		{"log/%hostname%/x.log", "...", "log/%2e../x.log"},
		{"log/%hostname%", "...", "log/%2e.."},
		{"log/%hostname%.log", "a\nb\x00\x7f\x1b", "log/a%0ab%00%7f%1b.log"},
		{"log/%hostname%.log", "a\u0085\u202eb\u2066\u200f\u2028", "log/a%c2%85%e2%80%aeb%e2%81%a6%e2%80%8f%e2%80%a8.log"},
		{"log/%hostname%.log", "caf\xe9", "log/caf%e9.log"},
		{"log/%hostname%.log", "café münchen", "log/café münchen.log"},
		{"log/%hostname:::uppercase%.log", "a/b", "log/A%2fB.log"},
		{"log/%hostname:1:3%.log", "a/bc", "log/a%2fb.log"},
		{"log/%hostname:F,46:2%/x.log", "a..b", "log/_/x.log"},
		{"log/%hostname:R,ERE,1,DFLT:a(.*)--end%/x.log", "a../b", "log/%2e.%2fb/x.log"},
		{"log/%hostname:::json%.log", `a/"b`, `log/a\%2f\"b.log`},
		{"log/%$!v%/x.log", "../..", "log/%2e.%2f../x.log"},
		{"log/%$!%/x.log", "a/b", `log/{ "v": "a\%2fb" }/x.log`},
		{"log/%hostname:::secpath-replace%/x.log", "a/b", "log/a_b/x.log"},
		{"log/%hostname:::secpath-replace%/x.log", "..", "log/_./x.log"},
		{"log/%hostname:::secpath-replace%/x.log", "50%_", "log/50%_/x.log"},
		{"log/%hostname:::secpath-drop%/x.log", "a/b", "log/ab/x.log"},
		{"log/%hostname:::secpath-drop%/x.log", "", "log/_/x.log"},
		{"log/%hostname:::secpath-drop%/x.log", ".x\n", "log/.x%0a/x.log"},
	} {
		tpl := str(t, strings.ReplaceAll(tc.template, `"`, `\"`)).ForPath()
		if got := render(t, tpl, withHost(tc.host), newContext()); got != tc.want {
			t.Errorf("%s with host %q: got %q, want %q", tc.template, tc.host, got, tc.want)
		}
	}
}

func TestTheTemplateItselfDoesNotChange(t *testing.T) {
	t.Parallel()
	tpl := str(t, "log/%hostname%.log")
	tpl.ForPath()
	if got := render(t, tpl, withHost("a/b"), newContext()); got != "log/a/b.log" {
		t.Errorf("got %q", got)
	}
}

func TestAPathDoesNotAllocate(t *testing.T) {
	tpl := str(t, "/var/log/%hostname%/%$year%/%programname%.log").ForPath()
	m, ctx, buf := testmsg.Parse(su), newContext(), make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buf = tpl.Append(buf[:0], m, ctx) }); n >= 1 {
		t.Errorf("%.1f allocations", n)
	}
}

var escapedByte = regexp.MustCompile("%[0-9a-f]{2}")

func unescaped(elem string) string {
	return escapedByte.ReplaceAllStringFunc(elem, func(e string) string {
		n, _ := strconv.ParseUint(e[1:], 16, 8)
		return string([]byte{byte(n)})
	})
}

func FuzzPathElements(f *testing.F) {
	for _, s := range []string{"", ".", "..", "a/b", "_", "%2f", "%", "\xff", "\u202e", "web1/sshd.log", "a\x00b"} {
		f.Add(s, "app")
		f.Add("web1", s)
	}
	f.Fuzz(func(t *testing.T, host, v string) {
		tpl := str(t, "log/%hostname%/%$!v%").ForPath()
		m := withHost(host)
		m.JSON.Set(message.ParsePath("v"), message.StringValue(v), true, true)
		host = string(m.Hostname())
		got := render(t, tpl, m, newContext())
		elems := strings.Split(got, "/")
		if len(elems) != 3 || elems[0] != "log" || !utf8.ValidString(got) {
			t.Fatalf("%q, %q: got %q", host, v, got)
		}
		for i, value := range []string{host, v} {
			e := elems[i+1]
			if e == "" || e[0] == '.' {
				t.Errorf("%q: element %q", value, e)
			}
			// Different values are different elements: the value can be told again.
			if back := unescaped(e); e != "_" && back != value || e == "_" && value != "" {
				t.Errorf("%q: element %q means %q", value, e, back)
			}
		}
	})
}

func BenchmarkRenderPath(b *testing.B) {
	tpl := str(b, "/var/log/%hostname%/%programname%.log")
	for name, tpl := range map[string]*Template{"text": tpl, "path": tpl.ForPath()} {
		b.Run(name, func(b *testing.B) {
			m, ctx, buf := testmsg.Parse(su), newContext(), make([]byte, 0, 4096)
			for b.Loop() {
				buf = tpl.Append(buf[:0], m, ctx)
			}
		})
	}
}
