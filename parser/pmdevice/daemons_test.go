package pmdevice

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"syslogd/message"
	"syslogd/parser"
)

// daemonTags are tags as daemons of Linux and BSD, libraries and runtimes write them, with
// the program and the process that they stand for.
var daemonTags = []struct{ tag, program, pid string }{
	{"sssd[nss][706970]:", "sssd", "706970"},
	{"sssd[be[EXAMPLE.NET]][19835]:", "sssd", "19835"},
	{"sssd[pam]:", "sssd", "pam"},
	{"sssd_be[7]:", "sssd_be", "7"},
	{"[sssd[ldap_child[16010]]][16010]:", "sssd", "16010"},
	{"[sssd[krb5_child[7]]]:", "sssd", "7"},
	{"krb5kdc[1234](info):", "krb5kdc", "1234"},
	{"krb5kdc[1234](Error):", "krb5kdc", "1234"},
	{"kadmin.local[99](Notice):", "kadmin.local", "99"},
	{"kadmind[7](debug):", "kadmind", "7"},
	{"kpropd[7]:", "kpropd", "7"},
	{"polkitd(authority=local):", "polkitd", ""},
	{"polkitd[7](authority=local):", "polkitd", "7"},
	{"polkitd(authority=local)[7]:", "polkitd", "7"},
	{"polkit-agent-helper-1[7]:", "polkit-agent-helper-1", "7"},
	{"gdm-password][1234]:", "gdm-password", "1234"},
	{"gdm-launch-environment][7]:", "gdm-launch-environment", "7"},
	{"gdm-autologin]:", "gdm-autologin", ""},
	{"gdm(pam_unix)[7]:", "gdm(pam_unix)", "7"}, // as rsyslogd has it
	{"su(pam_unix)[7]:", "su(pam_unix)", "7"},
	{"pam_winbind(sshd:auth)[7]:", "pam_winbind", "7"},
	{"pam_sss(sshd:auth):", "pam_sss", ""},
	{"run-parts(/etc/cron.hourly)[7]:", "run-parts", "7"},
	{"elixir<0.335.0>:", "elixir", ""},
	{"rabbitmq<0.1.0>[7]:", "rabbitmq", "7"},
	{"imap(user@example.org)<7><aBc/Def+g>:", "imap", ""},
	{"lda(user)[7]:", "lda(user)", "7"},
	{"(systemd)[7]:", "(systemd)", "7"},
	{"(sd-pam)[7]:", "(sd-pam)", "7"},
	{"(squid-1):", "(squid-1)", ""},
	{"systemd[1]:", "systemd", "1"},
	{"systemd-fsck[7]:", "systemd-fsck", "7"},
	{"kernel:", "kernel", ""},
	{"-bash:", "-bash", ""},
	{"CRON[7]:", "CRON", "7"},
	{"/USR/SBIN/CRON[7]:", "CRON", "7"},
	{"/usr/libexec/gdm-x-session[7]:", "gdm-x-session", "7"},
	{"/bsd:", "bsd", ""},
	{"postfix/smtpd[7]:", "postfix", "7"},
	{"postfix/submission/smtpd[7]:", "postfix", "7"},
	{"postgresql@14-main[7]:", "postgresql@14-main", "7"},
	{"snap.lxd.daemon[7]:", "snap.lxd.daemon", "7"},
	{"org.gnome.Shell.desktop[7]:", "org.gnome.Shell.desktop", "7"},
	{"dbus-daemon[7]:", "dbus-daemon", "7"},
	{"NetworkManager[7]:", "NetworkManager", "7"},
	{"Keepalived_vrrp[7]:", "Keepalived_vrrp", "7"},
	{"qemu-system-x86_64[7]:", "qemu-system-x86_64", "7"},
	{"java[7]:", "java", "7"},
	{"nginx:", "nginx", ""},
	{"0anacron[7]:", "0anacron", "7"},
	{"web.1[app]:", "web.1", "app"},
	{"swss#orchagent:", "swss#orchagent", ""},
	{"grün[7]:", "grün", "7"},
	{"don't:", "don't", ""},
	{"a?b!c[7]:", "a?b!c", "7"},
	{"foo$bar:", "foo$bar", ""},
}

