package omuxsock_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"syslogd/internal/process"
	"syslogd/module"
	"syslogd/output"
	"syslogd/output/omuxsock"
)

func write(out output.Output, records ...string) error {
	var p output.Part
	for _, r := range records {
		p.Data = append(p.Data, r...)
		p.Ends = append(p.Ends, len(p.Data))
	}
	return out.Write(context.Background(), &output.Batch{Parts: []output.Part{p}})
}

func TestEachRecordIsADatagramAlsoToASocketThatIsMadeAgain(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "uxs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "log")
	out := open(t, omuxsock.Settings{Socket: path, Network: "unixgram"})
	var suspended *output.Suspended
	if err := write(out, "nobody"); !errors.As(err, &suspended) || !strings.Contains(err.Error(), path) {
		t.Errorf("without a socket: %v", err)
	}
	for range 2 {
		c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		if err := write(out, "one", "two"); err != nil {
			t.Fatal(err)
		}
		wants(t, c, "one", "two")
		c.Close()
		os.Remove(path)
	}
}

func open(t *testing.T, s omuxsock.Settings) output.Output {
	t.Helper()
	out, err := omuxsock.New(omuxsock.Config{Settings: s}, module.Env{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	return out
}

// wants reads packets.
func wants(t *testing.T, c net.Conn, packets ...string) {
	t.Helper()
	buf := make([]byte, 100)
	for _, want := range packets {
		c.SetReadDeadline(time.Now().Add(process.Patience))
		if n, err := c.Read(buf); err != nil || string(buf[:n]) != want {
			t.Errorf("got %q (%v), want %q", buf[:n], err, want)
		}
	}
}

func TestPacketsAndAbstractNames(t *testing.T) {
	t.Parallel()
	name := fmt.Sprintf("omuxsock-test-%d", os.Getpid())
	ln, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: "@" + name, Net: "unixpacket"})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	out := open(t, omuxsock.Settings{Socket: name, Abstract: 1, Network: "unixpacket"})
	if err := write(out, "one", "two"); err != nil {
		t.Fatal(err)
	}
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	wants(t, c, "one", "two")
	c.Close()
	if err := write(out, "three"); err != nil { // over a new connection
		t.Fatal(err)
	}
	if c, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	wants(t, c, "three")
}

// A stream's receiver that does not read gets each line whole and once in the end.
func TestAStreamThatIsNotReadForAWhile(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "uxs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "log")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	out := open(t, omuxsock.Settings{Socket: path, Network: "unix"})
	var batch []string
	for i := range 3000 {
		batch = append(batch, fmt.Sprintf("%d %s", i, strings.Repeat("x", 1000)))
	}
	var suspended *output.Suspended
	if err := write(out, batch...); !errors.As(err, &suspended) || !strings.Contains(err.Error(), "is not read") {
		t.Fatalf("all was taken: %v", err)
	}
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(c)
		got <- string(text)
	}()
	if err := write(out, batch[suspended.Done:]...); err != nil {
		t.Fatal(err)
	}
	out.Close()
	if <-got != strings.Join(batch, "\n")+"\n" {
		t.Error("what arrived is not each line once, in order")
	}
}

func TestAMessageThatIsTooLongIsSetAside(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "uxs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "log")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	out := open(t, omuxsock.Settings{Socket: path, Network: "unixgram"})
	var rejected *output.Rejected
	if err := write(out, "one", strings.Repeat("x", 8<<20), "two"); !errors.As(err, &rejected) || rejected.Index != 1 {
		t.Errorf("got %v", err)
	}
	wants(t, c, "one")
}
