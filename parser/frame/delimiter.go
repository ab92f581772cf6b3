package frame

import "bytes"

// findsNUL reports whether records that end with NUL are recognised.
func (r *Reader) findsNUL() bool {
	o := r.opt
	return !o.NULIsData && o.LFDelimiter && o.AddtlDelimiter < 0 && !o.MultiLine && o.DelimiterRegex == nil
}

// joinsLines reports whether a frame may hold LF.
func (r *Reader) joinsLines() bool { return r.opt.MultiLine || r.opt.DelimiterRegex != nil }

type verdict uint8

const (
	no verdict = iota
	yes
	unknown // the bytes at hand do not tell
)

// startsWithPRI reports whether buf begins with <n>, of up to three digits.
func startsWithPRI(buf []byte, atEOF bool) verdict {
	for i := 0; i < 5; i++ {
		if i == len(buf) {
			if atEOF {
				return no
			}
			return unknown
		}
		switch c := buf[i]; {
		case i == 0 && c == '<':
		case i > 0 && i < 4 && c-'0' <= 9:
		case i > 1 && c == '>':
			return yes
		default:
			return no
		}
	}
	return no
}

// end looks for the byte behind the frame at the start of buf. It looks at no
// byte twice: scanned says how far it came before. With no, the first
// MaxMessageSize+1 bytes hold no end, or buf is shorter and all of it was looked at.
func (r *Reader) end(buf []byte, atEOF bool) (int, verdict) {
	window := buf[:min(len(buf), r.opt.MaxMessageSize+1)]
	if !r.findsNUL() {
		return r.endGeneral(buf, window, atEOF)
	}
	if r.nul {
		return r.endNUL(buf, window, atEOF)
	}
	stop := len(window)
	lf := bytes.IndexByte(window[r.scanned:], '\n')
	if lf >= 0 {
		stop = r.scanned + lf
	}
	for i := r.scanned; ; {
		n := bytes.IndexByte(window[i:stop], 0)
		if n < 0 {
			break
		}
		i += n + 1
		switch startsWithPRI(buf[i:], atEOF) {
		case yes:
			r.nul = true
			return i - 1, yes
		case unknown:
			r.scanned = i - 1
			return 0, unknown
		}
	}
	if lf >= 0 {
		return stop, yes
	}
	r.scanned = stop
	return 0, no
}

// endNUL is end for a stream of records that end with NUL. LF is data there,
// unless a new record begins behind it: then the sender uses LF after all.
func (r *Reader) endNUL(buf, window []byte, atEOF bool) (int, verdict) {
	stop := len(window)
	nul := bytes.IndexByte(window[r.scanned:], 0)
	if nul >= 0 {
		stop = r.scanned + nul
	}
	for i := r.scanned; ; {
		n := bytes.IndexByte(window[i:stop], '\n')
		if n < 0 {
			break
		}
		i += n + 1
		switch startsWithPRI(buf[i:], atEOF) {
		case yes:
			r.nul = false
			return i - 1, yes
		case unknown:
			r.scanned = i - 1
			return 0, unknown
		}
	}
	if nul >= 0 {
		return stop, yes
	}
	r.scanned = stop
	return 0, no
}

// endGeneral is end for the rarer options.
func (r *Reader) endGeneral(buf, window []byte, atEOF bool) (int, verdict) {
	for i := r.scanned; i < len(window); i++ {
		c := window[i]
		if int(c) == r.opt.AddtlDelimiter {
			return i, yes
		}
		if c != '\n' || !r.opt.LFDelimiter {
			continue
		}
		v := yes
		switch {
		case r.opt.DelimiterRegex != nil:
			r.scanned = i
			v = r.lineMatches(buf[i+1:], atEOF)
		case r.opt.MultiLine && i+1 < len(buf):
			if buf[i+1] != '<' {
				v = no
			}
		case r.opt.MultiLine && !atEOF:
			v = unknown
		}
		if v == no {
			continue
		}
		r.scanned = i
		return i, v
	}
	r.scanned = len(window)
	return 0, no
}

// lineMatches reports whether the delimiting expression matches the line at
// the start of buf. It waits for the whole line, up to the size of a message.
func (r *Reader) lineMatches(buf []byte, atEOF bool) verdict {
	line := buf[:min(len(buf), r.opt.MaxMessageSize)]
	lf := bytes.IndexByte(line[min(r.ahead, len(line)):], '\n')
	switch {
	case lf >= 0:
		line = line[:r.ahead+lf]
	case len(line) < r.opt.MaxMessageSize && !atEOF:
		r.ahead = len(line)
		return unknown
	}
	r.ahead = 0
	if r.opt.DelimiterRegex.Match(line) {
		return yes
	}
	return no
}
