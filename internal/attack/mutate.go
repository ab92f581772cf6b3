package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// readSeeds reads the messages that mutation begins with, one a line.
func readSeeds(dir string) ([][]byte, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	var seeds [][]byte
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		for line := range bytes.Lines(text) {
			if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
				seeds = append(seeds, line)
			}
		}
	}
	if len(seeds) == 0 {
		return nil, fmt.Errorf("no messages in %s", dir)
	}
	for _, s := range devices {
		seeds = append(seeds, []byte(s))
	}
	return seeds, nil
}

// devices are messages of kinds that the dialects and modifiers look into.
var devices = []string{
	`<13>date=2024-03-01 time=10:00:00 devname=FGHOST devid=FG1 srcip=1.2.3.244 dstip=192.168.100.255 devname=FGHOST`,
	`<189>date=2024-03-01 time=10:00:00 devname="fw-1" logid="0000000013" type="traffic" srcip=10.0.0.1 srcport=1 msg="a b"`,
	`<166>%ASA-6-302013: Built outbound TCP connection 123 for outside:203.0.113.5/443 to inside:10.1.1.5/51234`,
	`<187>123: *Mar  1 18:46:11.123 UTC: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down`,
	`<13>Oct 11 22:14:15 host CEF:0|Vendor|Product|1.0|100|name|5|src=10.0.0.1 dst=2.1.2.2 cs1=a\=b msg=x y`,
	`<13>1 2024-03-01T10:00:00Z h app 1 ID [a@1 k="v" l="\"\]\\"][b@2 k="v"] 203.0.113.7 text`,
	`<13>Oct 11 22:14:15 host app: @cee: {"a":{"b":[1,2,{"c":null}]},"msg":"x","ip":"203.0.113.77"}`,
	`<134>1 1563249630.774247467 MX84 events type=vpn_registry_change vpn_type='site-to-site' peer_contact='98.68.191.209:51856'`,
	`<14>Mar  1 10:00:00 fw 1,2024/03/01 10:00:00,007200001056,TRAFFIC,end,1,2024/03/01 10:00:00,10.0.0.1,1.1.1.1`,
	`<30>Mar  1 10:00:00 h MSWinEventLog	1	Security	1	Fri Mar 01 10:00:00 2024	4624	Microsoft	u	N/A	Success Audit	h	Logon		text	1`,
	`<13>Mar  1 10:00:00 h app: 2001:db8::1 and 203.0.113.9, user=x key="v w"; a|b|c;d;e;`,
	`<13>Mar  1 10:00:00 h message repeated 3 times: [ 203.0.113.9 ]`,
}

// tokens are what attackers put where something else is expected.
var tokens = []string{
	"", " ", "\x00", "\n", "\r\n", "\x1b[2J", "\xff\xfe", "\xef\xbb\xbf", "\u202e", "\u0085", "../", "../../etc/passwd", ".", "..", "/", "%n%s", "${x}", "$!a",
	"<", ">", "<999>", "<-1>", "<13", "[", "]", "[]", "{", "}", "{{{{", `"`, `\`, `\"`, "=", "==", "|", ";", ":", ": ", "::", "%%", "%-0-:", "255.255.255.255", "1.2.3.4.5.6.7.8",
	"::1", "1::2::3", "fe80::%eth0", "-", "- - - -", "0", "-1", "4294967296", "18446744073709551616", "1e999", "NaN", "null", "true", "Feb 30 25:61:61", "9999-99-99T99:99:99.999999999Z",
	"@cee:", "@cee: {", "CEF:0|", "LEEF:2.0|", "%ASA-", "type=", "date=", "last message repeated 99999999999 times",
}

// mutate returns a message like nothing that a device sends.
func (a *attack) mutate() []byte {
	m := bytes.Clone(a.seeds[a.rand.IntN(len(a.seeds))])
	for range 1 + a.rand.IntN(6) {
		at := a.rand.IntN(len(m) + 1)
		switch a.rand.IntN(10) {
		case 0: // another byte
			if at < len(m) {
				m[at] = byte(a.rand.Uint32())
			}
		case 1: // cut off
			m = m[:at]
		case 2: // the front is missing
			m = m[at:]
		case 3: // a piece is missing
			end := min(len(m), at+a.rand.IntN(20))
			m = append(m[:at:at], m[end:]...)
		case 4: // a piece comes again
			end := min(len(m), at+a.rand.IntN(40))
			m = append(m[:end:end], m[at:]...)
		case 5: // something of another message
			other := a.seeds[a.rand.IntN(len(a.seeds))]
			m = append(m[:at:at], other[a.rand.IntN(len(other)):]...)
		case 6, 7, 8:
			token := tokens[a.rand.IntN(len(tokens))]
			m = append(m[:at:at], append([]byte(token), m[at:]...)...)
		case 9: // much of the same
			if a.rand.IntN(20) == 0 {
				token := tokens[a.rand.IntN(len(tokens))]
				n := a.rand.IntN(6000) / max(len(token), 1)
				m = append(m[:at:at], append([]byte(strings.Repeat(token, n)), m[at:]...)...)
			}
		}
	}
	return m[:min(len(m), 60000)]
}
