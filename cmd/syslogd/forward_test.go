package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"testing"
)

// receiver is the installed rsyslogd, which writes what it gets to a file.
type receiver struct{ dir string }

func (r *receiver) port(t *testing.T, name string) string {
	t.Helper()
	var text []byte
	if !poll(func() bool {
		text, _ = os.ReadFile(filepath.Join(r.dir, name))
		return len(text) > 0
	}) {
		t.Fatalf("rsyslogd does not listen (%s)", name)
	}
	return strings.TrimSpace(string(text))
}

func (r *receiver) lines() []string {
	text, _ := os.ReadFile(filepath.Join(r.dir, "out.log"))
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// receive starts rsyslogd with an input. @DIR@ in it is its directory.
func receive(t *testing.T, certs certificates, input string) *receiver {
	t.Helper()
	r := &receiver{t.TempDir()}
	conf := fmt.Sprintf(`global(workDirectory="@DIR@" defaultNetstreamDriverCAFile="%s" defaultNetstreamDriverCertFile="%s" defaultNetstreamDriverKeyFile="%s")
template(name="line" type="string" string="%%syslogfacility-text%%.%%syslogseverity-text%% %%hostname%% %%syslogtag%%%%msg%%\n")
`, certs.ca, certs.serverCert, certs.serverKey) + input + `
action(type="omfile" file="@DIR@/out.log" template="line")
`
	file := filepath.Join(r.dir, "rsyslog.conf")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(conf, "@DIR@", r.dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(rsyslogd(t), "-n", "-f", file, "-i", filepath.Join(r.dir, "pid"))
	output := &strings.Builder{}
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if t.Failed() {
			t.Logf("output of rsyslogd:\n%s", output)
		}
	})
	return r
}

func TestRsyslogdGetsEachMessageThatIsForwardedOnce(t *testing.T) {
	t.Parallel()
	rsyslogd(t)
	certs := makeCertificates(t)
	const count = 250
	const mutual = ` streamDriverMode="1" streamDriverAuthMode="x509/name" streamDriverPermittedPeers="server.example.net"`
	tlsInput := func(driver string) string {
		return `module(load="imtcp" streamDriver.name="` + driver + `" streamDriver.mode="1" streamDriver.authMode="x509/name" permittedPeer="client.example.net")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="@DIR@/port")`
	}
	const plainInput = `module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="@DIR@/port")`
	for _, test := range []struct{ name, driver, input, action string }{
		{"TCP", "", plainInput, `protocol="tcp"`},
		{"TCP, octet-counted, RFC 5424", "", plainInput, `protocol="tcp" tcp_framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"`},
		{"TLS, gtls", "gtls", tlsInput("gtls"), `protocol="tcp" streamDriver="gtls"` + mutual},
		{"TLS, ossl", "ossl", tlsInput("ossl"), `protocol="tcp" tcp_framing="octet-counted" streamDriver="ossl"` + mutual},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.driver != "" {
				needDriver(t, "lmnsd_"+test.driver)
			}
			r := receive(t, certs, test.input)
			s := startServer(t, fmt.Sprintf(`
global(defaultNetstreamDriverCAFile="%s" defaultNetstreamDriverCertFile="%s" defaultNetstreamDriverKeyFile="%s")
module(load="imuxsock" sysSock.use="off")
input(type="imuxsock" socket="@DIR@/log" useSpecialParser="off" parseHostname="on")
action(type="omfwd" target="127.0.0.1" port="%s" %s)
`, certs.ca, certs.clientCert, certs.clientKey, r.port(t, "port"), test.action))
			conn, err := net.Dial("unixgram", s.path("log"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			var want []string
			for i := range count {
				if _, err := fmt.Fprintf(conn, "<139>Mar  4 10:00:00 web1 app[%d]: message %d", i, i); err != nil {
					t.Fatal(err)
				}
				colon := ":"
				if strings.Contains(test.action, "23Format") {
					colon = ""
				}
				want = append(want, fmt.Sprintf("local1.err web1 app[%d]%s message %d", i, colon, i))
			}
			s.stop() // what was accepted is sent before the end
			poll(func() bool { return len(r.lines()) >= count })
			got := r.lines()
			sort.Strings(got)
			sort.Strings(want)
			if problem := compareSorted(got, want); problem != "" {
				t.Error(problem)
			}
		})
	}
}
