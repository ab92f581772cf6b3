package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"

	"syslogd/internal/process"
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
	const mutual = ` streamDriverMode="1" streamDriverAuthMode="x509/name" streamDriverPermittedPeers="server.example.net"`
	tlsInput := func(driver string) string {
		return `module(load="imtcp" streamDriver.name="` + driver + `" streamDriver.mode="1" streamDriver.authMode="x509/name" permittedPeer="client.example.net")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="@DIR@/port")`
	}
	const plainInput = `module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="@DIR@/port")`
	const packedInput = `module(load="imptcp")
input(type="imptcp" address="127.0.0.1" port="0" listenPortFileName="@DIR@/port" compression.mode="stream:always")`
	checked := func(driver, check string) string {
		return `module(load="imtcp" streamDriver.name="` + driver + `" streamDriver.mode="1" ` + check + `)
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="@DIR@/port")`
	}
	byPrint := `streamDriver.authMode="x509/fingerprint" permittedPeer="` + fingerprint(t, certs.clientCert) + `"`
	byServerPrint := ` streamDriverMode="1" streamDriverAuthMode="x509/fingerprint" streamDriverPermittedPeers="` + fingerprint(t, certs.serverCert) + `"`
	const valid = ` streamDriverMode="1" streamDriverAuthMode="x509/certvalid"`
	for _, test := range []struct{ name, driver, input, action string }{
		{"TCP", "", plainInput, `protocol="tcp"`},
		{"TCP, octet-counted, RFC 5424", "", plainInput, `protocol="tcp" tcp_framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"`},
		{"TLS, gtls", "gtls", tlsInput("gtls"), `protocol="tcp" streamDriver="gtls"` + mutual},
		{"TCP, messages compressed", "", plainInput, `protocol="tcp" zipLevel="9"`},
		{"TCP, stream compressed", "", packedInput, `protocol="tcp" compression.mode="stream:always"`},
		{"TCP, stream compressed, octet-counted", "", packedInput, `protocol="tcp" tcp_framing="octet-counted" compression.mode="stream:always" zipLevel="3"`},
		{"TCP, many connections", "", plainInput, `protocol="tcp" rebindInterval="20"`},
		{"TLS, gtls, fingerprints", "gtls", checked("gtls", byPrint), `protocol="tcp" streamDriver="gtls"` + byServerPrint},
		{"TLS, ossl, fingerprints", "ossl", checked("ossl", byPrint), `protocol="tcp" streamDriver="ossl"` + byServerPrint},
		{"TLS, gtls, any valid certificate", "gtls", checked("gtls", `streamDriver.authMode="x509/certvalid"`), `protocol="tcp" streamDriver="gtls"` + valid},
		{"TLS, ossl, any valid certificate", "ossl", checked("ossl", `streamDriver.authMode="x509/certvalid"`), `protocol="tcp" streamDriver="ossl"` + valid},
		{"TLS, ossl, anonymous", "ossl", checked("ossl", `streamDriver.authMode="anon"`), `protocol="tcp" streamDriver="ossl" streamDriverMode="1" streamDriverAuthMode="anon"`},
		{"TLS, ossl", "ossl", tlsInput("ossl"), `protocol="tcp" tcp_framing="octet-counted" streamDriver="ossl"` + mutual},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.driver != "" {
				needDriver(t, "lmnsd_"+test.driver)
			}
			r := receive(t, certs, test.input)
			forwardsTo(t, r, certs, `type="omfwd" target="127.0.0.1" port="`+r.port(t, "port")+`" `+test.action)
		})
	}
}

