package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// allInputs receives in every way, and writes each message into the file of its program.
const allInputs = `
module(load="imudp")
module(load="imtcp")
module(load="imptcp")
module(load="imuxsock" sysSock.use="off")
input(type="imptcp" name="packed" address="127.0.0.1" port="0" compression.mode="stream:always")
input(type="imtcp" name="packedtcp" address="127.0.0.1" port="0" compression.mode="stream:always")
input(type="imudp" address="127.0.0.1" port="0" rcvbufSize="4m")
input(type="imtcp" address="127.0.0.1" port="0")
input(type="imtcp" name="tls" address="127.0.0.1" port="0" streamDriver.name="%[1]s" streamDriver.mode="1"
      streamDriver.authMode="%[2]s" %[3]s streamDriver.caFile="%[4]s" streamDriver.certFile="%[5]s" streamDriver.keyFile="%[6]s")
input(type="imuxsock" socket="@DIR@/log")
template(name="path" type="string" string="@DIR@/%%programname%%.log")
template(name="line" type="string" string="%%syslogfacility-text%%.%%syslogseverity-text%% %%syslogtag%%%%msg%%\n")
action(type="omfile" dynaFile="path" template="line")
`

func startAllInputs(t *testing.T, c certificates) *running {
	t.Helper()
	return startServer(t, fmt.Sprintf(allInputs, "ossl", "anon", "", c.ca, c.serverCert, c.serverKey))
}

// pythonClient sends through logging.handlers.SysLogHandler, the way the
// documentation of Python shows it: python3 -c pythonClient KIND ADDRESS COUNT CA.
const pythonClient = `
import logging, logging.handlers, socket, ssl, sys
kind, address, count, ca = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
port = ("127.0.0.1", int(address)) if kind != "unix" else address
if kind == "unix":
    handler = logging.handlers.SysLogHandler(address=port)
elif kind == "udp":
    handler = logging.handlers.SysLogHandler(address=port, facility=logging.handlers.SysLogHandler.LOG_LOCAL3)
else:
    handler = logging.handlers.SysLogHandler(address=port, socktype=socket.SOCK_STREAM)
if kind == "tls":
    handler.socket = ssl.create_default_context(cafile=ca).wrap_socket(handler.socket, server_hostname="127.0.0.1")
handler.ident = "python-app: "
log = logging.getLogger("app")
log.setLevel(logging.DEBUG)
log.addHandler(handler)
for i in range(count):
    log.log((logging.INFO, logging.WARNING, logging.ERROR)[i % 3], "message %d of %s, gr\u00fcn", i, kind)
handler.close()
`

func TestEachMessageOfPythonsSysLogHandlerIsInItsFileOnce(t *testing.T) {
	t.Parallel()
	python := need(t, "python3")
	certs := makeCertificates(t)
	const count = 240
	for _, kind := range []string{"udp", "tcp", "tls", "unix"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := startAllInputs(t, certs)
			address := map[string]func() string{
				"udp": func() string { return s.port("imudp") }, "tcp": func() string { return s.port("imtcp") },
				"tls": func() string { return s.port("tls") }, "unix": func() string { return s.path("log") },
			}[kind]()
			runProgram(t, python, "-c", pythonClient, kind, address, fmt.Sprint(count), certs.ca)
			facility := "user"
			if kind == "udp" {
				facility = "local3"
			}
			var want []string
			for i := range count {
				severity := []string{"info", "warning", "err"}[i%3]
				want = append(want, fmt.Sprintf("%s.%s python-app: message %d of %s, grün", facility, severity, i, kind))
			}
			s.holds("python-app.log", want)
		})
	}
}

