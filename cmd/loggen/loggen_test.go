package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// collect reads lines of connections, or datagrams, until stop is called.
func collect(t *testing.T, network string) (addr string, stop func() []string) {
	t.Helper()
	var mu sync.Mutex
	var lines []string
	var running sync.WaitGroup
	add := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, strings.Split(strings.TrimSuffix(text, "\n"), "\n")...)
	}
	path := filepath.Join(t.TempDir(), "s")
	if network == "udp" || network == "unixgram" {
		at := path
		if network == "udp" {
			at = "127.0.0.1:0"
		}
		c, err := net.ListenPacket(network, at)
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan struct{}, 1<<16) // one a datagram, read by stop
		running.Go(func() {
			buf := make([]byte, 1<<16)
			for {
				n, _, err := c.ReadFrom(buf)
				if err != nil {
					return
				}
				add(string(buf[:n]))
				got <- struct{}{}
			}
		})
		return c.LocalAddr().String(), func() []string {
			deadline := time.After(time.Minute)
			for n, late := 0, false; n < messages && !late; {
				select {
				case <-got:
					n++
				case <-deadline:
					late = true
				}
			}
			c.Close()
			running.Wait()
			return lines
		}
	}
	at := path
	if network == "tcp" {
		at = "127.0.0.1:0"
	}
	ln, err := net.Listen(network, at)
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	running.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			reading.Go(func() {
				defer c.Close()
				all, _ := io.ReadAll(c)
				if len(all) > 0 {
					add(string(all))
				}
			})
		}
	})
	return ln.Addr().String(), func() []string {
		// All connections are in the listener's queue: the sender has closed them.
		ln.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(200 * time.Millisecond))
		running.Wait()
		ln.Close()
		reading.Wait()
		return lines
	}
}

// messages fit into the receive buffer of a datagram socket.
const messages = 90

func TestWhatIsSentIsVerified(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"tcp", "unix", "udp", "unixgram"} {
		for _, format := range []string{"rfc3164", "rfc5424"} {
			t.Run(transport+" "+format, func(t *testing.T) {
				t.Parallel()
				addr, stop := collect(t, transport)
				var out, errs bytes.Buffer
				shape := []string{"-format", format, "-size", "200", "-hosts", "3", "-programs", "2", "-count", fmt.Sprint(messages)}
				args := append([]string{"send", "-transport", transport, "-addr", addr, "-conns", "2", "-idle", "1", "-rate", "10000"}, shape...)
				if status := run(t.Context(), args, &out, &errs); status != 0 {
					t.Fatalf("status %d: %s", status, errs.String())
				}
				if !strings.HasPrefix(out.String(), fmt.Sprintf("%d messages in ", messages)) {
					t.Errorf("report: %q", out.String())
				}
				dir := t.TempDir()
				write(t, filepath.Join(dir, "all.log"), strings.Join(stop(), "\n")+"\n")
				out.Reset()
				if status := run(t.Context(), append([]string{"verify", "-dir", dir}, shape...), &out, &errs); status != 0 {
					t.Errorf("status %d: %s%s", status, out.String(), errs.String())
				}
				if want := fmt.Sprintf("%d lines: 0 missing, 0 twice, 0 broken, 0 misplaced\n", messages); out.String() != want {
					t.Errorf("got %q", out.String())
				}
			})
		}
	}
}

