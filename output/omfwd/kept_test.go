package omfwd

import (
	"fmt"
	"strings"
	"testing"
)

// framed is messages from..to-1 of so many bytes.
func framed(from, to, size int) frames {
	f := frames{buf: make([]byte, 0, (to-from)*size)}
	for i := from; i < to; i++ {
		f.buf = fmt.Appendf(f.buf, "%0*d\n", size-1, i)
		f.ends = append(f.ends, len(f.buf))
	}
	return f
}

func TestKeptFrames(t *testing.T) {
	t.Parallel()
	const size = 100
	var k kept
	var want strings.Builder
	given := uint64(0)
	add := func(f frames) {
		k.add(f, given)
		given += uint64(f.size())
		want.Write(f.all())
	}
	big := framed(0, 300, size)
	add(big) // its memory is kept
	small := framed(300, 303, size)
	add(small)
	copy(small.buf, "overwritten")
	whole := framed(303, 1000, size)
	add(whole.view(5, 500)) // a part of a batch is copied
	copy(whole.buf[5*size:], "overwritten")
	if &k.chunks[0].buf[0] != &big.buf[0] {
		t.Error("a full batch was copied")
	}
	if all := k.all(); string(all.all()) != want.String() || all.len() != 300+3+495 || k.frames != all.len() || k.bytes != all.size() {
		t.Fatal("what is kept is not what was added")
	}
	for _, arrived := range []int{0, 1, size - 1, size, 250, 299*size + 99, 300 * size, 302*size + 1, int(given) - 1, int(given)} {
		k.forget(uint64(arrived))
		left := k.all()
		if n := arrived / size * size; string(left.all()) != want.String()[n:] || k.frames != left.len() || k.bytes != left.size() {
			t.Errorf("%d bytes arrived: %d frames are left, want all from byte %d on", arrived, left.len(), n)
		}
		if n := k.after(uint64(arrived)); n != k.frames {
			t.Errorf("%d bytes arrived: %d frames need more, want %d", arrived, n, k.frames)
		}
	}
	if f := k.spare(); cap(f.buf) == 0 || f.len() != 0 {
		t.Error("the memory of what arrived is not used again")
	}
}

// What goes through a compressor or TLS is complete when that says so.
func TestKeptFramesThatAreNotWrittenOut(t *testing.T) {
	t.Parallel()
	var k kept
	k.add(framed(0, 10, 100), pending)
	k.complete(400)
	k.add(framed(10, 12, 100), pending)
	k.add(framed(12, 500, 100), pending)
	k.forget(5000)
	if k.frames != 490 {
		t.Fatalf("%d frames are left, want those that were not written out", k.frames)
	}
	k.complete(6000)
	if k.forget(5999); k.frames != 490 {
		t.Errorf("%d frames are left, want 490", k.frames)
	}
	if k.forget(6000); k.frames != 0 || k.bytes != 0 || len(k.chunks) != 0 {
		t.Errorf("%d frames are left, want none", k.frames)
	}
}