func TestEachMessageOfLoggerIsInItsFileOnce(t *testing.T) {
	t.Parallel()
	logger := need(t, "logger")
	s := startAllInputs(t, makeCertificates(t))
	udp, tcp := s.port("imudp"), s.port("imtcp")
	var want []string
	for _, how := range [][]string{
		{"--udp", "-P", udp}, {"--tcp", "-P", tcp}, {"--tcp", "--octet-count", "-P", tcp},
	} {
		for _, form := range []string{"--rfc3164", "--rfc5424"} {
			args := append([]string{"-n", "127.0.0.1", form, "-p", "local0.notice", "-t", "tester"}, how...)
			text := fmt.Sprintf("via %s %s", strings.TrimSuffix(strings.Join(how, " "), " -P "+how[len(how)-1]), form)
			for i := range 3 {
				line := fmt.Sprintf("%s, number %d", text, i)
				runProgram(t, logger, append(args, "--", line)...)
				blank := " "
				if form == "--rfc5424" {
					blank = "" // the message of RFC 5424 has no leading blank
				}
				tag := "tester:"
				if form == "--rfc5424" {
					tag = "tester"
				}
				want = append(want, "local0.notice "+tag+blank+line)
			}
		}
	}
	runProgram(t, logger, "-u", s.path("log"), "-p", "local0.notice", "-t", "tester", "--", "to the socket")
	want = append(want, "local0.notice tester: to the socket")
	s.holds("tester.log", want)
}

// forwarder is a rsyslogd that receives on a socket and forwards to us.
const forwarder = `
global(workDirectory="%[1]s" defaultNetstreamDriverCAFile="%[2]s" defaultNetstreamDriverCertFile="%[3]s" defaultNetstreamDriverKeyFile="%[4]s")
module(load="imuxsock" sysSock.use="off")
input(type="imuxsock" socket="%[1]s/in" useSysTimestamp="off" rateLimit.interval="0")
%[5]s
`

