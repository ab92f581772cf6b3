// Package omfwd forwards messages to other syslog servers over UDP, TCP or TLS.
//
// Over TCP a message counts as sent when the system has taken it, and is kept
// until the other side's system has acknowledged it: what a connection that ends
// has not delivered goes over the next one, in front of what is new.
package omfwd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"syslogd/internal/receipt"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/output"
	"syslogd/parser/frame"
	"syslogd/ratelimit"
	"syslogd/tls"
)

// Module describes omfwd to the registry.
var Module = describe()

func describe() *module.Output {
	m := module.NewOutput("omfwd", moduleParams, params, inherit, New)
	m.Builtin = true
	m.OwnQueue = func(c any) bool { return c.(*Config).Protocol == TCP }
	m.LegacyInherit = func(mod, inst any) { inherit(mod.(*ModuleConfig), inst.(*Config)) }
	m.Consumes = func(c any) bool { return c.(*Config).Protocol == TCP }
	return module.WithLegacy(m, parseLegacy)
}

const (
	// connectTime bounds a connection's start, handshake included, and directTime
	// the same for an action without a queue, for which all others wait.
	connectTime = 10 * time.Second
	directTime  = 2 * time.Second
	// patience is how long a write waits for a peer that does not read, and
	// directPatience the same for an action without a queue.
	patience       = time.Second
	directPatience = 500 * time.Millisecond
	// lastTime is how long the end of a connection may take.
	lastTime = 2 * time.Second
	// settleTime is the time after the last message until it is checked that all
	// has arrived; while that fails it grows up to settleMax. When somebody has asked it
	// begins with askedTime.
	settleTime = time.Second
	settleMax  = 30 * time.Second
	askedTime  = 20 * time.Millisecond
)

// New checks the TLS settings, whose contradictions stop the action, and
// remembers the rest. Connections are made by the first message.
func New(c Config, env module.Env) (output.Output, error) {
	o := &forwarder{Config: c, env: env, log: env.Log, now: env.Now, srv: net.DefaultResolver.LookupSRV, settleIn: settleTime}
	if c.Given() {
		o.limit = c.Limit(env.Policies, "omfwd", env.Log)
	}
	o.lost = newLosses(env.Losses, env.Name)
	o.zip.level = c.ZipLevel
	o.ctx, o.cancel = context.WithCancel(context.Background())
	o.timer = time.AfterFunc(time.Hour, o.settle)
	o.timer.Stop()
	if c.TargetSRV != "" { // its targets are not known yet
		if _, err := tls.Client(c.tlsOptions(env.Global), c.RemoteSNI, env.Log); err != nil {
			return nil, err
		}
	}
	for i, host := range c.Target {
		if err := o.addTarget(strings.Trim(host, "[]"), c.port(i), 0); err != nil {
			return nil, err
		}
	}
	if env.Metrics != nil {
		env.Metrics.Register(o.stats.object(env.Name))
	}
	return o, nil
}

