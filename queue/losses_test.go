package queue

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

// lossCase is a way to lose messages, and what it is called.
type lossCase struct {
	name, reason string
	typ          Type
	lose         func(b *diskBench)
}

func lossCases() []lossCase {
	fault := func(b *diskBench) *vfs.Fault { return b.fs.(*vfs.Fault) }
	return []lossCase{
		{"full", "queue_full", FixedArray, func(b *diskBench) {
			b.start(true)
			for b.send(nil, "x") {
			}
		}},
		{"full, of a sender that does not wait", "queue_full", FixedArray, func(b *diskBench) {
			b.start(true)
			for b.q.TryEnqueue(batch(nil, "x")) == nil {
			}
		}},
		{"maxDiskSpace", "queue_full", Disk, func(b *diskBench) {
			b.conf.MaxDiskSpace = 4000
			b.start(true)
			for b.send(nil, "x") {
			}
		}},
		{"disk full", "queue_disk", Disk, func(b *diskBench) {
			b.start(true)
			fault(b).Set(always(vfs.Verdict{Err: unix.ENOSPC}, "write"))
			b.send(nil, "x")
		}},
		{"in memory at a stop", "stop", FixedArray, func(b *diskBench) {
			b.start(true)
			b.send(nil, numbered(0, 10)...)
			b.q.Stop()
		}},
		{"not saved at a stop", "stop", FixedArray, func(b *diskBench) {
			b.conf.Dir, b.conf.SaveOnShutdown = "/q", false
			b.start(true)
			b.send(nil, numbered(0, 10)...)
			b.q.Stop()
		}},
		{"disk full at a stop", "stop", FixedArray, func(b *diskBench) {
			b.conf.Dir = "/q"
			b.start(true)
			b.send(nil, numbered(0, 10)...)
			fault(b).Set(always(vfs.Verdict{Err: unix.ENOSPC}, "write"))
			b.q.Stop()
		}},
		{"after the stop", "stop", FixedArray, func(b *diskBench) {
			b.start(false)
			b.q.Stop()
			b.send(nil, "x")
		}},
		{"after the stop of one on disk", "stop", Disk, func(b *diskBench) {
			b.start(false)
			b.q.Stop()
			b.send(nil, "x")
		}},
	}
}

// Each way has its reason, its line in the log, and is in queue_dropped_total as before.
func TestAQueueSaysHowItLosesMessages(t *testing.T) {
	for _, c := range lossCases() {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conf := diskConf(c.typ)
				if c.typ != Disk {
					conf.Dir = ""
				}
				b := newDiskBench(t, vfs.NewFault(vfs.NewMem()), conf)
				c.lose(b)
				if !b.q.isClosed() {
					b.to.works()
					synctest.Wait()
					b.q.Stop()
				}
				n := b.lost.Of(c.reason, "test").Count()
				if n == 0 || n != b.lost.Total() || n != b.q.Dropped.Value() {
					t.Errorf("%d lost so, %d lost in all, %d dropped", n, b.lost.Total(), b.q.Dropped.Value())
				}
				if !strings.Contains(b.logged(), "messages are lost\" reason="+c.reason) {
					t.Errorf("the log says\n%s", b.logged())
				}
			})
		})
	}
}

// A queue that was to have files and can not use them is not healthy.
func TestAQueueThatCanNotUseItsFilesIsNotHealthy(t *testing.T) {
	eacces, eio := vfs.Verdict{Err: unix.EACCES}, vfs.Verdict{Err: unix.EIO}
	for name, c := range map[string]struct {
		rule func(vfs.Op) vfs.Verdict
		want string
		conf func(c *Config)
	}{
		"not made":       {rule: always(eacces, "mkdir"), want: "is kept in memory: permission denied"},
		"not read":       {rule: always(eio, "readdir"), want: "is kept in memory: input/output error"},
		"not written":    {rule: always(eacces, "open"), want: "is kept in memory: permission denied"},
		"read only":      {rule: always(vfs.Verdict{Err: unix.EROFS}, "open"), want: "is kept in memory: read-only file system"},
		"configured so":  {conf: func(c *Config) { c.Dir, c.InMemory = "", "it needs a name" }, want: "is kept in memory: it needs a name"},
		"nothing wrong":  {},
		"in memory only": {conf: func(c *Config) { c.Dir = "" }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fault := vfs.NewFault(vfs.NewMem())
				fault.Set(c.rule)
				b := newDiskBench(t, fault, diskConf(Disk))
				if c.conf != nil {
					c.conf(&b.conf)
				}
				b.tryStart(false)
				checkHealth(t, b.q, c.want)
				b.send(nil, numbered(0, 10)...)
				synctest.Wait()
				b.q.Stop()
				same(t, b.to.texts(), numbered(0, 10))
			})
		})
	}
}

func checkHealth(t *testing.T, q *Queue, want string) {
	t.Helper()
	err := q.Health()
	if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("the health is %v, want %q", err, want)
	}
}

// While the disk takes nothing, or gives nothing, the queue is not healthy; afterwards it is.
func TestAQueueIsNotHealthyWhileItsDiskFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault := vfs.NewFault(vfs.NewMem())
		b := newDiskBench(t, fault, diskConf(Disk))
		b.conf.ForAction = false
		b.start(false)
		fault.Set(always(vfs.Verdict{Err: unix.ENOSPC}, "write"))
		go b.q.Enqueue(context.Background(), batch(nil, numbered(0, 1)...))
		synctest.Wait()
		checkHealth(t, b.q, "can not be written to disk: no space left on device")
		fault.Set(onSegments(vfs.Verdict{Err: unix.EMFILE}, "open"))
		l := &ledger{diskBench: b}
		l.settle()
		checkHealth(t, b.q, "too many open files")
		fault.Set(nil)
		l.settle()
		checkHealth(t, b.q, "")
		b.q.Stop()
		same(t, b.to.texts(), numbered(0, 1))
	})
}
