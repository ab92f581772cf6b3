package queue

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"syslogd/internal/process"
	"syslogd/internal/receipt"
	"syslogd/internal/vfs"
	"syslogd/message"
)

// realBench is a queue on disk, on the machine's file system.
func realBench(t *testing.T) *diskBench {
	b := newDiskBench(t, vfs.OS{}, diskConf(Disk))
	b.conf.Dir = filepath.Join(t.TempDir(), "x.queue")
	b.conf.MaxFileSize, b.conf.TimeoutShutdown, b.conf.TimeoutCompletion = 1000, 1, 1
	return b
}

// drained waits until all has been delivered, and stops.
func (b *diskBench) drained(want int) []string {
	b.t.Helper()
	process.Await(func() bool { return len(b.to.texts()) >= want })
	b.q.Stop()
	return b.to.texts()
}

// What lies in a queue's directory and is no file of records is set aside: nothing is
// read that leads elsewhere, and nothing waits for a pipe's other end.
func TestWhatIsNoFileIsSetAside(t *testing.T) {
	t.Parallel()
	b := realBench(t)
	b.start(true)
	b.send(nil, numbered(0, 40)...)
	b.q.Stop()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("of somebody else"), 0o600); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(b.conf.Dir, name) }
	for i, make := range []func(name string) error{
		func(name string) error { return os.Symlink(secret, name) },
		func(name string) error { return os.Symlink("/dev/zero", name) },
		func(name string) error { return unix.Mkfifo(name, 0o600) },
		func(name string) error { return os.Mkdir(name, 0o700) },
		func(name string) error { return os.Symlink(name, name) },
	} {
		if err := make(in(segmentName(uint64(i + 1)))); err != nil {
			t.Fatal(err)
		}
	}
	os.Remove(in(positionName))
	if err := unix.Mkfifo(in(positionName), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(in(positionName+".new"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.start(false)
	same(t, b.drained(40), numbered(0, 40))
	if b.lost.Total() != 0 {
		t.Errorf("%d counted as lost", b.lost.Total())
	}
	var aside int
	for _, name := range b.files() {
		if strings.HasSuffix(name, badSuffix) {
			aside++
		}
	}
	if aside != 6 {
		t.Errorf("%d names are set aside, want 6: %q", aside, b.files())
	}
	if text, _ := os.ReadFile(secret); string(text) != "of somebody else" {
		t.Errorf("the file that a link leads to is %q", text)
	}
}

// What was set aside earlier is kept: somebody may want to look at it.
func TestNothingThatWasSetAsideIsOverwritten(t *testing.T) {
	t.Parallel()
	b := realBench(t)
	b.start(true)
	b.send(nil, "one")
	b.q.Stop()
	name := filepath.Join(b.conf.Dir, segmentName(1))
	if err := os.WriteFile(name+badSuffix, []byte("earlier"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte("later, and no segment"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.start(false)
	same(t, b.drained(1), []string{"one"})
	for file, want := range map[string]string{name + badSuffix: "earlier", name + ".1" + badSuffix: "later, and no segment"} {
		if text, err := os.ReadFile(file); string(text) != want {
			t.Errorf("%s is %q, %v, want %q: %q", filepath.Base(file), text, err, want, b.files())
		}
	}
}

// Lengths and numbers that a file claims take no memory, and do not make later messages
// unreadable.
func TestAbsurdFilesAreSetAside(t *testing.T) {
	t.Parallel()
	record := func(seq uint64, msgs int, body string) []byte {
		p := append(make([]byte, recordHeader), body...)
		resealRecord(p, &record{seq: seq, msgs: msgs})
		return p
	}
	long := record(firstSeq+1, 1, "x")
	binary.LittleEndian.PutUint32(long[4:], 1<<32-1)
	almost := record(firstSeq+1, 1, "x")
	binary.LittleEndian.PutUint32(almost[4:], maxBody)
	header := func(first, link uint64) []byte { return appendSegmentHeader(nil, first, link) }
	for name, text := range map[string][]byte{
		"a length":            slices.Concat(header(firstSeq+1, firstSeq+1), long),
		"a length of a body":  slices.Concat(header(firstSeq+1, firstSeq+1), almost, make([]byte, 100)),
		"messages":            slices.Concat(header(firstSeq+1, firstSeq+1), record(firstSeq+1, 1<<31, "x")),
		"a number":            slices.Concat(header(firstSeq+1, firstSeq+1), record(1<<63, 1, "x")),
		"the highest number":  slices.Concat(header(firstSeq+1, firstSeq+1), record(maxNumber-1, 1, "x")),
		"a link":              slices.Concat(header(firstSeq+1, 1<<63), record(firstSeq+1, 1, "x")),
		"a number of a batch": slices.Concat(header(firstSeq+1, firstSeq+1), record(firstSeq+1, 1, "\x01\x00\x00\xff\xff\xff\xff\x7f")),
		"nothing":             {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := realBench(t)
			if err := os.Mkdir(b.conf.Dir, 0o700); err != nil {
				t.Fatal(err)
			}
			put(t, b.fs, filepath.Join(b.conf.Dir, segmentName(firstSeq+1)), text)
			b.start(true)
			b.send(nil, numbered(0, 20)...)
			b.q.Stop()
			b.start(false)
			same(t, b.drained(20), numbered(0, 20))
			if n := b.lost.Total(); n > maxRecordMessages {
				t.Errorf("%d counted as lost", n)
			}
		})
	}
}

// Thousands of files that are not the queue's neither fill the log nor keep it from its work.
func TestManyForeignFiles(t *testing.T) {
	t.Parallel()
	b := realBench(t)
	if err := os.Mkdir(b.conf.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 2000 {
		for _, name := range []string{segmentName(uint64(i + 1)), fmt.Sprintf("%d.seg.old", i)} {
			if err := os.WriteFile(filepath.Join(b.conf.Dir, name), []byte("garbage"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.start(false)
	b.send(nil, numbered(0, 20)...)
	same(t, b.drained(20), numbered(0, 20))
	if n := strings.Count(b.logged(), "\n"); n > 40 {
		t.Errorf("%d lines were logged", n)
	}
	if names := b.files(); len(names) < 4000 {
		t.Errorf("only %d of 4000 files are left", len(names))
	}
}

// A hole as large as a disk is not read to its end.
func TestAHoleIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	b := realBench(t)
	if err := os.Mkdir(b.conf.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(b.conf.Dir, segmentName(7))
	put(t, b.fs, name, appendSegmentHeader(nil, 7, 7))
	if err := os.Truncate(name, 1<<40); err != nil {
		t.Skip(err)
	}
	if err := os.WriteFile(filepath.Join(b.conf.Dir, positionName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(b.conf.Dir, positionName), 1<<40); err != nil {
		t.Skip(err)
	}
	b.start(false)
	b.send(nil, numbered(0, 20)...)
	same(t, b.drained(20), numbered(0, 20))
}

func TestAMessageThatNoRecordHoldsIsCountedAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	b := realBench(t)
	b.conf.MaxFileSize = 1 << 30
	b.start(false)
	mb := message.NewBatch(nil)
	large := make([]byte, maxBody+1)
	for _, text := range []string{"message 0", "", "message 1", "message 2"} {
		if text == "" {
			mb.Add(large, origin, peer)
			continue
		}
		mb.Add([]byte(text), origin, peer)
	}
	var s slip
	if err := b.q.Enqueue(t.Context(), s.on(mb)); err != nil {
		t.Error(err)
	}
	s.want(t, receipt.GivenUp)
	same(t, b.drained(3), numbered(0, 3))
	if n := b.lost.Of("message_too_large", "test").Count(); n != 1 {
		t.Errorf("%d counted as too large", n)
	}
	if n := b.q.Dropped.Value(); n != 1 {
		t.Errorf("%d counted as dropped", n)
	}
}

// Records are about as long as they are meant to be, whatever messages are like.
func TestARecordHasItsTargetSize(t *testing.T) {
	t.Parallel()
	for _, length := range []int{1, 20, 200, 3000} {
		for _, tree := range []bool{false, true} {
			conf := diskConf(Disk)
			mem := vfs.NewMem()
			sp, _, err := openSpool(mem, conf.Dir, &conf, discard)
			if err != nil {
				t.Fatal(err)
			}
			mb := message.NewBatch(nil)
			for range 2000 {
				m := mb.Add([]byte(strings.Repeat("x", length)), origin, peer)
				if tree {
					m.SetUUID([]byte(strings.Repeat("u", 150)))
				}
			}
			if n, err := sp.append(mb, 0, oneFlow); n != 2000 || err != nil {
				t.Fatal(n, err)
			}
			var sizes, counts []int
			_, err = scan(mem, conf.Dir, sp.segments[0], func(r *record, _ uint64) {
				sizes, counts = append(sizes, len(r.body)), append(counts, r.msgs)
			})
			if err != nil {
				t.Fatal(err)
			}
			if slices.Max(sizes) > targetBody+length+300 {
				t.Errorf("messages of %d bytes: records of %d bytes, want %d at most", length, sizes, targetBody)
			}
			for i := range len(sizes) - 1 {
				if sizes[i] < targetBody && counts[i] < maxRecordMessages {
					t.Errorf("messages of %d bytes: a record of %d bytes and %d messages is too short", length, sizes[i], counts[i])
				}
			}
			if err := shut(sp); err != nil {
				t.Fatal(err)
			}
		}
	}
}
