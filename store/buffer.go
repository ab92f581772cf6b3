package store

import "sync"

// The size classes of buffers. Most of 10,000 files hold a few records between
// two flushes and never need more than the first; a busy file goes straight to
// 64 KiB.
const (
	smallBuffer  = 4 << 10
	mediumBuffer = 64 << 10
	largeBuffer  = 256 << 10
)

// buffers lends memory to files that hold unwritten bytes. The Store owns it.
// Without it 10,000 files that are written once a second keep 40 MB busy; with
// it they keep what 50 ms of input fills.
type buffers struct {
	small, medium, large sync.Pool
}

// get returns an empty slice with room for n bytes.
func (b *buffers) get(n int) []byte {
	switch {
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
	case smallBuffer:
		b.small.Put((*[smallBuffer]byte)(p[:smallBuffer]))
	case mediumBuffer:
		b.medium.Put((*[mediumBuffer]byte)(p[:mediumBuffer]))
	case largeBuffer:
		b.large.Put((*[largeBuffer]byte)(p[:largeBuffer]))
	}
}
