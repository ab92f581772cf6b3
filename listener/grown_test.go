package listener_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"syslogd/listener"
)

// A frame that comes in many pieces is not copied with each of them: what that allocates
// grows with its length, and not with the square.
func TestALongFrameIsNotCopiedWithEachPiece(t *testing.T) {
	const size, piece = 16 << 20, 64 << 10
	text := strings.Repeat("0123456789abcdef", size/16)
	s := listen(t, func(o *listener.StreamOptions) { o.Frame.MaxFrameSize, o.Frame.MaxMessageSize = 2*size, 2*size })
	c := s.dial()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s.write(c, fmt.Sprintf("%d ", size))
	for sent := 0; sent < size; sent += piece {
		s.write(c, text[sent:sent+piece])
		s.until("a piece is read", func() bool { return s.Bytes.Value() >= uint64(sent+piece) })
	}
	s.until("the message is there", func() bool { return len(s.queue.got()) == 1 })
	runtime.ReadMemStats(&after)
	if got := s.queue.got()[0]; got != text {
		t.Errorf("the message has %d bytes, or others than were sent", len(got))
	}
	// Doubling: twice the length in all, the last slab up to twice as long, and the test's own copies.
	if n := (after.TotalAlloc - before.TotalAlloc) / size; n > 12 {
		t.Errorf("%d times the length of the frame was allocated", n)
	}
	// And the next one is not disturbed.
	s.write(c, "5 hello")
	s.until("the next message is there", func() bool { return len(s.queue.got()) == 2 && s.queue.got()[1] == "hello" })
}
