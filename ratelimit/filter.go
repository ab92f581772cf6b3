package ratelimit

import (
	"sync"
	"time"

	"syslogd/message"
	"syslogd/parser"
	"syslogd/router/property"
)

// Filter applies a policy to the messages of one input, before they are queued.
type Filter struct {
	policy *Policy
	plain  Limit
	now    func() time.Time
	// sourcesOnly is set for inputs that apply the rest of the policy themselves.
	sourcesOnly bool

	mu    sync.Mutex // guards props and key
	parse func(b *message.Batch, m *message.Message)
	props *property.Context
	key   []byte
}

// NewFilter returns the filter of an input of that name. parse fills in the
// fields of a message and props evaluates properties, for the keys of sources.
func (p *Policy) NewFilter(name string, parse func(*message.Batch, *message.Message),
	props *property.Context, now func() time.Time,
) *Filter {
	f := &Filter{policy: p, parse: parse, props: props, now: now}
	f.plain.Policy, f.plain.Name, f.plain.Log = p, name, p.Log
	return f
}

// SourcesOnly makes f apply nothing but the limits of sources.
func (f *Filter) SourcesOnly() { f.sourcesOnly = true }

// Filter takes away the messages of b that may not pass.
func (f *Filter) Filter(b *message.Batch) {
	a := f.policy.Allowance()
	now := f.now()
	kept := b.Msgs[:0]
	f.mu.Lock()
	defer f.mu.Unlock()
	f.props.StartBatch()
	for i := range b.Msgs {
		m := &b.Msgs[i]
		if a.Sources != nil && !f.admitSource(b, m, a.Sources, now) {
			continue
		}
		if a.Interval > 0 && !f.sourcesOnly && severity(m) >= a.From && f.plain.Take(1, now) == 0 {
			continue
		}
		kept = append(kept, *m)
	}
	b.Cut(len(kept))
}

func (f *Filter) admitSource(b *message.Batch, m *message.Message, limits *SourceLimits, now time.Time) (admitted bool) {
	defer func() {
		if recover() != nil {
			// Whoever processes the message comes upon the same, and puts it aside.
			m.SetText(m.Raw())
			admitted = true
		}
	}()
	f.parse(b, m)
	f.key = limits.Key.Append(f.key[:0], m, f.props)
	return f.policy.sources.admit(f.key, limits, now)
}

// severity is that of a message that may not be parsed yet.
func severity(m *message.Message) message.Severity {
	if m.Flags&message.Parsed != 0 || m.Origin.Format == message.Structured {
		return m.PRI.Severity()
	}
	return parser.PRI(m.Raw()).Severity()
}
