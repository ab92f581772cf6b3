package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// process is a server that was started here.
type process struct {
	cmd    *exec.Cmd
	said   bytes.Buffer
	cancel context.CancelFunc
	ended  chan struct{} // closed when the process has ended
}

// graceTime is how long a server may take to end before it is killed.
const graceTime = 20 * time.Second

// startProcess starts a server and waits until it listens at addr.
func startProcess(ctx context.Context, path string, args []string, addr string) (*process, error) {
	p := &process{ended: make(chan struct{})}
	ctx, p.cancel = context.WithCancel(ctx)
	p.cmd = exec.CommandContext(ctx, path, args...)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(unix.SIGTERM) }
	p.cmd.WaitDelay = graceTime
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	if err := p.cmd.Start(); err != nil {
		p.cancel()
		return nil, err
	}
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	err := waitFor(ctx, 20*time.Second, func() bool { return listens(addr) || p.hasEnded() })
	if err == nil && p.hasEnded() {
		err = fmt.Errorf("it ended")
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("it does not listen: %w\n%s", err, p.said.Bytes())
	}
	return p, nil
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// stop ends the server and waits for its end.
func (p *process) stop() {
	p.cancel()
	<-p.ended
}

// cpu is what the server has used.
func (p *process) cpu() time.Duration { return cpuTime(p.cmd.Process.Pid) }

// settle waits until the server has used no CPU time to speak of for half a second.
func (p *process) settle(ctx context.Context) error {
	last, since := p.cpu(), time.Now()
	return waitFor(ctx, time.Minute, func() bool {
		if t := p.cpu(); t-last > 2*time.Millisecond {
			last, since = t, time.Now()
		}
		return time.Since(since) > 500*time.Millisecond
	})
}

// memory is what the server has in memory, and the most it has had, in bytes.
func (p *process) memory() (now, peak int64) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	return statusBytes(string(text), "VmRSS:"), statusBytes(string(text), "VmHWM:")
}

func statusBytes(text, name string) int64 {
	_, rest, _ := strings.Cut(text, name)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, _ := strconv.ParseInt(fields[0], 10, 64)
	return kb << 10
}

// freePort returns a port that nobody listens on.
func freePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port, nil
}

func listens(addr string) bool {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// waitFor asks until the answer is yes.
func waitFor(ctx context.Context, limit time.Duration, yes func() bool) error {
	for end := time.Now().Add(limit); !yes(); {
		if time.Now().After(end) {
			return fmt.Errorf("not within %v", limit)
		}
		if !sleepUntil(ctx, time.Now().Add(20*time.Millisecond)) {
			return ctx.Err()
		}
	}
	return nil
}

// cpuTime is what all threads of the process have used, from its CPU clock.
func cpuTime(pid int) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	if len(list) == 0 {
		return 0
	}
	return list[len(list)/2]
}
