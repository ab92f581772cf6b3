package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The built-in configuration has fixed ports, so it runs in a network of its own.
func TestTheBuiltInConfigurationStartsAndStoresAMessage(t *testing.T) {
	t.Parallel()
	need(t, "unshare")
	need(t, "ip")
	if out, err := exec.Command("unshare", "-rn", "ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Skipf("no network namespace can be made: %v %s", err, out)
	}
	dir := t.TempDir()
	out, err := os.Create(filepath.Join(dir, "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	output := func() string {
		text, _ := os.ReadFile(out.Name())
		return string(text)
	}
	cmd := exec.Command("unshare", "-rn", "sh", "-c", "ip link set lo up && exec syslogd --default-config")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := func(sig os.Signal) error {
		cmd.Process.Signal(sig)
		return cmd.Wait()
	}
	if !poll(func() bool { return strings.Contains(output(), "try it:") }) {
		stop(syscall.SIGTERM)
		t.Fatalf("it did not start: %s", output())
	}
	conn, err := net.Dial("unixgram", filepath.Join(dir, "run/log"))
	if err == nil {
		defer conn.Close()
		_, err = conn.Write([]byte("<13>demo: hello, world"))
	}
	if err != nil {
		t.Error(err)
	}
	var files []string
	if !poll(func() bool {
		files, _ = filepath.Glob(filepath.Join(dir, "log/*/demo.log"))
		return len(files) == 1
	}) {
		t.Error("there is no log/HOST/demo.log")
	}
	// Ctrl-C stops it.
	if err := stop(syscall.SIGINT); err != nil {
		t.Errorf("it ended with %v", err)
	}
	for _, file := range files {
		if text, _ := os.ReadFile(file); !strings.HasSuffix(string(text), " demo: hello, world\n") {
			t.Errorf("%s has %q", file, text)
		}
	}
	for _, line := range []string{"imudp          udp [::]:5514", "imtcp          tcp [::]:5514", "imtcp-tls      tcp/TLS [::]:6514",
		"imuxsock       run/log", "http://127.0.0.1:8514/metrics", "log/%HOSTNAME%/%PROGRAMNAME%.log"} {
		if !strings.Contains(output(), line) {
			t.Errorf("it does not print %q:\n%s", line, output())
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "run/tls/key.pem")); err != nil {
		t.Errorf("the certificate's key was not kept: %v", err)
	}
	if strings.Contains(output(), "error") {
		t.Errorf("it prints an error:\n%s", output())
	}
}
