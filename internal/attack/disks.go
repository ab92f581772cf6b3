package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/process"
	"syslogd/internal/witness"
)

// The disk has the file of an action, or those of the main queue.
const (
	diskFileConf = `global(workDirectory="@DIR@" metrics.listen="127.0.0.1:@METRICS@")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="@TCP@")
action(type="omfile" file="@DIR@/disk/witness.log" queue.type="LinkedList" queue.size="100000" action.resumeRetryCount="-1" action.resumeInterval="1")
`
	diskQueueConf = `global(workDirectory="@DIR@/disk" metrics.listen="127.0.0.1:@METRICS@")
module(load="imtcp")
main_queue(queue.type="Disk" queue.fileName="main" queue.maxFileSize="64k")
input(type="imtcp" address="127.0.0.1" port="@TCP@")
action(type="omfile" file="@DIR@/witness.log")
`
)

// diskTrouble is what a disk does, and undoes.
type diskTrouble struct {
	name  string
	mount func(dir string) error
	begin func(dir string) error
	end   func(dir string) error
}

var diskTroubles = []diskTrouble{
	{"a disk is full", mountSmall, fillUp, func(dir string) error { return os.Remove(filler(dir)) }},
	{"a disk is frozen", mountImage, func(dir string) error { return freeze(dir, fiFreeze) }, func(dir string) error { return freeze(dir, fiThaw) }},
}

// disks has a disk take nothing, under a file and under a queue: health says so, metrics are
// answered, and when the disk works again everything that was sent is there or counted.
func disks(a *attack) error {
	if os.Getuid() != 0 {
		fmt.Println("disks: left out: only root may mount them")
		return nil
	}
	return a.rounds(func(round int) error {
		trouble := diskTroubles[round%len(diskTroubles)]
		queue := round/len(diskTroubles)%2 == 1
		err := a.withDisk(&trouble, func() error { return a.troubledDisk(&trouble, queue) })
		switch {
		case errors.Is(err, errNoDisk):
			a.count("disks that could not be mounted", 1)
			fmt.Printf("%s: left out: %v\n", trouble.name, err)
		case err != nil:
			return fmt.Errorf("%s, queue %v: %w", trouble.name, queue, err)
		default:
			a.count(trouble.name, 1)
		}
		return nil
	})
}

var errNoDisk = errors.New("no disk can be mounted")

// withDisk mounts a disk for the time of do.
func (a *attack) withDisk(t *diskTrouble, do func() error) error {
	dir := a.path("disk")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := t.mount(dir); err != nil {
		return fmt.Errorf("%w: %v", errNoDisk, err)
	}
	err := do()
	for _, s := range a.servers {
		s.end()
	}
	return errors.Join(err, unix.Unmount(dir, unix.MNT_DETACH))
}

func (a *attack) troubledDisk(t *diskTrouble, queue bool) error {
	conf, log, reason := diskFileConf, a.path("disk/witness.log"), "witness.log"
	if queue {
		conf, log, reason = diskQueueConf, a.path("witness.log"), "main Q"
	}
	s, err := a.newServer(conf)
	if err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return err
	}
	const before, n = 100, 5000
	if err := s.sendNumbers(0, before); err != nil {
		return err
	}
	if !process.Await(func() bool { got, _ := witness.Numbers(log, n); return got == before }) {
		return errors.New("the first messages do not arrive")
	}
	if err := t.begin(a.path("disk")); err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() { sent <- s.sendNumbers(before, n) }()
	err = s.whileTroubled(reason)
	if err = errors.Join(err, t.end(a.path("disk"))); err != nil {
		return err
	}
	if err := <-sent; err != nil {
		return err
	}
	if !process.Await(func() bool { code, _ := s.health(); return code == http.StatusOK }) {
		code, text := s.health()
		return fmt.Errorf("afterwards the health is %d %q\n%s", code, text, s.LastWords())
	}
	got, lost := 0, 0.0
	if !process.Await(func() bool {
		got, _ = witness.Numbers(log, n)
		lost, err = s.Sum("messages_lost_total", "")
		return err == nil && got+int(lost) == n
	}) {
		return fmt.Errorf("of %d messages %d were delivered and %v are counted as lost: %v\n%s", n, got, lost, err, s.LastWords())
	}
	return s.Server.Stop()
}

// whileTroubled: the health says so, and the metrics are answered.
func (s *server) whileTroubled(reason string) error {
	var code int
	var text string
	if !process.Await(func() bool {
		code, text = s.health()
		return code == http.StatusServiceUnavailable && strings.Contains(text, reason)
	}) {
		return fmt.Errorf("the health is %d %q, want a reason with %q", code, text, reason)
	}
	begin := time.Now()
	if _, err := s.Sum("queue_messages", ""); err != nil {
		return err
	}
	if took := time.Since(begin); took > 10*time.Second {
		return fmt.Errorf("metrics are answered after %v", took)
	}
	return nil
}

// health asks for the health; code is 0 without an answer in time.
func (s *server) health() (code int, text string) {
	c := http.Client{Timeout: 10 * time.Second}
	resp, err := c.Get("http://" + s.Address + "/healthz")
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

// sendNumbers sends the messages first to end-1 over TCP.
func (s *server) sendNumbers(first, end int) error {
	c, err := dial("tcp", s.ports["TCP"])
	if err != nil {
		return err
	}
	defer c.Close()
	var out []byte
	for i := first; i < end; i++ {
		out = fmt.Appendf(out, "<13>Mar  1 10:00:00 h witness: number %d of many, and that is all.\n", i)
	}
	_, err = c.Write(out)
	return err
}

// mountSmall is a disk that is soon full.
func mountSmall(dir string) error { return unix.Mount("none", dir, "tmpfs", 0, "size=4m") }

func filler(dir string) string { return filepath.Join(dir, "filler") }

// fillUp writes until there is no room for a byte.
func fillUp(dir string) error {
	f, err := os.Create(filler(dir))
	if err != nil {
		return err
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	return nil
}

// mountImage is a disk of its own kind, which can be frozen.
func mountImage(dir string) error {
	image := dir + ".img"
	for _, command := range [][]string{
		{"truncate", "-s", "32m", image},
		{"mkfs.ext4", "-q", "-F", image},
		{"mount", "-o", "loop", image, dir},
	} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command[0], err, out)
		}
	}
	return nil
}

// What ioctl does to the file system that a directory is on: all who write wait.
const (
	fiFreeze = 0xC0045877
	fiThaw   = 0xC0045878
)

func freeze(dir string, how uint) error {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.IoctlSetInt(fd, how, 0)
}
