package lint

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/internal/inet"
)

// maxPort is the highest port of UDP and TCP.
const maxPort = 65535

// port looks for ports that can not be.
func (l *linter) port(o *object) {
	if text, ok := o.legacy(); ok && l.legacyTarget(o, text) {
		return
	}
	for _, port := range o.values["port"] {
		n, err := strconv.Atoi(port)
		switch {
		case err == nil && (n < 0 || n > maxPort):
			l.diags.Notef(o.place("port"), "there is no port %s, the highest is %d", port, maxPort).
				Hint = "write the port that is meant, 514 is the usual one"
		case err != nil && strings.ContainsAny(port, ":/ "):
			l.diags.Notef(o.place("port"), "%q is no port", port).Hint = "write a number, or the name of a service"
		}
	}
}

// forward is a legacy action that forwards: the sign, the host, and what stands behind
// the colon.
var forward = regexp.MustCompile(`^(@@?|:omrelp:)(?:\([^)]*\))?(\[[^\]]*\]|[^;:#\s\[]*)(:[^;#\s]*)?`)

// legacyTarget looks at @host:port for what is neither a host nor a port, and
// reports whether it found something.
func (l *linter) legacyTarget(o *object, text string) bool {
	m := forward.FindStringSubmatch(text)
	if m == nil || m[3] == "" {
		return false
	}
	sign, host, port := m[1], m[2], m[3][1:]
	number := port[:len(port)-len(strings.TrimLeft(port, "0123456789"))]
	if number == port && port != "" {
		return false
	}
	if addr, ok := bracketed(host + ":" + port); ok {
		l.diags.Notef(o.rng, "an IPv6 address ends at its first colon here: the host is %q", host).Hint = "write " + sign + addr
		return true
	}
	d := l.diags.Notef(o.rng, "%q is no port, what stands behind the number has no effect", port)
	d.Hint = fmt.Sprintf("write %s%s:%s", sign, host, number)
	switch _, rest, _ := strings.Cut(port, ":"); {
	case port == "":
		d.Text = "no port stands behind the colon, 514 is used; rsyslogd sends nothing then"
		d.Hint = fmt.Sprintf("write %s%s:514", sign, host)
	case number == "":
		d.Text, d.Hint = l.service(sign, host, port)
	case rest == "tcp" || rest == "udp":
		d.Hint = fmt.Sprintf("write %s%s:%s, @ is for UDP and @@ for TCP", map[string]string{"udp": "@", "tcp": "@@"}[rest], host, number)
	}
	return true
}

// service says what becomes of a port that is a name.
func (l *linter) service(sign, host, name string) (text, hint string) {
	network := "tcp"
	if sign == "@" {
		network = "udp"
	}
	n, err := net.LookupPort(network, name)
	if err != nil {
		return fmt.Sprintf("%q is no port and no service, nothing can be sent", name), fmt.Sprintf("write %s%s:514", sign, host)
	}
	return fmt.Sprintf("the service %q is port %d; rsyslogd sends nothing, since it takes numbers only here", name, n),
		fmt.Sprintf("write %s%s:%d", sign, host, n)
}

// bracketed writes an IPv6 address with its port, if text is one.
func bracketed(text string) (string, bool) {
	if i := strings.LastIndexByte(text, ':'); i > 0 {
		n, err := strconv.Atoi(text[i+1:])
		if addr, bad := netip.ParseAddr(text[:i]); bad == nil && err == nil && n <= maxPort && addr.Is6() {
			return fmt.Sprintf("[%s]:%d", addr, n), true
		}
	}
	if addr, err := netip.ParseAddr(text); err == nil && addr.Is6() {
		return fmt.Sprintf("[%s]", addr), true
	}
	return "", false
}

// target looks for what is no host.
func (l *linter) target(o *object) {
	given := o.given("target")
	if given == nil {
		return
	}
	for _, item := range given.Value.Items {
		text := item.Text
		if _, err := netip.ParseAddr(text); err == nil {
			continue
		}
		host, port, err := net.SplitHostPort(text)
		scheme, rest, isURL := strings.Cut(text, "://")
		switch {
		case strings.TrimSpace(text) == "":
			l.diags.Notef(item.Range(), "the target is empty, nothing can be sent").Hint = `write target="host"`
		case isURL:
			l.diags.Notef(item.Range(), "%q is no name of a host", text).
				Hint = fmt.Sprintf(`write target=%q protocol=%q`, strings.TrimRight(rest, "/"), scheme)
		case err == nil:
			l.diags.Notef(item.Range(), "%q is no name of a host: the port has a parameter of its own", text).
				Hint = fmt.Sprintf(`write target=%q port=%q`, host, port)
		case strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]"):
			l.diags.Notef(item.Range(), "%q is no name of a host: an address has no brackets here", text).
				Hint = fmt.Sprintf(`write target=%q`, strings.Trim(text, "[]"))
		case strings.ContainsAny(text, "/, "):
			l.diags.Notef(item.Range(), "%q is no name of a host", text).Hint = `several are written target=["one", "two"]`
		}
	}
}

