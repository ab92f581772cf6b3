package explain

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Print writes m for people.
func (m *Message) Print(w io.Writer) {
	var b strings.Builder
	if m.Parser == "" {
		fmt.Fprintf(&b, "no message\ninput     %s\nframing   %s\n", m.Input, strings.Join(m.Framing, "\n          "))
		io.WriteString(w, b.String())
		return
	}
	fmt.Fprintf(&b, "message   %s\n", shown(m.Frame))
	fmt.Fprintf(&b, "input     %s\n", m.Input)
	fmt.Fprintf(&b, "framing   %s\n", strings.Join(m.Framing, "\n          "))
	fmt.Fprintf(&b, "parser    %s\n", m.Parser)
	fmt.Fprintf(&b, "RFC 5424  %s\n", m.RFC5424)
	fmt.Fprintf(&b, "RFC 3164  %s\n\n", m.RFC3164)
	for _, p := range m.Properties {
		value := shown(p.Value)
		if strings.TrimSpace(p.Value) != p.Value {
			value = strconv.Quote(p.Value) // show the blanks
		}
		fmt.Fprintf(&b, "  %-20s %s\n", p.Name, value)
	}
	fmt.Fprintf(&b, "\nruleset %s\n", m.Ruleset)
	for _, s := range m.Steps {
		s.print(&b, 0)
	}
	if len(m.Steps) == 0 {
		b.WriteString("  no statement is reached\n")
	}
	io.WriteString(w, b.String())
}

func (s *Step) print(b *strings.Builder, depth int) {
	in := strings.Repeat("  ", depth+1)
	fmt.Fprintf(b, "%s%s  %s\n", in, s.At, shown(s.Source))
	switch {
	case s.Result == "yes" || s.Result == "no":
		fmt.Fprintf(b, "%s    %s", in, s.Result)
		for i, why := range s.Because {
			if i > 0 {
				fmt.Fprintf(b, "\n%s      ", in)
			} else {
				b.WriteString(": ")
			}
			b.WriteString(why)
		}
		b.WriteByte('\n')
	case s.Result != "":
		fmt.Fprintf(b, "%s    %s\n", in, s.Result)
		for _, why := range s.Because {
			fmt.Fprintf(b, "%s      %s\n", in, why)
		}
	}
	for _, w := range s.Writes {
		fmt.Fprintf(b, "%s    %s\n", in, w.Where)
		for _, line := range strings.SplitAfter(w.Text, "\n") {
			if line != "" {
				fmt.Fprintf(b, "%s    | %s\n", in, shown(strings.TrimSuffix(line, "\n")))
			}
		}
		if !strings.HasSuffix(w.Text, "\n") {
			fmt.Fprintf(b, "%s    without a line feed at the end\n", in)
		}
	}
	for _, inner := range s.Steps {
		inner.print(b, depth+1)
	}
}

// shown is text for a terminal: control characters escaped.
func shown(text string) string {
	q := strconv.Quote(text)
	return strings.ReplaceAll(strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`), `\\`, `\`)
}
