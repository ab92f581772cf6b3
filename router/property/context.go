package property

import (
	"context"
	"sync"
	"time"

	"syslogd/message"
)

// Globals are the variables $/, shared by all workers.
type Globals struct {
	mu   sync.Mutex
	tree message.Tree
}

// Get returns a copy of the variable at path.
func (g *Globals) Get(path message.Path, exact bool) (message.Value, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	v := g.tree.Get(path, exact)
	if v == nil {
		return message.Value{}, false
	}
	return v.Clone(), true
}

// Set puts val at path; see message.Tree.Set. It reports whether there was room for it.
func (g *Globals) Set(path message.Path, val message.Value, reset, exact bool) (room bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tree.Set(path, val, reset, exact)
	return !g.tree.Refused()
}

// Unset takes the variable at path away.
func (g *Globals) Unset(path message.Path, exact bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tree.Unset(path, exact)
}

// Context is what properties need besides the message. Each worker has its own.
type Context struct {
	// LocalHost returns the local host name.
	LocalHost func() string
	Globals   *Globals
	// ExactCase compares names of variables with case.
	ExactCase bool
	// CompactJSON prints JSON without blanks.
	CompactJSON bool
	// Clock is the clock of $now and its like; nil is time.Now.
	Clock func() time.Time
	// PreviousActionSuspended answers previous_action_suspended().
	PreviousActionSuspended func() bool
	// Wait ends what a function waits for; nil never does.
	Wait context.Context
	// ScriptError is the code that script_error() returns.
	ScriptError int64

	// Exceeded is set when a value was cut or refused because it would have been too
	// large; the worker tells.
	Exceeded bool

	// Temp is memory for the users of properties, valid until they return.
	Temp []byte

	now     time.Time
	scratch []byte
	tag     []byte

	// What most messages have in common with the one before: stamp3164 is the
	// time that text3164 shows, stamp3339 is the second that text3339 shows, with
	// the zone behind it.
	stamp3164, stamp3339 message.Timestamp
	text3164             [len("Oct 11 22:14:15")]byte
	text3339             []byte
}

// AppendRFC3164 appends t as in RFC 3164, with a blank before a day below 10.
func (c *Context) AppendRFC3164(dst []byte, t *message.Timestamp) []byte {
	if *t != c.stamp3164 || c.text3164[0] == 0 {
		c.stamp3164 = *t
		t.AppendRFC3164(c.text3164[:0], false)
	}
	return append(dst, c.text3164[:]...)
}

// toSecond is the length of a time as in RFC 3339 without fraction and zone.
const toSecond = len("2003-10-11T22:14:15")

// AppendRFC3339 appends t as in RFC 3339.
func (c *Context) AppendRFC3339(dst []byte, t *message.Timestamp) []byte {
	second := *t
	second.Frac, second.Digits = 0, 0
	if second != c.stamp3339 || c.text3339 == nil {
		c.stamp3339 = second
		c.text3339 = second.AppendRFC3339(c.text3339[:0])
	}
	dst = append(dst, c.text3339[:toSecond]...)
	if t.Digits > 0 {
		dst = t.AppendFraction(append(dst, '.'))
	}
	return append(dst, c.text3339[toSecond:]...)
}

// StartBatch forgets the time. The clock is read once a batch: all uses inside one template
// share an instant, as in rsyslogd.
func (c *Context) StartBatch() { c.now = time.Time{} }

// Watch looks whether tree has refused a value since it was last looked at. It is for
// whoever has just changed tree: to ask the trees of every message would cost each a
// line of the processor's cache.
func (c *Context) Watch(tree *message.Tree) {
	if tree.Refused() {
		c.Exceeded = true
	}
}

// Now returns the time of processing, in local time.
func (c *Context) Now() time.Time {
	if c.now.IsZero() {
		if c.Clock != nil {
			c.now = c.Clock()
		} else {
			c.now = time.Now()
		}
	}
	return c.now
}