// forwarder sends to one of several targets, in turns. One that fails is left
// out for a while; the action is suspended when all fail.
type forwarder struct {
	Config
	env   module.Env
	log   *slog.Logger
	now   func() time.Time
	limit *ratelimit.Limit
	zip   compressor
	srv   func(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	stats counters
	lost  losses // of datagrams

	ctx    context.Context // of what goes on without a message; Close ends it
	cancel context.CancelFunc

	hurried atomic.Bool // the server stops

	mu      sync.Mutex // guards what follows
	targets []*target
	next    int
	batch   frames
	// backlog is what connections that ended may have lost.
	backlog  frames
	timer    *time.Timer // runs settle
	settleIn time.Duration
	closing  sync.WaitGroup // connections that are being finished
	closed   bool
}

// Templates is the text.
func (o *forwarder) Templates() []string { return []string{o.Config.template()} }

// Path is where messages go, for people.
func (o *forwarder) Path() string {
	if o.TargetSRV != "" {
		return o.Protocol.String() + " " + o.TargetSRV
	}
	var out []string
	for i, host := range o.Target {
		out = append(out, o.Protocol.String()+" "+net.JoinHostPort(strings.Trim(host, "[]"), o.port(i)))
	}
	return strings.Join(out, ", ")
}

// Stats are rsyslogd's counters of a target; several are shown as one.
func (o *forwarder) Stats(d *output.Delivery) []*metrics.Stats {
	if len(o.targets) == 0 {
		return nil
	}
	name := strings.ToUpper(o.Protocol.String()) + "-" + strings.Trim(o.Target[0], "[]") + "-" + o.port(0)
	return []*metrics.Stats{{Name: name, Origin: "omfwd", Counters: []metrics.Stat{metrics.StatOf("bytes.sent", &d.Bytes)}}}
}

// Explain is where a record would go, without its framing.
func (o *forwarder) Explain(b *output.Batch, i int) (where string, text []byte) {
	return o.Path(), b.Parts[0].At(i)
}

// Write sends the batch to the target whose turn it is.
func (o *forwarder) Write(ctx context.Context, b *output.Batch) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	part := b.Parts[0]
	if n := o.limit.Take(len(part.Ends), o.now()); n < len(part.Ends) {
		if part.Ends = part.Ends[:n]; n == 0 {
			return nil
		}
	}
	o.frame(&part)
	if o.Protocol == TCP {
		o.batch.ask(b.Receipt)
	}
	done := 0
	for {
		n, err := o.deliver(ctx, o.batch.view(done, o.batch.len()))
		done += n
		b.Done = done
		if err == nil {
			if b.Receipt == nil {
				o.settleLater(settleTime)
				return nil
			}
			o.settleLater(askedTime)
			o.confirm()
			return nil
		}
		// A queue waits in front of this action, nobody else: better than losing
		// messages is to wait for a peer that is there and only does not read.
		if !o.env.Queued || !errors.Is(err, errStalled) || ctx.Err() != nil {
			rest := o.batch.view(done, o.batch.len())
			rest.giveBack(receipt.Stored) // they are the caller's again
			return &output.Suspended{Done: done, Err: err}
		}
	}
}

// frame writes the records of a batch as they are sent, back to back. A connection
// may have kept the memory of the batch before.
func (o *forwarder) frame(part *output.Part) {
	if o.Protocol == TCP && o.batch.full() {
		o.batch = o.spare()
	}
	o.batch.reset()
	if n := len(part.All()) + len(part.Ends)*overhead; cap(o.batch.buf) < n {
		o.batch.buf = make([]byte, 0, n)
	}
	for i := range part.Ends {
		text, packed := part.At(i), false
		if o.ZipLevel > 0 && o.Compression != Stream {
			text, packed = o.zip.text(text)
		}
		switch {
		case o.Protocol == UDP:
			o.batch.buf = append(o.batch.buf, o.lost.whole(text, packed)...)
		case o.OctetCounted, packed: // what is compressed can contain any delimiter
			o.batch.buf = frame.AppendOctetCounted(o.batch.buf, text)
		default:
			o.batch.buf = frame.AppendDelimited(o.batch.buf, text, byte(o.Delimiter))
		}
		o.batch.ends = append(o.batch.ends, len(o.batch.buf))
	}
}

// spare is memory for a batch, empty if there is none.
func (o *forwarder) spare() frames {
	for _, t := range o.targets {
		if t.stream != nil && len(t.stream.kept.free) > 0 {
			return t.stream.kept.spare()
		}
	}
	return frames{}
}

// settleLater arranges that it is checked whether all has arrived.
func (o *forwarder) settleLater(in time.Duration) {
	if o.Protocol == TCP && !o.closed {
		o.settleIn = in
		o.timer.Reset(in)
	}
}

