package receipt

import "sync"

// Ledger keeps the places of an input in order: each is opened with a receipt, and is
// passed when that has come back and those in front of it are passed. Receipts may come
// back in any order. One that comes back unfinished is never passed: reading begins
// there at the next start. The zero Ledger is empty.
type Ledger[P any] struct {
	// Passed, if not nil, is called when a place may have been passed. It must not wait.
	Passed func()

	mu   sync.Mutex // guards what follows
	list []*place[P]
}

// place is a place that is not passed.
type place[P any] struct {
	at   P
	back bool
	Outcome
}

// Open adds a place behind the others and returns its receipt.
func (l *Ledger[P]) Open(at P) *Receipt {
	p := &place[P]{at: at}
	l.mu.Lock()
	l.list = append(l.list, p)
	l.mu.Unlock()
	return New(func(o Outcome) { l.back(p, o) })
}

// Note adds a place behind the others that is passed with the one in front of it.
func (l *Ledger[P]) Note(at P) {
	l.mu.Lock()
	l.list = append(l.list, &place[P]{at: at, back: true})
	first := len(l.list) == 1
	l.mu.Unlock()
	if first && l.Passed != nil {
		l.Passed()
	}
}

func (l *Ledger[P]) back(p *place[P], o Outcome) {
	l.mu.Lock()
	p.back, p.Outcome = true, o
	first := len(l.list) > 0 && l.list[0] == p
	l.mu.Unlock()
	if first && l.Passed != nil {
		l.Passed()
	}
}

// Take appends the places to dst that are passed, in their order, and forgets them.
func (l *Ledger[P]) Take(dst []P) []P {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for n < len(l.list) && l.list[n].back && l.list[n].Outcome != Unfinished {
		dst = append(dst, l.list[n].at)
		n++
	}
	if n == 0 {
		return dst
	}
	rest := copy(l.list, l.list[n:])
	clear(l.list[rest:])
	l.list = l.list[:rest]
	return dst
}

// First is the first place that is not safe; ok is false if there is none.
func (l *Ledger[P]) First() (at P, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.list {
		if !p.back || p.Outcome == Unfinished {
			return p.at, true
		}
	}
	return at, false
}

// Len is how many places are not passed, or not taken.
func (l *Ledger[P]) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.list)
}

// Broken reports whether a place has come back unfinished: nothing behind it passes.
func (l *Ledger[P]) Broken() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.list {
		if p.back && p.Outcome == Unfinished {
			return true
		}
	}
	return false
}

// Each calls f for the places that are left, in their order; back says that its receipt
// has come back, with the outcome o. f must not call l.
func (l *Ledger[P]) Each(f func(at P, back bool, o Outcome)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.list {
		f(p.at, p.back, p.Outcome)
	}
}

// Forget forgets all places: their receipts mean nothing any more.
func (l *Ledger[P]) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.list)
	l.list = nil
}
