// Package output holds the contract of outputs: take a batch of rendered
// messages, or say why not. Delivery drives an output with rsyslogd's retry and
// suspension. Each output is a package below this one.
package output

import (
	"context"
	"fmt"
	"math"
	"time"

	"syslogd/internal/receipt"
	"syslogd/metrics"
)

// Output is what an output module implements.
//
// Write delivers the records of b in order and returns nil when all are
// delivered, or kept. The output must not keep b or its bytes; one that keeps
// records holds b.Receipt until they are where they were to go. Errors: *Suspended when the output cannot work at the moment,
// *Rejected when a record can never be delivered. Write is called by one
// goroutine at a time unless the output implements Concurrent.
//
// A Write that panics is called again with what is left of b: an output that
// delivers records before it has looked at all of them says in b.Done how far it
// has come, and unlocks what it locks in deferred calls.
type Output interface {
	Write(ctx context.Context, b *Batch) error
	Close() error
}

// Templated is implemented by outputs that render more or other than one
// template: the names, in the order of Batch.Parts. An empty name stands for
// RSYSLOG_FileFormat.
type Templated interface {
	Templates() []string
}

// FileNamer is implemented by outputs that make names of files of one of their
// templates: FileName is its index in Templates. It is rendered so that what a sender
// wrote stays within one element of the path.
type FileNamer interface {
	FileName() int
}

// Private is implemented by outputs whose last templates serve themselves: an error file
// does not show so many.
type Private interface {
	PrivateTemplates() int
}

// Counted is implemented by outputs that impstats shows with numbers of their own.
type Counted interface {
	Stats(d *Delivery) []*metrics.Stats
}

// Concurrent marks outputs whose Write may be called by several workers at once.
type Concurrent interface {
	ConcurrentWrite()
}

// Coalescing marks outputs that never wait for anything but files, and whose records are
// written when the workers run out of work.
type Coalescing interface {
	Coalesces()
}

// Reopener is implemented by outputs that reopen things on HUP.
type Reopener interface {
	HUP()
}

// Starter is implemented by outputs that start something: Start is called once,
// after the configuration was accepted and before the first Write.
type Starter interface {
	Start() error
}

// Explainer is implemented by outputs that can say, without delivering, where
// record i of a batch would go, and as what bytes.
type Explainer interface {
	Explain(b *Batch, i int) (where string, text []byte)
}

// Part is one rendered template of all records of a batch, back to back:
// record i ends at Ends[i], the first one begins at Start.
type Part struct {
	Data  []byte
	Start int
	Ends  []int
}

// All returns the bytes of all records, back to back.
func (p *Part) All() []byte {
	if len(p.Ends) == 0 {
		return nil
	}
	return p.Data[p.Start:p.Ends[len(p.Ends)-1]]
}

// At returns the bytes of record i.
func (p *Part) At(i int) []byte {
	start := p.Start
	if i > 0 {
		start = p.Ends[i-1]
	}
	return p.Data[start:p.Ends[i]:p.Ends[i]]
}

// Batch is rendered records. Parts has one element a template.
type Batch struct {
	Parts []Part
	// Receipt, if not nil, is held by whoever keeps records behind Write.
	Receipt *receipt.Receipt
	// Lost is how many of the records a Delivery has given up.
	Lost int
	// Done is how many of the records Write has delivered, as far as it says so: see
	// Output.
	Done int
	// Attended says that Flush follows before the worker waits for anything, or else
	// somebody is told of what the output holds: the output need not tell itself.
	Attended bool
}

// Len is the number of records.
func (b *Batch) Len() int {
	if len(b.Parts) == 0 {
		return 0
	}
	return len(b.Parts[0].Ends)
}

// Reset empties b and keeps its memory, unless that has grown beyond limit bytes a part.
func (b *Batch) Reset(limit int) {
	b.Lost, b.Done, b.Attended, b.Receipt = 0, 0, false, nil
	for i := range b.Parts {
		p := &b.Parts[i]
		if cap(p.Data) > limit {
			p.Data = nil
		}
		p.Data, p.Ends, p.Start = p.Data[:0], p.Ends[:0], 0
	}
}

// Trim takes away what was begun of a record: some of its templates are rendered.
func (b *Batch) Trim() {
	n := math.MaxInt
	for i := range b.Parts {
		n = min(n, len(b.Parts[i].Ends))
	}
	for i := range b.Parts {
		p := &b.Parts[i]
		end := p.Start
		if n > 0 {
			end = p.Ends[n-1]
		}
		p.Data, p.Ends = p.Data[:end], p.Ends[:n]
	}
}

// From returns a view of b without its first n records.
func (b *Batch) From(n int) Batch { return b.To(n, b.Len()) }

// To returns a view of the records from..to-1 of b.
func (b *Batch) To(from, to int) Batch {
	view := Batch{Parts: make([]Part, len(b.Parts)), Receipt: b.Receipt}
	for i, p := range b.Parts {
		if from > 0 {
			p.Start = p.Ends[from-1]
		}
		p.Ends = p.Ends[from:to:to]
		view.Parts[i] = p
	}
	return view
}

// Suspended says that an output cannot deliver at the moment.
type Suspended struct {
	// Done is how many records of the batch were delivered before.
	Done int
	Err  error
	// Record says that the first record that is not done is what failed, and that
	// others may work: when its tries are used up, it alone is given up.
	Record bool
	// After, if not zero, overrides the configured time to the next try.
	After time.Duration
}

func (e *Suspended) Error() string { return e.Err.Error() }
func (e *Suspended) Unwrap() error { return e.Err }

// Rejected says that a record can never be delivered. The records before it
// are delivered, those behind it have not been tried.
type Rejected struct {
	Index int
	Err   error
}

func (e *Rejected) Error() string { return fmt.Sprintf("record %d: %v", e.Index, e.Err) }
func (e *Rejected) Unwrap() error { return e.Err }
