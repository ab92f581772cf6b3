package main

import (
	"os"
	"strings"
	"testing"
)

// pythonPrograms is a program that logs and one that is not meant, over UDP and TCP:
// python3 -c pythonPrograms PORT-OF-UDP PORT-OF-TCP.
const pythonPrograms = `
import logging, logging.handlers, socket, sys
def send(name, port, kind):
    handler = logging.handlers.SysLogHandler(address=("127.0.0.1", port), socktype=kind)
    handler.ident = name + ": "
    log = logging.getLogger(name + str(port))
    log.addHandler(handler)
    log.warning("a message to %d", port)
    handler.close()
for port, kind in (int(sys.argv[1]), socket.SOCK_DGRAM), (int(sys.argv[2]), socket.SOCK_STREAM):
    send("other", port, kind)
    send("my-python-app", port, kind)
`

// The example is used as it stands, but for the ports and the directory.
func TestExampleServesPythonOverUDPAndTCP(t *testing.T) {
	t.Parallel()
	python := need(t, "python3")
	conf, err := os.ReadFile("../../examples/python.conf")
	if err != nil {
		t.Fatal(err)
	}
	udp, tcp := freePort(t), freePort(t)
	text := string(conf)
	for _, r := range [][2]string{
		{"$InputUDPServerRun 514\n", "$InputUDPServerRun " + udp + "\n"},
		{"$InputTCPServerRun 514\n", "$InputTCPServerRun " + tcp + "\n"},
		{"/var/log/python/%HOSTNAME%", "@DIR@/log/%HOSTNAME%"},
	} {
		if strings.Count(text, r[0]) != 1 {
			t.Fatalf("the example has not one %q", r[0])
		}
		text = strings.Replace(text, r[0], r[1], 1)
	}
	s := startServer(t, text)
	runProgram(t, python, "-c", pythonPrograms, udp, tcp)

	hosts := func() []os.DirEntry { list, _ := os.ReadDir(s.path("log")); return list }
	poll(func() bool {
		list := hosts()
		return len(list) == 1 && strings.Count(s.read("log/"+list[0].Name()+"/my-python-app.log"), "\n") >= 2
	})
	s.stop()
	list := hosts()
	if len(list) != 1 {
		t.Fatalf("%d directories of hosts, want 1: %v", len(list), list)
	}
	dir := "log/" + list[0].Name()
	got := s.read(dir + "/my-python-app.log")
	for _, port := range []string{udp, tcp} {
		if n := strings.Count(got, "my-python-app: a message to "+port+"\n"); n != 1 {
			t.Errorf("the message to port %s is there %d times:\n%s", port, n, got)
		}
	}
	if files, _ := os.ReadDir(s.path(dir)); len(files) != 1 {
		t.Errorf("files of the host: %v, want that of the program only", files)
	}
}
