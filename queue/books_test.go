package queue

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/internal/vfs"
)

// A bookkeeper lets things happen to a queue on disk in any order, and knows what has to
// be counted.
type bookkeeper struct {
	*ledger
	rand *rand.Rand // of what happens
	did  []string
	// gone is how many messages were removed while the server was down that the files that
	// are left tell of, and untold how many others at most.
	gone, untold int
	noted        bool // there was a position at the last start
	// stolen: something was removed while the server was up, and killed: it was killed then.
	stolen, killed bool
	down           bool // the target, since the last start
}

func (k *bookkeeper) note(format string, args ...any) {
	k.did = append(k.did, fmt.Sprintf(format, args...))
}

// up starts the queue. What was counted until then must be what was removed.
func (k *bookkeeper) up() {
	k.t.Helper()
	k.down = k.rand.IntN(3) > 0
	k.note("start, down %v", k.down)
	if err := k.tryStart(k.down); err != nil {
		k.t.Fatal(err)
	}
	synctest.Wait()
	if !k.noted && k.q.disk.spool.stored > 0 && !strings.Contains(k.logged(), "position is gone") {
		k.t.Error("it is not logged that the position is gone")
	}
	lost := int(k.lost.Total())
	if !k.stolen && (lost < k.gone || lost > k.gone && k.noted) {
		k.t.Errorf("%d messages were removed that the numbers tell of, %d are counted: %q", k.gone, lost, k.did)
	}
	k.gone = lost // without a position a gap is counted again
}

// run is what happens while the server is up. With steal some files are removed.
func (k *bookkeeper) run(steal bool) {
	k.t.Helper()
	for range k.rand.IntN(6) {
		switch k.rand.IntN(5) {
		case 0, 1:
			n := 1 + k.rand.IntN(60)
			k.note("send %d", n)
			k.sends(n)
		case 2:
			d := time.Duration(k.rand.IntN(3)) * noteAfter * 2 / 3
			k.note("%v pass", d)
			time.Sleep(d)
			synctest.Wait()
		case 3:
			if k.down {
				k.down = false
				k.note("the target works")
				k.to.works()
				synctest.Wait()
			}
		case 4:
			if steal && k.remove() {
				k.stolen = true
			}
		}
	}
}

// end stops or kills the server.
func (k *bookkeeper) end() {
	k.t.Helper()
	if k.rand.IntN(3) == 0 {
		k.note("stop")
		k.stop()
		return
	}
	k.note("kill")
	had, end := k.onDisk()
	k.kill()
	if k.stolen {
		k.killed = true
		has, from, told := k.waiting()
		switch {
		case from > 0:
			k.untold += max(0, had-len(has))
		case end > told:
			k.untold += int(end - told)
		}
	}
}

// onDisk is how many messages the server thinks are on disk, and the number behind them.
func (k *bookkeeper) onDisk() (n int, end uint64) {
	s := k.q.disk.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored, s.end
}

func (k *bookkeeper) position() position {
	k.t.Helper()
	pos, _, err := readPosition(k.mem, "/q")
	if err != nil {
		k.t.Fatal(err)
	}
	return pos
}

// waiting are the numbers of the messages on disk that are not done, and told is the one up
// to which the files tell of messages. Without a position they tell nothing of what is in
// front of from.
func (k *bookkeeper) waiting() (numbers []uint64, from, told uint64) {
	k.t.Helper()
	pos := k.position()
	list, err := segmentsIn(k.mem, "/q")
	if err != nil {
		k.t.Fatal(err)
	}
	if told = pos.end; told == 0 {
		from = maxNumber
	}
	for _, seg := range list {
		got, err := scan(k.mem, "/q", seg, func(r *record, _ uint64) {
			told = max(told, r.end())
			all, first := pos.done(r.seq)
			for n := r.seq + uint64(first); n < r.end() && !all; n++ {
				numbers = append(numbers, n)
			}
		})
		if err != nil {
			k.t.Fatal(err)
		}
		from = min(from, seg.first)
		if got.link != unknownLink {
			told = max(told, got.link)
		}
	}
	return numbers, from, told
}

// lose removes some of the files while the server is down.
func (k *bookkeeper) lose() {
	k.t.Helper()
	before, _, _ := k.waiting()
	pos := k.position()
	if !k.remove() {
		k.rename()
	}
	after, from, told := k.waiting()
	if k.noted = k.position().end > 0; !k.noted { // what only the position knew
		below := 0
		for _, n := range before {
			if n < pos.end {
				below++
			}
		}
		k.untold += max(0, pos.waiting-below)
	}
	for _, n := range before {
		switch {
		case slices.Contains(after, n):
		case n >= from && n < told:
			k.gone++
		default:
			k.untold++
		}
	}
	k.note("%d gone, %d untold", k.gone, k.untold)
}

// remove removes some files, or none.
func (k *bookkeeper) remove() bool {
	k.t.Helper()
	list := segments(k.t, k.mem)
	n := len(list)
	var gone []string
	switch what := k.rand.IntN(9); {
	case what == 0:
		gone = []string{"/q/" + positionName}
	case what > 5 || n == 0:
		return false
	case what == 1:
		gone = list[:1]
	case what == 2:
		gone = list[n-1:]
	case what == 3:
		gone = list
	case what == 4:
		gone = slices.DeleteFunc(list, func(string) bool { return k.rand.IntN(2) == 0 })
	case what == 5:
		gone = append(list[k.rand.IntN(n):][:1:1], "/q/"+positionName)
	}
	for _, name := range gone {
		k.harm(name)
	}
	return len(gone) > 0
}

