package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net"
	"os"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"syslogd/internal/process"
)

func itoa(n int) string { return strconv.Itoa(n) }

var (
	kernelLoad  = regexp.MustCompile(`(?im)^[ \t]*\$ModLoad\s+(?:imklog|imkmsg|imjournal)\b.*$`)
	kernelObj   = regexp.MustCompile(`(?im)^[ \t]*module\(\s*load\s*=\s*"(?:imklog|imkmsg|imjournal)"[^)]*\).*$`)
	kernelWord  = regexp.MustCompile(`(?im)^[ \t]*\$(?:KLog|IMJournal)\w+.*$`)
	hasInput    = regexp.MustCompile(`(?i)\$UDPServerRun|\$InputTCPServerRun|\$InputPTCPServerRun|input\(\s*type\s*=\s*"im(udp|tcp|ptcp)"`)
	loadsUDP    = regexp.MustCompile(`(?i)(load\s*=\s*"|\$ModLoad\s+)imudp`)
	portInText  = regexp.MustCompile(`:(\d{1,5})\b|(?i:port)\s*=\s*"(\d+)"`)
	hostInText  = regexp.MustCompile(`@@?(?:\([^)]*\))?([\w.-]+)|(?i)\b(?:target|server|host)\s*=\s*"([\w.-]+)"`)
	loopback    = regexp.MustCompile(`^127\.|^localhost$`)
	secureInput = regexp.MustCompile(`(?is)input\([^)]*(?:"imrelp"|streamdriver\.mode\s*=\s*"1")[^)]*\)`)
)

// prepareConfig leaves out the kernel log and the journal, which belong to the
// machine, and adds an input over the network where there is none.
func (b *box) prepareConfig() {
	comment := func(s string) string { return "#" + strings.ReplaceAll(s, "\n", "\n#") }
	for _, re := range []*regexp.Regexp{kernelLoad, kernelObj, kernelWord} {
		b.Config = re.ReplaceAllStringFunc(b.Config, comment)
	}
	b.active = active(b.Config)
	if b.option("inputs") != "as-is" && !hasInput.MatchString(b.active) {
		b.Config = strings.TrimRight(b.Config, "\n") + "\n"
		if !loadsUDP.MatchString(b.active) {
			b.Config += "module(load=\"imudp\")\n"
		}
		b.Config += "input(type=\"imudp\" port=\"20514\")\n"
		b.active = active(b.Config)
	}
}

func active(config string) string {
	lines := strings.Split(config, "\n")
	return strings.Join(slices.DeleteFunc(lines, func(s string) bool { return strings.HasPrefix(strings.TrimLeft(s, " \t"), "#") }), "\n")
}

