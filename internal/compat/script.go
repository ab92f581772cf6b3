package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"syslogd/internal/process"
)

// script executes the input section.
func (r *run) script() error {
	for _, line := range r.c.steps {
		if err := r.step(line); err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
	}
	return r.err
}

func (r *run) step(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	name, target, _ := strings.Cut(word, ":")
	switch name {
	case "udp", "unix":
		return r.datagram(name, target, rest)
	case "tcp", "tcpconnect":
		return r.stream(name, target, rest)
	case "tcpclose":
		c := r.conns[rest]
		delete(r.conns, rest)
		return c.Close()
	case "hup":
		err := r.daemon.Signal(syscall.SIGHUP)
		time.Sleep(150 * time.Millisecond)
		return err
	case "sleep":
		ms, err := strconv.Atoi(rest)
		time.Sleep(time.Duration(ms) * time.Millisecond)
		return err
	case "wait":
		return r.waitLines(rest)
	case "restart":
		r.stop()
		return r.start()
	case "stop":
		r.stop()
		return nil
	case "start":
		return r.start()
	case "sinkstart":
		return r.startSink(rest)
	case "sinkstop":
		r.sinks[rest].stop()
		return nil
	}
	return r.fileStep(name, rest)
}

func (r *run) fileStep(name, rest string) error {
	path, arg, _ := strings.Cut(rest, " ")
	switch name {
	case "write", "append":
		data, err := r.data(arg)
		if err != nil {
			return err
		}
		flag := os.O_TRUNC
		if name == "append" {
			flag = os.O_APPEND
		}
		return r.write(path, data, flag, 0o644)
	case "rename":
		return os.Rename(r.path(path), r.path(strings.TrimSpace(arg)))
	case "rm":
		return os.Remove(r.path(path))
	case "mkdir":
		return os.MkdirAll(r.path(path), 0o755)
	}
	return fmt.Errorf("unknown step %q", name)
}

func (r *run) data(literal string) ([]byte, error) {
	s, err := strconv.Unquote(strings.TrimSpace(literal))
	return []byte(r.subst(s)), err
}

func (r *run) datagram(kind, target, literal string) error {
	data, err := r.data(literal)
	if err != nil {
		return err
	}
	network, addr := "udp", ""
	if kind == "unix" {
		network, addr = "unixgram", r.subst("@"+or(target, "SOCK")+"@")
	} else {
		addr = "127.0.0.1:" + r.subst("@"+or(target, "UDP")+"@")
	}
	c, err := net.Dial(network, addr)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Write(data)
	return err
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func (r *run) stream(name, target, rest string) error {
	id, literal, _ := strings.Cut(rest, " ")
	c := r.conns[id]
	if c == nil {
		var err error
		if c, err = net.DialTimeout("tcp", "127.0.0.1:"+r.subst("@"+or(target, "TCP")+"@"), 5*time.Second); err != nil {
			return err
		}
		r.conns[id] = c
	}
	if name == "tcpconnect" {
		return nil
	}
	data, err := r.data(literal)
	if err != nil {
		return err
	}
	// The daemon may have closed the connection on purpose.
	c.Write(data)
	return nil
}

func (r *run) waitLines(rest string) error {
	i := strings.LastIndexByte(rest, ' ')
	want, err := strconv.Atoi(rest[i+1:])
	if err != nil {
		return err
	}
	path := r.path(strings.TrimSpace(rest[:i]))
	ok := process.Poll(seconds(r.c.option("timeout", ""), 8*time.Second), func() bool {
		data, err := os.ReadFile(path)
		return err == nil && bytes.Count(data, []byte{'\n'}) >= want || r.ended()
	})
	if !ok || r.ended() {
		return fmt.Errorf("not so many lines in time")
	}
	return nil
}
