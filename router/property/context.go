package property

import (
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

// Set puts val at path; see message.Tree.Set.
func (g *Globals) Set(path message.Path, val message.Value, reset, exact bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tree.Set(path, val, reset, exact)
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
	// ScriptError is the code that script_error() returns.
	ScriptError int64

	// Temp is memory for the users of properties, valid until they return.
	Temp []byte

	now     time.Time
	scratch []byte
	tag     []byte
}

// StartBatch forgets the time. received is when the batch arrived.
func (c *Context) StartBatch(time.Time) { c.now = time.Time{} }

// StartMessage begins a message. The clock is read once a batch: all uses
// inside one template share an instant, as in rsyslogd.
func (c *Context) StartMessage() {}

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
