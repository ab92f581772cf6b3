package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestPidFileThatIsThereAlready(t *testing.T) {
	t.Parallel()
	other := exec.Command("sleep", "60")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Process.Kill(); other.Wait() })
	own := strconv.Itoa(os.Getpid())
	for _, tt := range []struct {
		name string
		make func(path string) error
		err  string // "": it is written
	}{
		{"none", func(string) error { return nil }, ""},
		{"of a process that has ended", func(p string) error { return os.WriteFile(p, []byte("4194305"), 0o644) }, ""},
		{"of another program", func(p string) error { return os.WriteFile(p, []byte(strconv.Itoa(other.Process.Pid)), 0o644) }, ""},
		{"no number", func(p string) error { return os.WriteFile(p, []byte("x"), 0o644) }, ""},
		{"a FIFO", func(p string) error { return syscall.Mkfifo(p, 0o644) }, "no regular file"},
		{"a directory", func(p string) error { return os.Mkdir(p, 0o755) }, "no regular file"},
		{"a link to nowhere", func(p string) error { return os.Symlink("/nowhere/x", p) }, ""},
		{"a link to another file", func(p string) error {
			if err := os.WriteFile(p+".other", []byte("precious"), 0o644); err != nil {
				return err
			}
			return os.Symlink(p+".other", p)
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "pid")
			if err := tt.make(path); err != nil {
				t.Fatal(err)
			}
			err := writePidFile(path)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %v, want %q", err, tt.err)
				}
				return
			}
			if text, _ := os.ReadFile(path); err != nil || string(text) != own {
				t.Errorf("it holds %q (%v)", text, err)
			}
			if text, err := os.ReadFile(path + ".other"); err == nil && string(text) != "precious" {
				t.Errorf("a link was followed: %q", text)
			}
			removePidFile(path)
			if _, err := os.Lstat(path); err == nil {
				t.Error("it is there after the end")
			}
		})
	}
	if err := writePidFile(os.DevNull); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		t.Error("the device was replaced")
	}
}

func TestAServerThatRunsKeepsItsPidFile(t *testing.T) {
	t.Parallel()
	// The test's own program in another process is what a server is to it.
	if !isServer(os.Getpid()) || isServer(4194305) {
		t.Error("it does not know its own program")
	}
}