// settle runs when nothing was sent for a while. A connection that has ended
// meanwhile may have lost something, which then must not wait for the next
// message.
func (o *forwarder) settle() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	open := false
	for _, t := range o.targets {
		if t.stream == nil {
			continue
		}
		if t.stream.sock.drain(0); t.stream.sock.closedByPeer() {
			t.abort(&o.backlog)
			continue
		}
		t.stream.forget()
		open = open || t.stream.kept.frames > 0
	}
	if o.backlog.len() > 0 {
		if _, err := o.deliver(o.ctx, frames{}); err != nil {
			o.settleLater(min(2*o.settleIn, settleMax))
			return
		}
		open = true
	}
	if open {
		o.settleLater(min(2*o.settleIn, settleTime))
	}
}

// Close closes the connections. What was sent is not lost by that; if it may be,
// that is said, and it is counted unless it is still the input's.
func (o *forwarder) Close() error {
	o.cancel()
	o.timer.Stop()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil
	}
	o.closed = true
	defer o.abandon()
	for _, t := range o.targets {
		o.finish(t)
	}
	o.mu.Unlock()
	o.closing.Wait()
	o.mu.Lock()
	// The connection that takes the backlog may end early as well.
	ctx, cancel := context.WithTimeout(context.Background(), lastTime)
	defer cancel()
	for o.backlog.len() > 0 {
		if _, err := o.deliver(ctx, frames{}); err != nil {
			return fmt.Errorf("%d messages may not have arrived: %w", o.backlog.len(), err)
		}
		for _, t := range o.targets {
			if s := t.take(); s != nil {
				o.backlog.add(s.finish())
			}
		}
		if n := o.backlog.len(); n > 0 && ctx.Err() != nil {
			return fmt.Errorf("%d messages may not have arrived, they were not acknowledged", n)
		}
	}
	return nil
}

// abandon gives up what has not arrived at the end.
func (o *forwarder) abandon() {
	for _, t := range o.targets {
		t.abort(&o.backlog)
	}
	if n := o.backlog.giveBack(receipt.Unfinished); n > 0 {
		o.lost.unacknowledged.Add(n)
	}
	o.backlog = frames{}
}

// finish ends a target's connection in order, in the background. What does not
// arrive goes to the backlog.
func (o *forwarder) finish(t *target) {
	s := t.take()
	if s == nil {
		return
	}
	o.closing.Go(func() {
		left := s.finish() // ends within lastTime
		o.mu.Lock()
		defer o.mu.Unlock()
		o.backlog.add(left)
	})
}

// confirm waits until what was sent is acknowledged, where the way is short: then no more
// than one batch comes twice when the server is killed.
func (o *forwarder) confirm() {
	deadline := time.Now().Add(nearTime)
	for pause := nearPause; o.unconfirmed() && time.Now().Before(deadline); pause = min(2*pause, time.Millisecond) {
		time.Sleep(pause)
	}
}

// How long is waited for an acknowledgement, and at first between two looks: the system
// tells nobody.
const (
	nearTime  = 50 * time.Millisecond
	nearPause = 50 * time.Microsecond
)

// unconfirmed reports whether an acknowledgement is to be expected in a moment.
func (o *forwarder) unconfirmed() bool {
	for _, t := range o.targets {
		if t.stream != nil && t.stream.expected() {
			return true
		}
	}
	return false
}

// counters are what the action's metrics show beside those that all actions have.
type counters struct {
	messages, bytes, connects, resent metrics.Counter
}

func (c *counters) sent(f frames) {
	c.messages.Add(uint64(f.len()))
	c.bytes.Add(uint64(f.size()))
}

func (c *counters) object(action string) *metrics.Object {
	return &metrics.Object{Label: "action", Name: action, Numbers: []metrics.Number{
		metrics.Of("forward_messages_sent_total", "Messages handed to the system, with those sent again.", &c.messages),
		metrics.Of("forward_bytes_sent_total", "Their bytes, with framing, before compression of the stream and TLS.", &c.bytes),
		metrics.Of("forward_connects_total", "Connections made, or sockets opened.", &c.connects),
		metrics.Of("forward_messages_unacknowledged_total", "Messages that a connection had not delivered when it ended.", &c.resent),
	}}
}
