package relp

import (
	"bytes"
	"fmt"
	"strconv"
)

// software is how a side names itself.
const software = "syslogd"

// AppendOffers appends what this program offers when a session opens: version 0
// of the protocol and the transfer of messages.
func AppendOffers(dst []byte) []byte {
	return append(dst, "relp_version=0\nrelp_software="+software+"\ncommands=syslog"...)
}

// CheckOffers reports why a session with a peer of these offers is not possible.
func CheckOffers(offers []byte) error {
	transfers := false
	for line := range bytes.SplitSeq(offers, []byte("\n")) {
		name, value, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\r")), []byte("="))
		switch string(name) {
		case "relp_version":
			// Versions are compatible downwards: the peer will speak 0.
			if v, err := strconv.Atoi(string(value)); err != nil || v < 0 {
				return fmt.Errorf("unknown version of the protocol: %q", value)
			}
		case "commands":
			for c := range bytes.SplitSeq(value, []byte(",")) {
				transfers = transfers || string(bytes.TrimSpace(c)) == Syslog
			}
		}
	}
	if !transfers {
		return fmt.Errorf("the peer does not offer the command %q", Syslog)
	}
	return nil
}
