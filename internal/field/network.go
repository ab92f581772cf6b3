package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"syslogd/internal/process"
)

// network is the loopback and, when the configuration names hosts, a namespace
// behind it that answers for all addresses.
func (b *box) network() error {
	if err := ip("link", "set", "lo", "up"); err != nil {
		return err
	}
	if len(namedTargets(b.active)) == 0 {
		return nil
	}
	args := []string{outsideArg}
	for _, p := range namedPorts(b.active) {
		if !slices.Contains(b.numbers("closed"), p) {
			args = append(args, strconv.Itoa(p))
		}
	}
	b.remote = exec.Command("/proc/self/exe", args...)
	b.remote.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	b.remote.Stderr = os.Stderr
	out, err := b.remote.StdoutPipe()
	if err != nil {
		return err
	}
	if b.stdin, err = b.remote.StdinPipe(); err != nil {
		return err
	}
	if err := b.remote.Start(); err != nil {
		return err
	}
	for _, words := range [][]string{
		{"link", "add", "inside", "type", "veth", "peer", "name", "outside", "netns", strconv.Itoa(b.remote.Process.Pid)},
		{"link", "set", "inside", "addrgenmode", "none"}, {"addr", "add", "10.77.0.1/24", "dev", "inside"},
		{"link", "set", "inside", "up"}, {"route", "add", "default", "via", "10.77.0.2"}} {
		if err := ip(words...); err != nil {
			return err
		}
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // it is ready
		return fmt.Errorf("the receivers outside: %w", err)
	}
	b.answer = func() []byte {
		b.stdin.Close()
		text := readAll(out)
		b.remote.Wait()
		return text
	}
	return nil
}

func ip(words ...string) error {
	if out, err := exec.Command("ip", words...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(words, " "), err, out)
	}
	return nil
}

// outside is the world behind the network: every address is its own.
func outside(ports []string) error {
	process.Poll(5*time.Second, func() bool { _, err := net.InterfaceByName("outside"); return err == nil })
	for _, words := range [][]string{{"link", "set", "lo", "up"}, {"link", "set", "outside", "up"},
		{"addr", "add", "10.77.0.2/24", "dev", "outside"}, {"route", "add", "local", "0.0.0.0/0", "dev", "lo"}} {
		if err := ip(words...); err != nil {
			return err
		}
	}
	ip("route", "add", "10.77.0.0/24", "dev", "outside") // it is there already where the kernel has made it
	s := newSink("0.0.0.0")
	for _, p := range ports {
		n, _ := strconv.Atoi(p)
		s.port(n, "outside ")
	}
	os.Stdout.Write([]byte{'.'})
	readAll(os.Stdin)
	return json.NewEncoder(os.Stdout).Encode(s.result())
}
