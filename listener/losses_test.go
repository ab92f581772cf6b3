package listener_test

import (
	"fmt"
	"strings"
	"testing"

	"syslogd/listener"
	"syslogd/metrics"
	"syslogd/parser/frame"
)

// What a connection loses of messages is counted by its reason and told once: by the line
// that there is for it, or by that of the loss.
func TestWhatConnectionsLoseHasAReason(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 350)
	counted := fmt.Sprintf("%d <13>%s", 4+len(long), long)
	frames := func(dialect frame.Dialect, discard bool) func(*listener.StreamOptions) {
		return func(o *listener.StreamOptions) {
			o.Frame.Dialect, o.Frame.DiscardTruncated, o.Frame.MaxMessageSize = dialect, discard, 100
		}
	}
	for name, test := range map[string]struct {
		change func(*listener.StreamOptions)
		send   string
		reason string // "" for none
		line   string
	}{
		"whole":                         {frames(frame.TCP, false), "<13>a\n5 <13>b", "", ""},
		"text without end":              {frames(frame.TCP, false), "<13>a", "", ""},
		"count without frame":           {frames(frame.TCP, false), "20 <13>a", "frame_incomplete", "incomplete frame at end of stream"},
		"count without end":             {frames(frame.TCP, false), "<13>a\n20", "frame_incomplete", "incomplete frame at end of stream"},
		"text without end in imptcp":    {frames(frame.PTCP, false), "<13>a", "frame_incomplete", "text without line feed"},
		"text in many pieces":           {frames(frame.TCP, false), "<13>" + long + "\n", "message_split", "received oversize message"},
		"count in many pieces":          {frames(frame.TCP, false), counted, "message_split", "received oversize message"},
		"text that is cut":              {frames(frame.TCP, true), "<13>" + long + "\n", "message_cut", "received oversize message"},
		"count that is cut":             {frames(frame.TCP, true), counted, "message_cut", "received oversize message"},
		"count that is cut by imptcp":   {frames(frame.PTCP, false), counted, "message_cut", "received oversize message"},
		"count that is cut and ends":    {frames(frame.PTCP, false), counted[:50], "message_cut", "received oversize message"},
		"octet count without its blank": {frames(frame.TCP, false), "5x<13>a", "", "framing error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var losses *metrics.Losses
			s := listen(t, func(o *listener.StreamOptions) {
				losses = metrics.NewLosses(o.Log)
				o.Losses = losses
				test.change(o)
			})
			c := s.dial()
			s.write(c, test.send)
			c.Close()
			s.until("the end", func() bool { return s.Closed.Value() == 1 })
			s.stop()
			want := uint64(0)
			if test.reason != "" {
				want = 1
				if n := losses.Of(test.reason, "imtcp").Count(); n != 1 {
					t.Errorf("%s: %d, want 1", test.reason, n)
				}
			}
			if n := losses.Total(); n != want {
				t.Errorf("%d losses, want %d", n, want)
			}
			if n := strings.Count(s.log.String(), "level="); n != min(1, len(test.line)) || !strings.Contains(s.log.String(), test.line) {
				t.Errorf("log: %s, want %q once", s.log.String(), test.line)
			}
			losses.Close()
			if n := strings.Count(s.log.String(), "in all\" reason="+test.reason+" "); n != int(want) {
				t.Errorf("log: %s, want the sum", s.log.String())
			}
		})
	}
}
