package router

import (
	"strings"
	"testing"

	"syslogd/message"
)

func TestRepeatedMessagesAreReduced(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		messages []string
		want     string
	}{
		{[]string{" a", " b", " a"}, " a| b| a"},
		{[]string{" a", " a", " b"}, " a| a| b"}, // a single repetition is itself
		{[]string{" a", " a", " a", " a", " b"}, " a| message repeated 3 times: [ a]| b"},
		{[]string{" a", " b", " b", " b"}, " a| b| message repeated 2 times: [ b]"}, // at the end
	} {
		b := newBench(t)
		b.r.Repeats = NewRepeats()
		b.ruleset("default", b.to("out"))
		b.r.Default = b.ruleset("default")
		b.send(test.messages...)
		b.w.ProcessRepeats()
		if got := b.got("out"); got != test.want {
			t.Errorf("%q: got %q, want %q", test.messages, got, test.want)
		}
	}
}

func TestTheTextInASummaryIsCut(t *testing.T) {
	t.Parallel()
	r := NewRepeats()
	o := &message.Origin{}
	var last *message.Message
	for range 3 {
		m := &message.Message{}
		m.SetText([]byte(strings.Repeat("x", 1000)))
		m.Origin, m.Peer = o, message.NewPeer("127.0.0.1", "h")
		m.MsgText = message.Span{Len: 1000}
		r.pass(m, &Ruleset{})
		last = m
	}
	if last == nil {
		t.Fatal("no message")
	}
	got := string(r.of(o).take().Msg())
	if want := " message repeated 2 times: [" + strings.Repeat("x", 800) + "]"; got != want {
		t.Errorf("the summary is %.60q with %d bytes, want %d", got, len(got), len(want))
	}
}
