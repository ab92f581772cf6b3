// Package relp holds the frames of RELP, the reliable event logging protocol,
// and what both sides say when a session opens. It neither reads nor writes a
// connection.
//
// A frame is
//
//	TXNR SP COMMAND SP DATALEN [SP DATA] LF
//
// The sender opens a session with its offers and gets a response with those of
// the server; then it sends each message in a syslog frame, and the server
// answers each with a response of the same TXNR. What has no answer when the
// session ends is sent again in the next one.
package relp

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"syslogd/internal/characters"
)

// The commands.
const (
	Open        = "open"
	Syslog      = "syslog"
	Close       = "close"
	ServerClose = "serverclose"
	Response    = "rsp"
)

const (
	// MaxTxnr is the largest number of a frame; 1 follows it. 0 is a frame that
	// is not answered.
	MaxTxnr = 999999999
	// MaxData is the largest length of a frame's data.
	MaxData = 999999999
	// maxDigits is how many digits a number has at most, maxCommand how many
	// letters a command.
	maxDigits  = 9
	maxCommand = 32
	// maxControl bounds the data of frames that are no messages.
	maxControl = 32 << 10
)

// NextTxnr is the number that follows n.
func NextTxnr(n int) int {
	if n >= MaxTxnr {
		return 1
	}
	return n + 1
}

// Oversize is what becomes of a message that is longer than Options.MaxData.
type Oversize uint8

// Truncate keeps the first MaxData bytes, Abort is an error, Accept takes messages
// up to Options.Accept bytes.
const (
	Truncate Oversize = iota
	Abort
	Accept
)

// Options are the settings of a Reader.
type Options struct {
	MaxData  int
	Oversize Oversize
	Accept   int
}

// Part says how much of a frame is there.
type Part uint8

const (
	// Whole is a frame with all of its data.
	Whole Part = iota
	// Cut is the start of a message that is too long. Its End follows.
	Cut
	// Passing says that more of a frame that was Cut has passed.
	Passing
	// End says that the frame that was Cut has passed.
	End
)

// Frame is a frame. Command and Data are parts of the buffer it was found in.
type Frame struct {
	Txnr    int
	Command []byte
	Data    []byte
	Size    int // of the data, as announced
	Part    Part
}

// Reader finds the frames of one connection. It holds state only; the bytes are
// the caller's.
type Reader struct {
	opt  *Options
	cut  bool
	txnr int // of the frame that was cut
	skip int // bytes of its data that are still to come
	need int
}

// NewReader returns a Reader at the start of a stream. The options may be shared
// and must not change.
func NewReader(o *Options) Reader { return Reader{opt: o} }

// ErrTooLong is in the chain of the error for a frame that is too long.
var ErrTooLong = errors.New("frame too long")

func broken(what string, found []byte) error {
	return fmt.Errorf("broken frame: want %s, found %q", what, found[:min(len(found), 20)])
}

// Need is how many bytes the frame at the start of the buffer has, when Next wants
// to see more and knows it; else 0.
func (r *Reader) Need() int { return r.need }

// Next returns the frame at the start of buf and how many bytes of buf are done
// with. Without advance it wants to see more bytes behind the same ones. After
// an error the stream can not be understood any more. How the stream is cut
// into buffers makes no difference.
func (r *Reader) Next(buf []byte) (f Frame, advance int, err error) {
	r.need = 0
	if r.cut {
		return r.end(buf)
	}
	f, n, err := header(buf)
	if n == 0 || err != nil {
		return Frame{}, 0, err
	}
	limit := maxControl
	if string(f.Command) == Syslog {
		limit = r.opt.MaxData
		switch {
		case f.Size <= limit || r.opt.Oversize == Abort:
		case r.opt.Oversize == Truncate:
			return r.start(f, buf, n)
		default:
			limit = max(limit, r.opt.Accept)
		}
	}
	if f.Size > limit {
		return Frame{}, 0, fmt.Errorf("%w: %s with %d bytes, the limit is %d", ErrTooLong, f.Command, f.Size, limit)
	}
	end := n + f.Size
	if len(buf) <= end {
		r.need = end + 1
		return Frame{}, 0, nil
	}
	if buf[end] != '\n' {
		return Frame{}, 0, broken("a line feed behind the data", buf[end:])
	}
	f.Data = buf[n:end:end]
	return f, end + 1, nil
}

