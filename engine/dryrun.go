package engine

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"syslogd/config"
	"syslogd/internal/diag"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/output"
	"syslogd/parser"
	"syslogd/parser/frame"
	"syslogd/router"
	"syslogd/router/property"
)

// DryRun runs messages through a configuration and delivers nothing: no socket
// is opened, no file written, nothing sent, no queue used. It belongs to one
// goroutine.
type DryRun struct {
	e      *Engine
	worker *router.Worker
	watch  Watcher
	inputs []*input
	now    func() time.Time
}

// Watcher is told what happens to a message in a DryRun.
type Watcher interface {
	router.Tracer
	// Parsed is called when the fields of a message are known.
	Parsed(m *Parsed)
	// Delivered is called instead of a delivery.
	Delivered(d Delivered)
}

// Parsed is a message with its fields, valid until Parsed returns.
type Parsed struct {
	*message.Message
	Props *property.Context
	// Frame is the message's bytes as they came, without framing.
	Frame []byte
	// Framing says how the message was found: what was odd in front of it comes first.
	Framing []string
	// Parser is the name of the parser that read it, "" if none did; Why is what the
	// parser says to it.
	Parser, Why string
	By          parser.By
	// Ruleset is where it goes.
	Ruleset string
}

// Delivered is what an action would have delivered of one message.
type Delivered struct {
	Action *config.Action
	// Where is the file, or the name of the module.
	Where string
	Text  []byte
}

// NewDryRun builds a DryRun of cfg, which is used up: it must not be given to New.
func NewDryRun(cfg *config.Config, env Env, watch Watcher, diags *diag.List) (*DryRun, error) {
	cfg.Requests.DryRun = true
	e := New(cfg, env, diags)
	d := &DryRun{e: e, watch: watch, inputs: e.inputs, now: e.env.Now}
	e.router.Barrier = nil
	for _, rs := range e.router.Rulesets {
		rs.Queue = nil
	}
	for _, a := range cfg.Actions {
		switch {
		case a.Modifier != nil:
			if s, ok := a.Modifier.Modifier().(output.Starter); ok {
				if err := s.Start(); err != nil {
					return nil, fmt.Errorf("action %s: %w", a.Name, err)
				}
			}
		case a.Delivery != nil:
			a.Queue, a.Action.Queue, a.Watched = nil, nil, true
			a.Policy.Errors, a.Policy.Barrier, a.Policy.StateFile = nil, nil, ""
			a.Delivery = output.NewDelivery(&pretended{d, a, a.Delivery.Output()}, a.Policy, env.Log, e.env.Now)
		}
	}
	d.worker = e.router.NewWorker(context.Background())
	d.worker.Tracer = watch
	return d, nil
}

// Close ends what modules have started.
func (d *DryRun) Close() error { return d.e.Stop(context.Background()) }

// Inputs are the names of the configuration's inputs.
func (d *DryRun) Inputs() []string {
	var out []string
	for _, in := range d.inputs {
		out = append(out, in.name)
	}
	return out
}

// Input is how bytes come in.
type Input struct {
	Name    string
	Ruleset string
	Stream  bool

	reading listener.Reading
}

// Input returns the input of that name, or of a module of that name. Without a
// name it is the first of the configuration that receives from the network, UDP
// before others, or else the first that can be given something; a configuration
// with none is asked as imudp bound to the default ruleset would ask it.
func (d *DryRun) Input(name string) (*Input, error) {
	if name == "" {
		name = d.usualInput()
	}
	for _, in := range d.inputs {
		if !strings.EqualFold(in.name, name) && !strings.EqualFold(in.conf.Module.Name, name) {
			continue
		}
		r, ok := in.Input.(listener.Reader)
		if !ok {
			return nil, fmt.Errorf("input %s reads nothing that could be given here", in.name)
		}
		reading, err := r.Reading()
		if err != nil {
			return nil, err
		}
		return &Input{Name: in.name, Ruleset: in.submit.Ruleset, Stream: reading.Frame != nil, reading: reading}, nil
	}
	if name != "" {
		if s := diag.Suggest(name, d.Inputs()); s != "" {
			return nil, fmt.Errorf("there is no input %q, did you mean %q?", name, s)
		}
		return nil, fmt.Errorf("there is no input %q; there are: %s", name, strings.Join(d.Inputs(), ", "))
	}
	return &Input{Name: "imudp", reading: listener.Reading{Origin: &message.Origin{Name: "imudp"}}}, nil
}