// rename has files change their names, or makes a copy of one: nothing is lost then.
func (k *bookkeeper) rename() {
	k.t.Helper()
	list := segments(k.t, k.mem)
	if len(list) < 2 {
		return
	}
	i := k.rand.IntN(len(list))
	one, other := list[i], list[(i+1+k.rand.IntN(len(list)-1))%len(list)]
	first, _ := vfs.ReadFile(k.mem, one)
	second, _ := vfs.ReadFile(k.mem, other)
	switch k.rand.IntN(3) {
	case 0:
		k.note("exchange %s and %s", one, other)
		put(k.t, k.mem, one, second)
		put(k.t, k.mem, other, first)
	case 1:
		name := "/q/" + segmentName(uint64(1+k.rand.IntN(2*firstSeq)))
		k.note("copy %s to %s", one, name)
		put(k.t, k.mem, name, first)
	}
}

// harm removes a file, or cuts all records off a segment, or garbles one that is not the
// last: of what is behind the last whole record the numbers do not tell.
func (k *bookkeeper) harm(name string) {
	text, _ := vfs.ReadFile(k.mem, name)
	records, last := 0, 0
	var r record
	for at := segmentHeader; at < len(text); records++ {
		n, _ := parseRecord(text[at:], &r)
		if n == 0 {
			break
		}
		last, at = at, at+n
	}
	switch how := k.rand.IntN(4); {
	case strings.HasSuffix(name, positionName) || how < 2 || records == 0:
		k.note("remove %s", name)
		k.mem.Remove(name)
	case how == 2:
		k.note("cut %s", name)
		k.edit(name, func(p []byte) []byte { return p[:segmentHeader] })
	case records > 1:
		at := segmentHeader + k.rand.IntN(last-segmentHeader)
		k.note("garble %s at %d", name, at)
		k.edit(name, flip(at))
	}
}

// whole drains what is left, and compares.
func (k *bookkeeper) whole() {
	k.t.Helper()
	k.up()
	if k.down {
		k.to.works()
	}
	k.settle()
	k.stop()
	slices.Sort(k.got)
	got, lost := len(slices.Compact(k.got)), int(k.lost.Total())
	if got+lost+k.untold < k.sent || k.stolen && !k.killed && got+lost > k.sent {
		k.t.Errorf("%d sent, %d delivered, %d counted and %d not known", k.sent, got, lost, k.untold)
	}
	if n, _ := k.onDisk(); n != 0 {
		k.t.Errorf("the gauge still says %d messages", n)
	}
}

// Whoever removes, garbles or renames which of a queue's files, and however often the
// server is killed in between: the messages that are gone are counted, each once, as far as
// the files that are left tell of them, and the others are delivered.
func TestWhatIsDamagedIsCounted(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := &bookkeeper{ledger: newLedger(t, Disk), rand: rand.New(rand.NewPCG(seed, 0))}
				defer func() {
					if t.Failed() {
						t.Logf("%q\n%s", k.did, k.logged())
					}
				}()
				for range 1 + k.rand.IntN(6) {
					k.up()
					k.run(seed%2 == 1)
					k.end()
					k.lose()
				}
				k.whole()
			})
		})
	}
}

// A position that somebody removes under the running server is there again before it is
// needed: when a file goes, when one is begun, and a moment after messages came.
func TestAPositionThatIsRemovedIsWrittenAgain(t *testing.T) {
	t.Parallel()
	for name, what := range map[string]func(l *ledger){
		"a file goes":      func(l *ledger) { l.to.works() },
		"a file is begun":  func(l *ledger) { l.sends(60) },
		"time has passed":  func(l *ledger) { l.sends(3); time.Sleep(2 * noteAfter) },
		"the server stops": func(l *ledger) { l.q.Stop() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLedger(t, Disk)
				l.start(true)
				l.sends(100)
				time.Sleep(2 * noteAfter)
				l.remove("/q/" + positionName)
				what(l)
				synctest.Wait()
				mem := snapshot(t, l.mem)
				if name != "the server stops" {
					l.q.Stop()
				}
				if pos, _, err := readPosition(mem, "/q"); err != nil || pos.end < firstSeq+101 {
					t.Errorf("it says that %d messages came: %v", max(pos.end, firstSeq+1)-firstSeq-1, err)
				}
			})
		})
	}
}

// The position says what waits also between the end of the workers and that of the queue.
func TestThePositionOfABatchThatAStopInterrupted(t *testing.T) {
	t.Parallel()
	conf := diskConf(Disk)
	mem := vfs.NewMem()
	sp, _, err := openSpool(mem, conf.Dir, &conf, discard)
	if err != nil {
		t.Fatal(err)
	}
	b := batch(nil, numbered(0, 10)...)
	for i := range b.Msgs {
		b.Msgs[i].Peer, b.Msgs[i].Origin = peer, origin
	}
	if _, err := sp.append(b, 0, oneFlow); err != nil {
		t.Fatal(err)
	}
	f, err := sp.read(10, true)
	if err != nil {
		t.Fatal(err)
	}
	sp.interrupted(f, 4)
	f.batch.Release()
	sp.note()
	if pos, _, err := readPosition(mem, conf.Dir); err != nil || pos.waiting != 10 {
		t.Errorf("%d messages wait, want all 10 as none is noted as done: %v", pos.waiting, err)
	}
	if err := shut(sp); err != nil {
		t.Fatal(err)
	}
	if pos, _, err := readPosition(mem, conf.Dir); err != nil || pos.waiting != 6 {
		t.Errorf("%d messages wait at the end, want 6: %v", pos.waiting, err)
	}
}
