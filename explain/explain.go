// Package explain says what a configuration does with a message, and why: how
// the bytes were read, which statements they passed with which result, and what
// would be written where. Nothing is written.
package explain

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"syslogd/config"
	"syslogd/config/syntax"
	"syslogd/engine"
	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/parser"
	"syslogd/router/property"
	"syslogd/router/script"
	"syslogd/router/selector"
)

// Message is what is known of one message.
type Message struct {
	Frame string `json:"frame"`
	Input string `json:"input"`
	// Framing says how the message was found in what was received.
	Framing []string `json:"framing"`
	Parser  string   `json:"parser"`
	// RFC5424 and RFC3164 are the verdicts of a strict parser: "conformant", or
	// where the message departs from the standard.
	RFC5424    string     `json:"rfc5424"`
	RFC3164    string     `json:"rfc3164"`
	Properties []Property `json:"properties"`
	Ruleset    string     `json:"ruleset"`
	Steps      []*Step    `json:"steps"`
}

// Property is a named part of the message.
type Property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Step is a statement that the message came to.
type Step struct {
	// At is file:line:column, Source the line there.
	At     string `json:"at"`
	Source string `json:"source"`
	// Result is what came of it: "yes" and "no" for conditions.
	Result string `json:"result,omitempty"`
	// Because are the parts of a condition that decided it, or what was looked at.
	Because []string `json:"because,omitempty"`
	Writes  []Write  `json:"writes,omitempty"`
	Steps   []*Step  `json:"steps,omitempty"`
}

// Write is what an action would have delivered.
type Write struct {
	Action string `json:"action"`
	Where  string `json:"where"`
	Text   string `json:"text"`
}

// Explainer runs messages through a configuration. It belongs to one goroutine.
type Explainer struct {
	run   *engine.DryRun
	cfg   *config.Config
	input string

	messages []*Message
	open     []*Step // the statements that the message is in
}

// New builds an Explainer of cfg, which must have been loaded with
// config.Options.Trace and is used up.
func New(cfg *config.Config, env engine.Env, diags *diag.List) (*Explainer, error) {
	x := &Explainer{cfg: cfg}
	var err error
	x.run, err = engine.NewDryRun(cfg, env, x, diags)
	return x, err
}

// Close ends what modules have started.
func (x *Explainer) Close() error { return x.run.Close() }

// Stream reports whether the named input reads a stream: then a line feed at the
// end of the data ends a message.
func (x *Explainer) Stream(input string) bool {
	in, err := x.run.Input(input)
	return err == nil && in.Stream
}

// Explain runs data as if the named input had received it from the sender, and
// returns what became of its messages. Without a name it is the input that
// engine.DryRun.Input chooses, and data is a message even if that is a stream and
// no line feed ends it. Bytes at the end of a stream that are no message come
// last, with Framing alone.
func (x *Explainer) Explain(input string, from netip.Addr, data []byte) ([]*Message, error) {
	in, err := x.run.Input(input)
	if err != nil {
		return nil, err
	}
	if input == "" && in.Stream && !bytes.HasSuffix(data, []byte("\n")) {
		data = append(slices.Clone(data), '\n')
	}
	x.messages, x.open, x.input = nil, nil, in.Name
	if left := x.run.Run(in, from, data); len(left) > 0 {
		x.messages = append(x.messages, &Message{Input: x.input, Framing: left})
	}
	return x.messages, nil
}

// properties are those that the table shows, in this order.
var properties = []string{"timereported", "timegenerated", "hostname", "fromhost", "fromhost-ip", "syslogfacility-text", "syslogseverity-text",
	"pri", "syslogtag", "programname", "app-name", "procid", "msgid", "structured-data", "msg", "rawmsg", "protocol-version", "inputname"}

// Parsed implements engine.Watcher.
func (x *Explainer) Parsed(p *engine.Parsed) {
	m := &Message{Frame: string(p.Frame), Input: x.input, Framing: p.Framing, Ruleset: p.Ruleset, Parser: p.Parser}
	if p.Why != "" {
		m.Parser += ": " + p.Why
	}
	switch p.By {
	case parser.ByNobody:
		m.Parser = "none: no parser of the ruleset takes the message, it is dropped"
	case parser.ByEmpty:
		m.Parser = "none: the message is empty, it is dropped"
	case parser.ByInvalidPRI:
		m.Parser = "none: the priority can not be understood, the whole text is the message"
	case parser.ByInput:
		m.Parser = "none: the input knows the fields"
	case parser.ByLocalSocket:
		m.Parser = "the form that syslog(3) writes to a local socket"
	}
	m.RFC5424, m.RFC3164 = verdict5424(p.Frame), verdict3164(p.Frame)
	for _, name := range properties {
		prop, err := property.Resolve(name)
		if err != nil {
			continue
		}
		m.Properties = append(m.Properties, Property{name, string(prop.Append(nil, p.Message, p.Props))})
	}
	x.messages = append(x.messages, m)
	x.open = nil
}

