package imuxsock

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"syslogd/message"
)

// trusted is what the kernel knows of a sender. The process may have ended
// already; then there is only what came with the datagram.
type trusted struct {
	unix.Ucred
	comm, exe, cmd string
}

// maxTrusted bounds what is read of a command line.
const maxTrusted = 4096

func trustedOf(c *unix.Ucred) *trusted {
	t := &trusted{Ucred: *c}
	dir := "/proc/" + strconv.Itoa(int(c.Pid))
	t.comm = firstLine(readSome(dir + "/comm"))
	t.exe, _ = os.Readlink(dir + "/exe")
	cmd := readSome(dir + "/cmdline")
	t.cmd = string(bytes.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, cmd))
	return t
}

func readSome(name string) []byte {
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	buf := make([]byte, maxTrusted)
	n, _ := f.Read(buf)
	return buf[:max(n, 0)]
}

func firstLine(b []byte) string {
	line, _, _ := bytes.Cut(b, []byte{'\n'})
	return string(line)
}

// append writes the properties as rsyslogd does.
func (t *trusted) append(dst []byte) []byte {
	dst = fmt.Appendf(dst, " @[_PID=%d _UID=%d _GID=%d", t.Pid, t.Uid, t.Gid)
	if t.comm != "" {
		dst = append(append(dst, " _COMM="...), t.comm...)
	}
	if t.exe != "" {
		dst = append(append(dst, " _EXE="...), t.exe...)
	}
	if t.cmd != "" {
		dst = append(append(append(dst, ` _CMDLINE="`...), t.cmd...), '"')
	}
	return append(dst, ']')
}

// tree is the properties as variables below $!.
func (t *trusted) tree() *message.Tree {
	tree := &message.Tree{}
	set := func(name string, v message.Value) { tree.Set(message.ParsePath(name), v, false, false) }
	set("pid", message.IntValue(int64(t.Pid)))
	set("uid", message.IntValue(int64(t.Uid)))
	set("gid", message.IntValue(int64(t.Gid)))
	set("appname", message.StringValue(t.comm))
	set("exe", message.StringValue(t.exe))
	set("cmd", message.StringValue(t.cmd))
	return tree
}

// trimEnd removes what the sanitiser would remove at the end of a text, so that
// it does not stand before what is appended. rsyslogd keeps a line feed there.
func trimEnd(text []byte) []byte { return bytes.TrimRight(text, "\x00\n") }

// appendWithPID appends text with the pid in its tag replaced or added: the tag
// is the first word behind <PRI> and time stamp that ends in a colon, or has
// brackets.
//
// Unlike rsyslogd, which takes the last byte of a tag without a colon for one,
// such a tag is kept whole.
func appendWithPID(dst, text []byte, pid int32) []byte {
	start := tagStart(text)
	n := bytes.IndexByte(text[start:], ' ')
	if n < 0 {
		n = len(text) - start
	}
	tag := text[start : start+n]
	name := bytes.TrimSuffix(tag, []byte{':'})
	if i := bytes.IndexByte(tag, '['); i >= 0 {
		name = tag[:i]
	}
	dst = append(append(dst, text[:start]...), name...)
	dst = append(strconv.AppendInt(append(dst, '['), int64(pid), 10), "]:"...)
	return append(dst, text[start+n:]...)
}

// tagStart skips <PRI> and an RFC 3164 time stamp.
func tagStart(text []byte) int {
	pos := 0
	if len(text) > 0 && text[0] == '<' {
		if i := bytes.IndexByte(text[:min(len(text), 6)], '>'); i > 0 {
			pos = i + 1
		}
	}
	const stamp = "Mmm dd hh:mm:ss "
	if t := text[pos:]; len(t) >= len(stamp) && t[3] == ' ' && t[6] == ' ' && t[9] == ':' && t[12] == ':' && t[15] == ' ' {
		pos += len(stamp)
	}
	return pos
}
