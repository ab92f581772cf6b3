// Package process runs programs for the tests and tools around the server: on ports that nobody
// has, until they are ready, to their end, with a look at what they use and say. What is common
// to the server and rsyslogd is Process; Server is the server alone, which tells when it is ready.
package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Patience is how long something that must happen may take, on a loaded machine and under the
// race detector. What happens is not waited for that long.
const Patience = time.Minute

// Poll asks until the answer is yes or the time is over, and returns the last answer. The pauses
// grow: a short wait ends at once, a long one takes no processor.
func Poll(limit time.Duration, yes func() bool) bool {
	const longest = 50 * time.Millisecond
	pause := time.Millisecond
	for end := time.Now().Add(limit); !yes(); pause = min(2*pause, longest) {
		if time.Now().After(end) {
			return false
		}
		time.Sleep(pause)
	}
	return true
}

// Await is Poll with patience.
func Await(yes func() bool) bool { return Poll(Patience, yes) }

// Process is a program that was started. Its methods may be called by several goroutines.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed by the goroutine that waits for the program
	err   error         // of exec.Cmd.Wait; valid when ended is closed
}

// Start starts a program. The caller ends it.
func Start(cmd *exec.Cmd) (*Process, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// Pid is its number.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Ended is closed when the program has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// HasEnded reports whether the program has ended.
func (p *Process) HasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Wait waits until the program has ended and returns how, as exec.Cmd.Wait does.
func (p *Process) Wait() error {
	<-p.ended
	return p.err
}

// ExitCode is the exit status of a program that has ended, -1 if a signal ended it.
func (p *Process) ExitCode() int { return p.cmd.ProcessState.ExitCode() }

// Signal sends a signal. One that has ended gets none.
func (p *Process) Signal(sig os.Signal) error {
	err := p.cmd.Process.Signal(sig)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// ErrStuck is what Stop returns for a program that did not end.
var ErrStuck = errors.New("it does not end")

// lastMoment is what a program gets to say where it hangs.
const lastMoment = 5 * time.Second

// Stop sends a signal and waits for the end, so long at most. What has not ended by then fails:
// it is made to say where its goroutines are, and killed.
func (p *Process) Stop(sig os.Signal, limit time.Duration) error {
	if err := p.Signal(sig); err != nil {
		return err
	}
	select {
	case <-p.ended:
		return p.err
	case <-time.After(limit):
	}
	p.Signal(syscall.SIGQUIT)
	select {
	case <-p.ended:
	case <-time.After(lastMoment):
		p.Kill()
	}
	return fmt.Errorf("%w within %v", ErrStuck, limit)
}

// Kill ends the program without a warning, with its children if it leads a session, and waits
// for its end.
func (p *Process) Kill() {
	if p.HasEnded() {
		return
	}
	if attr := p.cmd.SysProcAttr; attr != nil && attr.Setsid {
		syscall.Kill(-p.Pid(), syscall.SIGKILL)
	}
	p.cmd.Process.Kill()
	<-p.ended
}
