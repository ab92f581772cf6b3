package mmexternal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	// maxAnswer bounds an answer, in bytes.
	maxAnswer = 1 << 20
	// endTime is how long a program may take to end once its input is closed.
	endTime = 2 * time.Second
)

// program is one running program. It belongs to one message at a time.
type program struct {
	cmd    *exec.Cmd
	in     *os.File
	out    *os.File
	answer *bufio.Reader
	copy   *os.File // debugging output, or nil
	line   []byte
}

// start starts a program. What it writes to standard error goes to the file
// output, if there is one.
func start(command, output string, log *slog.Logger) (*program, error) {
	words := strings.Fields(command)
	p := &program{cmd: exec.Command(words[0], words[1:]...)}
	childIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, childIn.Close(), in.Close())
	}
	p.in, p.out, p.answer = in, out, bufio.NewReader(out)
	p.cmd.Stdin, p.cmd.Stdout = childIn, childOut
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if output != "" {
		if p.copy, err = os.OpenFile(output, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600); err != nil {
			log.Warn("output of the program can not be kept", "err", err)
		} else {
			p.cmd.Stderr = p.copy
		}
	}
	err = p.cmd.Start()
	childIn.Close()
	childOut.Close()
	if err != nil {
		p.closeFiles()
		return nil, fmt.Errorf("program can not be started: %w", err)
	}
	return p, nil
}

// ask writes a line and reads the answer. timeout 0 waits for ever.
func (p *program) ask(line []byte, answers bool, timeout time.Duration) ([]byte, error) {
	p.line = append(p.line[:0], line...)
	for i, c := range p.line {
		if c == '\n' {
			p.line[i] = ' '
		}
	}
	p.line = append(p.line, '\n')
	var deadline time.Time
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	if err := errors.Join(p.in.SetWriteDeadline(deadline), p.out.SetReadDeadline(deadline)); err != nil {
		return nil, err
	}
	if _, err := p.in.Write(p.line); err != nil || !answers {
		return nil, err
	}
	var answer []byte
	for {
		part, err := p.answer.ReadSlice('\n')
		answer = append(answer, part...)
		switch {
		case len(answer) > maxAnswer:
			return nil, fmt.Errorf("an answer has more than %d bytes", maxAnswer)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return nil, errors.New("it ended without an answer")
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, fmt.Errorf("no answer within %v", timeout)
		case err != nil:
			return nil, err
		}
		if p.copy != nil {
			p.copy.Write(answer)
		}
		return bytes.TrimRight(answer, "\r\n"), nil
	}
}

// end closes the program's input and, if it still runs after the time, kills it
// and all that it has started.
func (p *program) end(patience time.Duration) {
	p.in.Close()
	kill := time.AfterFunc(patience, func() { syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) })
	p.cmd.Wait()
	kill.Stop()
	p.closeFiles()
}

func (p *program) closeFiles() {
	p.in.Close()
	p.out.Close()
	if p.copy != nil {
		p.copy.Close()
	}
}
