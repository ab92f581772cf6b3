package listener

import "github.com/klauspost/compress/zstd"

// zstdFrames follows the frames of a zstd stream (RFC 8878, 3.1) without decompressing
// it, to know how much memory that will take: a frame of a few bytes may ask for a window
// of megabytes, which the decoder takes at once and keeps.
type zstdFrames struct {
	head [zstd.HeaderMaxSize]byte // of a frame or block, as far as it is there
	have int
	// inFrame: blocks follow, not the head of a frame. skip bytes follow first.
	inFrame, sum bool
	skip         int
	most         int  // bytes that a frame so far needs
	lost         bool // this is no zstd: the decoder will say so
}

const (
	blockHead = 3
	checksum  = 4
	maxBlock  = 128 << 10
	// decoderTables is what the decoder takes beside the window and blocks.
	decoderTables = 96 << 10
)

// decoderMemory is what the decoder takes for frames with a window of so many bytes: the
// window and two blocks behind it, which it goes round in, and three more with the bytes
// of a block as they came, its literals, and one that is all the same byte.
func decoderMemory(window int) int { return window + 5*min(window, maxBlock) + decoderTables }

// scan looks at the next bytes and returns what the stream needs so far, in bytes.
func (z *zstdFrames) scan(p []byte) (need int) {
	for len(p) > 0 && !z.lost {
		if z.skip > 0 {
			n := min(z.skip, len(p))
			z.skip, p = z.skip-n, p[n:]
			continue
		}
		z.head[z.have] = p[0]
		z.have, p = z.have+1, p[1:]
		if z.inFrame {
			z.block()
		} else {
			z.frame()
		}
	}
	return z.most
}

// frame looks at the head of a frame, if it is complete.
func (z *zstdFrames) frame() {
	var h zstd.Header
	rest, err := h.DecodeAndStrip(z.head[:z.have])
	if err != nil || len(rest) > 0 {
		z.lost = z.have == len(z.head)
		return
	}
	z.have = 0
	if h.Skippable {
		z.skip = int(h.SkippableSize)
		return
	}
	window := h.WindowSize
	if h.SingleSegment {
		window = h.FrameContentSize
	}
	z.most = max(z.most, decoderMemory(int(min(window, maxZstdWindow))))
	z.inFrame, z.sum = true, h.HasCheckSum
}

// block looks at the head of a block.
func (z *zstdFrames) block() {
	if z.have < blockHead {
		return
	}
	v := int(z.head[0]) | int(z.head[1])<<8 | int(z.head[2])<<16
	last, kind, size := v&1 != 0, v>>1&3, v>>3
	z.have = 0
	if z.skip = size; kind == 1 { // one byte, many times
		z.skip = 1
	}
	if !last {
		return
	}
	z.inFrame = false
	if z.sum {
		z.skip += checksum
	}
}