// startForwarder starts the installed rsyslogd with an action and returns its socket.
func startForwarder(t *testing.T, certs certificates, action string) *net.UnixConn {
	t.Helper()
	dir := t.TempDir()
	conf := filepath.Join(dir, "rsyslog.conf")
	text := fmt.Sprintf(forwarder, dir, certs.ca, certs.clientCert, certs.clientKey, action)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(rsyslogd(t), "-n", "-f", conf, "-i", filepath.Join(dir, "pid"))
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
	var conn *net.UnixConn
	if !poll(func() bool {
		var err error
		conn, err = net.DialUnix("unixgram", nil, &net.UnixAddr{Name: filepath.Join(dir, "in"), Net: "unixgram"})
		return err == nil
	}) {
		t.Fatal("rsyslogd did not open its socket")
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// rsyslogd returns the installed one; its folder is not in everybody's PATH.
func rsyslogd(t *testing.T) string {
	t.Helper()
	for _, path := range []string{"/usr/sbin/rsyslogd", "/sbin/rsyslogd"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return need(t, "rsyslogd")
}

// needDriver skips a test when rsyslogd's module for a TLS library is not installed.
func needDriver(t *testing.T, name string) {
	t.Helper()
	for _, pattern := range []string{"/usr/lib/*/rsyslog/", "/usr/lib64/rsyslog/", "/usr/lib/rsyslog/"} {
		if found, _ := filepath.Glob(pattern + name + ".so"); found != nil {
			return
		}
	}
	t.Skipf("rsyslogd's module %s is not installed", name)
}

func TestEachMessageThatRsyslogdForwardsIsInItsFileOnce(t *testing.T) {
	t.Parallel()
	rsyslogd(t)
	certs := makeCertificates(t)
	const count = 250 // fits into the smallest receive buffer of a datagram socket
	const mutual = `streamDriverMode="1" streamDriverAuthMode="x509/name" streamDriverPermittedPeers="server.example.net"`
	byPrint := `streamDriverMode="1" streamDriverAuthMode="x509/fingerprint" streamDriverPermittedPeers="` + fingerprint(t, certs.serverCert) + `"`
	for _, test := range []struct {
		name   string
		input  string
		action string
		driver string // ours and theirs
	}{
		{"UDP", "imudp", `protocol="udp"`, ""},
		{"UDP, RFC 5424", "imudp", `protocol="udp" template="RSYSLOG_SyslogProtocol23Format"`, ""},
		{"TCP", "imtcp", `protocol="tcp"`, ""},
		{"TCP, octet-counted, RFC 5424", "imtcp", `protocol="tcp" tcp_framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"`, ""},
		{"UDP, compressed", "imudp", `protocol="udp" zipLevel="9"`, ""},
		{"TCP, messages compressed", "imtcp", `protocol="tcp" zipLevel="9"`, ""},
		{"TCP, stream compressed", "packed", `protocol="tcp" compression.mode="stream:always"`, ""},
		{"TCP, stream compressed, octet-counted", "packedtcp", `protocol="tcp" tcp_framing="octet-counted" compression.mode="stream:always"`, ""},
		{"TCP, many connections", "imtcp", `protocol="tcp" rebindInterval="20"`, ""},
		{"TLS, gtls, fingerprint", "tls", `protocol="tcp" streamDriver="gtls" ` + byPrint, "gtls"},
		{"TLS, ossl, fingerprint", "tls", `protocol="tcp" streamDriver="ossl" ` + byPrint, "ossl"},
		{"TLS, gtls", "tls", `protocol="tcp" streamDriver="gtls" ` + mutual, "gtls"},
		{"TLS, ossl", "tls", `protocol="tcp" tcp_framing="octet-counted" streamDriver="ossl" ` + mutual, "ossl"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			driver := "ossl"
			if test.driver != "" {
				driver = test.driver
				needDriver(t, "lmnsd_"+driver)
			}
			s := startServer(t, fmt.Sprintf(allInputs, driver, "x509/name", `permittedPeer="client.example.net"`, certs.ca, certs.serverCert, certs.serverKey))
			conn := startForwarder(t, certs, fmt.Sprintf(`action(type="omfwd" target="127.0.0.1" port="%s" %s)`, s.port(test.input), test.action))
			want := make([]string, count)
			for i := range want {
				text := fmt.Sprintf("message %d, %s", i, strings.Repeat("and so on ", i%20))
				if _, err := fmt.Fprintf(conn, "<139>Mar  4 10:00:00 forwarded[%d]: %s", i, text); err != nil {
					t.Fatal(err)
				}
				want[i] = fmt.Sprintf("local1.err forwarded[%d]: %s", i, text)
				if strings.Contains(test.action, "SyslogProtocol23Format") {
					want[i] = fmt.Sprintf("local1.err forwarded[%d] %s", i, text)
				}
			}
			s.holds("forwarded.log", want)
		})
	}
}

func TestEachMessageThatRsyslogdSendsToASocketIsInItsFileOnce(t *testing.T) {
	t.Parallel()
	rsyslogd(t)
	certs := makeCertificates(t)
	s := startServer(t, `module(load="imuxsock" sysSock.use="off")
input(type="imuxsock" socket="@DIR@/log" useSpecialParser="off" parseHostname="on")
template(name="line" type="string" string="%syslogfacility-text%.%syslogseverity-text% %syslogtag%%msg%\n")
action(type="omfile" file="@DIR@/forwarded.log" template="line")
`)
	conn := startForwarder(t, certs, "module(load=\"omuxsock\")\n$OMUxSockSocket "+s.path("log")+"\n*.* :omuxsock:")
	var want []string
	for i := range 100 {
		if _, err := fmt.Fprintf(conn, "<139>Mar  4 10:00:00 forwarded: message %d", i); err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("local1.err forwarded: message %d", i))
	}
	s.holds("forwarded.log", want)
}

func TestAPeerThatIsNotPermittedIsRefusedAndNamed(t *testing.T) {
	t.Parallel()
	needDriver(t, "lmnsd_ossl")
	certs := makeCertificates(t)
	s := startServer(t, fmt.Sprintf(allInputs, "ossl", "x509/name", `permittedPeer="another.example.net"`, certs.ca, certs.serverCert, certs.serverKey))
	conn := startForwarder(t, certs, `action(type="omfwd" target="127.0.0.1" protocol="tcp" streamDriver="ossl" streamDriverMode="1" streamDriverAuthMode="anon" port="`+s.port("tls")+`")`)
	if _, err := conn.Write([]byte("<139>Mar  4 10:00:00 forwarded: secret")); err != nil {
		t.Fatal(err)
	}
	if !poll(func() bool { return strings.Contains(s.read("output"), "client.example.net") }) {
		t.Errorf("the refused peer is not named in: %s", s.read("output"))
	}
	s.stop()
	if s.read("forwarded.log") != "" {
		t.Error("the message of a peer that is not permitted was written")
	}
}