func TestOctetCountedFrames(t *testing.T) {
	t.Parallel()
	s := load{shape: shape{format: "rfc5424", size: 128, hosts: 1, programs: 1}, framing: "octet"}
	if got := string(s.appendFrame(nil, s.shape.append(nil, 7))); !strings.HasPrefix(got, "128 <134>1 2026-03-04T05:06:07Z host0000 prog00 42 - - loggen seq=7 size=") || len(got) != 132 {
		t.Errorf("got %q", got)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestVerifierFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	sh := shape{format: "rfc3164", size: 150, hosts: 2, programs: 2}
	line := func(n int) string { return string(sh.append(nil, n)) + "\n" }
	right := map[string]string{"host0000/prog00.log": line(0), "host0001/prog00.log": line(1), "host0000/prog01.log": line(2), "host0001/prog01.log": line(3)}
	for _, tc := range []struct {
		name   string
		change func(files map[string]string)
		want   result
	}{
		{"nothing", func(map[string]string) {}, result{lines: 4}},
		{"a line is missing", func(f map[string]string) { f["host0001/prog00.log"] = "" }, result{lines: 3, missing: 1}},
		{"a line is there twice", func(f map[string]string) { f["host0001/prog00.log"] += line(1) }, result{lines: 5, duplicate: 1}},
		{"a line is cut", func(f map[string]string) { f["host0001/prog00.log"] = line(1)[:100] }, result{lines: 4, missing: 1, broken: 1}},
		{"two lines are joined", func(f map[string]string) {
			f["host0001/prog00.log"] = strings.TrimSpace(line(1)) + line(1)
		}, result{lines: 4, missing: 1, broken: 1}},
		{"a byte has changed", func(f map[string]string) {
			f["host0001/prog00.log"] = strings.Replace(line(1), "192.0.2.7", "192.0.2.8", 1)
		}, result{lines: 4, missing: 1, broken: 1}},
		{"another host's file", func(f map[string]string) { f["host0000/prog00.log"] += line(1); f["host0001/prog00.log"] = "" }, result{lines: 4, misplaced: 1}},
		{"another host in the line", func(f map[string]string) {
			f["host0001/prog00.log"] = strings.Replace(line(1), "host0001", "host0000", 1)
		}, result{lines: 4, misplaced: 1}},
		{"a foreign line", func(f map[string]string) { f["x"] = "hello\n" }, result{lines: 5, broken: 1}},
	} {
		dir := t.TempDir()
		files := map[string]string{}
		for k, v := range right {
			files[k] = v
		}
		tc.change(files)
		for name, text := range files {
			write(t, filepath.Join(dir, name), text)
		}
		v := verifier{shape: sh, count: 4, perHost: true, perProgram: true}
		got, err := v.tree(dir)
		if err != nil {
			t.Fatal(err)
		}
		got.example = ""
		if *got != tc.want {
			t.Errorf("%s: got %+v, want %+v", tc.name, *got, tc.want)
		}
	}
}

func TestCompressedFilesAreRead(t *testing.T) {
	t.Parallel()
	sh := shape{format: "rfc5424", size: 150, hosts: 1, programs: 1}
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	z.Write(append(sh.append(nil, 0), '\n'))
	z.Close()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.log.gz"), buf.String())
	v := verifier{shape: sh, count: 1}
	if got, err := v.tree(dir); err != nil || got.lines != 1 || got.err() != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestFlagsAreChecked(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{}, {"what"}, {"send", "-size", "10"}, {"send", "-format", "x"}, {"send", "-transport", "x"}, {"send", "-conns", "0"},
		{"send", "-framing", "x"}, {"verify"}, {"verify", "-dir", "/nonexistent/x"}, {"send", "-transport", "unix", "-addr", "/nonexistent/x"},
	} {
		var errs bytes.Buffer
		if status := run(t.Context(), args, io.Discard, &errs); status == 0 || errs.Len() == 0 {
			t.Errorf("%q: status %d, %q", args, status, errs.String())
		}
	}
}

func TestSendingStopsWithItsContext(t *testing.T) {
	t.Parallel()
	addr, stop := collect(t, "tcp")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if status := run(ctx, []string{"send", "-addr", addr, "-rate", "1"}, io.Discard, io.Discard); status == 0 {
		t.Error("an interrupted run succeeded")
	}
	stop()
}

func TestBenchTable(t *testing.T) {
	t.Parallel()
	runs := func(missing int, costs ...float64) (list []measurement) {
		for _, c := range costs {
			list = append(list, measurement{cost: c, sent: 100, result: &result{missing: missing}})
		}
		return list
	}
	b := bench{rounds: 3, servers: []server{{name: "a"}, {name: "b"}}, missing: []string{"c"},
		scenarios: []scenario{{key: "x", title: "one file"}, {key: "y", title: "UDP"}, {key: "z", title: "late"}},
		runs: map[[2]string][]measurement{
			{"x", "a"}: runs(0, 3, 1, 2), {"x", "b"}: runs(0, 4, 8.125, 16), {"y", "a"}: runs(0, 2), {"y", "b"}: runs(5, 3),
		}}
	var out bytes.Buffer
	b.print(&out)
	want := `
CPU seconds of the server per million messages, median of 3 rounds; ratio: how many times what a takes

scenario  a     b     ratio  files
one file  2.00  8.12  4.06   all verified
UDP       2.00  3.00  1.50   b lost 5 %
late      -     -     -      not measured

c is not installed: not measured
`
	if out.String() != want {
		t.Errorf("got %s, want %s", out.String(), want)
	}
}

func TestCPUTimeGrows(t *testing.T) {
	t.Parallel()
	before := cpuTime(os.Getpid())
	for n := 0; cpuTime(os.Getpid())-before < time.Millisecond; n++ {
		if n > 100_000_000 {
			t.Fatal("the process's CPU time stands still")
		}
	}
}

func TestProcessThatEndsIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	_, err := startProcess(t.Context(), "/bin/sh", []string{"-c", "echo no such port; exit 3"}, "127.0.0.1:1")
	if err == nil || !strings.Contains(err.Error(), "it ended") || !strings.Contains(err.Error(), "no such port") {
		t.Errorf("got %v", err)
	}
}