// forwardsTo starts our server with an action, gives it messages, and checks that
// r has each of them once.
func forwardsTo(t *testing.T, r *receiver, certs certificates, action string) {
	t.Helper()
	const count = 250
	s := startServer(t, fmt.Sprintf(`
global(defaultNetstreamDriverCAFile="%s" defaultNetstreamDriverCertFile="%s" defaultNetstreamDriverKeyFile="%s")
module(load="omuxsock")
module(load="imuxsock" sysSock.use="off")
input(type="imuxsock" socket="@DIR@/log" useSpecialParser="off" parseHostname="on")
action(%s)
`, certs.ca, certs.clientCert, certs.clientKey, action))
	conn, err := net.Dial("unixgram", s.path("log"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var want []string
	for i := range count {
		text := fmt.Sprintf("message %d, %s", i, strings.Repeat("and so on ", i%20))
		if _, err := fmt.Fprintf(conn, "<139>Mar  4 10:00:00 web1 app[%d]: %s", i, text); err != nil {
			t.Fatal(err)
		}
		colon := ":"
		if strings.Contains(action, "23Format") {
			colon = ""
		}
		want = append(want, fmt.Sprintf("local1.err web1 app[%d]%s %s", i, colon, text))
	}
	s.stop() // what was accepted is sent before the end
	poll(func() bool { return distinct(r.lines()) >= count })
	got := r.lines()
	sort.Strings(got)
	sort.Strings(want)
	if problem := compareSorted(got, want); problem != "" {
		t.Error(problem)
	}
}

func TestRsyslogdGetsEachDatagramThatIsForwardedOnce(t *testing.T) {
	t.Parallel()
	rsyslogd(t)
	certs := makeCertificates(t)
	for name, params := range map[string]string{
		"traditional": ``, "RFC 5424": `template="RSYSLOG_SyslogProtocol23Format"`, "compressed": `zipLevel="9"`,
		"new sockets": `rebindInterval="7"`, "from an address": `address="127.0.0.3"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			// The socket is open when the port of the other input is known.
			r := receive(t, certs, `module(load="imudp")
input(type="imudp" address="127.0.0.1" port="`+port+`" rcvbufSize="1m")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="@DIR@/port")`)
			r.port(t, "port")
			forwardsTo(t, r, certs, `type="omfwd" target="127.0.0.1" port="`+port+`" udp.sendDelay="100" `+params)
		})
	}
}

func TestRsyslogdGetsEachMessageThroughAUnixSocketOnce(t *testing.T) {
	t.Parallel()
	rsyslogd(t)
	certs := makeCertificates(t)
	r := receive(t, certs, `module(load="imuxsock" sysSock.use="off")
input(type="imuxsock" socket="@DIR@/in" useSpecialParser="off" parseHostname="on" rateLimit.interval="0")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="@DIR@/port")`)
	r.port(t, "port")
	forwardsTo(t, r, certs, `type="omuxsock" socketName="`+filepath.Join(r.dir, "in")+`"`)
}

// The same messages go through both servers in every built-in format.
func TestForwardedBytesAreThoseOfRsyslogd(t *testing.T) {
	t.Parallel()
	daemon := rsyslogd(t)
	messages := []string{
		"<13>Mar  4 10:00:00 web1 app[12]: hello",
		"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
		"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut=\"3\" eventSource=\"App\"] An application event",
		"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
		"<34>1 2003-10-11T22:14:15.003Z host su - ID47 [a b=\"c\\\"]\"][d@1 e=\"\"] \xef\xbb\xbfUTF-8 gr\xc3\xbcn",
		"<0>1 2024-02-29T23:59:59Z - - - - -",
		"<191>Jan  1 00:00:00 h tag-with-everything/1.2_x[0815]:no blank",
		"<13>Mar  4 10:00:00 web1 a\ttab: in\tthe text\x01\x7f and \"quotes\" \\ and / ",
		"<14>2024-01-02T03:04:05.678901+02:00 web1 iso: time",
	}
	templates := []string{
		"RSYSLOG_TraditionalForwardFormat", "RSYSLOG_ForwardFormat", "RSYSLOG_SyslogProtocol23Format", "RSYSLOG_SysklogdFileFormat",
		"RSYSLOG_TraditionalFileFormat", "RSYSLOG_FileFormat", "RSYSLOG_omudpspoofDfltSourceTpl",
	}
	run := func(name string, start func(t *testing.T, actions string) (port string, stop func())) map[string]string {
		got := map[string]string{}
		var actions strings.Builder
		var servers []net.Listener
		for _, tpl := range templates {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			servers = append(servers, ln)
			_, port, _ := net.SplitHostPort(ln.Addr().String())
			fmt.Fprintf(&actions, "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"%s\" protocol=\"tcp\" tcp_framing=\"octet-counted\" template=\"%s\")\n", port, tpl)
		}
		port, stop := start(t, actions.String())
		c := connect(t, "tcp", port)
		for _, m := range messages {
			fmt.Fprintf(c, "%d %s", len(m), m)
		}
		for i, tpl := range templates {
			conn, err := servers[i].Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			got[tpl] = frames(t, conn, len(messages))
		}
		c.Close()
		stop()
		return got
	}
	want := run("rsyslogd", func(t *testing.T, actions string) (string, func()) {
		r := receive(t, makeCertificates(t), `module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="@DIR@/port")
`+actions)
		return r.port(t, "port"), func() {}
	})
	got := run("syslogd", func(t *testing.T, actions string) (string, func()) {
		s := startServer(t, "module(load=\"imtcp\")\ninput(type=\"imtcp\" address=\"127.0.0.1\" port=\"0\")\n"+actions)
		return s.port("imtcp"), s.stop
	})
	for _, tpl := range templates {
		if got[tpl] != want[tpl] {
			t.Errorf("%s: got\n%s\nwant, from %s\n%s", tpl, got[tpl], daemon, want[tpl])
		}
	}
}

// frames reads n octet-counted frames, one a line, quoted.
func frames(t *testing.T, c net.Conn, n int) string {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(process.Patience))
	r := bufio.NewReader(c)
	var b strings.Builder
	for range n {
		var size int
		if _, err := fmt.Fscanf(r, "%d ", &size); err != nil {
			t.Fatalf("after %s: %v", b.String(), err)
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(r, text); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%q\n", text)
	}
	return b.String()
}
