package queue

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

// A ledger follows a queue through several runs: what was sent is delivered, or counted
// as lost.
type ledger struct {
	*diskBench
	mem   *vfs.Mem
	fault *vfs.Fault
	calls int // to the file system
	sent  int
	got   []string
}

func newLedger(t testing.TB, typ Type) *ledger {
	l := &ledger{mem: vfs.NewMem()}
	l.fault = vfs.NewFault(l.mem)
	conf := diskConf(typ)
	// Small segments, and only few messages in memory.
	conf.Size, conf.MaxFileSize, conf.TimeoutCompletion, conf.TimeoutShutdown = 20, 1500, 1, 10
	l.diskBench = newDiskBench(t, l.fault, conf)
	l.failing(nil)
	return l
}

// failing has the calls fail that rule names, and counts all.
func (l *ledger) failing(rule func(op vfs.Op) vfs.Verdict) {
	l.fault.Set(func(op vfs.Op) vfs.Verdict {
		if l.calls++; rule == nil {
			return vfs.Verdict{}
		}
		return rule(op)
	})
}

// sends sends n messages, in batches of three.
func (l *ledger) sends(n int) {
	for end := l.sent + n; l.sent < end; {
		next := min(l.sent+3, end)
		l.send(nil, numbered(l.sent, next)...)
		l.sent = next
	}
	synctest.Wait()
}

// stop stops the queue, which may take as long as it says and no longer.
func (l *ledger) stop() {
	l.t.Helper()
	begin := time.Now()
	l.q.Stop()
	if took := time.Since(begin); took > 10*time.Second {
		l.t.Errorf("the stop took %v", took)
	}
	l.got = append(l.got, l.to.texts()...)
}

// kill leaves the queue as it is, which goes on with files that nobody looks at any more.
func (l *ledger) kill() {
	l.t.Helper()
	l.got = append(l.got, l.to.texts()...)
	l.t.Cleanup(l.q.Stop)
	l.fault.Set(nil)
	l.mem = snapshot(l.t, l.mem)
	l.fault = vfs.NewFault(l.mem)
	l.fs = l.fault
	l.failing(nil)
}

// settle waits as long as the queue may try something again.
func (l *ledger) settle() {
	time.Sleep(10 * time.Second)
	synctest.Wait()
}

// balance drains what is left without faults, and compares.
func (l *ledger) balance(f *diskFault, running bool) {
	l.t.Helper()
	l.failing(nil)
	l.start(false)
	l.settle()
	if n := l.q.Waiting(); n != 0 {
		l.t.Errorf("%d messages are still in the queue", n)
	}
	if n := l.q.disk.spool.stored; n != 0 {
		l.t.Errorf("the gauge still says %d messages", n)
	}
	l.stop()
	slices.Sort(l.got)
	unique := slices.Compact(slices.Clone(l.got))
	if len(unique) != len(l.got) && !f.twice {
		l.t.Errorf("%d messages were delivered twice", len(l.got)-len(unique))
	}
	if lost := int(l.lost.Total()); len(unique)+lost != l.sent && (running || !f.untold) && (f.name != "everything fails" || len(unique)+lost < l.sent) {
		l.t.Errorf("%d sent, but %d delivered and %d lost\n%s", l.sent, len(unique), lost, l.logged())
	}
	if l.calls > 3000 {
		l.t.Errorf("%d calls to the file system", l.calls)
	}
	if n := strings.Count(l.logged(), "\n"); n > 60 {
		l.t.Errorf("%d lines were logged:\n%s", n, l.logged())
	}
}

// onSegments is a rule for the calls of a kind on segments.
func onSegments(v vfs.Verdict, kinds ...string) func(vfs.Op) vfs.Verdict {
	return func(op vfs.Op) vfs.Verdict {
		if slices.Contains(kinds, op.Kind) && strings.HasSuffix(op.Path, segmentSuffix) {
			return v
		}
		return vfs.Verdict{}
	}
}

// always is a rule for all calls of a kind.
func always(v vfs.Verdict, kinds ...string) func(vfs.Op) vfs.Verdict {
	return func(op vfs.Op) vfs.Verdict {
		if slices.Contains(kinds, op.Kind) {
			return v
		}
		return vfs.Verdict{}
	}
}

// onPosition is a rule for all calls of a kind on the position.
func onPosition(v vfs.Verdict, kinds ...string) func(vfs.Op) vfs.Verdict {
	return func(op vfs.Op) vfs.Verdict {
		if slices.Contains(kinds, op.Kind) && strings.HasPrefix(path.Base(op.Path), positionName) {
			return v
		}
		return vfs.Verdict{}
	}
}

// few has only the first n calls fail that rule lets fail.
func few(n int, rule func(vfs.Op) vfs.Verdict) func(vfs.Op) vfs.Verdict {
	return func(op vfs.Op) vfs.Verdict {
		v := rule(op)
		if v == (vfs.Verdict{}) || n == 0 {
			return vfs.Verdict{}
		}
		n--
		return v
	}
}

