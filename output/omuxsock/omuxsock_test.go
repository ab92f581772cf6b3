package omuxsock_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	out, err := omuxsock.New(omuxsock.Config{Settings: omuxsock.Settings{Socket: path}}, module.Env{})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	var suspended *output.Suspended
	if err := write(out, "nobody"); !errors.As(err, &suspended) || !strings.Contains(err.Error(), path) {
		t.Errorf("without a socket: %v", err)
	}
	for range 2 {
		c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		// The first write may find that the old socket is gone.
		for err := write(out, "one", "two"); err != nil; err = write(out, "one", "two") {
			if !errors.As(err, &suspended) || suspended.Done != 0 {
				t.Fatal(err)
			}
		}
		buf := make([]byte, 100)
		for _, want := range []string{"one", "two"} {
			c.SetReadDeadline(time.Now().Add(15 * time.Second))
			if n, err := c.Read(buf); err != nil || string(buf[:n]) != want {
				t.Errorf("got %q (%v), want %q", buf[:n], err, want)
			}
		}
		c.Close()
		os.Remove(path)
	}
}
