package frame

import (
	"bytes"
	"unicode/utf8"

	"syslogd/internal/characters"
	"syslogd/internal/control"
)

// Reader finds the frames of one connection. It holds state only; the bytes
// are the caller's. The zero Reader is not usable: see NewReader.
type Reader struct {
	opt     *Options
	state   state
	nul     bool // the stream's records end with NUL
	part    bool // the text before this one belongs to the same frame
	remain  int  // bytes left of an octet-counted frame
	scanned int  // bytes of the buffer known to hold no end of the frame
	ahead   int  // bytes behind scanned known to hold no LF (regular expression)
	quick   bool // lines with PRI are the common case, see line
	counts  bool // so are counts, see whole
	clean   bool // see Clean
}

type state uint8

const (
	atStart state = iota
	inText
	inCounted
	discardText
	discardCounted
)

// NewReader returns a Reader at the start of a stream. The options may be
// shared and must not change.
func NewReader(o *Options) Reader {
	r := Reader{opt: o}
	r.quick = r.findsNUL()
	r.counts = o.OctetCounting && o.DelimiterRegex == nil && o.AddtlDelimiter < 0
	return r
}

// maxDigits is how long a count may be until it is text.
const maxDigits = 64

// Next looks for the next frame at the start of buf. It returns the frame, a
// part of buf without count and delimiter, or nil, and how many bytes of buf
// are done with. The caller calls it again with the rest until it returns
// neither frame nor advance: then it wants to see more bytes behind the same
// ones, or, with atEOF, the stream is done.
//
// The frame is valid until the caller changes buf. Next may move bytes within
// the part of buf it is done with. An event may come with a frame or without.
// How the stream is cut into buffers makes no difference to frames and events.
func (r *Reader) Next(buf []byte, atEOF bool) (frame []byte, advance int, ev Event) {
	r.clean = false
	if r.state == atStart && len(buf) > 0 {
		switch {
		case buf[0] == '<' && r.quick && !r.nul:
			if n := r.line(buf); n > 0 {
				return buf[:n:n], n + 1, Event{}
			}
		case buf[0]-'1' < 9 && r.counts:
			if begin, end := r.whole(buf); end > 0 {
				r.nul = false
				// The bytes are in this processor's cache now, and the worker may
				// be another one.
				r.clean = control.Index(buf[begin:end]) == end-begin
				return buf[begin:end:end], end, Event{}
			}
		}
	}
	for advance < len(buf) || atEOF && r.pending() {
		f, n, ev := r.step(buf[advance:], atEOF)
		advance += n
		if len(f) > 0 || ev.Kind != 0 {
			return f, advance, ev
		}
		if n == 0 {
			break
		}
	}
	return nil, advance, Event{}
}

// line is the short way for the common case: a line that begins with a PRI, has
// an end, and holds no NUL. It returns its length; 0 leaves the frame to step,
// which would find the same one.
func (r *Reader) line(buf []byte) int {
	window := buf[:min(len(buf), r.opt.MaxMessageSize+1)]
	n := control.Index(window)
	if n < len(window) && window[n] == '\n' {
		r.clean = true
		return n
	}
	lf := bytes.IndexByte(window[n:], '\n')
	if lf < 0 || bytes.IndexByte(window[n:n+lf], 0) >= 0 {
		return 0
	}
	return n + lf
}

// whole is the short way for an octet-counted frame of usual size that is there to its
// end, behind a count of up to five digits and a blank. It returns where it lies; 0
// leaves the frame to step, which would find the same one.
func (r *Reader) whole(buf []byte) (begin, end int) {
	n, i := 0, 0
	for ; i < len(buf) && i < 5 && buf[i]-'0' <= 9; i++ {
		n = n*10 + int(buf[i]-'0')
	}
	if i == len(buf) || buf[i] != ' ' || n > r.opt.MaxMessageSize || n > r.opt.MaxFrameSize || len(buf)-i-1 < n {
		return 0, 0
	}
	return i + 1, i + 1 + n
}

