// Package child runs programs that read lines and may answer with lines.
package child

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// MaxLine bounds an answer, in bytes.
const MaxLine = 1 << 20

// Process is one running program. It belongs to one goroutine at a time.
type Process struct {
	cmd     *exec.Cmd
	in, out *os.File
	answers *bufio.Reader
	// Written is how many bytes were written to the program's standard input.
	Written     int64
	interrupted atomic.Bool
}

// Split splits a command at blanks as rsyslogd does: text in double quotes stays
// together, and keeps them.
func Split(command string) []string {
	var words []string
	for rest := strings.TrimLeft(command, " "); rest != ""; rest = strings.TrimLeft(rest, " ") {
		end := strings.IndexByte(rest, ' ')
		if rest[0] == '"' {
			if i := strings.IndexByte(rest[1:], '"'); i >= 0 {
				end = i + 2
			}
		}
		if end < 0 || end > len(rest) {
			end = len(rest)
		}
		words, rest = append(words, rest[:end]), rest[end:]
	}
	return words
}

// passed are the variables of the server that programs get: what they need to find
// other programs and to write text. The rest is the server's own, such as what
// systemd and unit files hand over, secrets among it.
var passed = regexp.MustCompile(`^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TZ|LANG|LANGUAGE|LC_[A-Z]+)=`)

// Environment is what programs find in their environment: a few variables of the
// server and those given, which win. Unlike rsyslogd, it is not all that the
// server has.
func Environment(given []string) []string {
	env := []string{}
	for _, v := range os.Environ() {
		if passed.MatchString(v) {
			env = append(env, v)
		}
	}
	return append(env, given...)
}

// Start starts a command in a process group of its own, with the environment env.
// With answers its
// standard output can be read with Line. Other output goes to the file output,
// or nowhere if that is nil.
func Start(command string, answers bool, output *os.File, env []string) (*Process, error) {
	words := Split(command)
	if len(words) == 0 {
		return nil, errors.New("no program is named")
	}
	p := &Process{cmd: exec.Command(words[0], words[1:]...)}
	p.cmd.Env = env
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if output != nil {
		p.cmd.Stdout, p.cmd.Stderr = output, output
	}
	theirs, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	p.cmd.Stdin, p.in = theirs, in
	if answers {
		out, childOut, err := os.Pipe()
		if err != nil {
			return nil, errors.Join(err, in.Close())
		}
		defer childOut.Close()
		p.cmd.Stdout, p.out, p.answers = childOut, out, bufio.NewReader(out)
	}
	if err := p.cmd.Start(); err != nil {
		p.close()
		return nil, fmt.Errorf("program can not be started: %w", err)
	}
	return p, nil
}

func deadline(timeout time.Duration) time.Time {
	if timeout <= 0 {
		return time.Time{}
	}
	return time.Now().Add(timeout)
}

// limit sets a time, unless the process is interrupted before or meanwhile.
func (p *Process) limit(set func(time.Time) error, timeout time.Duration) error {
	err := set(deadline(timeout))
	if p.interrupted.Load() {
		return set(past())
	}
	return err
}

// past is a deadline that is over.
func past() time.Time { return time.Unix(1, 0) }

// Interrupt ends Write and Line that wait for the program, and all that come.
func (p *Process) Interrupt() {
	p.interrupted.Store(true)
	p.in.SetWriteDeadline(past())
	if p.out != nil {
		p.out.SetReadDeadline(past())
	}
}

// Write writes to the program's standard input. timeout 0 waits for ever.
func (p *Process) Write(text []byte, timeout time.Duration) error {
	if err := p.limit(p.in.SetWriteDeadline, timeout); err != nil {
		return err
	}
	n, err := p.in.Write(text)
	p.Written += int64(n)
	return err
}

// Unread is how many of the bytes that were written the program has not read: the last
// ones. The kernel keeps them for as long as End was not called, also when the program
// has ended.
func (p *Process) Unread() int {
	n := 0
	p.onInput(func(fd int) { n, _ = unix.IoctlGetInt(fd, unix.TIOCINQ) })
	return n
}

// Deaf reports whether nobody will read what is written: the program has ended, or closed
// its standard input.
func (p *Process) Deaf() bool {
	fds := []unix.PollFd{{}}
	p.onInput(func(fd int) {
		fds[0].Fd = int32(fd)
		unix.Poll(fds, 0)
	})
	return fds[0].Revents&unix.POLLERR != 0
}

func (p *Process) onInput(call func(fd int)) {
	if raw, err := p.in.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { call(int(fd)) })
	}
}

// Line reads a line of the program's standard output, without its end. timeout 0
// waits for ever.
func (p *Process) Line(timeout time.Duration) (string, error) {
	if err := p.limit(p.out.SetReadDeadline, timeout); err != nil {
		return "", err
	}
	var line []byte
	for {
		part, err := p.answers.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > MaxLine:
			return "", fmt.Errorf("an answer has more than %d bytes", MaxLine)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return "", errEnded
		case errors.Is(err, os.ErrDeadlineExceeded):
			return "", fmt.Errorf("no answer within %v", timeout)
		case err != nil:
			return "", err
		}
		return strings.TrimRight(string(line), "\r\n"), nil
	}
}

var errEnded = errors.New("it ended without an answer")

// Ended reports whether an error of Write or Line says that the program has ended.
func Ended(err error) bool { return errors.Is(err, errEnded) || errors.Is(err, syscall.EPIPE) }

// Signal signals the program.
func (p *Process) Signal(sig os.Signal) error { return p.cmd.Process.Signal(sig) }

// End closes the program's standard input and waits until it has ended. After
// patience, if kill is set, it and all that it has started are killed; else it
// is left to itself.
func (p *Process) End(patience time.Duration, kill bool) {
	p.in.Close()
	ended := make(chan struct{})
	go func() {
		p.cmd.Wait()
		close(ended)
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-ended:
	case <-late.C:
		if kill {
			syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
			<-ended
		}
	}
	p.close()
}

func (p *Process) close() {
	p.in.Close()
	if p.out != nil {
		p.out.Close()
	}
}
