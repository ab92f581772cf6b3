package queue

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/internal/vfs"
)

// The oldest message that waits is known wherever it is: in memory, on disk, read or not,
// delivered and not yet noted, and left by an earlier run, also one that was killed.
func TestTheAgeOfTheOldestMessage(t *testing.T) {
	t.Parallel()
	for _, typ := range []Type{Disk, LinkedList} {
		for _, end := range []string{"stop", "kill"} {
			if end == "kill" && typ != Disk {
				continue // it loses what is in memory
			}
			t.Run(fmt.Sprintf("%v/%s", typ, end), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := newLedger(t, typ)
					is := func(when string, want time.Time) {
						t.Helper()
						synctest.Wait()
						if got := l.q.Oldest(); !got.Equal(want) {
							t.Errorf("%s: the oldest is of %v, want %v", when, got, want)
						}
					}
					l.start(true)
					is("nothing was sent", time.Time{})
					begin := time.Now()
					for i := range 100 {
						if !l.sendAt(time.Now(), numbered(i, i+1)...) {
							t.Fatalf("message %d was not taken", i)
						}
						is("the target is down", begin)
						time.Sleep(time.Minute)
					}
					if end == "stop" {
						l.q.Stop()
					} else {
						t.Cleanup(l.q.Stop)
						l.fs = snapshot(t, l.mem)
					}
					l.start(true)
					is("after the "+end, begin)
					l.to.works()
					time.Sleep(time.Second)
					is("all is done", time.Time{})
					l.q.Stop()
				})
			})
		}
	}
}

// What was done counts no more, though its file is still there.
func TestTheAgeOfWhatIsLeftOfASegment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newDiskBench(t, vfs.NewMem(), diskConf(Disk))
		b.start(true).take = 7
		var times []time.Time
		for i := range 20 {
			times = append(times, time.Now())
			b.sendAt(times[i], numbered(i, i+1)...)
			time.Sleep(time.Minute)
		}
		for _, when := range []string{"running", "started again"} {
			synctest.Wait()
			if got := b.q.Oldest(); !got.Equal(times[7]) {
				t.Errorf("%s: the oldest is of %v, want %v", when, got, times[7])
			}
			b.q.Stop()
			b.start(true)
		}
		b.q.Stop()
	})
}
