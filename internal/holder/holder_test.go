package holder_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"syslogd/internal/holder"
)

func listen(t *testing.T, network, path string) interface{ Close() error } {
	t.Helper()
	a := &net.UnixAddr{Name: path, Net: network}
	if network == "unixgram" {
		c, err := net.ListenUnixgram(network, a)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	l, err := net.ListenUnix(network, a)
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	return l
}

func TestASocketThatSomebodyListensOnIsNotTaken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		network string
		kind    int
	}{{"unixgram", unix.SOCK_DGRAM}, {"unix", unix.SOCK_STREAM}, {"unix", unix.SOCK_DGRAM}, {"unixgram", unix.SOCK_STREAM}} {
		t.Run(fmt.Sprint(tt.network, tt.kind), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "s")
			s := listen(t, tt.network, path)
			err := holder.Free(path, tt.kind)
			if !errors.Is(err, unix.EADDRINUSE) || err.Error() != path+" is used by this server itself" {
				t.Errorf("got %v", err)
			}
			if _, err := os.Lstat(path); err != nil {
				t.Errorf("it was removed: %v", err)
			}
			s.Close()
			if err := holder.Free(path, tt.kind); err != nil {
				t.Errorf("left by a server that has ended: %v", err)
			}
			if _, err := os.Lstat(path); err == nil {
				t.Error("it is still there")
			}
		})
	}
}

func TestOnlyTheOwnSocketIsRemoved(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	defer listen(t, "unixgram", path).Close()
	own, err := holder.Claim(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	defer listen(t, "unixgram", path).Close()
	if err := own.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the socket of another server was removed: %v", err)
	}
}

func TestWhoHasAPort(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp", "udp"} {
		address := "127.0.0.1:0"
		for i := range 2 {
			var err error
			if network == "tcp" {
				var l net.Listener
				if l, err = net.Listen(network, address); err == nil {
					defer l.Close()
					address = l.Addr().String()
				}
			} else {
				var c net.PacketConn
				if c, err = net.ListenPacket(network, address); err == nil {
					defer c.Close()
					address = c.LocalAddr().String()
				}
			}
			if why := holder.Why(err); i == 1 && !strings.Contains(why, "used by this server itself") {
				t.Errorf("%s: %q of %v", network, why, err)
			}
		}
	}
	none := &net.OpError{Op: "listen", Net: "tcp", Addr: &net.TCPAddr{Port: 514}, Err: unix.EACCES}
	if why := holder.Why(none); !strings.Contains(why, "CAP_NET_BIND_SERVICE") {
		t.Errorf("got %q", why)
	}
	if _, err := net.Listen("tcp", "192.0.2.1:0"); !strings.Contains(holder.Why(err), "interface") {
		t.Errorf("got %q of %v", holder.Why(err), err)
	}
}
