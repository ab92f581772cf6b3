package queue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

func put(t testing.TB, fsys vfs.FS, name string, text []byte) {
	t.Helper()
	f, err := fsys.OpenFile(name, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC|unix.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := vfs.WriteFull(f, text); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
}

// spooled returns a file system with a queue of n batches of one message each in
// segments of a few, that a crash left.
func spooled(t testing.TB, n int) *vfs.Mem {
	t.Helper()
	mem := vfs.NewMem()
	b := newDiskBench(t, mem, diskConf(Disk))
	b.conf.MaxFileSize = 1000
	b.start(true)
	for i := range n {
		b.send(nil, numbered(i, i+1)...)
	}
	synctest.Wait()
	copied := snapshot(t, mem)
	b.q.Stop()
	return copied
}

func segments(t testing.TB, fsys vfs.FS) []string {
	t.Helper()
	list, err := segmentsIn(fsys, "/q")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range list {
		names = append(names, "/q/"+s.name)
	}
	return names
}

// delivered starts the queue on fsys, and returns what it delivers.
func delivered(t testing.TB, fsys vfs.FS) ([]string, *diskBench) {
	t.Helper()
	b := newDiskBench(t, fsys, diskConf(Disk))
	to := b.start(false)
	synctest.Wait()
	b.q.Stop()
	return to.texts(), b
}

func TestATornTailIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole := spooled(t, 20)
		names := segments(t, whole)
		last := names[len(names)-1]
		text, _ := vfs.ReadFile(whole, last)
		for cut := range len(text) {
			fsys := snapshot(t, whole)
			put(t, fsys, last, text[:cut])
			got, b := delivered(t, fsys)
			if !slices.Equal(got, numbered(0, len(got))) || len(got) < 14 {
				t.Fatalf("cut to %d bytes: %d messages: %q", cut, len(got), got)
			}
			if left := b.files(); len(left) > 0 && cut >= segmentHeader {
				t.Fatalf("cut to %d bytes: %v are left", cut, left)
			}
		}
	})
}

func TestADamagedSegmentIsSetAsideAndTheRestDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole := spooled(t, 40)
		names := segments(t, whole)
		middle := names[len(names)/2]
		text, _ := vfs.ReadFile(whole, middle)
		for i := range text {
			fsys := snapshot(t, whole)
			flipped := slices.Clone(text)
			flipped[i] ^= 0x10
			put(t, fsys, middle, flipped)
			got, b := delivered(t, fsys)
			if len(got) < 39 || !slices.IsSorted(indexes(t, got)) {
				t.Fatalf("bit %d: %d messages of 40: %q", i, len(got), got)
			}
			if !slices.Contains(b.files(), strings.TrimPrefix(middle, "/q/")+badSuffix) {
				t.Fatalf("bit %d: the segment was not set aside: %v", i, b.files())
			}
			if !strings.Contains(b.logged(), "damaged") {
				t.Fatalf("bit %d: nothing was logged", i)
			}
		}
	})
}

func indexes(t testing.TB, got []string) []int {
	var list []int
	for _, s := range got {
		var n int
		if _, err := fmt.Sscanf(s, "message %d", &n); err != nil {
			t.Fatalf("delivered %q", s)
		}
		list = append(list, n)
	}
	return list
}

func TestWithoutAPositionAllIsDeliveredAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, text := range []string{"", "x", strings.Repeat("\xff", 100)} {
			fsys := spooled(t, 10)
			put(t, fsys, "/q/position", []byte(text))
			got, _ := delivered(t, fsys)
			same(t, got, numbered(0, 10))
		}
	})
}

func TestSyncedMessagesSurviveThePowerFailing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := vfs.NewMem()
		b := newDiskBench(t, mem, diskConf(Disk))
		b.conf.SyncFiles, b.conf.MaxFileSize = true, 1000
		if err := vfs.SyncDir(mem, "/"); err != nil {
			t.Fatal(err)
		}
		to := b.start(true)
		to.take = 5
		for i := range 30 {
			b.send(nil, numbered(i, i+1)...)
		}
		synctest.Wait()
		mem.Crash()
		got, _ := delivered(t, mem)
		if len(got) < 25 || got[len(got)-1] != "message 29" {
			t.Errorf("%d messages: %q", len(got), got)
		}
		b.q.Stop()
	})
}

