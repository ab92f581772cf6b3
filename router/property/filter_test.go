package property

import (
	"errors"
	"testing"

	"syslogd/internal/posix"
	"syslogd/message"
	"syslogd/router/internal/testmsg"
)

func compile(t testing.TB, name, op, value string, negate bool) *Filter {
	t.Helper()
	f, err := CompileFilter(name, op, value, negate, &posix.Compiler{})
	if err != nil {
		t.Fatalf(":%s, %s, %q: %v", name, op, value, err)
	}
	return f
}

// The verdicts are those of rsyslogd 8.2302; endswith and the operations with _i are newer.
func TestPropertyFilters(t *testing.T) {
	t.Parallel()
	const (
		text  = "<14>Oct 11 22:14:15 web1 sshd[9]: Failed GR\xc3\x9cN a+b aab fatal lib error"
		empty = "<13>Oct 11 22:14:15 h app:"
		modem = `<165>1 2003-10-11T22:14:15.003Z h evt - ID47 [x@1 iut="3"] an event`
	)
	for _, tt := range []struct {
		raw, name, op, value string
		want                 bool
	}{
		{text, "msg", "contains", "lib", true},
		{text, "msg", "contains", "Lib", false},
		{text, "msg", "contains", "", true},
		{text, "msg", "contains", "GR\xc3\x9cN", true},
		{text, "msg", "contains_i", "FAILED gr\xc3\x9cn", true},
		{text, "msg", "contains_i", "gr\xc3\xbcn", false},
		{text, "msg", "contains_i", "", true},
		{text, "msg", "isequal", "Failed", false},
		{"<13>Oct 11 22:14:15 h app: text", "msg", "isequal", "text", false},
		{"<13>Oct 11 22:14:15 h app: text", "msg", "isequal", " text", true},
		{text, "msg", "startswith", "Failed", false},
		{text, "msg", "startswith", " Failed", true},
		{text, "msg", "startswith", " failed", false},
		{text, "msg", "startswith_i", " failed", true},
		{text, "msg", "startswith", "", true},
		{text, "msg", "endswith", "error", true},
		{text, "msg", "endswith", "erro", false},
		{text, "msg", "isempty", "", false},
		{empty, "msg", "isempty", "", true},
		{empty, "msg", "isempty", "ignored", true},
		{empty, "msg", "isequal", "", true},
		{empty, "msg", "startswith_i", "x", false},
		{text, "msg", "regex", "fatal .* error", true},
		{text, "msg", "regex", "a+b", true},
		{text, "msg", "regex", `a\+b`, true},
		{text, "msg", "regex", `^Failed`, false},
		{text, "msg", "regex", `(lib|x)`, false},
		{text, "msg", "ereregex", `(lib|x)`, true},
		{text, "msg", "ereregex", `a+b`, true},
		{text, "msg", "ereregex", `^ Failed.*error$`, true},
		{text, "msg", "ereregex", `FATAL`, false},
		{text, "msg", "ereregex", `[[:digit:]]{2}`, false},
		{text, "hostname", "isequal", "web1", true},
		{text, "HOSTNAME", "isequal", "WEB1", false},
		{text, "programname", "isequal", "sshd", true},
		{text, "syslogtag", "isequal", "sshd[9]:", true},
		{text, "syslogtag", "isequal", "sshd", false},
		{text, "pri-text", "isequal", "user.info", true},
		{text, "pri", "isequal", "14", true},
		{text, "syslogseverity-text", "isequal", "info", true},
		{text, "fromhost-ip", "startswith", "192.0.2.", true},
		{text, "inputname", "isequal", "imudp", true},
		{text, "rawmsg", "startswith", "<14>Oct", true},
		{text, "timereported", "startswith", "Oct 11", true},
		{modem, "structured-data", "contains", `iut="3"`, true},
		{modem, "structured-data", "isempty", "", false},
		{modem, "msgid", "isequal", "ID47", true},
		{modem, "app-name", "isequal", "evt", true},
		{modem, "procid", "isequal", "-", true},
		{modem, "protocol-version", "isequal", "1", true},
		{text, "$!user", "isequal", "bob", true},
		{text, "$!nope", "isempty", "", true},
		{text, "$myhostname", "isequal", "box", true},
	} {
		m := testmsg.Parse(tt.raw)
		m.JSON = &message.Tree{}
		m.JSON.Set(message.ParsePath("user"), message.StringValue("bob"), false, false)
		for _, negate := range []bool{false, true} {
			f := compile(t, tt.name, tt.op, tt.value, negate)
			if got := f.Match(m, newContext()); got != (tt.want != negate) {
				t.Errorf("%q: :%s, %s, %q, negated %v: got %v", tt.raw, tt.name, tt.op, tt.value, negate, got)
			}
		}
	}
}

func TestPropertyFilterErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, op, value string
		part            FilterPart
		want, hint      string
	}{
		{"bogus", "contains", "x", InName, `unknown property "bogus"`, ""},
		{"hostnam", "contains", "x", InName, `unknown property "hostnam"`, `did you mean "hostname"?`},
		{"now", "contains", "x", InName, `unknown property "now"`, `did you mean "$now"?`},
		{"msg", "like", "x", InOp, `unknown compare operation "like"`, ""},
		{"msg", "contain", "x", InOp, `unknown compare operation "contain"`, `did you mean "contains"?`},
		{"msg", "eregex", "x", InOp, `unknown compare operation "eregex"`, `did you mean "regex"?`},
		{"msg", "ereregex", "(unclosed", InValue, `regular expression "(unclosed": reached the end without matching (`, ""},
		{"msg", "regex", `\(`, InValue, `regular expression "\\(": reached the end without matching (`, ""},
	} {
		_, err := CompileFilter(tt.name, tt.op, tt.value, false, nil)
		var fe *FilterError
		if !errors.As(err, &fe) {
			t.Errorf(":%s, %s, %q: got %v", tt.name, tt.op, tt.value, err)
			continue
		}
		if fe.Part != tt.part || fe.Error() != tt.want || fe.Hint != tt.hint {
			t.Errorf(":%s, %s, %q: got %d, %s, hint %q; want %d, %s, %q", tt.name, tt.op, tt.value, fe.Part, fe, fe.Hint, tt.part, tt.want, tt.hint)
		}
	}
}

func TestAPropertyFilterDoesNotAllocate(t *testing.T) {
	m3164, m5424 := testmsg.Parse(rfc3164), testmsg.Parse(rfc5424)
	ctx := newContext()
	for _, tt := range []struct{ name, op, value string }{
		{"msg", "contains", "failed"}, {"programname", "isequal", "su"}, {"syslogtag", "startswith", "app"}, {"pri-text", "isequal", "auth.crit"},
		{"inputname", "isequal", "imtcp"}, {"msg", "ereregex", "(root|admin).*failed"}, {"timereported", "startswith", "Oct"}, {"msg", "contains_i", "FAILED"},
	} {
		f := compile(t, tt.name, tt.op, tt.value, false)
		f.Match(m5424, ctx) // the context's buffers grow once
		if n := testing.AllocsPerRun(100, func() { f.Match(m3164, ctx); f.Match(m5424, ctx) }); n >= 1 {
			t.Errorf(":%s, %s, %q: %.1f allocations", tt.name, tt.op, tt.value, n)
		}
	}
}

// The context keeps a buffer for composed tags. It must never be memory of a
// message, which belongs to someone else by the time the next tag is composed.
func TestComposingATagLeavesOtherMessagesAlone(t *testing.T) {
	t.Parallel()
	raws := []string{
		"<13>1 - h application - - - first",
		"<13>1 - h  - - - second",
		"<13>1 - h x 1 - - third",
		"<13>1 - h different 123 - - fourth",
		"<34>Oct  1 02:04:05 mymachine su: fifth",
	}
	var messages []*message.Message
	for _, raw := range raws {
		messages = append(messages, testmsg.Parse(raw))
	}
	want := []string{"application", "-", "x[1]", "different[123]", "su:"}
	for first := range messages {
		ctx := newContext()
		for n := range 2 * len(messages) {
			i := (first + n) % len(messages)
			if got := get(t, "syslogtag", messages[i], ctx); got != want[i] {
				t.Errorf("tag of %q: got %q, want %q", raws[i], got, want[i])
			}
		}
	}
	for i, m := range messages {
		if got := string(m.Raw()); got != raws[i] {
			t.Errorf("the text of a message has become %q, was %q", got, raws[i])
		}
	}
	if got := get(t, "msgid", messages[0], newContext()); got != "-" {
		t.Errorf("the text of missing fields has become %q", got)
	}
}

func BenchmarkFilter(b *testing.B) {
	m := testmsg.Parse(rfc3164)
	ctx := newContext()
	for _, bb := range []struct{ op, value string }{{"contains", "failed"}, {"contains_i", "FAILED"}, {"ereregex", "(root|admin).*failed"}, {"startswith", " x"}} {
		b.Run(bb.op, func(b *testing.B) {
			f := compile(b, "msg", bb.op, bb.value, false)
			b.ReportAllocs()
			for b.Loop() {
				f.Match(m, ctx)
			}
		})
	}
}
