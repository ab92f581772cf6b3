package omfwd

import "syslogd/internal/receipt"

// kept are frames that a connection was given and that may not have arrived, in
// order. The memory of a full batch is taken over, others are copied together.
type kept struct {
	chunks []chunk
	frames int
	bytes  int
	free   []frames // memory of chunks that have arrived
}

// chunk is a number of kept frames in memory of its own.
type chunk struct {
	frames
	marks   []uint64 // of each frame: the bytes of the connection with which it is complete
	arrived int      // frames, from the first one on
}

const (
	// chunkSize is the memory that small batches are copied to, in bytes.
	chunkSize = 64 << 10
	// maxFree bounds the memory that is kept for later, in chunks.
	maxFree = 4
	// pending is the mark of a frame that is still in the compressor, or that an error cut off.
	pending = ^uint64(0)
)

// full reports whether f is all that its memory holds, and fills it well enough
// that who keeps f takes the memory over.
func (f *frames) full() bool {
	return f.start == 0 && f.end() == len(f.buf) && len(f.buf) >= chunkSize/4 && 2*len(f.buf) >= cap(f.buf)
}

// add keeps f. Its frames are complete with what follows base bytes of the
// connection, or, if that is pending, when complete says so.
func (k *kept) add(f frames, base uint64) {
	k.frames += f.len()
	k.bytes += f.size()
	var c *chunk
	if n := len(k.chunks); !f.full() && n > 0 && cap(k.chunks[n-1].buf)-len(k.chunks[n-1].buf) >= f.size() {
		c = &k.chunks[n-1]
		c.frames.add(f)
	} else {
		k.chunks = append(k.chunks, chunk{})
		c = &k.chunks[n]
		if f.full() {
			c.frames = f
		} else {
			c.buf = make([]byte, 0, max(chunkSize, f.size()))
			c.frames.add(f)
		}
	}
	for _, end := range f.ends {
		mark := base
		if base != pending {
			mark += uint64(end - f.start)
		}
		c.marks = append(c.marks, mark)
	}
}

// complete marks the pending frames as contained in the bytes given so far.
func (k *kept) complete(given uint64) {
	for i := len(k.chunks) - 1; i >= 0; i-- {
		marks := k.chunks[i].marks
		for j := len(marks) - 1; j >= 0; j-- {
			if marks[j] != pending {
				return
			}
			marks[j] = given
		}
	}
}

// forget drops the frames that are complete with the bytes that have arrived.
func (k *kept) forget(arrived uint64) {
	n := 0
	for ; n < len(k.chunks); n++ {
		c := &k.chunks[n]
		before := c.arrived
		for c.arrived < len(c.marks) && c.marks[c.arrived] <= arrived {
			c.arrived++
		}
		k.frames -= c.arrived - before
		if c.asked != nil {
			done := c.view(before, c.arrived)
			done.giveBack(receipt.Stored)
		}
		k.bytes -= c.begin(c.arrived) - c.begin(before)
		if c.arrived < len(c.marks) {
			break
		}
		if len(k.free) < maxFree {
			k.free = append(k.free, c.frames)
		}
	}
	rest := copy(k.chunks, k.chunks[n:])
	clear(k.chunks[rest:])
	k.chunks = k.chunks[:rest]
}

// all is a copy of the kept frames.
func (k *kept) all() frames {
	var f frames
	for i := range k.chunks {
		c := &k.chunks[i]
		f.add(c.view(c.arrived, c.len()))
	}
	return f
}

// disown makes the last n frames those of nobody: who gave them has them again.
func (k *kept) disown(n int) {
	nobody := receipt.New(func(receipt.Outcome) {})
	nobody.HoldTimes(n)
	for i := len(k.chunks) - 1; i >= 0 && n > 0; i-- {
		c := &k.chunks[i]
		c.asked = c.receipts()
		for j := c.len() - 1; j >= c.arrived && n > 0; j-- {
			c.asked[j] = nobody
			n--
		}
	}
}

// after is how many frames are complete only with more than the given bytes.
func (k *kept) after(given uint64) int {
	n := 0
	for i := len(k.chunks) - 1; i >= 0; i-- {
		marks := k.chunks[i].marks
		for j := len(marks) - 1; j >= 0; j-- {
			if marks[j] <= given {
				return n
			}
			n++
		}
	}
	return n
}

// spare returns memory for frames, empty if there is none.
func (k *kept) spare() frames {
	n := len(k.free)
	if n == 0 {
		return frames{}
	}
	f := k.free[n-1]
	k.free[n-1] = frames{}
	k.free = k.free[:n-1]
	f.reset()
	return f
}