func TestAFullDiskHoldsTheSenderUpAndTearsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := vfs.NewMem()
		b := newDiskBench(t, mem, diskConf(Disk))
		to := b.start(true)
		b.send(nil, numbered(0, 10)...)
		synctest.Wait()
		mem.SetSpace(100) // enough for a part of a record
		if b.send(nil, numbered(10, 20)...) {
			t.Error("a full disk took messages")
		}
		if b.q.Dropped.Value() != 10 || !strings.Contains(b.logged(), "can not be written") {
			t.Errorf("%d counted as dropped; log:\n%s", b.q.Dropped.Value(), b.logged())
		}
		mem.SetSpace(-1)
		to.works()
		synctest.Wait()
		if !b.send(nil, numbered(20, 30)...) {
			t.Error("the disk has room again and takes nothing")
		}
		synctest.Wait()
		b.q.Stop()
		same(t, to.texts(), append(numbered(0, 10), numbered(20, 30)...))
	})
}

func TestABatchThatWaitsForTheDiskIsTriedOnceMoreAtAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := vfs.NewMem()
		b := newDiskBench(t, mem, diskConf(Disk))
		to := b.start(false)
		mem.SetSpace(100)
		took := make(chan bool)
		go func() { took <- b.q.Enqueue(t.Context(), batch(nil, numbered(0, 10)...)) == nil }()
		synctest.Wait() // it waits
		mem.SetSpace(-1)
		b.q.close()
		if !<-took {
			t.Error("it was dropped, though there was room")
		}
		b.q.Stop()
		same(t, to.texts(), numbered(0, 10))
	})
}

func TestMaxDiskSpaceIsALimitAndComesFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newDiskBench(t, vfs.NewMem(), diskConf(Disk))
		b.conf.MaxDiskSpace = 4000
		to := b.start(true)
		sent := 0
		for b.send(nil, numbered(sent, sent+1)...) {
			sent++
		}
		if sent < 20 || sent > 100 {
			t.Fatalf("%d messages fit in 4000 bytes", sent)
		}
		to.works()
		synctest.Wait()
		for i := range 200 {
			if !b.send(nil, numbered(sent+i, sent+i+1)...) {
				t.Fatalf("message %d was refused: no space came free", sent+i)
			}
			synctest.Wait()
		}
		b.q.Stop()
		same(t, to.texts(), numbered(0, sent+200))
	})
}

// A batch that the disk has no room for as a whole goes through in parts, and a message
// that is larger than the room goes alone.
func TestABatchLargerThanTheRoomOnDiskGoesThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newDiskBench(t, vfs.NewMem(), diskConf(Disk))
		b.conf.MaxDiskSpace, b.conf.ForAction = 4000, false
		to := b.start(false)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		want := append(numbered(0, 1000), strings.Repeat("large ", 1000))
		want = append(want, numbered(1000, 2000)...)
		for _, part := range [][]string{want[:1500], want[1500:]} {
			if b.q.Enqueue(ctx, batch(nil, part...)) != nil {
				t.Error("the batch was given up")
			}
			synctest.Wait()
		}
		b.q.Stop()
		same(t, to.texts(), want)
		if n := strings.Count(b.logged(), "can not be written"); n != 1 {
			t.Errorf("it was reported %d times that the disk is full, want once: it was so again and again", n)
		}
	})
}

// Once a queue has ended another process may have its directory.
func TestAClosedQueueWritesNothing(t *testing.T) {
	conf := diskConf(Disk)
	sp, _, err := openSpool(vfs.NewMem(), conf.Dir, &conf, discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := shut(sp); err != nil {
		t.Fatal(err)
	}
	b := batch(nil, "late")
	b.Msgs[0].Peer, b.Msgs[0].Origin = peer, origin
	if n, err := sp.append(b, 0, oneFlow); n != 0 || err != errClosed {
		t.Errorf("%d messages were written, %v", n, err)
	}
}

// Every call to the disk fails once. Whatever the queue then says it took must
// arrive, at the latest after the next start; nothing may arrive twice in a row
// of restarts that were clean.
func TestEveryCallToTheDiskMayFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, errno := range []error{unix.EIO, unix.ENOSPC} {
			for at := 1; ; at++ {
				fault := vfs.NewFault(vfs.NewMem())
				calls := 0
				b := newDiskBench(t, fault, diskConf(Disk))
				b.conf.MaxFileSize = 600
				fault.Set(func(op vfs.Op) vfs.Verdict {
					if calls++; calls == at && op.Kind != "readdir" {
						return vfs.Verdict{Err: errno, Short: op.Len / 2}
					}
					return vfs.Verdict{}
				})
				taken, got := faulty(t, b)
				if problem := missing(taken, got); problem != "" {
					t.Fatalf("%v at call %d: %s\n%s", errno, at, problem, b.logged())
				}
				if calls < at {
					break
				}
			}
		}
	})
}