func TestTagsOfDaemons(t *testing.T) {
	t.Parallel()
	p := newParser(t, parser.DefaultOptions(), Config{})
	for _, c := range daemonTags {
		program := c.program
		if c.pid != "" {
			program += "[" + c.pid + "]"
		}
		for head, want := range map[string]string{
			"<38>May  3 01:02:03 web1 ":                 "2026-05-03T01:02:03Z web1 ",
			"<38>2026-05-03T01:02:03+00:00 web-1.ex ":   "2026-05-03T01:02:03Z web-1.ex ",
			"May  3 01:02:03 web1 ":                     "2026-05-03T01:02:03Z web1 ",
			"<38>May  3 01:02:03 ":                      "2026-05-03T01:02:03Z - ",
			"<38>":                                      "- - ",
			"<38>1 2026-05-03T01:02:03Z web1 ":          "2026-05-03T01:02:03Z web1 ",
			"<38>May  3 01:02:03.004 2026 UTC  fe80:: ": "2026-05-03T01:02:03.004Z fe80:: ",
		} {
			if strings.HasPrefix(head, "<38>1") && strings.HasPrefix(c.tag, "[") {
				continue // brackets in the place of the app-name
			}
			b := message.NewBatch(nil)
			m := add(b, head+c.tag+" some: text")
			p.Parse(b, m)
			if got := fields(m); got != want+program+" | some: text" {
				t.Errorf("%s%s\n got  %s\n want %s%s", head, c.tag, got, want, program)
			}
			if tag := string(m.Bytes(m.TagText)); tag != c.tag {
				t.Errorf("%s%s: tag %q", head, c.tag, tag)
			}
		}
	}
}

// Words that stand where a host could be and are none, and words that are one.
func TestWhatIsNoHost(t *testing.T) {
	t.Parallel()
	for _, word := range strings.Fields(`-1504483602 -1504483602: 1504483602 +5 1704110400.123 1.5 1.2.3 0
		INFO Info info WARN Warning WARNING error ERR EMERG Fatal NOTICE DBG WRN FINEST Verbose
		Local7.Info local7.info LOCAL0.DEBUG Kernel.Notice mail.err System3.Warning
		[host] (host) <host> {host} [] [main] "host" 'host' host, host; host= a=b
		/usr/bin/app ./app ../app a/b/c usr/lib/x a/ ~/x
		12:34:56 12:34:56.789 01:02 2026-05-03 2026/05/03 2026-05-03T01:02:03Z 03.05.2026 05/03/2026 22-Nov-2026 20260503T010203Z
		RP/0/RSP0/CPU0: %SYS-5-X *Mar -- --- - . .. _ -bash .hidden #011at
		host: host[1]: #x ::: 1:2 :1`) {
		if isHost([]byte(word)) {
			t.Errorf("%s is taken for a host", word)
		}
	}
	for _, word := range strings.Fields(`h web1 web-1.example.com WEB1 localhost _gateway 10.1.1.1 10.1.1.1-1 2001:db8::1 ::1 fe80::1%eth0
		rack1/sw2 user@host AP0011.2233.4455 0011.2233.4455 00-11-22-33-44-55 host1.example.com. 1and1 3com-sw informix debugger
		mail.example.com local7.example.com may jan2 sun 2026-host fine config`) {
		if !isHost([]byte(word)) {
			t.Errorf("%s is not taken for a host", word)
		}
	}
}