// diskFault is something that goes wrong.
type diskFault struct {
	name string
	rule func() func(vfs.Op) vfs.Verdict
	// do is done once, to the files.
	do func(l *ledger)
	// twice says that messages may be delivered twice afterwards, untold that nothing is
	// left that tells how many there were, if the server was stopped.
	twice, untold bool
}

func (l *ledger) segment(n int) string {
	names := segments(l.t, l.mem)
	if len(names) == 0 {
		return ""
	}
	return names[(n+len(names))%len(names)]
}

func (l *ledger) remove(name string) { l.mem.Remove(name) }

// edit changes the content of a file.
func (l *ledger) edit(name string, change func(p []byte) []byte) {
	p, err := vfs.ReadFile(l.mem, name)
	if err != nil {
		return
	}
	f, err := l.mem.OpenFile(name, unix.O_WRONLY|unix.O_TRUNC, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	defer f.Close()
	vfs.WriteFull(f, change(p))
}

func (l *ledger) shorten(name string, by int) {
	l.edit(name, func(p []byte) []byte { return p[:max(0, len(p)-by)] })
}

func flip(at int) func(p []byte) []byte {
	return func(p []byte) []byte {
		if len(p) > 0 {
			p[(at+len(p))%len(p)] ^= 0x40
		}
		return p
	}
}

func diskFaults() []diskFault {
	fault := func(name string, rule func(vfs.Op) vfs.Verdict) diskFault {
		return diskFault{name: name, rule: func() func(vfs.Op) vfs.Verdict { return rule }}
	}
	first := func(n int, name string, rule func(vfs.Op) vfs.Verdict) diskFault {
		return diskFault{name: name, rule: func() func(vfs.Op) vfs.Verdict { return few(n, rule) }}
	}
	eio, enospc, eacces := vfs.Verdict{Err: unix.EIO}, vfs.Verdict{Err: unix.ENOSPC}, vfs.Verdict{Err: unix.EACCES}
	list := []diskFault{
		fault("read error", onSegments(eio, "read")),
		first(1, "one read error", onSegments(eio, "read")),
		first(5, "five read errors", onSegments(eio, "read")),
		fault("short reads", onSegments(vfs.Verdict{Short: 40}, "read")),
		first(1, "a short read", onSegments(vfs.Verdict{Short: 50}, "read")),
		fault("reads of nothing", onSegments(vfs.Verdict{Cut: true}, "read")),
		fault("write error", always(eio, "write")),
		first(1, "one write error", always(eio, "write")),
		first(2, "two short writes", always(vfs.Verdict{Err: unix.ENOSPC, Short: 10}, "write")),
		fault("disk full", always(enospc, "write")),
		fault("no truncation of a full disk", func(op vfs.Op) vfs.Verdict {
			if op.Kind == "write" {
				return vfs.Verdict{Err: unix.ENOSPC, Short: op.Len / 2}
			}
			return always(eio, "truncate")(op)
		}),
		fault("sync error", always(eio, "sync")),
		first(1, "one sync error", always(eio, "sync")),
		fault("rename error", always(eacces, "rename")),
		fault("remove error", always(eacces, "remove")),
		fault("open error", onSegments(eio, "open")),
		fault("no permission to open", onSegments(eacces, "open")),
		first(1, "one open error", onSegments(eio, "open")),
		first(40, "too many open files", onSegments(vfs.Verdict{Err: unix.EMFILE}, "open")),
		fault("a link in place of a segment", onSegments(vfs.Verdict{Err: unix.ELOOP}, "open")),
		fault("close error", always(eio, "close")),
		{name: "stat error", rule: func() func(vfs.Op) vfs.Verdict { return always(eio, "stat", "fstat", "lstat") }, untold: true},
		fault("directory can not be read", always(eio, "readdir")),
		fault("directory can not be made", always(eacces, "mkdir", "stat")),
		fault("lock error", always(eio, "lock")),
		fault("no permission to lock", always(eacces, "lock")),
		fault("position can not be written", onPosition(eio, "write", "rename")),
		fault("position can not be opened", onPosition(eacces, "open")),
		fault("position can not be read", onPosition(eio, "read")),
		fault("everything fails", func(vfs.Op) vfs.Verdict { return eio }),
		{name: "directory removed", do: func(l *ledger) {
			for _, name := range l.files() {
				l.remove("/q/" + name)
			}
			l.remove("/q")
		}, untold: true},
		{name: "position removed", do: func(l *ledger) { l.remove("/q/position") }},
		{name: "position garbled", do: func(l *ledger) { l.edit("/q/position", flip(20)) }},
		{name: "position shortened", do: func(l *ledger) { l.shorten("/q/position", 3) }},
		{name: "position is a directory", do: func(l *ledger) {
			l.remove("/q/position")
			l.mem.Mkdir("/q/position", 0o700)
		}},
		{name: "all segments removed", do: func(l *ledger) {
			for _, name := range segments(l.t, l.mem) {
				l.remove(name)
			}
		}},
		{name: "all segments emptied", do: func(l *ledger) {
			for _, name := range segments(l.t, l.mem) {
				l.shorten(name, 1<<20)
			}
		}},
		{name: "garbage beside", do: func(l *ledger) {
			for i := range 20 {
				put(l.t, l.mem, fmt.Sprintf("/q/%016x.seg", i+1), []byte(strings.Repeat("garbage", i)))
				put(l.t, l.mem, fmt.Sprintf("/q/%d.tmp", i), []byte("garbage"))
			}
			put(l.t, l.mem, "/q/fffffffffffffff0.seg", []byte("x"))
			put(l.t, l.mem, "/q/1ffffffffffffff0.seg", []byte("x"))
			l.mem.Mkdir("/q/00000000000000ff.seg", 0o700)
		}},
	}
	for where, n := range map[string]int{"first": 0, "second": 1, "last": -1, "last but one": -2} {
		list = append(list,
			diskFault{name: where + " segment removed", do: func(l *ledger) { l.remove(l.segment(n)) }},
			diskFault{name: where + " segment emptied", do: func(l *ledger) { l.shorten(l.segment(n), 1<<20) }},
			diskFault{name: where + " segment shortened", do: func(l *ledger) { l.shorten(l.segment(n), 100) }},
			diskFault{name: where + " segment shortened by a record", do: func(l *ledger) { l.shorten(l.segment(n), 500) }},
			diskFault{name: where + " segment with a garbled header", do: func(l *ledger) { l.edit(l.segment(n), flip(9)) }},
			diskFault{name: where + " segment with a garbled first record", do: func(l *ledger) { l.edit(l.segment(n), flip(segmentHeader+recordHeader+5)) }},
			diskFault{name: where + " segment with a garbled middle", do: func(l *ledger) {
				l.edit(l.segment(n), func(p []byte) []byte { return flip(len(p) / 2)(p) })
			}},
			diskFault{name: where + " segment with a garbled end", do: func(l *ledger) { l.edit(l.segment(n), flip(-3)) }},
		)
	}
	for i := range list { // where the position can not be kept
		for _, why := range []string{"position", "everything", "write", "full", "stat error"} {
			list[i].twice = list[i].twice || strings.Contains(list[i].name, why)
		}
	}
	slices.SortFunc(list, func(a, b diskFault) int { return strings.Compare(a.name, b.name) })
	return list
}

// begin lets the fault happen; end ends it.
func (l *ledger) begin(f *diskFault) {
	if f.do != nil {
		f.do(l)
	}
	if f.rule != nil {
		l.failing(f.rule())
	}
}

// Whatever happens to a queue's files, before the start, while it runs or at the stop:
// what was sent is delivered or counted, nothing hangs, and nothing spins.
func TestWhatADiskDoesIsDeliveredOrCounted(t *testing.T) {
	for _, typ := range []Type{Disk, LinkedList} {
		for _, f := range diskFaults() {
			for _, when := range []string{"stopped", "killed", "running", "behind", "stop"} {
				if when == "killed" && typ != Disk {
					continue // it loses what is in memory
				}
				t.Run(fmt.Sprintf("%v/%s/%s", typ, f.name, when), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						l := newLedger(t, typ)
						switch when {
						case "stopped":
							l.whileStopped(&f)
						case "killed":
							l.whileKilled(&f)
						case "running":
							l.whileRunning(&f)
						case "behind":
							l.whileBehind(&f)
						case "stop":
							l.atStop(&f)
						}
						l.balance(&f, when == "running" || when == "behind")
					})
				})
			}
		}
	}
}

