package process

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Ports that are handed out: above those that need rights, below those that the system chooses
// for outgoing connections (net.ipv4.ip_local_port_range), one of which could take it first.
const lowestPort, highestPort = 15000, 32767

// FreePort returns a port that nobody has, over TCP and UDP, at any address. No other program
// that asks here gets the same before this one has ended: tests of packages run side by side.
func FreePort() (string, error) {
	for range 2000 {
		port := strconv.Itoa(lowestPort + rand.IntN(highestPort-lowestPort+1))
		if reserve(port) && unused(port) {
			return port, nil
		}
	}
	return "", errors.New("no port is free")
}

// reserve holds a port's name, that of an abstract socket, until this program ends: what was
// handed out once stands in some configuration.
func reserve(port string) bool {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: "@syslogd port " + port}); err != nil {
		unix.Close(fd)
		return false
	}
	return true
}

func unused(port string) bool {
	stream, err := net.Listen("tcp4", ":"+port)
	if err != nil {
		return false
	}
	stream.Close()
	datagrams, err := net.ListenPacket("udp4", ":"+port)
	if err != nil {
		return false
	}
	datagrams.Close()
	return true
}

// Listening returns where something receives, in this network: "udp 514", "tcp 514", "unix
// datagram /dev/log", "unix stream /run/x".
func Listening() []string {
	var list []string
	for _, table := range []string{"udp", "udp6", "tcp", "tcp6"} {
		list = appendPorts(list, table)
	}
	text, _ := os.ReadFile("/proc/net/unix")
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 8 || !strings.HasPrefix(f[7], "/") {
			continue
		}
		kind := "datagram"
		if f[4] == "0001" {
			kind = "stream"
		}
		list = append(list, "unix "+kind+" "+f[7])
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// appendPorts appends the ports of a table of the kernel that are open to everybody.
func appendPorts(list []string, table string) []string {
	const tcpListens = "0A"
	protocol := strings.TrimSuffix(table, "6")
	text, _ := os.ReadFile("/proc/net/" + table)
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line) // number, local address, remote address, state
		if len(f) < 4 {
			continue
		}
		connected := protocol == "udp" && !strings.HasSuffix(f[2], ":0000")
		if connected || protocol == "tcp" && f[3] != tcpListens {
			continue
		}
		_, hex, _ := strings.Cut(f[1], ":")
		if port, err := strconv.ParseUint(hex, 16, 16); err == nil {
			list = append(list, fmt.Sprintf("%s %d", protocol, port))
		}
	}
	return list
}
