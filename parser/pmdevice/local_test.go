package pmdevice

import (
	"testing"

	"syslogd/message"
	"syslogd/parser"
)

// What programs write to a local socket, as the built-in configuration reads it.
func TestWhatProgramsWriteToALocalSocket(t *testing.T) {
	t.Parallel()
	p := newParser(t, parser.DefaultOptions(), Config{})
	origin := &message.Origin{Name: "imuxsock", Local: true}
	for _, c := range [][3]string{
		{"logger", "<13>May  3 01:02:03 root: text", "2026-05-03T01:02:03Z - root | text"},
		{"logger -i", "<13>May  3 01:02:03 root[7]: text", "2026-05-03T01:02:03Z - root[7] | text"},
		{"syslog(3) without a colon", "<13>May  3 01:02:03 text goes on", "2026-05-03T01:02:03Z - - | text goes on"},
		{"a program's name with a blank", "<30>May  3 01:02:03 Media Server: text", "2026-05-03T01:02:03Z - - | Media Server: text"},
		{"a name with blanks and an id", "<30>May  3 01:02:03 Plex Media Server[7]: text", "2026-05-03T01:02:03Z - - | Plex Media Server[7]: text"},
		{"Python's SysLogHandler", "<14>text goes on\x00", "- - - | text goes on"},
		{"Python's SysLogHandler with ident", "<14>app: text\x00", "- - app | text"},
		{"Python, two words", "<14>my app: text\x00", "- - - | my app: text"},
		{"Go log/syslog", "<14>May  3 01:02:03 app[7]: text\n", "2026-05-03T01:02:03Z - app[7] | text"},
		{"Perl Sys::Syslog", "<14>May  3 01:02:03 app[7]: text\x00", "2026-05-03T01:02:03Z - app[7] | text"},
		{"Rust syslog, RFC 3164", "<14>May  3 01:02:03 vm app[7]: text", "2026-05-03T01:02:03Z vm app[7] | text"},
		{"Rust syslog, RFC 5424", "<14>1 2026-05-03T01:02:03.123456789Z vm app 7 1 - text", "2026-05-03T01:02:03.123456789Z vm app[7] 1 | text"},
		{"winston-syslog", "<14>May  3 01:02:03 localhost node[7]: {\"level\":\"info\"}", "2026-05-03T01:02:03Z localhost node[7] | {\"level\":\"info\"}"},
		{"winston-syslog, RFC 5424", "<14>1 2026-05-03T01:02:03.004Z localhost node 7 - - text", "2026-05-03T01:02:03.004Z localhost node[7] | text"},
		{"haproxy", "<134>May  3 01:02:03 haproxy[7]: text", "2026-05-03T01:02:03Z - haproxy[7] | text"},
		{"haproxy with log-send-hostname", "<134>May  3 01:02:03 lb1 haproxy[7]: text", "2026-05-03T01:02:03Z lb1 haproxy[7] | text"},
		{"haproxy, RFC 5424", "<134>1 2026-05-03T01:02:03+00:00 - haproxy 7 - - text", "2026-05-03T01:02:03Z - haproxy[7] | text"},
		{"haproxy, local", "<134>May  3 01:02:03 haproxy: text", "2026-05-03T01:02:03Z - haproxy | text"},
		{"syslog-ng", "<13>May  3 01:02:03 web-1 app[7]: text", "2026-05-03T01:02:03Z web-1 app[7] | text"},
		{"syslog-ng, this machine", "<13>May  3 01:02:03 box app: text", "2026-05-03T01:02:03Z box app | text"},
		{"syslog-ng, ts-format(iso)", "<13>2026-05-03T01:02:03+02:00 web.example.com app: text", "2026-05-03T01:02:03+02:00 web.example.com app | text"},
		{"nginx", "<190>May  3 01:02:03 vm1 nginx: text", "2026-05-03T01:02:03Z vm1 nginx | text"},
		{"nginx with nohostname", "<190>May  3 01:02:03 nginx: text", "2026-05-03T01:02:03Z - nginx | text"},
		{"redis", "<133>May  3 01:02:03 redis[7]: Ready to accept connections", "2026-05-03T01:02:03Z - redis[7] | Ready to accept connections"},
		{"PostgreSQL", "<134>May  3 01:02:03 postgres[7]: [3-1] LOG:  text", "2026-05-03T01:02:03Z - postgres[7] | [3-1] LOG:  text"},
		{"sudo", "<85>May  3 01:02:03 sudo:     root : TTY=pts/0 ; PWD=/ ; COMMAND=/bin/ls", "2026-05-03T01:02:03Z - sudo | root : TTY=pts/0 ; PWD=/ ; COMMAND=/bin/ls"},
		{"a host of one letter", "<13>Oct 11 22:14:15 h socket: text", "2025-10-11T22:14:15Z h socket | text"},
		{"a host of one capital", "<13>May  3 01:02:03 H socket: text", "2026-05-03T01:02:03Z H socket | text"},
		{"a host of two letters", "<13>May  3 01:02:03 db app[7]: text", "2026-05-03T01:02:03Z db app[7] | text"},
		{"a host that is a word", "<13>May  3 01:02:03 web socket: text", "2026-05-03T01:02:03Z web socket | text"},
		{"a host that is the name of a facility", "<13>May  3 01:02:03 mail socket: text", "2026-05-03T01:02:03Z mail socket | text"},
		{"a level in the place of the host", "<13>May  3 01:02:03 info socket: text", "2026-05-03T01:02:03Z - socket | text"},
		{"a level, and no host", "<13>May  3 01:02:03 err: text", "2026-05-03T01:02:03Z - err | text"},
		{"a traceback", "<11>app[7]: Traceback (most recent call last):\n  File \"a.py\", line 1\nValueError: x", `- - app[7] | Traceback (most recent call last):#012  File "a.py", line 1#012ValueError: x`},
		{"nothing but a PRI", "<14>", "- - - | "},
		{"JSON", `<14>{"a":"b: c"}`, `- - - | {"a":"b: c"}`},
	} {
		b := message.NewBatch(nil)
		m := b.Add([]byte(c[1]), origin, message.NewPeer("127.0.0.1", "box"))
		m.Received = message.TimestampOf(received)
		p.Parse(b, m)
		if got := fields(m); got != c[2] {
			t.Errorf("%s: %q\n got  %s\n want %s", c[0], c[1], got, c[2])
		}
	}
}
