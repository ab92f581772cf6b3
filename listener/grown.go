package listener

import "syslogd/message"

// longRest is how much of a frame has come when it is left where it was read, and what
// comes next is read behind it. Else all of it would be copied with each read, which takes
// the square of the length of the frame.
const longRest = 256 << 10

// grown is the slab that a long rest lies in.
type grown struct {
	slab *message.Slab // nil while a read has it
	lent bool          // the read got the slab that the rest lies in
}

// forget says that the slab belongs to somebody else, and with it the rest.
func (g *grown) forget(rest *[]byte) {
	if g.lent || g.slab != nil {
		*g, *rest = grown{}, nil
	}
}

// room returns a slab that begins with the rest, which is filled bytes long, and has room
// for the next read; none if there is no memory for it at present.
func (in *intake) room() (slab *message.Slab, filled int) {
	n := len(in.rest)
	if slab = in.grown.slab; slab != nil && len(slab.Buf) >= n+in.size {
		in.grown = grown{lent: true}
		return slab, n
	}
	size := n + in.size
	if n >= longRest {
		size += n // all copies together are as long as the frame then
	}
	if !in.takes(message.SlabSize(size)) {
		return nil, 0
	}
	slab = message.NewSlab(size)
	return slab, copy(slab.Buf, in.rest)
}

// unread takes back a slab of room that nothing was read into.
func (in *intake) unread(slab *message.Slab) {
	if in.grown.lent {
		in.grown = grown{slab: slab}
		return
	}
	slab.Release()
	in.letGo()
}

// grows leaves the beginning of a frame in the slab of b, and reports whether it did so:
// when it is long and b holds nothing else.
func (in *intake) grows(b *message.Batch, slab *message.Slab, buf []byte) bool {
	if len(buf) < longRest || b.Len() > 0 {
		return false
	}
	if &buf[0] != &slab.Buf[0] { // behind bytes that were thrown away
		copy(slab.Buf, buf)
	}
	in.grown, in.rest = grown{slab: b.TakeSlab()}, slab.Buf[:len(buf)]
	in.hand = 0
	in.holds()
	return true
}
