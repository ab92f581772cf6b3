package imfile

import (
	"strings"
	"testing"
)

func TestFingerprintIsThatOfRsyslogd(t *testing.T) {
	// The name of the state file that rsyslogd 8.2302 made for a file with this start.
	head := []byte("short\n" + strings.Repeat("x", 600))[:512]
	if got, want := fingerprint(head), "5286677e5c9f92bb"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// The example of the paper on SipHash.
	paper := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}
	if got, want := fingerprint(paper), "e545be4961ca29a1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
