package process

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Server is the server in a directory of its own, in which it runs. There it has its
// configuration (test.conf), what it prints (output), and the socket on which it says that it
// is ready (notify), as systemd has it.
type Server struct {
	Dir string
	// Command is what runs the server: its path, behind other programs that run it.
	Command []string
	// Env is added to the environment of this program.
	Env []string
	// KeepOutput leaves what earlier runs in the directory printed.
	KeepOutput bool

	*Process // nil before it was started
}

// Path is a file in the directory.
func (s *Server) Path(name string) string { return filepath.Join(s.Dir, name) }

// Configure writes the configuration. In conf @DIR@ is the directory.
func (s *Server) Configure(conf string) error {
	conf = strings.ReplaceAll(conf, "@DIR@", s.Dir)
	return os.WriteFile(s.Path("test.conf"), []byte(conf), 0o600)
}

// Start starts the server and returns when it says that it is ready. One that says something
// else, or ends, has ended when Start returns.
func (s *Server) Start() error {
	ready, err := s.notifications()
	if err != nil {
		return err
	}
	defer ready.Close()
	cmd, err := s.command()
	if err != nil {
		return err
	}
	s.Process, err = Start(cmd)
	cmd.Stdout.(*os.File).Close()
	if err != nil {
		return err
	}
	go func(p *Process) {
		p.Wait()
		ready.Close() // a server that ends is not waited for
	}(s.Process)
	ready.SetReadDeadline(time.Now().Add(Patience))
	buf := make([]byte, 100)
	n, err := ready.Read(buf)
	if err != nil || !strings.HasPrefix(string(buf[:n]), "READY=1") {
		s.Kill()
		return fmt.Errorf("the server does not start: %v\n%s", err, s.LastWords())
	}
	return nil
}

// notifications is the socket at which the server says that it is ready. As with systemd a
// server that is no longer root may do so, too.
func (s *Server) notifications() (*net.UnixConn, error) {
	path := s.Path("notify")
	os.Remove(path)
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, err
	}
	return c, os.Chmod(path, 0o777)
}

func (s *Server) command() (*exec.Cmd, error) {
	mode := os.O_TRUNC
	if s.KeepOutput {
		mode = os.O_APPEND
	}
	out, err := os.OpenFile(s.Path("output"), os.O_CREATE|os.O_WRONLY|mode, 0o600)
	if err != nil {
		return nil, err
	}
	words := append(s.Command[:len(s.Command):len(s.Command)], "-n", "-C", "-f", "test.conf", "-i", "NONE")
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.Dir, out, out
	cmd.Env = append(append(os.Environ(), s.Env...), "NOTIFY_SOCKET="+s.Path("notify"))
	return cmd, nil
}

// Alive fails when the server has ended.
func (s *Server) Alive() error {
	if !s.HasEnded() {
		return nil
	}
	return fmt.Errorf("the server has ended: %v\n%s", s.Wait(), s.LastWords())
}

// Stop ends the server as an administrator does. It must end in time and well, and without a
// word of the race detector, if the binary has it.
func (s *Server) Stop() error {
	if err := s.Alive(); err != nil {
		return err
	}
	if err := s.Process.Stop(syscall.SIGTERM, Patience); err != nil {
		return fmt.Errorf("the server ends with: %w\n%s", err, s.LastWords())
	}
	return s.Raced()
}

// Raced fails when the race detector saw something.
func (s *Server) Raced() error {
	if out := s.Output(); strings.Contains(out, "WARNING: DATA RACE") {
		return errors.New(excerpt(out[strings.Index(out, "WARNING: DATA RACE"):]))
	}
	return nil
}

// Output is what the server printed.
func (s *Server) Output() string {
	out, _ := os.ReadFile(s.Path("output"))
	return string(out)
}

// lastWords is how much of an output is shown, in bytes.
const lastWords = 4000

func excerpt(text string) string { return text[:min(len(text), lastWords)] }

// LastWords is the end of what the server printed, or the panic in it.
func (s *Server) LastWords() string {
	out := s.Output()
	if i := strings.Index(out, "\npanic: "); i >= 0 {
		return excerpt(out[i:])
	}
	return out[max(0, len(out)-lastWords):]
}