// Clean reports that the frame that Next returned last has no byte below 32. False
// says nothing.
func (r *Reader) Clean() bool { return r.clean }

// pending reports whether the end of the stream means something although no
// byte is left.
func (r *Reader) pending() bool { return r.state == inCounted }

// Idle is for a stream that is silent: the caller has read all there was, and
// Next wants more. A record that ends with NUL is complete then, before the
// stream has shown a second one. It returns what Next does.
func (r *Reader) Idle(buf []byte) (frame []byte, advance int) {
	n := len(buf)
	if n < 2 || r.part || r.state != inText || buf[n-1] != 0 || !r.findsNUL() || startsWithPRI(buf, true) != yes {
		return nil, 0
	}
	r.nul = true
	r.next()
	return buf[:n-1], n
}

// next goes to the start of a frame.
func (r *Reader) next() {
	r.state, r.part, r.scanned, r.ahead = atStart, false, 0, 0
}

func (r *Reader) step(buf []byte, atEOF bool) ([]byte, int, Event) {
	switch r.state {
	case atStart:
		return r.start(buf, atEOF)
	case inText:
		return r.text(buf, atEOF)
	case inCounted:
		return r.counted(buf, atEOF)
	case discardCounted:
		n := min(r.remain, len(buf))
		if r.remain -= n; r.remain == 0 {
			r.next()
		}
		return nil, n, Event{}
	default:
		return r.discard(buf, atEOF)
	}
}

// start looks at the first byte of a frame.
func (r *Reader) start(buf []byte, atEOF bool) ([]byte, int, Event) {
	c := buf[0]
	switch {
	case c == '\n' && r.opt.LFDelimiter && !r.joinsLines(), int(c) == r.opt.AddtlDelimiter:
		// rsyslogd ignores empty frames.
		return nil, 1, Event{}
	case c == 0 && r.findsNUL():
		if n, want := r.startNUL(buf, atEOF); n > 0 || want {
			return nil, n, Event{}
		}
	case c == ' ' && r.opt.CiscoASAFix:
		return nil, 1, Event{}
	}
	if r.nul && c != '<' {
		r.nul = false
	}
	if c-'0' <= 9 && r.opt.OctetCounting && r.opt.DelimiterRegex == nil {
		return r.count(buf, atEOF)
	}
	r.state = inText
	return r.text(buf, atEOF)
}

// startNUL handles a NUL where a frame begins: <PRI>text LF NUL <PRI>text LF
// NUL is what SysLogHandler sends with a formatter that ends with LF. It returns
// the bytes to skip, and whether more are needed to know.
func (r *Reader) startNUL(buf []byte, atEOF bool) (skip int, want bool) {
	if r.nul || len(buf) == 1 && atEOF {
		return 1, false
	}
	switch startsWithPRI(buf[1:], atEOF) {
	case yes:
		r.nul = true
		return 1, false
	case unknown:
		return 0, true
	}
	return 0, false
}

// count reads the octet count in front of a frame and goes on to the frame.
func (r *Reader) count(buf []byte, atEOF bool) ([]byte, int, Event) {
	n, i := 0, 0
	for ; i < len(buf) && i < maxDigits && buf[i]-'0' <= 9; i++ {
		if n < 1<<40 {
			n = n*10 + int(buf[i]-'0')
		}
	}
	if i == maxDigits {
		// Unlike rsyslogd, which collects digits without limit.
		r.state = inText
		return nil, 0, Event{Kind: TooLarge, Size: n}
	}
	if i == len(buf) {
		if atEOF {
			r.next()
			return nil, i, Event{Kind: Incomplete, Size: i}
		}
		return nil, 0, Event{}
	}
	ev := Event{Size: n, Byte: buf[i]}
	if buf[i] != ' ' {
		ev.Kind |= BadDelimiter
	}
	if n > r.opt.MaxMessageSize {
		ev.Kind |= Oversize
	}
	switch {
	case n == 0:
		ev.Kind |= ZeroCount
		r.state = inText
	case n > r.opt.MaxFrameSize:
		// The digits become text, the byte behind them is lost, as in rsyslogd.
		ev.Kind |= TooLarge
		copy(buf[1:i+1], buf[:i])
		r.state = inText
		return nil, 1, ev
	default:
		r.state, r.remain = inCounted, n
	}
	i++
	if ev.Kind != 0 {
		return nil, i, ev
	}
	f, adv, ev := r.counted(buf[i:], atEOF)
	return f, i + adv, ev
}

