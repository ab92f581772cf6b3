package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Files are renamed, as logrotate does, and the server is HUPed while senders
// write at full speed: each message is in one of the files, whole, once, and
// those of a sender are in order.
func TestNothingIsLostTornOrDoubledWhenFilesAreReopenedUnderLoad(t *testing.T) {
	t.Parallel()
	const senders, messages, programs = 4, 50000, 20
	s := startServer(t, `
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0")
template(name="path" type="string" string="@DIR@/out/%programname%.log")
template(name="line" type="string" string="%msg%\n")
action(type="omfile" dynaFile="path" template="line")
`)
	var sending sync.WaitGroup
	for n := range senders {
		conn, err := net.Dial("tcp", "127.0.0.1:"+s.port("imtcp"))
		if err != nil {
			t.Fatal(err)
		}
		sending.Go(func() {
			defer conn.Close()
			w := bufio.NewWriter(conn)
			for i := range messages {
				fmt.Fprintf(w, "<13>Mar  4 10:00:00 host p%d:%d %d text that makes the line longer\n", i%programs, n, i)
			}
			if err := w.Flush(); err != nil {
				t.Error(err)
			}
		})
	}
	done := make(chan struct{})
	go func() { sending.Wait(); close(done) }()
	rotations := 0
	for sent := false; !sent || rotations < 3; rotations++ {
		select {
		case <-done:
			sent = true
		default:
		}
		files, _ := filepath.Glob(s.path("out/*.log"))
		for _, f := range files {
			if err := os.Rename(f, fmt.Sprintf("%s.%d", f, rotations)); err != nil {
				t.Error(err)
			}
		}
		if err := s.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		// The files are there again, or everything was written before.
		poll(func() bool {
			again, _ := filepath.Glob(s.path("out/*.log"))
			return sent || len(again) > 0
		})
	}
	// What the server has not read when it is stopped is not its to keep.
	var total int64
	for n := range senders {
		for i := range messages {
			total += int64(len(fmt.Sprintf("%d %d text that makes the line longer\n", n, i)))
		}
	}
	var size int64
	if !poll(func() bool {
		size = 0
		files, _ := filepath.Glob(s.path("out/*"))
		for _, f := range files {
			if info, err := os.Stat(f); err == nil {
				size += info.Size()
			}
		}
		return size >= total
	}) {
		t.Errorf("the files have %d bytes, want %d", size, total)
	}
	s.stop()
	seen := map[[2]int]int{}    // by sender and number
	last := map[[2]string]int{} // by file and sender
	files, _ := filepath.Glob(s.path("out/*"))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			if line == "" {
				continue
			}
			words := strings.Fields(line)
			if len(words) != 8 || words[7] != "longer" {
				t.Fatalf("%s has a torn line %q", f, line)
			}
			n, _ := strconv.Atoi(words[0])
			i, _ := strconv.Atoi(words[1])
			if before, ok := last[[2]string{f, words[0]}]; ok && i <= before {
				t.Errorf("%s: message %d of sender %d stands behind %d", f, i, n, before)
			}
			last[[2]string{f, words[0]}] = i
			seen[[2]int{n, i}]++
		}
	}
	for n := range senders {
		for i := range messages {
			if c := seen[[2]int{n, i}]; c != 1 {
				t.Fatalf("message %d of sender %d is there %d times", i, n, c)
			}
		}
	}
	t.Logf("%d rotations, %d files", rotations, len(files))
}