// Oversize reports whether a whole message is longer than MaxData and was accepted.
func (r *Reader) Oversize(f *Frame) bool { return f.Size > r.opt.MaxData }

// start returns the first part of a message that is too long.
func (r *Reader) start(f Frame, buf []byte, n int) (Frame, int, error) {
	end := n + r.opt.MaxData
	if len(buf) < end {
		r.need = end
		return Frame{}, 0, nil
	}
	end = n + characters.Whole(buf[n:end])
	r.cut, r.txnr, r.skip = true, f.Txnr, f.Size-(end-n)
	f.Data, f.Part = buf[n:end:end], Cut
	return f, end, nil
}

// end passes over the rest of a message that is too long.
func (r *Reader) end(buf []byte) (Frame, int, error) {
	n := min(r.skip, len(buf))
	r.skip -= n
	if r.skip > 0 || n == len(buf) {
		return Frame{Part: Passing}, n, nil
	}
	if buf[n] != '\n' {
		return Frame{}, 0, broken("a line feed behind the data", buf[n:])
	}
	r.cut = false
	return Frame{Txnr: r.txnr, Part: End}, n + 1, nil
}

// header reads what stands in front of the data, or of the line feed of a frame
// without. n is 0 when there is not enough of it yet.
func header(buf []byte) (f Frame, n int, err error) {
	txnr, i, err := number(buf, 0, "the number of a frame")
	if err != nil || i == 0 {
		return f, 0, err
	}
	if buf[i] != ' ' {
		return f, 0, broken("a blank behind the number of a frame", buf[i:])
	}
	start := i + 1
	for i = start; i < len(buf) && buf[i]|0x20 >= 'a' && buf[i]|0x20 <= 'z' && i-start <= maxCommand; i++ {
	}
	if i == start && i < len(buf) || i-start > maxCommand {
		return f, 0, broken("a command", buf[start:])
	}
	if i == len(buf) {
		return f, 0, nil
	}
	if buf[i] != ' ' {
		return f, 0, broken("a blank behind the command", buf[i:])
	}
	f.Txnr, f.Command = txnr, buf[start:i:i]
	if f.Size, i, err = number(buf, i+1, "the length of the data"); err != nil || i == 0 {
		return f, 0, err
	}
	switch {
	case buf[i] == ' ':
		return f, i + 1, nil
	case buf[i] == '\n' && f.Size == 0:
		return f, i, nil
	}
	return f, 0, broken("a blank or a line feed behind the length", buf[i:])
}

// number reads the digits from i on. The position behind them is 0 when their
// end is not there yet.
func number(buf []byte, i int, what string) (value, end int, err error) {
	start := i
	for ; i < len(buf) && buf[i]-'0' <= 9; i++ {
		if i-start == maxDigits {
			return 0, 0, broken(what+" in 9 digits", buf[start:])
		}
		value = value*10 + int(buf[i]-'0')
	}
	if i == len(buf) {
		return 0, 0, nil
	}
	if i == start {
		return 0, 0, broken(what, buf[start:])
	}
	return value, i, nil
}

// Append appends a frame.
func Append(dst []byte, txnr int, command string, data []byte) []byte {
	dst = strconv.AppendInt(dst, int64(txnr), 10)
	dst = append(dst, ' ')
	dst = append(dst, command...)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, int64(len(data)), 10)
	if len(data) > 0 {
		dst = append(dst, ' ')
		dst = append(dst, data...)
	}
	return append(dst, '\n')
}

// AppendOK appends the answer to a message that is safe.
func AppendOK(dst []byte, txnr int) []byte {
	dst = strconv.AppendInt(dst, int64(txnr), 10)
	return append(dst, " rsp 6 200 OK\n"...)
}

// ParseResponse takes the data of a response apart. A response without data,
// as it follows close, is a good one.
func ParseResponse(data []byte) (code int, text, offers []byte, err error) {
	if len(data) == 0 {
		return 200, nil, nil, nil
	}
	line, offers, _ := bytes.Cut(data, []byte("\n"))
	digits, text, _ := bytes.Cut(line, []byte(" "))
	code, err = strconv.Atoi(string(digits))
	if err != nil || len(digits) != 3 {
		return 0, nil, nil, broken("a response code", data)
	}
	return code, text, offers, nil
}
