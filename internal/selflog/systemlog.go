package selflog

import (
	"fmt"
	"net"
	"sync"
	"time"

	"syslogd/message"
)

// SystemLog writes own messages to a local log socket, in the form that
// syslog(3) writes: where those of rsyslogd go by default.
type SystemLog struct {
	path string
	now  func() time.Time

	mu   sync.Mutex
	conn *net.UnixConn
}

// NewSystemLog returns a SystemLog for the socket path, usually /dev/log.
// Nothing is opened before the first message.
func NewSystemLog(path string, now func() time.Time) *SystemLog {
	if now == nil {
		now = time.Now
	}
	return &SystemLog{path: path, now: now}
}

// Send is a Sink. A socket that is full or not there costs the message: own
// messages must never hold up the server.
func (s *SystemLog) Send(sev message.Severity, tag, text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil && !s.dial() {
		return false
	}
	line := fmt.Appendf(nil, "<%d>%s %s %s", 5<<3|int(sev), s.now().Format(time.Stamp), tag, text)
	s.conn.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := s.conn.Write(line); err == nil {
		return true
	}
	s.conn.Close()
	s.conn = nil
	return false
}

func (s *SystemLog) dial() bool {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.path, Net: "unixgram"})
	if err != nil {
		return false
	}
	s.conn = conn
	return true
}

// Close closes the socket.
func (s *SystemLog) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn = nil
	return err
}