// A word that is no host leaves the host to the sender, in each form of a header that has
// no other host.
func TestNoHostIsMadeOfOtherWords(t *testing.T) {
	t.Parallel()
	p := newParser(t, parser.DefaultOptions(), Config{})
	for _, word := range strings.Fields(`-1504483602 INFO Info WARN Local7.Info [main] (x) /usr/bin/app ./app a/b/c 12:34:56 2026-05-03 03.05.2026
		1704110400.123 22-Nov-2026 RP/0/RSP0/CPU0 -- {"a":1} key=value`) {
		for _, form := range []string{
			"<13>%s text goes on", "<13>%s: text", "<13>%s app[1]: text", "%s app[1]: text", "%s text goes on",
			"<13>May  3 01:02:03 %s text goes on", "<13>May  3 01:02:03 %s app: text", "<13>2026-05-03T01:02:03Z %s text",
			"<13>1704110400.123 %s text", "<13>1704110400.123 %s urls src=1", "<189>77: %s: *May  3 01:02:03: %%SYS-5-X: text",
		} {
			b := message.NewBatch(nil)
			raw := strings.Replace(strings.Replace(form, "%s", word, 1), "%%", "%", 1)
			m := add(b, raw)
			p.Parse(b, m)
			if isPriority([]byte(word)) && string(m.Hostname()) == "text" {
				continue // behind a priority stands the host
			}
			if m.Flags&message.HasHostname != 0 {
				t.Errorf("%s\n host %s", raw, m.Hostname())
			}
		}
	}
}

// Stack traces and sentences that come line by line have no host.
func TestLinesOfStackTracesHaveNoHost(t *testing.T) {
	t.Parallel()
	p := newParser(t, parser.DefaultOptions(), Config{})
	for _, line := range strings.Split(stackTraces, "\n") {
		for _, pri := range []string{"", "<11>"} {
			b := message.NewBatch(nil)
			m := add(b, pri+line)
			p.Parse(b, m)
			if m.Flags&message.HasHostname != 0 {
				t.Errorf("%q: host %s", pri+line, m.Hostname())
			}
		}
	}
}

const stackTraces = `Traceback (most recent call last):
  File "/srv/app.py", line 3, in <module>
    main()
    ^^^^^^
  File "app.py", line 1, in main
    raise ValueError("no: it is not")
ValueError: no: it is not
During handling of the above exception, another exception occurred:
The above exception was the direct cause of the following exception:
requests.exceptions.ConnectionError: HTTPSConnectionPool(host='x', port=443): Max retries
Exception in thread "main" java.lang.IllegalStateException: no
	at com.example.Main.run(Main.java:12)
	at java.base/java.lang.Thread.run(Thread.java:834)
    at com.example.Main.main(Main.java:5)
Caused by: java.io.IOException: broken pipe
	... 12 more
Suppressed: java.lang.Exception: x
panic: runtime error: index out of range [5] with length 3
fatal error: all goroutines are asleep - deadlock!
goroutine 1 [running]:
goroutine 17 [select, 5 minutes]:
main.main()
	/srv/main.go:8 +0x1d
created by net/http.(*Server).Serve in goroutine 1
exit status 2
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x45]
thread 'main' panicked at src/main.rs:2:5:
note: run with RUST_BACKTRACE=1 environment variable to display a backtrace
Unhandled exception. System.InvalidOperationException: no
   at Example.Program.Main(String[] args) in C:\src\Program.cs:line 12
   --- End of inner exception stack trace ---
Error: Cannot find module 'x'
    at Function.Module._resolveFilename (module.js:469:15)
PHP Fatal error:  Uncaught Exception: x in /srv/a.php:3
#0 {main}
  thrown in /srv/a.php on line 3
(eval):1: warning: x
undefined method foo for nil:NilClass (NoMethodError)`

// genericKinds are what the default chain reads as well: no rule of a dialect holds.
func genericKind(k kind) bool {
	return k == none || k == rfc3164 || k == untagged || k == tagged || k == plainText
}

// way is how a message comes in, for the device parser and for the chain that it is held against.
type way struct{ device, chain *message.Origin }

var (
	network = way{&message.Origin{Name: "imudp"}, &message.Origin{Name: "imudp"}}
	// With the parsers of the ruleset a local socket takes messages with a host, too.
	localSocket = way{&message.Origin{Name: "imuxsock", Local: true}, &message.Origin{Name: "imuxsock", Local: true}}
	// What syslog(3) writes, as the local socket's special parser reads it: there is no host.
	special = way{localSocket.device, &message.Origin{Name: "imuxsock", Format: message.LocalSocket, NoHostname: true}}
)