func faulty(t testing.TB, b *diskBench) (taken, got []string) {
	for round := range 3 {
		q := New("test", b.conf, Env{FS: b.fs})
		if q.Open() != nil {
			continue // the server would say so, and keep the queue in memory
		}
		b.q = q
		to := &target{down: round == 0, ctx: q.Context(), up: make(chan struct{}), take: 3}
		q.Start([]Handler{to})
		for i := range 10 {
			text := fmt.Sprintf("message %d", round*10+i)
			if b.send(nil, text) {
				taken = append(taken, text)
			}
		}
		synctest.Wait()
		q.Stop()
		got = append(got, to.texts()...)
	}
	// The fault is over: what is left comes now.
	b.fs.(*vfs.Fault).Set(nil)
	rest := newDiskBench(t, b.fs, b.conf)
	to := rest.start(false)
	synctest.Wait()
	rest.q.Stop()
	return taken, append(got, to.texts()...)
}

func missing(taken, got []string) string {
	for _, want := range taken {
		if !slices.Contains(got, want) {
			return fmt.Sprintf("%q was taken and did not arrive; arrived: %q", want, got)
		}
	}
	return ""
}

func FuzzRecovery(f *testing.F) {
	synctestSeed := func() (seg, pos []byte) {
		mem := vfs.NewMem()
		conf := diskConf(Disk)
		sp, _, err := openSpool(mem, "/q", &conf, discard)
		if err != nil {
			f.Fatal(err)
		}
		for i := range 3 {
			b := batch(nil, numbered(i*2, i*2+2)...)
			for j := range b.Msgs {
				b.Msgs[j].Peer, b.Msgs[j].Origin = peer, origin
			}
			if _, err := sp.append(b, 0, 1); err != nil {
				f.Fatal(err)
			}
		}
		seg, _ = vfs.ReadFile(mem, segments(f, mem)[0])
		return seg, (&position{next: firstSeq + 2, ranges: []seqRange{{firstSeq + 3, firstSeq + 4}}}).append(nil)
	}
	seg, pos := synctestSeed()
	f.Add(seg, pos)
	f.Add(seg[:len(seg)-5], pos[:5])
	f.Fuzz(func(t *testing.T, seg, pos []byte) {
		mem := vfs.NewMem()
		if err := mem.Mkdir("/q", 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, mem, "/q/"+segmentName(firstSeq+1), seg)
		put(t, mem, "/q/position", pos)
		conf := diskConf(Disk)
		sp, found, err := openSpool(mem, "/q", &conf, discard)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for {
			got, err := sp.read(10, true)
			if err != nil {
				t.Fatal(err)
			}
			if got == nil {
				break
			}
			n += got.n
			got.batch.Release()
			sp.settle()
		}
		if n > found.messages {
			t.Fatalf("%d messages were read of %d", n, found.messages)
		}
		if err := shut(sp); err != nil {
			t.Fatal(err)
		}
		if left := segments(t, mem); len(left) > 0 {
			t.Fatalf("%v are left", left)
		}
	})
}

// What comes behind a torn end is read like all else, also when nothing was left of the
// segment and the next one gets the number that it had, and whether the reader had come
// to the empty one or not.
func TestMessagesBehindATornTailAreDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole := spooled(t, 10)
		names := segments(t, whole)
		last := names[len(names)-1]
		text, _ := vfs.ReadFile(whole, last)
		for _, cut := range []int{segmentHeader, segmentHeader + 1, len(text) - 1} {
			for _, down := range []bool{false, true} {
				fsys := snapshot(t, whole)
				put(t, fsys, last, text[:cut])
				b := newDiskBench(t, fsys, diskConf(Disk))
				to := b.start(down)
				synctest.Wait()
				if down {
					to.works()
					synctest.Wait()
				}
				before := len(to.texts())
				b.send(nil, numbered(10, 15)...)
				synctest.Wait()
				if got := to.texts()[before:]; !slices.Equal(got, numbered(10, 15)) {
					t.Errorf("cut to %d bytes, at first down %v: of what comes next these are delivered: %q", cut, down, got)
				}
				b.q.Stop()
			}
		}
	})
}
