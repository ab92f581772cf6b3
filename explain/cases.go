package explain

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Case is a test of a configuration: a message and what has to be written.
//
//	# Failed logins are kept apart.
//	from 192.0.2.7
//	send <38>Oct 11 22:14:15 web1 sshd[99]: Failed password for root
//	file /var/log/auth.log: Oct 11 22:14:15 web1 sshd[99]: Failed password for root
//
// A line that begins with # names the case that follows. "from", "input" and
// "at" (RFC 3339: the time of reception) hold for the next message only. After
// "send" come all the records that it has to lead to, in any order: "file PATH:
// TEXT" for files, "action MODULE: TEXT" for other outputs, "nothing" if there
// must be none. TEXT may be * for any; \n, \t and \xHH in it and in messages
// are escapes, as in Go.
type Case struct {
	Name  string
	Line  int
	From  netip.Addr
	Input string
	At    time.Time
	Send  string
	Want  []Record
	// Nothing is set by "nothing".
	Nothing bool
}

// Record is what has to be written somewhere.
type Record struct {
	// Where is a file, or the name of an output module.
	Where string
	// Text is without the line feed at the end; "*" is any text.
	Text string
}

// DefaultTime is when the messages of cases without "at" are received.
var DefaultTime = time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)

// ReadCases reads test cases. An error names the line.
func ReadCases(r io.Reader) ([]*Case, error) {
	var cases []*Case
	next := &Case{At: DefaultTime}
	var current *Case
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for n := 1; lines.Scan(); n++ {
		word, rest, _ := strings.Cut(strings.TrimRight(lines.Text(), " \t\r"), " ")
		rest = strings.TrimLeft(rest, " \t")
		var err error
		switch {
		case word == "":
			continue
		case strings.HasPrefix(word, "#"):
			next.Name = strings.TrimSpace(strings.TrimLeft(lines.Text(), "# "))
		case word == "from":
			next.From, err = netip.ParseAddr(rest)
		case word == "input":
			next.Input = rest
		case word == "at":
			next.At, err = time.Parse(time.RFC3339Nano, rest)
		case word == "send":
			next.Send, err = unescape(rest)
			next.Line = n
			current = next
			cases = append(cases, current)
			next = &Case{At: DefaultTime}
		case word == "file", word == "action", word == "nothing":
			err = current.want(word, rest)
		default:
			err = fmt.Errorf("want from, input, at, send, file, action, nothing or #, found %q", word)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	for _, c := range cases {
		if len(c.Want) == 0 && !c.Nothing {
			return nil, fmt.Errorf(`line %d: the message has no expectation: write "file PATH: TEXT", "action MODULE: TEXT" or "nothing" behind it`, c.Line)
		}
	}
	return cases, lines.Err()
}

func (c *Case) want(word, rest string) error {
	if c == nil {
		return fmt.Errorf("%s must stand behind a send", word)
	}
	if word == "nothing" {
		c.Nothing = true
		return nil
	}
	where, text, found := strings.Cut(rest, ": ")
	if !found {
		where, found = strings.CutSuffix(rest, ":")
	}
	if !found {
		return errors.New(`want "PATH: TEXT"`)
	}
	text, err := unescape(text)
	c.Want = append(c.Want, Record{where, text})
	return err
}

// unescape understands Go's escapes but leaves quotes alone.
func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	quotes := strings.NewReplacer(`\\`, `\\`, `\"`, `\"`, `"`, `\"`) // those with a backslash stay as they are
	out, err := strconv.Unquote(`"` + quotes.Replace(s) + `"`)
	if err != nil {
		return "", fmt.Errorf(`%q has an escape that is not understood, write \\ for a backslash`, s)
	}
	return out, nil
}

// Run runs c and returns what is wrong, a line each; none if it passes.
func (x *Explainer) Run(c *Case) []string {
	messages, err := x.Explain(c.Input, c.From, []byte(c.Send))
	if err != nil {
		return []string{err.Error()}
	}
	var got []Record
	for _, m := range messages {
		for _, s := range m.Steps {
			got = s.records(got)
		}
	}
	var wrong []string
	for _, w := range c.Want {
		i := w.in(got)
		if i < 0 {
			wrong = append(wrong, fmt.Sprintf("missing:    %s: %s", Shown(w.Where), Shown(w.Text)))
			continue
		}
		got = append(got[:i:i], got[i+1:]...)
	}
	for _, g := range got {
		wrong = append(wrong, fmt.Sprintf("unexpected: %s: %s", Shown(g.Where), Shown(g.Text)))
	}
	return wrong
}

func (s *Step) records(list []Record) []Record {
	for _, w := range s.Writes {
		list = append(list, Record{w.Where, strings.TrimSuffix(w.Text, "\n")})
	}
	for _, inner := range s.Steps {
		list = inner.records(list)
	}
	return list
}

// in returns the index of a record in list that w is met by, or -1.
func (w Record) in(list []Record) int {
	for i, g := range list {
		if g.Where == w.Where && (w.Text == "*" || g.Text == w.Text) {
			return i
		}
	}
	return -1
}