// checkNotWorse holds the property: where no rule of a dialect holds, host, tag and text are
// those of the default chain, as far as it found a host that can be one and a tag that ends with
// a colon. The program begins with the same name, or is the last part of its path.
func checkNotWorse(t *testing.T, p, chain *parser.Parser, d *device, raw string) {
	t.Helper()
	for _, w := range []way{network, localSocket, special} {
		checkWay(t, p, chain, d, w, raw)
	}
}

func checkWay(t *testing.T, p, chain *parser.Parser, d *device, w way, raw string) {
	t.Helper()
	b := message.NewBatch(nil)
	defer b.Release()
	want := add(b, raw)
	want.Origin = w.chain
	chain.Parse(b, want)
	got := add(b, raw)
	got.Origin = w.device
	p.Parse(b, got)
	if k, _ := d.again(b, got); !genericKind(k) || want.Protocol != 0 || want.Dropped() || !canJudge(d, w, want) {
		return
	}
	tag := want.Bytes(want.TagText)
	if !bytes.Equal(got.Hostname(), want.Hostname()) || !bytes.HasPrefix(got.Bytes(got.TagText), tag) {
		t.Errorf("%s %q\n host %q tag %q, of the default chain\n host %q tag %q", w.chain.Name, raw,
			got.Hostname(), got.Bytes(got.TagText), want.Hostname(), tag)
	}
	if text := bytes.TrimPrefix(want.Msg(), bytes.TrimPrefix(got.Bytes(got.TagText), tag)); !bytes.Equal(got.Msg(), text) {
		t.Errorf("%s %q\n text %q, of the default chain %q", w.chain.Name, raw, got.Msg(), want.Msg())
	}
	if name := got.ProgramName(); len(name) == 0 || !bytes.Contains(tag, name) {
		t.Errorf("%s %q\n program %q of the tag %q", w.chain.Name, raw, name, tag)
	}
}

// canJudge reports whether what the default chain found in a message is right without doubt.
func canJudge(d *device, w way, want *message.Message) bool {
	if n := want.AfterPRI; n == 2 || n > 5 {
		return false // no PRI that the RFCs know
	}
	text := want.Raw()[want.AfterPRI:]
	bsd, _ := parser.FastRFC3164(text, new(message.Timestamp))
	iso, _ := parser.FastRFC3339(text, new(message.Timestamp))
	tag := want.Bytes(want.TagText)
	if bsd+iso == 0 || !fullTag(tag) {
		return false // the default chain takes "MAY 1 ::" for a time
	}
	withID := bytes.HasSuffix(tag, []byte("]:"))
	if w == special {
		return isWholeTag(tag) && (withID || !isZone(d, tag[:len(tag)-1])) // "CET: text" is the time's
	}
	host := want.Hostname()
	if want.Flags&message.HasHostname == 0 || !isHost(host) {
		return false
	}
	if isZone(d, host) {
		return withID && bsd > 0 // else it may be the time's
	}
	// A program's name may have a blank: "Media Server: text".
	return w == network || withID || len(host) == 1 || isDistinct(host) || !is(host[0], upper)
}

// isZone reports whether a word behind a time may belong to it: its zone, or its half of the day.
func isZone(d *device, word []byte) bool {
	_, zone := d.zones[string(word)]
	return zone || slices.Contains([]string{"Z", "z", "AM", "PM"}, string(word))
}

// isWholeTag reports whether a word that ends with a colon has the bytes of
// tags, and no other one outside of brackets:
// the special parser takes a word up to a blank.
func isWholeTag(tag []byte) bool {
	depth := 0
	for _, c := range tag[:len(tag)-1] {
		switch c {
		case '(', '[', '<':
			depth++
		case ')', ']', '>':
			depth--
		case ':':
			if depth <= 0 {
				return false
			}
		default:
			if kinds[c]&(anyTag|oddMark) == 0 {
				return false
			}
		}
	}
	return true
}

