package engine

import (
	"errors"
	"log/slog"
	"net"
	"strings"
	"time"

	"syslogd/config"
	"syslogd/hosts"
	"syslogd/internal/barrier"
	"syslogd/listener"
	"syslogd/metrics"
	"syslogd/modify"
	"syslogd/router/property"
	"syslogd/store"
)

func newNames(g *config.Global, log *slog.Logger, guard *barrier.Barrier) *hosts.Names {
	opt := hosts.Options{EnableDNS: g.EnableDNS, PreserveFQDN: g.PreserveFQDN, LocalHostName: g.LocalHostName, Log: log.With("module", "names"), Barrier: guard}
	if g.LocalInterface != "" {
		ip, err := interfaceIP(g.LocalInterface)
		if err != nil {
			log.Error("the address of the interface is not known, local messages have 127.0.0.1", "interface", g.LocalInterface, "err", err)
		}
		opt.LocalIP = ip
	}
	if g.DNSCacheTTLEnable {
		opt.TTL = time.Duration(g.DNSCacheTTL) * time.Second
	}
	return hosts.New(opt)
}

// interfaceIP returns the first IPv4 address of a network interface, or else the
// first one it has.
func interfaceIP(name string) (string, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return "", err
	}
	addrs, err := i.Addrs()
	if err != nil {
		return "", err
	}
	first := ""
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		switch {
		case ok && n.IP.To4() != nil:
			return n.IP.String(), nil
		case ok && first == "":
			first = n.IP.String()
		}
	}
	if first == "" {
		return "", errors.New("it has no address")
	}
	return first, nil
}

// accessLists makes the $AllowedSender lists.
func accessLists(cfg *config.Config, log *slog.Logger) map[string]*listener.AccessList {
	out := map[string]*listener.AccessList{}
	for proto, entries := range cfg.Allowed {
		text := ""
		if cfg.Global.ACLWarn {
			text = map[string]string{"UDP": "UDP message from disallowed sender discarded", "TCP": "connection request from disallowed sender discarded"}[proto]
		}
		list, err := listener.ParseAccessList(entries, text, log)
		if err != nil {
			log.Error("access list can not be used, nobody is permitted", "err", err)
			list, _ = listener.ParseAccessList(nil, text, log)
		}
		out[proto] = list
	}
	return out
}

// newContext returns what a worker needs to evaluate properties.
func (e *Engine) newContext() *property.Context {
	return &property.Context{
		LocalHost: e.names.Host, Globals: &e.globals,
		ExactCase: e.cfg.Global.CaseSensitive, CompactJSON: e.cfg.Global.CompactJSON, Clock: e.env.Now,
	}
}

// modifierStats are rsyslogd's counters of an action that changes messages.
func modifierStats(name string, m *modify.Instance) []*metrics.Stats {
	return []*metrics.Stats{{Name: name, Origin: "core.action", Counters: []metrics.Stat{
		{Name: "processed", Read: func() uint64 { return m.Processed.Value() + m.Failed.Value() }},
		metrics.StatOf("failed", &m.Failed), metrics.NoStat("suspended"), metrics.NoStat("suspended.duration"), metrics.NoStat("resumed"),
	}}}
}

// storeObject describes the files on disk to the metrics.
func storeObject(s *store.Store) *metrics.Object {
	number := func(name, help string, kind metrics.Kind, get func(store.Stats) int64) metrics.Number {
		return metrics.Number{Name: name, Help: help, Kind: kind, Read: func() float64 { return float64(get(s.Stats())) }}
	}
	return &metrics.Object{Numbers: []metrics.Number{
		number("files_open", "Files that are open.", metrics.Gauge, func(s store.Stats) int64 { return int64(s.OpenFiles) }),
		number("files_bytes_written_total", "Bytes written to files.", metrics.Count, func(s store.Stats) int64 { return int64(s.Bytes) }),
		number("files_writes_total", "Calls of write(2).", metrics.Count, func(s store.Stats) int64 { return int64(s.Writes) }),
		number("files_records_lost_total", "Records that could not be kept.", metrics.Count, func(s store.Stats) int64 { return int64(s.Lost) }),
		number("files_records_diverted_total", "Records that went to an overflow file, because their senders make too many files.",
			metrics.Count, func(s store.Stats) int64 { return int64(s.Diverted) }),
		number("files_panics_total", "Panics that were caught where something was done to a file, which is tried again.",
			metrics.Count, func(s store.Stats) int64 { return int64(s.Panics) }),
		number("files_rotations_total", "Files that were rotated.", metrics.Count, func(s store.Stats) int64 { return int64(s.Rotations) }),
	}}
}

// Listening is a place where an input receives.
type Listening struct {
	// Input is the parameter name of the input, or else the name of its module.
	Input string
	Addr  net.Addr
	// TLS is set where senders must encrypt.
	TLS bool
}

// Listening returns where the server receives.
func (e *Engine) Listening() []Listening {
	var out []Listening
	for _, in := range e.inputs {
		if !in.opened {
			continue
		}
		if l, ok := in.Input.(listener.Bound); ok {
			encrypted, _ := in.Input.(listener.Encrypted)
			for _, a := range l.Addrs() {
				out = append(out, Listening{in.name, a, encrypted != nil && encrypted.Encrypted()})
			}
		}
	}
	return out
}

// Read is what an input reads that has no socket.
type Read struct {
	// Input is as in Listening, From what it reads, "" when its name says that.
	Input, From string
}

// Reading returns what the server reads beside sockets.
func (e *Engine) Reading() []Read {
	var out []Read
	for _, in := range e.inputs {
		if _, bound := in.Input.(listener.Bound); bound || !in.opened {
			continue
		}
		from := ""
		if s, ok := in.Input.(listener.Source); ok {
			from = s.Source()
		}
		out = append(out, Read{in.name, from})
	}
	return out
}

// Destinations returns where messages go, for people: "omfile /var/log/syslog".
// A file whose name is made by a template is shown as the template's outline.
func (e *Engine) Destinations() []string {
	var out []string
	seen := map[string]bool{}
	for _, a := range e.cfg.Actions {
		if a.Delivery == nil {
			continue
		}
		text := a.Module.Name
		if p, ok := a.Delivery.Output().(interface{ Path() string }); ok {
			text += " " + e.pathText(p.Path())
		}
		if !seen[text] {
			seen[text] = true
			out = append(out, text)
		}
	}
	return out
}

func (e *Engine) pathText(path string) string {
	name, dynamic := strings.CutPrefix(path, "?")
	if !dynamic {
		return path
	}
	if t := e.cfg.Templates.Lookup(name); t != nil {
		return t.Outline()
	}
	return path
}

// HasActions reports whether the configuration has an action that rsyslogd
// counts; see config.Config.HasActions.
func (e *Engine) HasActions() bool { return e.cfg.HasActions }
