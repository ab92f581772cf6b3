//go:build !race

package engine_test

import (
	"net"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// With the race detector pools drop entries at random.
func TestALonelyMessageGoesToItsFileWithoutAnAllocation(t *testing.T) {
	e, dir, _ := start(t, toOneFile)
	c, err := net.Dial("tcp", e.Listening()[0].Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	path, text := filepath.Join(dir, "out"), []byte("<13>Oct 11 22:14:15 host app[12]: text\n")
	size := int64(0)
	send := func() {
		if _, err := c.Write(text); err != nil {
			t.Fatal(err)
		}
		size += int64(len("host  text\n"))
	}
	send()
	waitFor(t, "the first message", func() bool { return content(dir, "out") != "" })
	fd, err := unix.Open(path, unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	// Asked for without an allocation, and without a rest: the test counts those of the
	// whole process.
	cycle := func() {
		send()
		for unix.Fstat(fd, &st) == nil && st.Size < size {
			runtime.Gosched()
		}
	}
	for range 20 {
		cycle()
	}
	if n := testing.AllocsPerRun(100, cycle); n >= 1 {
		t.Errorf("%.0f allocations a message", n)
	}
	if st.Size != size {
		t.Errorf("the file has %d bytes, want %d", st.Size, size)
	}
}
