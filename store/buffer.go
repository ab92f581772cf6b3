package store

import "sync"

// The size classes of buffers. Most of 10,000 files hold a record or two
// between two flushes. Buffers of 4 KiB would begin at addresses that differ by
// multiples of it and push each other out of the processor's caches: a record
// to a random one of 10,000 files costs 560 ns of CPU with 4 KiB as the smallest
// class, 390 with 1 KiB, 230 with 512 bytes (BenchmarkAppend10000Files/null).
const (
	tinyBuffer   = 512
	smallBuffer  = 4 << 10
	mediumBuffer = 64 << 10
	largeBuffer  = 256 << 10
)

// buffers lends memory to files that hold unwritten bytes, so that 10,000 open
// files keep no more busy than 50 ms of input fill. The Store owns it.
type buffers struct {
	tiny, small, medium, large sync.Pool
}

// get returns an empty slice with room for n bytes.
func (b *buffers) get(n int) []byte {
	switch {
	case n <= tinyBuffer:
		if p, ok := b.tiny.Get().(*[tinyBuffer]byte); ok {
			return p[:0]
		}
		return make([]byte, 0, tinyBuffer)
	case n <= smallBuffer:
		if p, ok := b.small.Get().(*[smallBuffer]byte); ok {
			return p[:0]
		}
		return make([]byte, 0, smallBuffer)
	case n <= mediumBuffer:
		if p, ok := b.medium.Get().(*[mediumBuffer]byte); ok {
			return p[:0]
		}
		return make([]byte, 0, mediumBuffer)
	case n <= largeBuffer:
		if p, ok := b.large.Get().(*[largeBuffer]byte); ok {
			return p[:0]
		}
		return make([]byte, 0, largeBuffer)
	}
	return make([]byte, 0, n)
}

// put takes back what get returned. Other sizes are left to the collector.
func (b *buffers) put(p []byte) {
	switch cap(p) {
	case tinyBuffer:
		b.tiny.Put((*[tinyBuffer]byte)(p[:tinyBuffer]))
	case smallBuffer:
		b.small.Put((*[smallBuffer]byte)(p[:smallBuffer]))
	case mediumBuffer:
		b.medium.Put((*[mediumBuffer]byte)(p[:mediumBuffer]))
	case largeBuffer:
		b.large.Put((*[largeBuffer]byte)(p[:largeBuffer]))
	}
}
