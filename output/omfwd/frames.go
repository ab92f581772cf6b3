package omfwd

// frames are messages as they are sent, back to back: frame i ends at ends[i].
type frames struct {
	buf  []byte
	ends []int
	// start is where the first one begins; it is above 0 in a view.
	start int
	// number is that of the first one, or of an older one: the forwarder numbers what it
	// is given.
	number uint64
}

// overhead is what framing adds to a message, in bytes: an octet count and a
// blank. Longer counts are rare.
const overhead = 6

func (f *frames) len() int { return len(f.ends) }

// end is where the last one ends.
func (f *frames) end() int {
	if len(f.ends) == 0 {
		return f.start
	}
	return f.ends[len(f.ends)-1]
}

func (f *frames) size() int { return f.end() - f.start }

// all is the bytes of all frames.
func (f *frames) all() []byte { return f.buf[f.start:f.end()] }

func (f *frames) reset() { f.buf, f.ends, f.start = f.buf[:0], f.ends[:0], 0 }

// begin is where frame i begins.
func (f *frames) begin(i int) int {
	if i == 0 {
		return f.start
	}
	return f.ends[i-1]
}

// view is the frames from..to-1. It shares their memory.
func (f *frames) view(from, to int) frames {
	return frames{f.buf, f.ends[from:to:to], f.begin(from), f.number}
}

// add appends copies of other's frames.
func (f *frames) add(other frames) {
	if other.len() > 0 && (f.len() == 0 || other.number < f.number) {
		f.number = other.number
	}
	shift := len(f.buf) - other.start
	f.buf = append(f.buf, other.all()...)
	for _, e := range other.ends {
		f.ends = append(f.ends, e+shift)
	}
}
