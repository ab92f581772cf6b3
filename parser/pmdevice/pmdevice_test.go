package pmdevice

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"syslogd/message"
	"syslogd/module"
	"syslogd/parser"
)

// received is when the messages of the tests arrive.
var received = time.Date(2026, time.June, 15, 12, 0, 0, 0, time.UTC)

const sender = "192.0.2.77"

func newParser(t testing.TB, o parser.Options, c Config) *parser.Parser {
	t.Helper()
	p, err := New(c, module.ParserEnv{Options: o})
	if err != nil {
		t.Fatal(err)
	}
	return parser.New(o, parser.Chain{p, parser.RFC5424{}, &parser.RFC3164{}})
}

func add(b *message.Batch, raw string) *message.Message {
	m := b.Add([]byte(raw), &message.Origin{Name: "imudp"}, message.NewPeer(sender, sender))
	m.Received = message.TimestampOf(received)
	return m
}

// fields are what a message is about, as one line:
// time host program[procid] msgid sd | text. What is missing is -.
func fields(m *message.Message) string {
	var b bytes.Buffer
	put := func(field []byte) {
		if len(field) == 0 {
			field = []byte("-")
		}
		b.Write(field)
	}
	if m.Reported == m.Received {
		b.WriteByte('-')
	} else {
		put(bytes.Replace(m.Reported.AppendRFC3339(nil), []byte("+00:00"), []byte("Z"), 1))
	}
	b.WriteByte(' ')
	if m.Flags&message.HasHostname != 0 {
		put(m.Hostname())
	} else {
		put(nil)
	}
	b.WriteByte(' ')
	put(m.ProgramName())
	if pid := m.ProcID(); string(pid) != "-" {
		b.WriteString("[" + string(pid) + "]")
	}
	if id := m.MsgID(); string(id) != "-" {
		b.WriteString(" " + string(id))
	}
	if sd := m.StructuredData(); string(sd) != "-" {
		b.WriteString(" " + string(sd))
	}
	b.WriteString(" | " + strings.Trim(string(m.Msg()), " "))
	return b.String()
}

func parserEnv(o parser.Options) module.ParserEnv { return module.ParserEnv{Options: o} }