// counted returns an octet-counted frame, or a piece of one that is too long.
func (r *Reader) counted(buf []byte, atEOF bool) ([]byte, int, Event) {
	piece, need := r.remain, r.remain
	long := piece > r.opt.MaxMessageSize
	if long {
		need = r.opt.MaxMessageSize + r.lost()
	}
	if len(buf) < need {
		if !atEOF {
			return nil, 0, Event{}
		}
		r.next()
		return nil, len(buf), Event{Kind: Incomplete, Size: len(buf)}
	}
	if long {
		piece, need = r.cut(buf)
	}
	r.remain -= need
	switch {
	case r.remain == 0:
		r.next()
	case r.opt.DiscardTruncated || r.opt.Dialect == PTCP:
		r.state = discardCounted
	}
	return buf[:piece:piece], need, Event{}
}

// lost is the number of bytes that are lost where a frame is split: imtcp of
// rsyslogd 8.2302 drops the byte by which it sees that the frame is too long,
// so the second piece begins one byte later.
func (r *Reader) lost() int {
	if r.opt.Dialect == PTCP {
		return 0
	}
	return 1
}

// cut returns how many bytes of buf, which has more than a message may have or the first of
// them, are a piece, and how many are used up. Unlike in rsyslogd the cut is between characters: then no byte is lost.
func (r *Reader) cut(buf []byte) (piece, used int) {
	limit := r.opt.MaxMessageSize
	piece = characters.Piece(buf, limit)
	if piece < limit || buf[limit-1] >= utf8.RuneSelf || len(buf) > limit && buf[limit] >= utf8.RuneSelf {
		return piece, piece
	}
	return piece, piece + r.lost()
}

// text returns a frame that a delimiter ends, or a piece of one that is too long.
func (r *Reader) text(buf []byte, atEOF bool) ([]byte, int, Event) {
	end, verdict := r.end(buf, atEOF)
	switch {
	case verdict == yes:
		r.next()
		return buf[:end:end], end + 1, Event{}
	case verdict == no && len(buf) > r.opt.MaxMessageSize:
		return r.split(buf)
	case atEOF:
		return r.last(buf)
	}
	return nil, 0, Event{}
}

// split returns the first piece of a frame that is too long.
func (r *Reader) split(buf []byte) ([]byte, int, Event) {
	n, used := r.cut(buf)
	r.part, r.scanned, r.ahead = true, 0, 0
	if r.opt.DiscardTruncated {
		r.state = discardText
	}
	return buf[:n:n], used, Event{Kind: Split}
}

// last handles text that the end of the stream leaves without delimiter.
func (r *Reader) last(buf []byte) ([]byte, int, Event) {
	n := len(buf)
	drop := r.opt.Dialect == PTCP && n > 0
	if drop && buf[n-1] == 0 && !r.part && r.findsNUL() && startsWithPRI(buf, true) == yes {
		drop = false
	}
	r.next()
	if drop {
		return nil, n, Event{Kind: Unterminated, Size: n}
	}
	return buf[:n:n], n, Event{}
}

// discard skips the rest of a frame that was cut, up to its delimiter.
func (r *Reader) discard(buf []byte, atEOF bool) ([]byte, int, Event) {
	end, verdict := r.end(buf, atEOF)
	switch {
	case verdict == yes:
		r.next()
		return nil, end + 1, Event{}
	case verdict == no || atEOF:
		r.scanned, r.ahead = 0, 0
		return nil, min(len(buf), r.opt.MaxMessageSize+1), Event{}
	}
	return nil, 0, Event{}
}
