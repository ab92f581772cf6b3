package imuxsock

import (
	"bytes"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"syslogd/message"
	"syslogd/parser"
)

// trusted is what the kernel knows of a sender. The process may have ended
// already; then there is only what came with the datagram. Nil is unknown.
type trusted struct {
	unix.Ucred
	comm, exe, cmd []byte
}

// maxProperty bounds what is read of a property, in bytes, as in rsyslogd.
const maxProperty = 1023

// read fills in what is known of the sender c. It keeps its memory.
func (t *trusted) read(c *unix.Ucred) {
	t.Ucred = *c
	t.comm = firstLine(readProc(t.comm, c.Pid, "comm"))
	t.cmd = firstLine(readProc(t.cmd, c.Pid, "cmdline"))
	exe := room(t.exe)
	n, err := unix.Readlink(procPath(c.Pid, "exe"), exe)
	if t.exe = nil; err == nil {
		t.exe = exe[:n]
	}
}

// append appends the properties to dst as rsyslogd writes them.
func (t *trusted) append(dst []byte) []byte {
	dst = fmt.Appendf(dst, " @[_PID=%d _UID=%d _GID=%d", t.Pid, t.Uid, t.Gid)
	if t.comm != nil {
		dst = append(append(dst, " _COMM="...), t.comm...)
	}
	if t.exe != nil {
		dst = append(append(dst, " _EXE="...), t.exe...)
	}
	if t.cmd != nil {
		dst = append(dst, ` _CMDLINE="`...)
		for _, c := range t.cmd {
			if c == '"' || c == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, c)
		}
		dst = append(dst, '"')
	}
	return append(dst, ']')
}

// tree returns the properties as variables below $!.
func (t *trusted) tree() *message.Tree {
	tree := &message.Tree{Root: message.ObjectValue()}
	tree.Root.Put("pid", message.IntValue(int64(t.Pid)), true)
	tree.Root.Put("uid", message.IntValue(int64(t.Uid)), true)
	tree.Root.Put("gid", message.IntValue(int64(t.Gid)), true)
	for _, p := range []struct {
		name string
		text []byte
	}{{"appname", t.comm}, {"exe", t.exe}, {"cmd", t.cmd}} {
		if p.text != nil {
			tree.Root.Put(p.name, message.StringValue(string(p.text)), true)
		}
	}
	return tree
}

func procPath(pid int32, file string) string { return "/proc/" + strconv.Itoa(int(pid)) + "/" + file }

// room returns maxProperty bytes, those of buf if it has them.
func room(buf []byte) []byte {
	if cap(buf) < maxProperty {
		return make([]byte, maxProperty)
	}
	return buf[:maxProperty]
}

// readProc reads the start of a file of the process, into buf if it is large
// enough; nil if it cannot be read.
func readProc(buf []byte, pid int32, file string) []byte {
	fd, err := unix.Open(procPath(pid, file), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	buf = room(buf)
	n, err := unix.Read(fd, buf)
	if err != nil {
		return nil
	}
	return buf[:n]
}

// firstLine cuts b at its first LF, and makes blanks of control characters.
func firstLine(b []byte) []byte {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		b = b[:i]
	}
	return blankControls(b)
}

func blankControls(b []byte) []byte {
	for i, c := range b {
		if c < ' ' || c == 0x7f {
			b[i] = ' '
		}
	}
	return b
}

// trimEnd cuts off what is dropped at the end of a text: one NUL, one LF.
// Unlike rsyslogd, which keeps them in front of what is appended.
func trimEnd(text []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(text, []byte{0}), []byte{'\n'})
}

// appendWithPID appends text to dst, with the process ID in its tag replaced or
// added.
//
// Unlike rsyslogd, which without an ID in the tag takes its last byte for a
// colon, only a colon is replaced.
func appendWithPID(dst, text []byte, pid int32) []byte {
	start, end := parser.LocalTag(text)
	name := text[start:end]
	if i := bytes.LastIndexByte(name, '['); i >= 0 {
		name = name[:i]
	} else {
		name = bytes.TrimSuffix(name, []byte{':'})
	}
	dst = append(append(dst, text[:start]...), name...)
	dst = append(strconv.AppendInt(append(dst, '['), int64(pid), 10), "]:"...)
	return append(dst, text[end:]...)
}
