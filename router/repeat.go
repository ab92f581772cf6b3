package router

import (
	"bytes"
	"strconv"
	"sync"

	"syslogd/message"
)

// Repeats holds back messages that repeat the one before of the same input
// ($RepeatedMsgReduction): when another one comes, a message that says how often
// takes their place. Messages are equal when their text, host name, application
// and process ID are.
type Repeats struct {
	mu       sync.Mutex
	byOrigin map[*message.Origin]*repeat
}

// repeat is what is known of one input.
type repeat struct {
	mu sync.Mutex
	// Of the last message; the memory is used again.
	text, host, app, proc []byte
	// held is the last repetition, count how many there were.
	held    *message.Message
	count   int
	ruleset *Ruleset
}

// NewRepeats returns a Repeats that has seen nothing.
func NewRepeats() *Repeats { return &Repeats{byOrigin: map[*message.Origin]*repeat{}} }

func (r *Repeats) of(o *message.Origin) *repeat {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.byOrigin[o]
	if s == nil {
		s = &repeat{}
		r.byOrigin[o] = s
	}
	return s
}

// pass reports whether m is to be processed now. summary, if not nil, stands for
// the repetitions before and comes first.
func (r *Repeats) pass(m *message.Message, rs *Ruleset) (summary *message.Message, process bool) {
	s := r.of(m.Origin)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ruleset != nil && bytes.Equal(s.text, m.Msg()) && bytes.Equal(s.host, m.Hostname()) && bytes.Equal(s.app, m.AppName()) && bytes.Equal(s.proc, m.ProcID()) {
		s.held = m.Clone() // the latest has the latest time
		s.count++
		return nil, false
	}
	summary = s.take()
	s.ruleset = rs
	s.text, s.host = append(s.text[:0], m.Msg()...), append(s.host[:0], m.Hostname()...)
	s.app, s.proc = append(s.app[:0], m.AppName()...), append(s.proc[:0], m.ProcID()...)
	return summary, true
}

// maxRepeated is how much of the repeated text the summary has, in bytes.
const maxRepeated = 800

// take returns what stands for the repetitions so far, nil for none: a single
// one is itself.
func (s *repeat) take() *message.Message {
	m := s.held
	if s.count > 1 {
		text := m.Msg()
		text = text[:min(len(text), maxRepeated)]
		m.ReplaceMsg([]byte(" message repeated " + strconv.Itoa(s.count) + " times: [" + string(text) + "]"))
	}
	s.held, s.count = nil, 0
	return m
}

// repeats processes what stands for repetitions before m, and reports whether m
// is one and held back.
func (w *Worker) repeats(rs *Ruleset, m *message.Message) bool {
	summary, process := w.router.Repeats.pass(m, rs)
	if summary != nil {
		w.alone(rs, summary)
	}
	return !process
}

// ProcessRepeats processes the messages that are still held back, at the end.
func (w *Worker) ProcessRepeats() {
	if w.router.Repeats == nil {
		return
	}
	b := message.NewBatch(nil)
	w.batch = b
	for _, s := range w.router.Repeats.byOrigin {
		if m := s.take(); m != nil {
			w.alone(s.ruleset, m)
		}
	}
	w.commit()
	w.rouse()
	w.batch = nil
	b.Release()
}
