package queue

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/internal/vfs"
	"syslogd/message"
)

// moment is when a server may be killed: what is on disk then, how many messages the
// queue had taken, and how many of them had arrived.
type moment struct {
	disk           *vfs.Mem
	taken, arrived int
}

// behind is the number behind the last message that waits on disk: one that was being taken
// may be there.
func behind(t *testing.T, disk *vfs.Mem) (n int) {
	if _, err := disk.ReadDir("/q"); err != nil {
		return 0 // there was no queue yet
	}
	_, err := Inspect(disk, "/q", func(m *message.Message, _ string) error {
		n = indexes(t, []string{string(m.Raw())})[0] + 1
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// moments runs a queue from one moment on until it has taken some more messages and all
// have arrived, and returns the moments in front of each change of its files.
func moments(t *testing.T, from moment, conf Config) []moment {
	var list []moment
	fault := vfs.NewFault(from.disk)
	b := newDiskBench(t, fault, conf)
	taken, arrived := atomic.Int64{}, atomic.Int64{}
	taken.Store(int64(max(from.taken, behind(t, from.disk))))
	arrived.Store(int64(from.arrived))
	note := func() {
		list = append(list, moment{snapshot(t, from.disk), int(taken.Load()), int(arrived.Load())})
	}
	fault.Set(func(op vfs.Op) vfs.Verdict {
		if op.Kind == "write" || op.Kind == "remove" || op.Kind == "rename" || op.Kind == "truncate" {
			note()
		}
		return vfs.Verdict{}
	})
	to := b.startDistant()
	const under = 7 // messages under way
	for i := range 12 {
		synctest.Wait()
		got := to.texts()
		if n := len(got) - under; n > 0 && i%3 == 2 {
			last := indexes(t, got[n-1:n])[0]
			arrived.Store(max(arrived.Load(), int64(last)+1))
			to.arrive(n)
		}
		time.Sleep(time.Duration(i) * noteAfter / 4)
		first := int(taken.Load())
		if b.send(nil, numbered(first, first+1+i%4)...) {
			taken.Add(int64(1 + i%4))
		}
	}
	synctest.Wait()
	note()
	arrived.Store(taken.Load())
	to.arrive(len(to.texts()))
	synctest.Wait()
	note()
	fault.Set(nil)
	b.q.Stop()
	if lost := b.lost.Total(); lost > 0 {
		t.Fatalf("%d messages are counted as lost: %s", lost, b.logged())
	}
	return list
}

// checkKilled starts a queue at a moment: all that has not arrived must come, in order.
// What has not been taken may be there.
func checkKilled(t *testing.T, m moment, conf Config) error {
	b := newDiskBench(t, snapshot(t, m.disk), conf)
	to := b.start(false)
	synctest.Wait()
	b.q.Stop()
	got := indexes(t, to.texts())
	for i, n := range got {
		if n != got[0]+i {
			return fmt.Errorf("message %d came behind %d", n, got[i-1])
		}
	}
	switch lost := b.lost.Total(); {
	case lost > 0 || strings.Contains(b.logged(), "damaged"):
		return fmt.Errorf("%d messages are counted as lost: %s", lost, b.logged())
	case len(got) == 0 && m.arrived < m.taken:
		return fmt.Errorf("none of %d messages, of which %d had arrived, came", m.taken, m.arrived)
	case len(got) > 0 && (got[0] > m.arrived || got[len(got)-1] < m.taken-1):
		return fmt.Errorf("messages %d to %d came, want those from %d to %d", got[0], got[len(got)-1], m.arrived, m.taken-1)
	}
	return nil
}

// A server is killed in front of each change that a queue makes to its files, and the next
// one again: no message that the queue had taken is lost before it has arrived.
func TestAServerThatIsKilledAtAnyMomentLosesNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ fileSize, checkpoint, batch int }{
		{16 << 20, 0, 10}, {600, 0, 10}, {600, 9, 3}, {1000, 1000, 10},
	} {
		t.Run(fmt.Sprintf("%+v", tt), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				conf := diskConf(Disk)
				conf.MaxFileSize, conf.Checkpoint, conf.BatchSize = int64(tt.fileSize), tt.checkpoint, tt.batch
				killAgain(t, moment{disk: vfs.NewMem()}, conf, 2)
			})
		})
	}
}

// killAgain checks all moments of a queue that begins with one, and those of the queues
// that begin with them. From the last one, when nothing waits, it does so times times.
func killAgain(t *testing.T, from moment, conf Config, times int) {
	list := moments(t, from, conf)
	last := len(list) - 1
	for i, m := range list {
		if err := checkKilled(t, m, conf); err != nil {
			t.Fatalf("moment %d of %d: %v", i, len(list), err)
		}
		switch {
		case times == 0:
		case i == last:
			killAgain(t, m, conf, times-1)
		default:
			killAgain(t, m, conf, 0)
		}
	}
}
