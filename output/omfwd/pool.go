package omfwd

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"syslogd/internal/inet"
	"syslogd/tls"
)

// addTarget adds a server.
func (o *forwarder) addTarget(host, port string, priority uint16) error {
	t := &target{c: &o.Config, log: o.log, stats: &o.stats, lost: &o.lost, priority: priority,
		address: net.JoinHostPort(inet.Host(host), port), patience: directPatience, connect: directTime}
	if o.env.Queued {
		t.patience, t.connect = patience, connectTime
	}
	if g := o.env.Global; g.IPv4 != g.IPv6 {
		t.family = map[bool]string{true: "4", false: "6"}[g.IPv4]
	}
	var err error
	if t.tls, err = tls.Client(o.tlsOptions(o.env.Global), cmp.Or(o.RemoteSNI, host), o.log); err != nil {
		return err
	}
	o.targets = append(o.targets, t)
	return nil
}

// resolve finds the targets that an SRV name stands for. Those that were known
// before keep their connections.
func (o *forwarder) resolve(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	service, proto := "syslog", o.Protocol.String()
	if strings.HasPrefix(o.TargetSRV, "_") { // it names service and protocol itself
		service, proto = "", ""
	}
	_, records, err := o.srv(ctx, service, proto, o.TargetSRV)
	if err != nil {
		return err
	}
	old := o.targets
	o.targets = nil
	for _, r := range records {
		host, port := strings.TrimSuffix(r.Target, "."), strconv.Itoa(int(r.Port))
		address := net.JoinHostPort(host, port)
		if i := slices.IndexFunc(old, func(t *target) bool { return t.address == address }); i >= 0 {
			old[i].priority = r.Priority
			o.targets = append(o.targets, old[i])
			old = slices.Delete(old, i, i+1)
		} else if err := o.addTarget(host, port, r.Priority); err != nil {
			return err
		}
	}
	for _, t := range old {
		o.finish(t)
	}
	if len(o.targets) == 0 {
		return errors.New("the name has no servers")
	}
	return nil
}

// lightLoad is what a target may be behind and count as idle, in bytes.
const lightLoad = 64 << 10

// order is the targets in the order in which they are to be tried: those that do
// not rest, by SRV priority, then those that are less behind, then in turns.
func (o *forwarder) order() []*target {
	if len(o.targets) == 1 {
		return o.targets
	}
	type place struct {
		*target
		load uint64
	}
	var places []place
	now := o.now()
	for i := range o.targets {
		t := o.targets[(o.next+i)%len(o.targets)]
		if !now.Before(t.rest) || o.hurried.Load() {
			places = append(places, place{t, t.load() / lightLoad})
		}
	}
	o.next = (o.next + 1) % max(len(o.targets), 1)
	slices.SortStableFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(a.load, b.load))
	})
	list := make([]*target, len(places))
	for i, p := range places {
		list[i] = p.target
	}
	return list
}

// Hurry ends the rest of targets that failed: the server stops.
func (o *forwarder) Hurry() { o.hurried.Store(true) }

// deliver sends the backlog and f to a target that works. It returns how many
// frames of f are done.
func (o *forwarder) deliver(ctx context.Context, f frames) (done int, err error) {
	if o.TargetSRV != "" && !slices.ContainsFunc(o.targets, func(t *target) bool { return !o.now().Before(t.rest) }) {
		if err := o.resolve(ctx); err != nil {
			return 0, err
		}
	}
	var errs []error
	stalled := 0
	list := o.order()
	for _, t := range list {
		n, err := o.sendTo(ctx, t, f.view(done, f.len()))
		if done += n; err == nil {
			return done, nil
		}
		errs = append(errs, err)
		if errors.Is(err, errStalled) {
			stalled++
			continue
		}
		t.rest = o.now().Add(time.Duration(o.PoolResume) * time.Second)
	}
	switch {
	case len(errs) == 0:
		return done, errors.New("all targets failed a short time ago")
	case stalled == len(list):
		return done, errs[0]
	case stalled > 0: // wait for those that are there
		return done, errs[slices.IndexFunc(errs, func(e error) bool { return errors.Is(e, errStalled) })]
	}
	return done, errors.Join(errs...)
}

// sendTo sends the backlog and f to t. With rebindInterval a connection ends
// after so many messages.
func (o *forwarder) sendTo(ctx context.Context, t *target, f frames) (done int, err error) {
	for done < f.len() || o.backlog.len() > 0 {
		if o.Rebind > 0 && t.sent >= o.Rebind {
			o.finish(t)
		}
		if err := t.ready(ctx, &o.backlog); err != nil {
			return done, err
		}
		if o.backlog.len() > 0 {
			if err := o.sendBacklog(t); err != nil {
				return done, err
			}
			continue
		}
		end := f.len()
		if o.Rebind > 0 {
			end = min(end, done+o.Rebind-t.sent)
		}
		n, err := t.send(f.view(done, end), &o.backlog)
		if done += n; err == nil && o.env.Queued && len(o.targets) == 1 {
			left := 0
			left, err = t.taken(ctx, n, &o.backlog)
			done -= left
		}
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// sendBacklog sends what connections that ended may have lost.
func (o *forwarder) sendBacklog(t *target) error {
	again := o.backlog
	o.backlog = frames{}
	n, err := t.send(again, &o.backlog)
	if err != nil {
		o.backlog.add(again.view(n, again.len()))
	}
	return err
}
