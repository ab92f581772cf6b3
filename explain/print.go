package explain

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Style is how Print writes.
type Style struct {
	// Color is set for a terminal that shows colors.
	Color bool
}

// The colors (ECMA-48, SGR).
const (
	bold  = "1"
	green = "32"
	red   = "31"
	faint = "2"
)

func (s Style) in(color, text string) string {
	if !s.Color {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// field writes a line of the head of an explanation.
func (s Style) field(b *strings.Builder, name, value string) {
	fmt.Fprintf(b, "%s%*s%s\n", s.in(bold, name), 10-len(name), "", value)
}

// Print writes m for people. Nothing of a message gets to the terminal as it is.
func (m *Message) Print(w io.Writer, style Style) {
	var b strings.Builder
	framing := make([]string, len(m.Framing))
	for i, line := range m.Framing {
		framing[i] = Shown(line)
	}
	if m.Parser == "" {
		b.WriteString("no message\n")
	} else {
		style.field(&b, "message", Shown(m.Frame))
	}
	style.field(&b, "input", m.Input)
	style.field(&b, "framing", strings.Join(framing, "\n          "))
	if m.Parser != "" {
		m.printRead(&b, style)
	}
	io.WriteString(w, b.String())
}

// printRead writes what is known of a message that was read.
func (m *Message) printRead(b *strings.Builder, style Style) {
	style.field(b, "parser", Shown(m.Parser))
	style.field(b, "RFC 5424", style.verdict(m.RFC5424))
	style.field(b, "RFC 3164", style.verdict(m.RFC3164))
	b.WriteByte('\n')
	for _, p := range m.Properties {
		value := Shown(p.Value)
		if strings.TrimSpace(p.Value) != p.Value {
			value = strconv.Quote(p.Value) // show the blanks
		}
		fmt.Fprintf(b, "  %-20s %s\n", p.Name, value)
	}
	fmt.Fprintf(b, "\n%s %s\n", style.in(bold, "ruleset"), m.Ruleset)
	for _, s := range m.Steps {
		s.print(b, 0, style)
	}
	if len(m.Steps) == 0 {
		b.WriteString("  no statement is reached\n")
	}
}

func (s Style) verdict(text string) string {
	if text == conformant {
		return s.in(green, text)
	}
	return s.in(red, Shown(text))
}

func (s *Step) print(b *strings.Builder, depth int, style Style) {
	in := strings.Repeat("  ", depth+1)
	fmt.Fprintf(b, "%s%s  %s\n", in, style.in(faint, s.At), Shown(s.Source))
	s.printResult(b, in, style)
	for _, w := range s.Writes {
		fmt.Fprintf(b, "%s    %s\n", in, style.in(bold, Shown(w.Where)))
		for _, line := range strings.SplitAfter(w.Text, "\n") {
			if line != "" {
				fmt.Fprintf(b, "%s    | %s\n", in, Shown(strings.TrimSuffix(line, "\n")))
			}
		}
		if !strings.HasSuffix(w.Text, "\n") {
			fmt.Fprintf(b, "%s    without a line feed at the end\n", in)
		}
	}
	for _, inner := range s.Steps {
		inner.print(b, depth+1, style)
	}
}

// printResult writes what a statement decided, and why.
func (s *Step) printResult(b *strings.Builder, in string, style Style) {
	because := make([]string, len(s.Because))
	for i, why := range s.Because {
		because[i] = Shown(why)
	}
	switch s.Result {
	case "":
		return
	case "yes", "no":
		color := green
		if s.Result == "no" {
			color = red
		}
		fmt.Fprintf(b, "%s    %s", in, style.in(color, s.Result))
		if len(because) > 0 {
			b.WriteString(": " + strings.Join(because, "\n"+in+"      "))
		}
		b.WriteByte('\n')
	default:
		fmt.Fprintf(b, "%s    %s\n", in, Shown(s.Result))
		for _, why := range because {
			fmt.Fprintf(b, "%s      %s\n", in, why)
		}
	}
}

// OnlyMatched leaves out the statements whose condition is not met, but where
// their else has something.
func (m *Message) OnlyMatched() { m.Steps = matched(m.Steps) }

func matched(steps []*Step) []*Step {
	var out []*Step
	for _, s := range steps {
		s.Steps = matched(s.Steps)
		if s.Result != "no" || len(s.Steps) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// Shown is text for a terminal: what is not printable is escaped, control
// characters and those that change the direction of writing among it.
func Shown(text string) string {
	q := strconv.Quote(text)
	return strings.ReplaceAll(strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`), `\\`, `\`)
}
