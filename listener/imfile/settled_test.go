package imfile

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"syslogd/internal/receipt"
	"syslogd/listener"
)

// offset is the position that is saved, -1 for none.
func (r *rig) offset() int64 {
	r.t.Helper()
	names := r.states()
	if len(names) == 0 {
		return -1
	}
	text, err := os.ReadFile(names[0])
	if err != nil {
		r.t.Fatal(err)
	}
	var st state
	if err := json.Unmarshal(text, &st); err != nil {
		r.t.Fatal(err)
	}
	return st.position()
}

// Receipts come back in any order and with any outcome: what is saved is never behind a
// message that is not safe, and all of them when all are.
func TestWhatIsSavedIsSafe(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 3))
			persist := func(c *Config) { c.MaxSubmit = 1; c.PersistLines = int(seed % 2) }
			r := newRig(t, t.TempDir(), "a.log", options{conf: persist, stalled: true})
			r.in.sub, r.in.buf = &listener.Submitter{Queue: r.queue}, make([]byte, 4096)
			var ends []int64
			for i := range 20 {
				r.write("a.log", fmt.Sprintf("line %d\n", i))
				ends = append(ends, int64(len(fmt.Sprintf("line %d\n", i))))
				if i > 0 {
					ends[i] += ends[i-1]
				}
			}
			r.in.scan(time.Now())
			for len(r.in.queue) > 0 {
				r.in.turn(t.Context())
			}
			if len(r.queue.held) != len(ends) {
				t.Fatalf("%d batches, want %d", len(r.queue.held), len(ends))
			}
			if got := r.offset(); got > 0 {
				t.Fatalf("position %d is saved, and nothing is safe", got)
			}
			left := rng.Perm(len(ends))
			back := make([]bool, len(ends))
			last := -1 // that a stop leaves
			if seed%4 == 0 {
				last = left[rng.IntN(len(left))]
			}
			for _, n := range left {
				o := receipt.Outcome(rng.IntN(2))
				if n == last {
					o = receipt.Unfinished
				}
				r.queue.held[n].Return(o)
				back[n] = o != receipt.Unfinished
				r.in.savePass()
				want, safe := int64(0), 0
				for safe < len(ends) && back[safe] {
					want = ends[safe]
					safe++
				}
				if got := r.offset(); got != want {
					t.Fatalf("position %d is saved, want %d", got, want)
				}
			}
			r.in.Settle()
			want := ends[len(ends)-1]
			if last >= 0 {
				want = 0
				if last > 0 {
					want = ends[last-1]
				}
			}
			if got := r.offset(); got != want {
				t.Errorf("position %d is saved at the end, want %d", got, want)
			}
		})
	}
}

// A file that was deleted is closed when what was read of it is safe.
func TestADeletedFileIsKeptUntilItsMessagesAreSafe(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), "a.log", options{stalled: true})
	r.in.sub, r.in.buf = &listener.Submitter{Queue: r.queue}, make([]byte, 4096)
	now := time.Now()
	r.write("a.log", "one\ntwo\n")
	r.in.scan(now)
	for len(r.in.queue) > 0 {
		r.in.turn(t.Context())
	}
	os.Remove(r.path("a.log"))
	r.in.scan(now)
	for i := range 3 {
		r.in.queue = nil
		for _, f := range r.in.gone {
			f.queued = false
		}
		r.in.lookAtGone(t.Context(), now.Add(time.Duration(i)*time.Hour))
	}
	if len(r.in.gone) != 1 {
		t.Fatalf("%d files without a name are open, want 1: its messages are under way", len(r.in.gone))
	}
	for _, held := range r.queue.held {
		held.Return(receipt.Stored)
	}
	r.in.lookAtGone(t.Context(), now.Add(time.Hour))
	if len(r.in.gone) != 0 || len(r.states()) != 0 {
		t.Errorf("%d files are open, state files %q; want none", len(r.in.gone), r.states())
	}
}

// What a stop leaves of a file that is deleted nobody reads again.
func TestWhatAStopLeavesOfADeletedFileIsLost(t *testing.T) {
	t.Parallel()
	for _, deleted := range []bool{false, true} {
		r := newRig(t, t.TempDir(), "a.log", options{stalled: true})
		r.in.sub, r.in.buf = &listener.Submitter{Queue: r.queue}, make([]byte, 4096)
		r.write("a.log", "one\ntwo\nlast")
		r.in.scan(time.Now())
		for len(r.in.queue) > 0 {
			r.in.turn(t.Context())
		}
		if deleted {
			os.Remove(r.path("a.log"))
			r.in.scan(time.Now())
			r.in.lookAtGone(t.Context(), time.Now())
		}
		r.in.finish()
		for _, held := range r.queue.held {
			held.Return(receipt.Unfinished)
		}
		r.in.Settle()
		want := uint64(0)
		if deleted {
			want = 3
		}
		if n := r.in.unread.Count(); n != want {
			t.Errorf("deleted %v: %d messages counted as lost, want %d", deleted, n, want)
		}
	}
}
