package listener

import (
	"bytes"
	"math/rand/v2"
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
		if need != most+decoderMemory {
			t.Errorf("in pieces of %d bytes: needs %d, want %d", size, need, most+decoderMemory)
		}
	}
	var z zstdFrames
	if z.scan(bytes.Repeat([]byte("no zstd "), 100)); !z.lost {
		t.Error("text passes for zstd")
	}
}
