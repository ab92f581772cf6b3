package router

import (
	"iter"

	"syslogd/message"
	"syslogd/router/lookup"
	"syslogd/router/property"
	"syslogd/router/script"
	"syslogd/router/selector"
)

// Stmt is a compiled statement. run reports whether processing of the message stops.
type Stmt interface {
	run(w *Worker, m *message.Message) bool
}

// All returns the statements of body and of the blocks within.
func All(body []Stmt) iter.Seq[Stmt] {
	return func(yield func(Stmt) bool) { all(body, yield) }
}

func all(body []Stmt, yield func(Stmt) bool) bool {
	for _, s := range body {
		if c, ok := s.(*chain); ok {
			if !all(c.stmts(), yield) {
				return false
			}
			continue
		}
		more := yield(s)
		switch s := s.(type) {
		case *If:
			more = more && all(s.Then, yield) && all(s.Else, yield)
		case *Filter:
			more = more && all(s.Then, yield)
		case *Selector:
			more = more && all(s.Then, yield)
		case *Foreach:
			more = more && all(s.Body, yield)
		case *Traced:
			more = more && all([]Stmt{s.Stmt}, yield)
		}
		if !more {
			return false
		}
	}
	return true
}

// If runs Then or Else.
type If struct {
	Cond *script.Program
	Then []Stmt
	Else []Stmt
}

func (s *If) run(w *Worker, m *message.Message) bool {
	if s.Cond.Bool(m, w.props) {
		return w.run(s.Then, m)
	}
	return w.run(s.Else, m)
}

// Selector runs Then for messages of the facilities and severities of Sel.
type Selector struct {
	Sel  selector.Selector
	Then []Stmt
}

func (s *Selector) run(w *Worker, m *message.Message) bool {
	return s.Sel.Match(m.PRI) && w.run(s.Then, m)
}

// Filter runs Then for messages that a property filter matches.
type Filter struct {
	Filter *property.Filter
	Then   []Stmt
}

func (s *Filter) run(w *Worker, m *message.Message) bool {
	return s.Filter.Match(m, w.props) && w.run(s.Then, m)
}

// Set is set $x = v; or reset $x = v;
type Set struct {
	Target *script.Target
	Value  *script.Program
	Reset  bool
}

func (s *Set) run(w *Worker, m *message.Message) bool {
	s.Target.Assign(m, w.props, s.Value.Eval(m, w.props), s.Reset)
	return false
}

// Unset is unset $x;
type Unset struct {
	Target *script.Target
}

func (s *Unset) run(w *Worker, m *message.Message) bool {
	s.Target.Unset(m, w.props)
	return false
}

// Foreach runs Body for each element of a collection, with Var set to it.
type Foreach struct {
	Var  *script.Target
	In   *script.Program
	Body []Stmt
}

func (s *Foreach) run(w *Worker, m *message.Message) bool {
	stop := false
	s.In.Eval(m, w.props).Each(func(v script.Value) bool {
		// Loops within loops over what a sender wrote may take longer than a stop.
		if w.ctx.Err() != nil {
			w.interrupted, stop = true, true
			return false
		}
		s.Var.Assign(m, w.props, v, true)
		stop = w.run(s.Body, m)
		return !stop
	})
	s.Var.Unset(m, w.props)
	return stop
}

// ReloadLookupTable reads a lookup table again, in the background.
type ReloadLookupTable struct {
	Tables *lookup.Set
	Table  *lookup.Table
	// Stub, if not nil, is what every lookup gives when the file cannot be read.
	Stub *string
}

func (s *ReloadLookupTable) run(*Worker, *message.Message) bool {
	s.Tables.Reload(s.Table, s.Stub)
	return false
}

// Stop ends processing of the message.
type Stop struct{}

func (Stop) run(*Worker, *message.Message) bool { return true }

// Call runs another ruleset, or enqueues the message for it when it has a
// queue. Without a Ruleset, which an unknown name leaves, it does nothing.
type Call struct {
	Ruleset *Ruleset
}

func (s *Call) run(w *Worker, m *message.Message) bool {
	return s.Ruleset != nil && w.call(s.Ruleset, m)
}

// CallIndirect is Call with the name computed for each message.
type CallIndirect struct {
	Name *script.Program
}

func (s *CallIndirect) run(w *Worker, m *message.Message) bool {
	name := s.Name.Eval(m, w.props).String()
	rs := w.router.Rulesets[name]
	if rs == nil {
		w.router.Unknown(name)
		return false
	}
	return w.call(rs, m)
}

func (w *Worker) call(rs *Ruleset, m *message.Message) bool {
	if rs.Queue != nil {
		if w.calls == nil {
			w.calls = map[*Ruleset]*message.Batch{}
		}
		b := w.calls[rs]
		if b == nil {
			b = message.NewBatch(nil)
			b.Ruleset, b.Received, b.Flow = rs.Name, w.batch.Received, w.batch.Flow
			w.calls[rs] = b
		}
		b.AddCopy(m)
		return false
	}
	if w.depth >= maxCallDepth && !w.tooDeep {
		w.tooDeep = true
		if w.router.TooDeep != nil {
			w.router.TooDeep(rs.Name)
		}
	}
	if w.tooDeep {
		return false
	}
	w.depth++
	stop := w.run(rs.Body, m)
	w.depth--
	return stop
}
