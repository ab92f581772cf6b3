package main

import (
	"bytes"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"syslogd/internal/process"
)

// poll waits until cond holds, and reports whether it does.
func poll(cond func() bool) bool { return process.Await(cond) }

// logCommand is "log SOCKET TEXT": it sends a datagram to a unix socket, when that is there.
func logCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: log socket text")
	}
	var conn net.Conn
	if !poll(func() (ok bool) {
		var err error
		conn, err = net.Dial("unixgram", ts.MkAbs(args[0]))
		return err == nil
	}) {
		ts.Fatalf("socket %s did not come", args[0])
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(args[1])); err != nil {
		ts.Fatalf("%v", err)
	}
}

// sendCommand is "send PORTFILE TEXT...": datagrams to the port that stands in the file.
func sendCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: send portfile text...")
	}
	port := ""
	if !poll(func() bool { port = strings.TrimSpace(ts.ReadFile(args[0])); return port != "" }) { // it is there before its content
		ts.Fatalf("%s stayed empty", args[0])
	}
	conn, err := net.Dial("udp", "127.0.0.1:"+port)
	ts.Check(err)
	defer conn.Close()
	for _, text := range args[1:] {
		_, err := conn.Write([]byte(text))
		ts.Check(err)
	}
}

// waitFileCommand is "waitfile FILE [TEXT]": it waits until the file is there,
// with the text in it; "! waitfile FILE" until it is not there.
func waitFileCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || len(args) > 2 || neg && len(args) != 1 {
		ts.Fatalf("usage: waitfile file [text] or ! waitfile file")
	}
	var data []byte
	if !poll(func() bool {
		var err error
		if data, err = os.ReadFile(ts.MkAbs(args[0])); err != nil {
			return neg
		}
		return !neg && (len(args) == 1 || bytes.Contains(data, []byte(args[1])))
	}) {
		ts.Fatalf("waited for %s in vain, it has: %s", strings.Join(args, " "), data)
	}
}

// signalCommand is "signal HUP|TERM|INT|KILL PIDFILE": it signals the process that the file names.
func signalCommand(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL}
	if neg || len(args) != 2 || signals[args[0]] == 0 {
		ts.Fatalf("usage: signal HUP|TERM|INT|KILL pidfile")
	}
	pid, err := strconv.Atoi(ts.ReadFile(args[1]))
	if err != nil {
		ts.Fatalf("%v", err)
	}
	ts.Check(syscall.Kill(pid, signals[args[0]]))
}
