package pmdevice

import (
	"os"
	"strings"
	"testing"

	"syslogd/message"
	"syslogd/parser"
)

// The messages in docs/devices.md, with the line of a file that follows each.
func TestExamplesInTheDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../docs/devices.md")
	if err != nil {
		t.Fatal(err)
	}
	p := newParser(t, parser.DefaultOptions(), Config{})
	lines := strings.Split(string(page), "\n")
	tested := 0
	for i, raw := range lines {
		if !strings.HasPrefix(raw, "    <") {
			continue
		}
		b := message.NewBatch(nil)
		m := add(b, strings.TrimSpace(raw))
		p.Parse(b, m)
		got := string(m.Reported.AppendRFC3164(nil, false)) + " " + string(m.Hostname()) + " " + string(m.Tag(nil))
		if msg := m.Msg(); len(msg) > 0 && msg[0] != ' ' {
			got += " "
		}
		if got += string(m.Msg()); got != strings.TrimPrefix(lines[i+1], "    ") {
			t.Errorf("%s\n got  %s\n want %s", raw, got, lines[i+1])
		}
		tested++
	}
	if tested < 8 {
		t.Errorf("%d examples found", tested)
	}
}
