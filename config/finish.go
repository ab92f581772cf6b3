package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/parser"
	"syslogd/queue"
)

// finish resolves what may be named before it is defined, and judges the whole.
func (l *loader) finish() {
	for _, c := range l.calls {
		rs := l.rulesetNamed(c.name)
		if rs == nil {
			l.unknownRuleset(c.name, c.rng).Effect = "this call is ignored"
			continue
		}
		c.stmt.Ruleset = rs.Ruleset
	}
	if l.defaultName != "" {
		if rs := l.rulesetNamed(l.defaultName); rs != nil {
			l.cfg.Default = rs
		} else {
			l.unknownRuleset(l.defaultName, l.defaultRange).Effect = "the rules outside of rulesets are used"
		}
	}
	l.implicitInputs()
	for _, ir := range l.inputRules {
		if rs := l.rulesetNamed(ir.name); rs != nil {
			ir.input.Ruleset = rs
		} else {
			l.unknownRuleset(ir.name, ir.rng).Effect = "the default ruleset is used"
		}
	}
	l.sharedPorts()
	l.deviceParser()
	l.ownQueues()
	l.checkDefault()
	l.checkLimits()
	l.permittedRequests()
	l.checkModulesUsed()
	l.keepBuckets()
	l.finishQueues()
	g := &l.cfg.Global
	if g.MaxMessageSize < 128 {
		l.diags.Warnf(l.cfg.globalPlaces["maxMessageSize"], "maxMessageSize is %d, it can not be less than 128", g.MaxMessageSize).Effect = "128 is used"
		g.MaxMessageSize = 128
	}
	g.Parser.MaxMessageSize = int(g.MaxMessageSize)
}

// sharedPorts drops inputs for ports that later inputs of their module name, too:
// as in rsyslogd the last one gets the messages.
func (l *loader) sharedPorts() {
	taken := map[string]*Input{}
	kept := make([]*Input, len(l.cfg.Inputs))
	n := len(kept)
	for _, in := range slices.Backward(l.cfg.Inputs) {
		var last *Input
		free := false
		ports := in.ports()
		for _, p := range ports {
			if last = taken[p]; last == nil {
				free = true
			}
		}
		if len(ports) > 0 && !free {
			d := l.diags.Notef(in.Range, "a later input of %s has the same port", in.Module.Name)
			d.Related = []diag.Related{{Range: last.Range, Text: "it gets the messages"}}
			d.Effect = "this input is ignored"
			continue
		}
		for _, p := range ports {
			taken[p] = in
		}
		n--
		kept[n] = in
	}
	l.cfg.Inputs = kept[n:]
}

// ports name what the input listens on, comparable with those of other inputs.
func (i *Input) ports() (out []string) {
	where := i.Module.Name
	var ports []string
	for _, v := range i.Module.Instance.Values(i.Conf) {
		switch v.Name {
		case "port":
			ports = v.Items
		case "address", "networkNamespace":
			where += " " + v.Name + "=" + strings.Join(v.Items, ",")
		}
	}
	for _, p := range ports {
		if p != "0" && p != "" {
			out = append(out, where+":"+p)
		}
	}
	return out
}

// finishQueues judges the parameters of each queue together, now that all are known.
// permittedRequests reads httpRequest.permitted: networks, or addresses as they are.
// One that is not understood permits nothing.
func (l *loader) permittedRequests() {
	for _, text := range l.cfg.Global.RequestsPermitted {
		p, err := netip.ParsePrefix(text)
		if a, bad := netip.ParseAddr(text); err != nil && bad == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			d := l.diags.Errorf(l.cfg.globalPlaces["httpRequest.permitted"],
				"httpRequest.permitted: want an address or a network such as 10.0.0.0/8, found %q", text)
			d.Effect = "it permits nothing"
			p = netip.Prefix{} // contains no address
		}
		l.cfg.Requests.Permitted = append(l.cfg.Requests.Permitted, p)
	}
}

func (l *loader) finishQueues() {
	used := queue.Places{}
	workDir := l.cfg.Global.WorkDirectory
	l.cfg.MainQueue.SetSize(queue.DefaultSize)
	l.cfg.MainQueue.Finish("the main queue", l.mainQueueRange, workDir, used, l.diags)
	for _, rs := range l.cfg.Rulesets {
		if rs.Queue != nil {
			rs.Queue.Finish(fmt.Sprintf("the queue of ruleset %q", rs.Name), rs.Range, workDir, used, l.diags)
		}
	}
	for _, a := range l.cfg.Actions {
		if a.Queue != nil {
			a.Queue.Finish("the queue of action "+a.Name, a.Range, workDir, used, l.diags)
		}
	}
}

// checkDefault says which inputs receive for nothing: they name no ruleset, and
// the default one has no rules.
func (l *loader) checkDefault() {
	if len(l.cfg.Default.Body) > 0 || len(l.cfg.Rulesets) < 2 {
		return
	}
	for _, in := range l.cfg.Inputs {
		if in.Ruleset != nil || in.Node == nil {
			continue
		}
		if o, ok := in.Node.(*syntax.Object); ok && o.Param("ruleset") != nil {
			continue // an unknown one, which was reported
		}
		d := l.diags.Notef(in.Range, "this input names no ruleset, and no rules stand outside of rulesets")
		d.Hint, d.Effect = `ruleset="`+l.cfg.Rulesets[1].Name+`"`, "its messages are dropped"
	}
}

// deviceModule is the parser module that parser.devices turns on.
const deviceModule = "pmdevice"

// deviceParser gives rulesets that name no parsers the chain of parser.devices.
func (l *loader) deviceParser() {
	m := l.reg.Parsers[deviceModule]
	if !l.cfg.Global.Devices || m == nil {
		return
	}
	if l.cfg.modules[deviceModule] == nil {
		l.addParser(&loadedModule{name: deviceModule, parser: m})
	}
	for _, rs := range l.cfg.Rulesets {
		if len(rs.Parsers) == 0 {
			rs.Parsers = append([]string{m.Instances[0]}, parser.DefaultChainNames()...)
		}
	}
}
