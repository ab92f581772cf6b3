package listener

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func TestZstdFramesAreFollowedHoweverTheyArrive(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300<<10)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	var stream bytes.Buffer
	most := 0
	for _, text := range [][]byte{[]byte("a"), bytes.Repeat([]byte("b"), 1<<20), noise, {}} {
		for _, window := range []int{1 << 10, 1 << 20, 8 << 20} {
			for _, sum := range []bool{false, true} {
				w, err := zstd.NewWriter(&stream, zstd.WithWindowSize(window), zstd.WithEncoderCRC(sum), zstd.WithEncoderConcurrency(1))
				if err != nil {
					t.Fatal(err)
				}
				for part := text; len(part) > 0; {
					n := min(len(part), 70<<10)
					w.Write(part[:n])
					w.Flush()
					part = part[n:]
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				if len(text) > 0 {
					most = max(most, window)
				}
			}
		}
		stream.WriteString("\x50\x2a\x4d\x18\x03\x00\x00\x00abc") // a frame to be skipped
	}
	for _, size := range []int{1, 2, 3, 7, 1000, stream.Len()} {
		var z zstdFrames
		need := 0
		for p := stream.Bytes(); len(p) > 0; {
			n := min(size, len(p))
			need = z.scan(p[:n])
			p = p[n:]
		}
		if z.lost || z.inFrame || z.have > 0 || z.skip > 0 {
			t.Errorf("in pieces of %d bytes: lost %v, in a frame %v, %d bytes of a head, %d to skip", size, z.lost, z.inFrame, z.have, z.skip)
		}
		if want := decoderMemory(most); need != want {
			t.Errorf("in pieces of %d bytes: needs %d, want %d", size, need, want)
		}
	}
	var z zstdFrames
	if z.scan(bytes.Repeat([]byte("no zstd "), 100)); !z.lost {
		t.Error("text passes for zstd")
	}
}

// TestADecoderTakesNoMoreThanItIsSaidToNeed has all kinds of blocks.
func TestADecoderTakesNoMoreThanItIsSaidToNeed(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, window := range []int{1 << 10, 128 << 10, 1 << 20, 8 << 20} {
		var stream bytes.Buffer
		w, err := zstd.NewWriter(&stream, zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBetterCompression))
		if err != nil {
			t.Fatal(err)
		}
		block := make([]byte, 256<<10)
		for i := range 2*window/len(block) + 6 {
			for j := range block {
				switch i % 3 {
				case 0:
					block[j] = byte(r.Uint32()) // as it is
				case 1:
					block[j] = 'a' + byte(r.Uint32())%20 // literals, and some matches
				default:
					block[j] = 'a' // one byte, many times
				}
			}
			w.Write(block)
		}
		w.Flush() // the frame does not end
		const decoders = 4
		var before, after runtime.MemStats
		need := 0
		all := make([]*compressedConn, decoders)
		for range 3 { // what pools keep goes with the second
			runtime.GC()
		}
		runtime.ReadMemStats(&before)
		for i := range all {
			all[i] = &compressedConn{Conn: &readConn{r: bytes.NewReader(stream.Bytes())}, format: Zstd, needs: func(n int) error { need = n; return nil }}
			if _, err := io.Copy(io.Discard, all[i]); err == nil {
				t.Fatal("the stream has ended")
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		held := (int(after.HeapAlloc) - int(before.HeapAlloc)) / decoders
		if held > need || window >= 1<<20 && held < window {
			t.Errorf("with a window of %d bytes a decoder takes %d, it is said to need %d", window, held, need)
		}
		runtime.KeepAlive(all)
	}
}

// readConn is a connection that is only read.
type readConn struct {
	net.Conn
	r io.Reader
}

func (c *readConn) Read(p []byte) (int, error) { return c.r.Read(p) }
