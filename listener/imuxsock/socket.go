package imuxsock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"
	"golang.org/x/sys/unix"

	"syslogd/internal/datagram"
	"syslogd/internal/holder"
)

// defaultPath is where programs log to: /dev/log or, where systemd runs and the
// journal forwards messages, the socket that it forwards to. root is / but in tests.
func defaultPath(root string) string {
	const journal = "run/systemd/journal/syslog"
	// The test of sd_booted(3).
	if info, err := os.Lstat(filepath.Join(root, "run/systemd/system")); err == nil && info.IsDir() {
		if info, err := os.Stat(filepath.Join(root, journal)); err == nil && info.Mode()&fs.ModeSocket != 0 {
			return filepath.Join(root, journal)
		}
	}
	return filepath.Join(root, "dev/log")
}

type socketOptions struct {
	path                   string
	unlink, createPath     bool
	credentials, timestamp bool
	maxSize                int // of a message, in bytes
	log                    *slog.Logger
}

// socket is a unix datagram socket that is open.
type socket struct {
	*datagram.Socket
	path string
	own  *holder.Own // what to remove in the end; nil for nothing
	room int         // messages that the kernel holds; 0: not known
}

const (
	// maxBatch is how many datagrams one system call may receive. The kernel
	// holds net.unix.max_dgram_qlen of them, 10 by default, 512 with systemd.
	maxBatch = 32
	// maxBuffer bounds the buffer of a socket, however long messages may be.
	maxBuffer = 1 << 20
)

// socket takes over conn.
func (opt *socketOptions) socket(conn net.PacketConn) (*socket, error) {
	defer conn.Close()
	// The control data have room for what was asked for, and none for open
	// files: a sender could else fill the table of descriptors with them.
	control := 0
	if opt.credentials {
		control += unix.CmsgSpace(unix.SizeofUcred)
	}
	if opt.timestamp {
		control += unix.CmsgSpace(sizeofTimeval)
	}
	in := datagram.New(max(1, min(maxBatch, maxBuffer/opt.maxSize)), opt.maxSize, control, false)
	s, err := datagram.NewSocket(conn.(*net.UnixConn), in)
	return &socket{Socket: s, path: opt.path, room: queueLength()}, err
}

// queueLength is how many datagrams the kernel holds for a socket that is made now.
func queueLength() int {
	text, err := os.ReadFile("/proc/sys/net/unix/max_dgram_qlen")
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return n
}

func openSocket(ctx context.Context, opt socketOptions) (*socket, error) {
	s, err := opt.fromSystemd()
	if s != nil || err != nil {
		return s, err
	}
	if opt.createPath {
		if err := os.MkdirAll(filepath.Dir(opt.path), 0o755); err != nil {
			return nil, err
		}
	}
	if opt.unlink {
		if err := holder.Free(opt.path, unix.SOCK_DGRAM); err != nil {
			return nil, err
		}
	}
	conf := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error { return opt.prepare(raw) }}
	conn, err := conf.ListenPacket(ctx, "unixgram", opt.path)
	if err != nil {
		if errors.Is(err, unix.EADDRINUSE) && !opt.unlink {
			return nil, fmt.Errorf(`%w; unlink="on" would replace what is there`, err)
		}
		return nil, err
	}
	if s, err = opt.socket(conn); err != nil {
		return nil, err
	}
	if err := s.publish(opt.unlink); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// publish lets everybody who can reach the socket use it.
func (s *socket) publish(unlink bool) error {
	own, err := holder.Claim(s.path)
	if err != nil {
		return err
	}
	if unlink {
		s.own = own
	}
	return os.Chmod(s.path, 0o666)
}

// passed are the descriptors that systemd handed to the process. They belong to
// it until its end: an os.File that is collected would close its descriptor.
var passed = sync.OnceValue(func() []*os.File { return activation.Files(false) })

// fromSystemd returns the socket that systemd opened for the path, or nil.
func (opt *socketOptions) fromSystemd() (*socket, error) {
	for i, f := range passed() {
		if boundTo(f) != opt.path {
			continue
		}
		conn, err := net.FilePacketConn(f)
		if err != nil {
			return nil, fmt.Errorf("take %s from systemd: %w", opt.path, err)
		}
		if raw, err := conn.(*net.UnixConn).SyscallConn(); err != nil {
			return nil, errors.Join(err, conn.Close())
		} else if err = opt.prepare(raw); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		s, err := opt.socket(conn)
		if err != nil {
			return nil, err
		}
		const firstPassed = 3 // SD_LISTEN_FDS_START
		opt.log.Info(fmt.Sprintf("imuxsock: Acquired UNIX socket '%s' (fd %d) from systemd.", opt.path, firstPassed+i))
		return s, nil
	}
	return nil, nil
}

// boundTo is the path of a unix datagram socket, "" for anything else.
func boundTo(f *os.File) string {
	raw, err := f.SyscallConn()
	if err != nil {
		return ""
	}
	path := ""
	raw.Control(func(fd uintptr) {
		if kind, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_DGRAM {
			return
		}
		if addr, err := unix.Getsockname(int(fd)); err == nil {
			if u, ok := addr.(*unix.SockaddrUnix); ok {
				path = u.Name
			}
		}
	})
	return path
}

// prepare asks the kernel for what is to come with each message, and for no
// more: systemd may have set options. A message that arrived before the kernel
// was asked has no sender.
func (opt *socketOptions) prepare(raw syscall.RawConn) error {
	return raw.Control(func(fd uintptr) {
		set := func(option int, name string, on bool) {
			value := 0
			if on {
				value = 1
			}
			if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option, value); err != nil {
				opt.log.Warn("socket option can not be set", "file", opt.path, "option", name, "err", err)
			}
		}
		set(unix.SO_PASSCRED, "SO_PASSCRED", opt.credentials)
		set(unix.SO_TIMESTAMP, "SO_TIMESTAMP", opt.timestamp)
	})
}

// Close closes the socket. It removes the file if it was made here and is still
// the same one.
func (s *socket) Close() error {
	err := s.own.Remove()
	s.own = nil
	return errors.Join(err, s.Socket.Close())
}