// Enter implements router.Tracer.
func (x *Explainer) Enter(n syntax.Node, m *message.Message, props *property.Context) func(stops bool) {
	s := &Step{At: n.Range().Start.String(), Source: sourceLine(n)}
	x.describe(s, n, m, props)
	if len(x.open) > 0 {
		outer := x.open[len(x.open)-1]
		outer.Steps = append(outer.Steps, s)
	} else {
		last := x.messages[len(x.messages)-1]
		last.Steps = append(last.Steps, s)
	}
	x.open = append(x.open, s)
	return func(stops bool) {
		x.open = x.open[:len(x.open)-1]
		if _, isStop := n.(*syntax.Stop); isStop {
			s.Result = "the message ends here"
		}
		x.after(s, n, m, props)
	}
}

// Delivered implements engine.Watcher.
func (x *Explainer) Delivered(d engine.Delivered) {
	if len(x.open) > 0 {
		s := x.open[len(x.open)-1]
		s.Writes = append(s.Writes, Write{d.Action.Name, d.Where, string(d.Text)})
	}
}

func sourceLine(n syntax.Node) string {
	p := n.Range().Start
	if !p.IsValid() {
		return ""
	}
	lines := strings.SplitAfterN(string(p.Src.Text), "\n", p.Line+1)
	if len(lines) < p.Line {
		return ""
	}
	return strings.TrimSpace(lines[p.Line-1])
}

// describe says what a statement decides, before it runs.
func (x *Explainer) describe(s *Step, n syntax.Node, m *message.Message, props *property.Context) {
	switch n := n.(type) {
	case *syntax.If:
		v, because := x.condition(n.Cond, m, props)
		s.Result, s.Because = yesNo(v), append(because, notSent(n.Cond)...)
	case *syntax.PRIFilter:
		if sel, ok := selector.Parse(n.Text, n.Range(), &diag.List{}); ok {
			s.Result = yesNo(sel.Match(m.PRI))
			s.Because = []string{fmt.Sprintf("the message is %s.%s", m.PRI.Facility(), m.PRI.Severity())}
		}
	case *syntax.PropFilter:
		f, err := property.CompileFilter(n.Property, n.Op, n.Value, n.Negate, x.cfg.Regexps)
		if err != nil {
			return
		}
		s.Result = yesNo(f.Match(m, props))
		if p, err := property.Resolve(n.Property); err == nil {
			s.Because = []string{fmt.Sprintf("%s is %q", n.Property, p.Append(nil, m, props))}
		}
	}
}

// after says what a statement did.
func (x *Explainer) after(s *Step, n syntax.Node, m *message.Message, props *property.Context) {
	switch n := n.(type) {
	case *syntax.Set:
		s.Result = fmt.Sprintf("$%s = %q", n.Var.Name, x.value(n.Var, m, props).String())
		s.Because = append(s.Because, notSent(n.Value)...)
	case *syntax.Unset:
		s.Result = fmt.Sprintf("$%s is unset", n.Var.Name)
	case *syntax.ActionObject, *syntax.LegacyAction:
		if s.Writes == nil {
			s.Result = "nothing is written"
		}
	}
}

// notSent says so where e has requests: their values are not what they would be.
func notSent(e syntax.Expr) (list []string) {
	syntax.Inspect(e, func(n syntax.Node) bool {
		if f, ok := n.(*syntax.FuncCall); ok && strings.EqualFold(f.Name, "http_request") && list == nil {
			list = []string{`http_request() sends nothing here, its value is ""`}
		}
		return true
	})
	return list
}

func yesNo(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}

func (x *Explainer) value(e syntax.Expr, m *message.Message, props *property.Context) script.Value {
	p := script.Compile(e, script.Env{Template: x.cfg.Templates.Lookup, Tables: x.cfg.Tables, Buckets: x.cfg.Buckets}, &diag.List{})
	if p == nil {
		return script.Value{}
	}
	return p.Eval(m, props)
}

// condition returns the truth of e and the parts that decided it: of an "and"
// that is false the first part that is, of an "or" that is true the first that is.
func (x *Explainer) condition(e syntax.Expr, m *message.Message, props *property.Context) (bool, []string) {
	switch e := e.(type) {
	case *syntax.Paren:
		return x.condition(e.X, m, props)
	case *syntax.Unary:
		if e.Op == "not" {
			v, because := x.condition(e.X, m, props)
			return !v, because
		}
	case *syntax.Binary:
		switch e.Op {
		case "and", "or":
			v, because := x.condition(e.X, m, props)
			if v == (e.Op == "or") {
				return v, because
			}
			w, more := x.condition(e.Y, m, props)
			if w == (e.Op == "or") {
				return w, more
			}
			return w, append(because, more...)
		}
		v := x.value(e, m, props).Bool()
		return v, []string{fmt.Sprintf("%s is %s%s", syntax.ExprString(e), truth(v), x.operands(m, props, e.X, e.Y))}
	}
	got := x.value(e, m, props)
	return got.Bool(), []string{fmt.Sprintf("%s is %q", syntax.ExprString(e), got.String())}
}

func truth(v bool) string {
	if v {
		return "true"
	}
	return "false"
}

// operands shows the values of operands that are not constants.
func (x *Explainer) operands(m *message.Message, props *property.Context, list ...syntax.Expr) string {
	var out []string
	for _, e := range list {
		switch e.(type) {
		case *syntax.Number, *syntax.String, *syntax.ArrayLit:
			continue
		}
		out = append(out, fmt.Sprintf("%s is %q", syntax.ExprString(e), x.value(e, m, props).String()))
	}
	if out == nil {
		return ""
	}
	return ": " + strings.Join(out, ", ")
}