// goesOn reports whether a name goes on behind brackets: a[1]b.
func goesOn(tag []byte) bool {
	for i, c := range tag[:len(tag)-1] {
		if (c == ']' || c == ')' || c == '>') && bytes.IndexByte([]byte(":[](<>)"), tag[i+1]) < 0 {
			return true
		}
	}
	return false
}

// fullTag reports whether a tag of the default chain ends with its only colon, and begins as one
// does.
func fullTag(tag []byte) bool {
	n := len(tag)
	if n < 2 || bytes.IndexByte(tag, ':') != n-1 || bytes.ContainsAny(tag, `="{}|;`+"`\x7f") || bytes.Contains(tag, []byte("#011")) {
		return false
	}
	named := bytes.ContainsFunc(tag, func(r rune) bool { return r < 0x80 && is(byte(r), alnum) })
	return named && (is(tag[0], letter) || tag[0] == '/' || tag[0] == '_') && balanced(tag) && !goesOn(tag)
}

// balanced reports whether each bracket of a tag is closed, behind where it was opened.
func balanced(tag []byte) bool {
	var closing []byte // of the brackets that are open
	for _, c := range tag {
		switch c {
		case '[', '<':
			closing = append(closing, c+2)
		case '(':
			closing = append(closing, ')')
		case ']', ')', '>':
			last := len(closing) - 1
			if last < 0 || closing[last] != c {
				return false
			}
			closing = closing[:last]
		}
	}
	return len(closing) == 0
}

func defaultChain(o parser.Options) *parser.Parser { return parser.New(o, parser.DefaultChain()) }

// Messages put together of parts, as programs put them together.
func TestNeverWorseThanTheDefaultChain(t *testing.T) {
	t.Parallel()
	o := parser.DefaultOptions()
	p, chain := newParser(t, o, Config{}), defaultChain(o)
	built, _ := New(Config{}, parserEnv(o))
	d := built.(*device)
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	word := func(bytes string, n int) string {
		var w strings.Builder
		for range 1 + r.IntN(n) {
			w.WriteByte(bytes[r.IntN(len(bytes))])
		}
		return w.String()
	}
	const names = "abcxyzABCXYZ0189._-"
	zones := append(slices.Sorted(maps.Keys(d.zones)), "Z", "z")
	for range 20000 {
		tag := daemonTags[r.IntN(len(daemonTags))].tag
		if r.IntN(2) == 0 {
			tag = pick(word(names, 12), word(names, 12), word(names, 1), pick(zones...)) + pick("", "", "["+word("0189", 5)+"]", "["+word(names, 5)+"]") + ":"
		}
		raw := pick("<13>", "<38>", "<189>") + pick("May  3 01:02:03 ", "May 13 01:02:03 ", "2026-05-03T01:02:03.004+02:00 ") +
			pick(word(names, 12)+" ", word(names, 12)+" ", word(names, 1)+" ", pick(zones...)+" ", "") + tag + pick(" ", " ", "") + pick("text", "a: b", "[x] y", "1: z", `{"a": 1}`, "k=v", "", "%x-5-y", "May  3 01:02:03 h a: b")
		checkNotWorse(t, p, chain, d, raw)
	}
}

func FuzzNeverWorseThanTheDefaultChain(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	for _, c := range daemonTags {
		for _, host := range []string{"web1 ", "h ", "Z ", "CET ", ""} {
			f.Add("<38>May  3 01:02:03 " + host + c.tag + " text")
		}
	}
	o := parser.DefaultOptions()
	p, chain := newParser(f, o, Config{}), defaultChain(o)
	built, _ := New(Config{}, parserEnv(o))
	d := built.(*device)
	f.Fuzz(func(t *testing.T, raw string) {
		if strings.HasPrefix(raw, "z") || strings.Contains(raw, mark) {
			return
		}
		checkNotWorse(t, p, chain, d, raw)
	})
}