// whileStopped: a run leaves messages, the fault comes, another run goes on.
func (l *ledger) whileStopped(f *diskFault) {
	l.start(true).take = 7
	l.sends(100)
	l.stop()
	l.begin(f)
	l.tryStart(false)
	l.settle()
	l.sends(30)
	l.settle()
	l.stop()
}

// whileKilled: the same, but the first run just ends.
func (l *ledger) whileKilled(f *diskFault) {
	// Nothing is under way: what was delivered and not confirmed would be counted, too.
	l.start(true)
	l.sends(100)
	l.settle()
	l.kill()
	f.twice = true
	l.begin(f)
	l.tryStart(false)
	l.settle()
	l.stop()
}

// whileRunning: the fault comes while the target is down, and stays until the stop.
func (l *ledger) whileRunning(f *diskFault) {
	l.start(true).take = 7
	l.sends(100)
	l.begin(f)
	l.sends(30)
	l.to.works()
	l.settle()
	l.sends(30)
	l.settle()
	l.stop()
}

// whileBehind: the fault is over before the target works again.
func (l *ledger) whileBehind(f *diskFault) {
	l.start(true).take = 7
	l.sends(100)
	l.begin(f)
	l.sends(30)
	l.failing(nil)
	l.sends(30)
	l.to.works()
	l.settle()
	l.stop()
}

// atStop: the fault is there while the queue stops.
func (l *ledger) atStop(f *diskFault) {
	l.start(true).take = 7
	l.sends(100)
	l.begin(f)
	l.stop()
}