// namedPorts are those that a configuration names, and 514.
func namedPorts(config string) []int {
	ports := []int{514}
	for _, m := range portInText.FindAllStringSubmatch(config, -1) {
		if n, err := strconv.Atoi(m[1] + m[2]); err == nil && n > 0 && n < 65536 {
			ports = append(ports, n)
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// namedTargets are the hosts and addresses that a configuration names, but the loopback.
func namedTargets(config string) []string {
	var hosts []string
	for _, m := range hostInText.FindAllStringSubmatch(config, -1) {
		if h := m[1] + m[2]; !loopback.MatchString(h) && !slices.Contains(hosts, h) {
			hosts = append(hosts, h)
		}
	}
	sort.Strings(hosts)
	return hosts
}

// namedHosts are those of them that are names.
func namedHosts(config string) []string {
	return slices.DeleteFunc(namedTargets(config), func(h string) bool { return net.ParseIP(h) != nil })
}

// numbers are those in an option.
func (b *box) numbers(option string) (out []int) {
	for _, s := range regexp.MustCompile(`\d+`).FindAllString(b.option(option), -1) {
		n, _ := strconv.Atoi(s)
		out = append(out, n)
	}
	return out
}

// feed sends the messages, one input after the other, and waits until nothing
// happens any more.
func (b *box) feed() error {
	if b.run.HasEnded() {
		return nil
	}
	late := b.numbers("late")
	for _, p := range namedPorts(b.active) {
		bound := slices.Contains(b.report.Listening, "udp "+itoa(p)) || slices.Contains(b.report.Listening, "tcp "+itoa(p))
		if !bound && !slices.Contains(late, p) && !slices.Contains(b.numbers("closed"), p) {
			b.sink.port(p, "")
		}
	}
	chosen, local := b.messages()
	for _, kind := range []string{"udp", "tcp", "unix"} {
		for _, place := range b.report.Listening {
			name, rest, _ := strings.Cut(place, " ")
			if name != kind {
				continue
			}
			n, _ := strconv.Atoi(rest)
			switch {
			case slices.Contains(b.numbers("silent"), n), kind != "unix" && b.secure(rest):
				continue
			case kind == "udp":
				send("udp", "127.0.0.1:"+rest, chosen, nil)
			case kind == "tcp":
				send("tcp", "127.0.0.1:"+rest, chosen, []byte{'\n'})
			case strings.HasPrefix(rest, "datagram "):
				send("unixgram", at(strings.TrimPrefix(rest, "datagram ")), local, nil)
			}
			b.calm(300 * time.Millisecond)
		}
	}
	for path, text := range b.Appended {
		f, err := os.OpenFile(at(path), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		f.WriteString(text)
		f.Close()
	}
	quiet := time.Second
	if len(b.Appended) > 0 {
		quiet = 2500 * time.Millisecond
	}
	if s, err := strconv.ParseFloat(b.option("quiet"), 64); err == nil {
		quiet = time.Duration(s * float64(time.Second))
	}
	b.calm(quiet)
	for _, p := range late {
		b.sink.port(p, "")
	}
	return nil
}

// secure reports whether TLS or RELP is spoken at a port: it gets no messages.
func (b *box) secure(port string) bool {
	for _, text := range secureInput.FindAllString(b.active, -1) {
		if strings.Contains(text, `"`+port+`"`) {
			return true
		}
	}
	return regexp.MustCompile(`(?i)\$InputRELPServerRun\s+"?` + port + `\b`).MatchString(b.active)
}

var udpMark = regexp.MustCompile(`zq(\d{3})`)

// send sends messages one after the other. Over TCP they have marks of their own.
func send(network, address string, messages [][]byte, end []byte) {
	c, err := net.DialTimeout(network, address, 3*time.Second)
	if err != nil {
		return // the daemon has closed the port
	}
	defer c.Close()
	for _, m := range messages {
		if network == "tcp" {
			m = udpMark.ReplaceAll(m, []byte("tq$1"))
		}
		c.SetWriteDeadline(time.Now().Add(3 * time.Second))
		c.Write(append(bytes.Clone(m), end...))
		time.Sleep(2 * time.Millisecond) // a receiver whose buffer is full drops datagrams
	}
}

// calm waits until nothing has been written or received for some time.
func (b *box) calm(quiet time.Duration) {
	before, since := "", time.Now()
	process.Poll(calmLimit, func() bool {
		var now strings.Builder
		b.changed(func(path, _ string, info fs.FileInfo) { fmt.Fprint(&now, path, info.Size(), " ") })
		traffic, _ := os.ReadFile("/proc/net/dev")
		fmt.Fprint(&now, b.sink.size(), string(traffic))
		if now.String() != before {
			before, since = now.String(), time.Now()
		}
		return time.Since(since) > quiet
	})
}

// messages are those for UDP and TCP, and those for local sockets: all facilities
// and severities, odd ones, what the filters name, and those of the case.
func (b *box) messages() (network, local [][]byte) {
	switch b.option("messages") {
	case "none":
		return nil, nil
	case "only":
		return b.Messages, nil
	}
	n := 0
	add := func(pri int, host, tag, text string) {
		n++
		network = append(network, fmt.Appendf(nil, "<%d>Oct 11 22:14:%02d %s %s %s zq%03d", pri, n%60, host, tag, text, n))
	}
	tags := []string{"cron[123]:", "sshd[55]:", "su:", "kernel:", "postfix/smtpd[8]:", "app:", "sudo:"}
	hosts := []string{"alpha", "beta.example.com", "192.0.2.3"}
	for f := range 24 {
		for _, severity := range []int{f * 3 % 8, (f*3 + 5) % 8} {
			add(f*8+severity, hosts[f%3], tags[(f+severity)%len(tags)], fmt.Sprintf("event of facility %d severity %d", f, severity))
		}
	}
	for severity := range 8 {
		add(8+severity, "alpha", "app:", "severity "+itoa(severity))
	}
	for _, m := range comparedWith.FindAllStringSubmatch(b.active, -1) {
		switch value := strings.TrimRight(m[2], ":"); strings.ToLower(m[1]) {
		case "programname", "app-name", "syslogtag":
			add(30, "alpha", value+":", "of a named program")
			add(187, "alpha", value+"[77]:", "error of a named program")
		case "msg", "rawmsg":
			add(14, "alpha", "app:", "before "+m[2]+" behind")
			add(14, "alpha", "app:", m[2])
		default:
			add(14, value, "app:", "from a named host")
		}
	}
	for _, m := range odd {
		network = append(network, []byte(m))
	}
	for i, m := range []string{"<30>Oct 11 22:14:15 local[5]: one", "<86>Oct 11 22:14:15 sshd[6]: two", "<14>without a header"} {
		local = append(local, fmt.Appendf(nil, "%s uq%03d", m, 951+i))
	}
	return append(network, b.Messages...), local
}

// comparedWith is a property and the text that a filter compares it with.
var comparedWith = regexp.MustCompile(`(?i)\$?\b(programname|app-name|syslogtag|msg|rawmsg|hostname|fromhost)["']?\s*,?\s*` +
	`(?:==|!=|!?isequal|!?startswith|!?contains)\s*,?\s*["']([^"'\\\n]{1,80})["']`)

// odd are messages that senders get wrong, or that are not plain text.
var odd = []string{
	`<165>1 2003-08-24T05:14:15.000003-07:00 gamma evntslog 8710 ID47 [ex@32473 iut="3"] an event zq901`,
	"<13>1 2003-10-11T22:14:15Z - - - - - nothing known zq902",
	"text without priority zq903",
	`<14>Oct 11 22:14:15 alpha app: @cee: {"a":"b","n":5,"k":"zq904"}`,
	"<14>Oct 11 22:14:15 alpha app: tab\there, control \x01, quote \" and \\ zq905",
	"<14>Oct 11 22:14:15 alpha app: umlauts äöü zq906",
	"<14>Oct 11 22:14:15 alpha app:no blank zq907",
	"<14>Oct 11 22:14:15 alpha a-name-of-a-program-that-is-longer-than-thirty-two[12345]: long tag zq908",
	"<191>Oct  1 02:04:05 alpha app: " + strings.Repeat("long ", 150) + "zq909",
}
