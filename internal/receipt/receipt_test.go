package receipt

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

func TestTheLastHolderReturnsTheWorstOutcome(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		returned []Outcome
		want     Outcome
	}{
		{[]Outcome{Stored}, Stored},
		{[]Outcome{Stored, Stored, Stored}, Stored},
		{[]Outcome{GivenUp, Stored}, GivenUp},
		{[]Outcome{Unfinished, GivenUp, Stored}, Unfinished},
		{[]Outcome{Stored, Unfinished}, Unfinished},
	} {
		var got []Outcome
		r := New(func(o Outcome) { got = append(got, o) })
		r.HoldTimes(len(tt.returned) - 1)
		for i, o := range tt.returned {
			if len(got) > 0 {
				t.Errorf("%v: told after %d of %d returns", tt.returned, i, len(tt.returned))
			}
			r.Return(o)
		}
		if !slices.Equal(got, []Outcome{tt.want}) {
			t.Errorf("%v: told %v, want %v once", tt.returned, got, tt.want)
		}
	}
}

func TestAReceiptThatNobodyAskedForCostsNothing(t *testing.T) {
	var r *Receipt
	if n := testing.AllocsPerRun(100, func() {
		r.Hold()
		r.Mark(Unfinished)
		r.Return(GivenUp)
		if Both(nil, r) != nil {
			t.Error("two receipts of nobody are one of somebody")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAReceiptForTwo(t *testing.T) {
	t.Parallel()
	var a, b []Outcome
	first := New(func(o Outcome) { a = append(a, o) })
	second := New(func(o Outcome) { b = append(b, o) })
	first.Hold()
	both := Both(first, second)
	both.Return(GivenUp)
	if !slices.Equal(b, []Outcome{GivenUp}) || len(a) > 0 {
		t.Fatalf("told %v and %v, want nothing and given up: the first has another holder", a, b)
	}
	first.Return(Stored)
	if !slices.Equal(a, []Outcome{GivenUp}) {
		t.Errorf("told %v, want given up", a)
	}
	if Both(nil, first) != first || Both(first, nil) != first {
		t.Error("one receipt stands for itself")
	}
}

func TestReturnedTooOften(t *testing.T) {
	t.Parallel()
	r := New(func(Outcome) {})
	r.Return(Stored)
	defer func() {
		if recover() == nil {
			t.Error("nobody notices")
		}
	}()
	r.Return(Stored)
}

// model is a ledger that looks at everything each time.
type model struct {
	places []int
	back   map[int]Outcome
	taken  int
}

func (m *model) take() (list []int) {
	for m.taken < len(m.places) {
		o, back := m.back[m.places[m.taken]]
		if !back || o == Unfinished {
			break
		}
		list = append(list, m.places[m.taken])
		m.taken++
	}
	return list
}

// FuzzLedger plays what the bytes say: places are opened and noted, receipts come back
// in any order and with any outcome.
func FuzzLedger(f *testing.F) {
	f.Add([]byte{0, 0, 0, 2, 3, 4, 1})
	f.Add([]byte{1, 1, 0, 1, 2, 1})
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		p := make([]byte, 60)
		for i := range p {
			p[i] = byte(rng.IntN(256))
		}
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		var l Ledger[int]
		told := false
		l.Passed = func() { told = true }
		m := model{back: map[int]Outcome{}}
		open := map[int]*Receipt{}
		var out []int // numbers of open receipts
		for i, c := range script {
			told = false
			switch {
			case c%4 == 0:
				open[i] = l.Open(i)
				m.places, out = append(m.places, i), append(out, i)
			case c%4 == 1:
				l.Note(i)
				m.places = append(m.places, i)
				m.back[i] = Stored
			case len(out) > 0:
				k := int(c/4) % len(out)
				n, o := out[k], Outcome(c/16%16)
				if o > Unfinished {
					o = Stored
				}
				out = slices.Delete(out, k, k+1)
				open[n].Return(o)
				m.back[n] = o
			}
			want := m.take()
			if len(want) > 0 && !told {
				t.Fatalf("step %d: places were passed, and nobody was told", i)
			}
			if got := l.Take(nil); !slices.Equal(got, want) {
				t.Fatalf("step %d: passed %v, want %v", i, got, want)
			}
			broken := false
			for _, n := range m.places[m.taken:] {
				o, back := m.back[n]
				broken = broken || back && o == Unfinished
			}
			if l.Broken() != broken || l.Len() != len(m.places)-m.taken {
				t.Fatalf("step %d: broken %v, %d left; want %v, %d", i, l.Broken(), l.Len(), broken, len(m.places)-m.taken)
			}
		}
	})
}

func TestReceiptsComeBackFromManyGoroutines(t *testing.T) {
	t.Parallel()
	var l Ledger[int]
	passed := make(chan struct{}, 1)
	l.Passed = func() {
		select {
		case passed <- struct{}{}:
		default:
		}
	}
	const count = 2000
	var wait sync.WaitGroup
	for i := range count {
		r := l.Open(i)
		for range 3 {
			r.Hold()
			wait.Go(func() { r.Return(Stored) })
		}
		r.Return(Stored)
	}
	var got []int
	for len(got) < count {
		<-passed
		got = l.Take(got)
	}
	wait.Wait()
	if !slices.IsSorted(got) || len(got) != count {
		t.Errorf("%d places passed, want all in order", len(got))
	}
}

func TestWhatIsForgottenMayStillComeBack(t *testing.T) {
	t.Parallel()
	var l Ledger[int]
	l.Passed = func() { t.Error("told of what was forgotten") }
	r := l.Open(1)
	l.Forget()
	r.Return(Stored)
	if l.Len() != 0 || l.Take(nil) != nil {
		t.Error("something is left")
	}
}
