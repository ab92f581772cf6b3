package listener_test

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"

	"syslogd/internal/process"
	"syslogd/listener"
)

// TestAQueueHoldsNothingOfAConnectionThatHasEnded has batches in a queue, of connections
// whose decompressors took megabytes. It measures the heap, so no other test runs beside it.
func TestAQueueHoldsNothingOfAConnectionThatHasEnded(t *testing.T) {
	const conns, window = 8, 8 << 20
	var stream bytes.Buffer
	w, err := zstd.NewWriter(&stream, zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("<13>one\n"))
	w.Flush() // the frame does not end
	q := &queue{}
	s := listenTo(t, q, func(o *listener.StreamOptions) { o.Compression = listener.Zstd })
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for range conns {
		c := s.dial()
		s.write(c, stream.String())
		c.Close()
	}
	s.until("all have ended", func() bool { return s.Closed.Value() == conns && len(q.got()) == conns })
	if !process.Await(func() bool { return heap() < before+window }) {
		t.Errorf("the heap has grown by %d MiB", (heap()-before)>>20)
	}
	runtime.KeepAlive(q) // as its flows
}