// transports are those that inputs receive by.
var transports = map[string]string{"imudp": "udp", "imtcp": "tcp", "imptcp": "tcp", "imrelp": "tcp"}

// samePort looks for inputs that want the same port.
func (l *linter) samePort(inputs []*object) {
	for i, o := range inputs {
		for _, port := range o.values["port"] {
			j := slices.IndexFunc(inputs[:i], func(p *object) bool {
				return transports[o.module] != "" && transports[p.module] == transports[o.module] &&
					slices.Contains(p.values["port"], port) && meet(o.first("address"), p.first("address"))
			})
			if j < 0 || port == "0" {
				continue
			}
			d := l.diags.Notef(o.place("port"), "another input has %s port %s already", transports[o.module], port)
			d.Related = []diag.Related{{Range: inputs[j].place("port"), Text: "the first one"}}
			d.Hint = "take one of them out, or give it another port or address"
		}
	}
}

// meet reports whether sockets of these addresses are in each other's way.
func meet(a, b string) bool {
	anyOf := func(s string) bool { return s == "" || s == "*" || s == "0.0.0.0" || s == "::" }
	return anyOf(a) || anyOf(b) || a == b
}

// toOneself looks for actions that send to an input whose messages come to them again.
func (l *linter) toOneself(inputs, actions []*object) {
	reached := l.reachedActions()
	for _, a := range actions {
		protocol := a.first("protocol")
		switch a.module {
		case "omrelp":
			protocol = "relp"
		case "omfwd":
		default:
			continue
		}
		for i, target := range a.values["target"] {
			port := "514"
			if ports := a.values["port"]; len(ports) > 0 && ports[min(i, len(ports)-1)] != "" {
				port = ports[min(i, len(ports)-1)]
			}
			for n, in := range inputs {
				if l.isOneself(target, in.first("address")) && receives(in, protocol, port) &&
					slices.Contains(reached[l.rulesetOf(l.cfg.Inputs[n])], a.node) {
					d := l.diags.Notef(a.place("target"), "this is the server itself: what comes in at port %s is sent there again, without end", port)
					d.Related = []diag.Related{{Range: in.place("port"), Text: "the input"}}
					d.Hint = "name another host, or give the input a ruleset of its own"
					break
				}
			}
		}
	}
}

// receives reports whether an input receives what is sent to the port.
func receives(in *object, protocol, port string) bool {
	relp := in.module == "imrelp"
	return slices.Contains(in.values["port"], port) && (relp && protocol == "relp" || !relp && transports[in.module] == protocol)
}

// isOneself reports whether the target is this host, where an input with that
// address receives.
func (l *linter) isOneself(target, address string) bool {
	if strings.EqualFold(target, "localhost") || l.host.Name != "" && strings.EqualFold(target, l.host.Name) {
		return true
	}
	target = inet.Host(target)
	addr, err := netip.ParseAddr(target)
	return err == nil && (addr.IsLoopback() || target == address) && (meet(address, "") && addr.IsLoopback() || meet(target, address))
}

// reachedActions maps the names of rulesets to the actions that their messages
// come to, through calls as well.
func (l *linter) reachedActions() map[string][]syntax.Node {
	own, calls := map[string][]syntax.Node{}, map[string][]string{}
	l.inRulesets(func(ruleset string, n syntax.Node) {
		switch n := n.(type) {
		case *syntax.ActionObject, *syntax.LegacyAction:
			own[ruleset] = append(own[ruleset], n)
		case *syntax.Call:
			calls[ruleset] = append(calls[ruleset], n.Name)
		}
	})
	reached := map[string][]syntax.Node{}
	for name := range own {
		reached[name] = nil
	}
	for _, r := range l.cfg.Rulesets {
		seen := map[string]bool{}
		var visit func(name string)
		visit = func(name string) {
			if !seen[name] {
				seen[name] = true
				reached[r.Name] = append(reached[r.Name], own[name]...)
				for _, next := range calls[name] {
					visit(next)
				}
			}
		}
		visit(r.Name)
	}
	return reached
}
