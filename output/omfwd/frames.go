package omfwd

import "syslogd/internal/receipt"

// frames are messages as they are sent, back to back: frame i ends at ends[i].
type frames struct {
	buf  []byte
	ends []int
	// start is where the first one begins; it is above 0 in a view.
	start int
	// asked are the receipts of the frames, each of which holds its own; nil: nobody asks.
	asked []*receipt.Receipt
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

func (f *frames) reset() { f.buf, f.ends, f.start, f.asked = f.buf[:0], f.ends[:0], 0, nil }

// begin is where frame i begins.
func (f *frames) begin(i int) int {
	if i == 0 {
		return f.start
	}
	return f.ends[i-1]
}

// view is the frames from..to-1. It shares their memory.
func (f *frames) view(from, to int) frames {
	v := frames{buf: f.buf, ends: f.ends[from:to:to], start: f.begin(from)}
	if f.asked != nil {
		v.asked = f.asked[from:to:to]
	}
	return v
}

// add appends copies of other's frames.
func (f *frames) add(other frames) {
	if f.asked != nil || other.asked != nil {
		f.asked = append(f.receipts(), other.receipts()...)
	}
	shift := len(f.buf) - other.start
	f.buf = append(f.buf, other.all()...)
	for _, e := range other.ends {
		f.ends = append(f.ends, e+shift)
	}
}

// receipts is the receipt of each frame, nil for one of which nobody asks.
func (f *frames) receipts() []*receipt.Receipt {
	if f.asked == nil {
		return make([]*receipt.Receipt, f.len())
	}
	return f.asked
}

// ask makes back the receipt of all frames.
func (f *frames) ask(back *receipt.Receipt) {
	if back == nil {
		return
	}
	back.HoldTimes(f.len())
	f.asked = make([]*receipt.Receipt, f.len())
	for i := range f.asked {
		f.asked[i] = back
	}
}

// giveBack returns the receipts of all frames. It returns of how many nobody has asked.
func (f *frames) giveBack(o receipt.Outcome) (others int) {
	if f.asked == nil {
		return f.len()
	}
	for i := 0; i < len(f.asked); {
		n := 1
		for i+n < len(f.asked) && f.asked[i+n] == f.asked[i] {
			n++
		}
		if f.asked[i] == nil {
			others += n
		}
		f.asked[i].ReturnTimes(n, o)
		i += n
	}
	return others
}
