package engine_test

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// With the built-in configuration a message of 64 KiB is whole, over TCP in either framing
// and over the unix socket; UDP can not carry one.
func TestTheBuiltInConfigurationTakesMessagesOf64KiBWhole(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../cmd/syslogd/default.conf")
	if err != nil {
		t.Fatal(err)
	}
	conf := regexp.MustCompile(`(?m)input\(type="imtcp" port="6514"[^)]*\)|^input.*port="514".*$|^ *metrics.listen=.*$|^.*defaultNetstream.*$`).ReplaceAllString(string(text), "")
	conf = strings.NewReplacer(`port="5514"`, `address="127.0.0.1" port="0"`, `"run`, `"@DIR@/run`, `"log/`, `"@DIR@/log/`).Replace(conf)
	e, dir, log := start(t, conf)
	const size = 64 << 10
	message := func(program string) string {
		head := "<13>Oct 11 22:14:15 h " + program + ": "
		if program == "socket" { // as syslog(3) writes it, without a host
			head = "<13>Oct 11 22:14:15 socket: "
		}
		return head + strings.Repeat("x", size-len(head))
	}
	for _, l := range e.Listening() {
		if _, ok := l.Addr.(*net.TCPAddr); ok {
			send(t, l.Addr, message("lines")+"\n")
			send(t, l.Addr, "65536 "+message("counted"))
		}
	}
	send(t, &net.UnixAddr{Net: "unixgram", Name: filepath.Join(dir, "run/log")}, message("socket"))
	for _, program := range []string{"lines", "counted", "socket"} {
		text := message(program)
		want := text[strings.Index(text, program):] + "\n"
		waitFor(t, program, func() bool {
			files, _ := filepath.Glob(filepath.Join(dir, "log/*", program+".log"))
			return len(files) == 1 && strings.HasSuffix(content(files[0], ""), want)
		})
	}
	if strings.Contains(log.String(), "lost") || strings.Contains(log.String(), "oversize") {
		t.Errorf("log: %s", log)
	}
}
