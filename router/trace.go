package router

import (
	"syslogd/config/syntax"
	"syslogd/message"
	"syslogd/router/property"
)

// Tracer is told of every statement that a message comes to, for people who ask
// why it went where it went.
type Tracer interface {
	// Enter is called before the statement runs. The function it returns is
	// called afterwards; stops says that the message's way ends there.
	Enter(n syntax.Node, m *message.Message, props *property.Context) (leave func(stops bool))
}

// Traced is a statement that a Worker with a Tracer reports. Configurations have
// them only when they were loaded for that; others pay nothing.
type Traced struct {
	Stmt
	Node syntax.Node
}

func (s *Traced) run(w *Worker, m *message.Message) bool {
	if w.Tracer == nil {
		return s.Stmt.run(w, m)
	}
	leave := w.Tracer.Enter(s.Node, m, w.props)
	stops := s.Stmt.run(w, m)
	leave(stops)
	return stops
}