// usualInput is the name of the input to take when none is named, or "".
func (d *DryRun) usualInput() string {
	for _, module := range []string{"imudp", "imtcp", "imptcp", "imrelp"} {
		for _, in := range d.inputs {
			if in.conf.Module.Name == module {
				return in.name
			}
		}
	}
	for _, in := range d.inputs {
		if _, ok := in.Input.(listener.Reader); ok {
			return in.name
		}
	}
	return ""
}

// Run runs data as if in had received it from the sender: one datagram, or all
// of a stream. It returns what the stream has behind its last message.
func (d *DryRun) Run(in *Input, from netip.Addr, data []byte) (left []string) {
	if !in.Stream {
		how := "one datagram, %d bytes"
		if in.reading.Add != nil {
			how = "%d bytes, without framing"
		}
		d.message(in, from, data, []string{fmt.Sprintf(how, len(data))})
		return nil
	}
	frames := frame.NewReader(in.reading.Frame)
	counted := false // by a count that an event told of
	for buf := append([]byte(nil), data...); ; {
		text, advance, ev := frames.Next(buf, true)
		if ev.Kind != 0 {
			left = append(left, ev.String())
			counted = ev.Counted()
		}
		if len(text) > 0 {
			how := delimited(buf[:advance], text)
			if counted {
				how = fmt.Sprintf("%d bytes by this count", len(text))
			}
			d.message(in, from, text, append(left, how))
			left, counted = nil, false
		}
		buf = buf[advance:]
		if advance == 0 && len(text) == 0 && ev.Kind == 0 {
			return left
		}
	}
}

// delimited says how a frame was found in the bytes that were read for it.
func delimited(read, text []byte) string {
	i := bytes.LastIndex(read, text)
	before, behind := read[:max(i, 0)], read[max(i, 0)+len(text):]
	switch {
	case len(behind) > 0 && behind[0] == '\n':
		return fmt.Sprintf("%d bytes up to a line feed", len(text))
	case len(behind) > 0 && behind[0] == 0:
		return fmt.Sprintf("%d bytes up to a NUL", len(text))
	case len(behind) > 0:
		return fmt.Sprintf("%d bytes up to %q", len(text), behind[:1])
	case len(before) > 0 && before[len(before)-1] == ' ' && len(bytes.TrimLeft(bytes.TrimSpace(before), "0123456789")) == 0:
		return fmt.Sprintf("octet-counted: %s, then %d bytes", bytes.TrimSpace(before), len(text))
	}
	return fmt.Sprintf("%d bytes, no delimiter behind them", len(text))
}

func (d *DryRun) message(in *Input, from netip.Addr, text []byte, framing []string) {
	peer := in.reading.Sender
	switch {
	case from.IsValid():
		peer = d.e.names.Peer(from, false)
	case peer == nil:
		peer = d.e.names.Local()
	}
	b := message.NewBatch(nil)
	b.Ruleset, b.Received = in.Ruleset, d.now()
	var m *message.Message
	if in.reading.Add != nil {
		m = in.reading.Add(b, text)
	} else {
		m = b.Add(append([]byte(nil), text...), in.reading.Origin, peer)
	}
	b.StampReceived()
	rs := d.e.router.Ruleset(b.Ruleset)
	p := &Parsed{Message: m, Frame: text, Framing: framing, Ruleset: rs.Name, Props: d.e.newContext()}
	p.By = rs.Parser.(*parser.Parser).ParseBy(b, m)
	if p.By >= 0 {
		p.Parser = d.parserName(rs, int(p.By))
		if x, ok := d.e.parsers[strings.ToLower(p.Parser)].(interface {
			Explain(m *message.Message) string
		}); ok {
			p.Why = x.Explain(m)
		}
	}
	d.watch.Parsed(p)
	d.worker.Run(b)
}

func (d *DryRun) parserName(rs *router.Ruleset, i int) string {
	names := parser.DefaultChainNames()
	for _, r := range d.e.cfg.Rulesets {
		if r.Ruleset == rs && len(r.Parsers) > 0 {
			names = r.Parsers
		}
	}
	return names[i]
}

// pretended stands in the place of an output.
type pretended struct {
	d      *DryRun
	action *config.Action
	out    output.Output
}

func (p *pretended) Write(_ context.Context, b *output.Batch) error {
	for i := range b.Len() {
		d := Delivered{Action: p.action, Where: p.action.Module.Name, Text: b.Parts[0].At(i)}
		if x, ok := p.out.(output.Explainer); ok {
			d.Where, d.Text = x.Explain(b, i)
		}
		p.d.watch.Delivered(d)
	}
	return nil
}

func (p *pretended) Close() error { return p.out.Close() }
