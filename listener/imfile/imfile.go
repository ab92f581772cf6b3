// Package imfile reads files as they grow: each line, or several, is a message.
//
// Each input has one goroutine that reads its files in turn, however many there
// are; one more, of the whole module, reads the events of the kernel that tell
// which files changed. How far a file was read is kept in a state file under the
// name and in the form that rsyslogd uses. A position counts only when all that lies
// before it is safe where it was to go: after a crash messages may be read twice, none is
// left out.
package imfile

import (
	"context"
	"time"

	"syslogd/internal/vfs"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/parser"
	"syslogd/ratelimit"
)

// Module describes imfile to the registry.
var Module = describe()

func describe() *module.Input {
	m := module.NewInput("imfile", moduleParams, inputParams, inherit, New, func(c *Config) string { return c.Ruleset })
	m.NeedsInput = true
	m.LegacyInherit = func(mod, instance any) {
		c := instance.(*Config)
		c.Module = mod.(*ModuleConfig)
		if c.Metadata == metadataAuto {
			c.Metadata = metadataOff
		}
	}
	return m
}

// Bounds of what one input reads.
const (
	maxFiles = 100_000
	maxDirs  = 20_000
)

const (
	// leastScan is the time between two looks at the directories.
	leastScan = 10 * time.Millisecond
	// saveInterval is the time between two passes that save positions.
	saveInterval = time.Second
	// goneInterval is how often files are looked at that lost their name;
	// deletedQuiet and movedQuiet are how long they must not grow until they are
	// closed: a program may go on writing until it is told of the rotation.
	goneInterval = 500 * time.Millisecond
	deletedQuiet = 3 * time.Second
	movedQuiet   = 30 * time.Second
	// retryOpen is when files that could not be opened are tried again.
	retryOpen = 10 * time.Second
)

type input struct {
	conf    Config
	env     module.Env
	fs      vfs.FS
	pattern *pattern
	split   *splitter
	states  stateStore
	hub     *hub
	box     *mailbox
	earlier []*input // of this module: they read some files, too

	origin  *message.Origin
	peer    *message.Peer
	local   *message.Peer // peer and host were made of it
	host    []byte
	tag     []byte
	program int
	pri     message.Priority
	batch   int
	buf     []byte
	cee     []byte
	stamp   message.Timestamp

	sub      *listener.Submitter
	watching bool
	files    map[fileID]*tail
	byPath   map[string]*tail
	gone     []*tail // files without their name that may still grow
	queue    []*tail
	first    bool      // no scan yet
	retry    bool      // a file could not be opened
	calm     time.Time // no scan before

	stats                     counters
	lost                      *metrics.Loss // messages that are cut or split
	unread                    *metrics.Loss // messages of deleted files that a stop leaves
	warn, limitWarn, openWarn ratelimit.PerMinute
	saveWarn                  ratelimit.PerMinute
}

// Files are the state files of the module.
func (in *input) Files() []string { return in.states.pattern() }

// counters are those of one input.
type counters struct {
	lines, bytes, limited, cut metrics.Counter
	open, closed               metrics.Counter // files
}

// New remembers the settings.
func New(c Config, env module.Env) (listener.Input, error) {
	if c.Module == nil {
		c.Module = new(ModuleConfig)
		moduleParams.SetDefaults(c.Module)
	}
	if c.Metadata == metadataAuto {
		c.Metadata = metadataOn
	}
	p, err := parsePattern(c.File)
	if err != nil {
		return nil, err
	}
	split, err := c.splitter(env.Global.MaxMessageSize)
	if err != nil {
		return nil, err
	}
	in := &input{conf: c, env: env, fs: vfs.OS{}, pattern: p, split: split, box: newMailbox(p),
		files: map[fileID]*tail{}, byPath: map[string]*tail{}, first: true,
		tag: []byte(c.Tag), pri: message.Priority(c.Facility)<<3 | message.Priority(c.Severity)}
	in.program = parser.ProgramLen(in.tag, false)
	in.origin = &message.Origin{Name: "imfile", Format: message.Structured}
	if c.NeedParse {
		in.origin = &message.Origin{Name: "imfile", NoHostname: true, Tag: in.tag}
	}
	in.states = stateStore{fs: in.fs, dir: c.Module.StateDirectory}
	if in.states.dir == "" {
		in.states.dir = env.Global.WorkDirectory
	}
	in.batch = c.MaxSubmit
	if c.MaxLines > 0 {
		in.batch = min(in.batch, c.MaxLines)
	}
	if c.Delay > 0 {
		in.batch = min(in.batch, max(1, int(100*time.Millisecond/time.Microsecond)/c.Delay))
	}
	in.lost = env.Losses.Of(split.tooLong(), "imfile")
	in.unread = env.Losses.Of("stop", "imfile")
	in.share()
	return in, nil
}

// share finds what the inputs of the module have in common.
func (in *input) share() {
	s, _ := in.env.Shared.LoadOrStore("imfile", &shared{hub: hub{log: in.env.Log, guard: in.env.Barrier}})
	sh := s.(*shared)
	in.hub = &sh.hub
	in.earlier = sh.add(in)
}

// Reading is how it reads.
func (in *input) Reading() (listener.Reading, error) {
	return listener.Reading{Origin: in.origin, Add: func(b *message.Batch, text []byte) *message.Message {
		in.prepare(b)
		return in.add(b, &tail{path: in.conf.File}, text, 0)
	}}, nil
}

// Source is the file, or the pattern of files, that it reads.
func (in *input) Source() string { return in.conf.File }

// Open has nothing to open: files may come later.
func (in *input) Open(context.Context) error {
	in.env.Metrics.Register(in.object())
	return nil
}

// Close has nothing to close.
func (*input) Close() error { return nil }

// Run reads until ctx is done.
func (in *input) Run(ctx context.Context, sub *listener.Submitter) error {
	in.sub, in.buf = sub, make([]byte, chunkSize(in.split.limit))
	if !in.conf.Module.Polling {
		if err := in.hub.join(in.conf.Module.MaxWatches); err != nil {
			in.env.Log.Warn("file events are not available, files are looked at every second", "err", err)
		} else {
			in.watching = true
			defer in.hub.leave(in.box)
		}
	}
	if in.states.dir == "" {
		in.env.Log.Warn("there is no workDirectory: state files are written to the current directory")
	}
	in.loop(ctx)
	for _, t := range in.all() {
		in.save(t, t.settled())
	}
	return nil
}

// Settle is called at a stop when all that was read is safe, or will not be in this run.
// It closes the files.
func (in *input) Settle() {
	for _, t := range in.gone {
		if n := t.unsettled(); t.deleted && n > 0 {
			in.unread.Add(n, "file", t.path)
		}
		in.closeGone(t)
	}
	in.gone = nil
	for _, t := range in.all() {
		in.save(t, t.settled())
		t.file.Close()
	}
	in.files = nil
}

// all returns the files that are read, those without a name included.
func (in *input) all() []*tail {
	out := append([]*tail(nil), in.gone...)
	for _, t := range in.files {
		if t.left.IsZero() {
			out = append(out, t)
		}
	}
	return out
}

// schedule is when things are due.
type schedule struct {
	scan, look, save, gone, timeout time.Time
}

func (in *input) loop(ctx context.Context) {
	now := time.Now()
	due := schedule{scan: now, save: now.Add(saveInterval), gone: now.Add(goneInterval), look: now.Add(in.lookInterval())}
	due.timeout = now.Add(in.granularity())
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		now = time.Now()
		in.work(ctx, now, &due)
		if len(in.queue) > 0 {
			if !in.turn(ctx) {
				break
			}
			continue
		}
		timer.Reset(time.Until(due.next()))
		select {
		case <-ctx.Done():
		case <-in.box.wake:
		case <-timer.C:
		}
	}
	in.finish()
}

func (s *schedule) next() time.Time {
	next := s.save
	for _, t := range []time.Time{s.scan, s.look, s.gone, s.timeout} {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	return next
}

// work does what is due, reading apart.
func (in *input) work(ctx context.Context, now time.Time, due *schedule) {
	dirty, changed := in.box.take(nil)
	for _, t := range dirty {
		in.enqueue(t)
	}
	if changed && due.scan.IsZero() {
		due.scan = in.calm
	}
	if !due.look.After(now) {
		due.scan, due.look = now, now.Add(in.lookInterval())
	}
	if !due.scan.IsZero() && !due.scan.After(now) {
		in.scan(now)
		due.scan = time.Time{}
		// A large tree is not read again at once.
		in.calm = time.Now().Add(max(leastScan, 10*time.Since(now)))
		if in.retry {
			due.look = earlier(due.look, now.Add(retryOpen))
		}
	}
	if !due.gone.After(now) {
		in.lookAtGone(ctx, now)
		due.gone = now.Add(goneInterval)
	}
	if !due.timeout.After(now) {
		in.sendOverdue(ctx, now)
		due.timeout = now.Add(in.granularity())
	}
	if !due.save.After(now) {
		in.savePass()
		due.save = now.Add(max(saveInterval, 20*time.Since(now)))
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

const never = 365 * 24 * time.Hour

// lookInterval is the time between two looks at all files.
func (in *input) lookInterval() time.Duration {
	m := in.conf.Module
	switch {
	case m.Polling:
		return time.Duration(m.PollInterval) * time.Second
	case !in.watching:
		return time.Second
	case m.FallbackInterval == 0:
		return never
	}
	return time.Duration(m.FallbackInterval) * time.Second
}

func (in *input) granularity() time.Duration {
	if in.conf.ReadTimeout == 0 {
		return never
	}
	return time.Duration(in.conf.Module.Granularity) * time.Second
}

// enqueue gives t a turn.
func (in *input) enqueue(t *tail) {
	if !t.queued && t.file != nil {
		t.queued = true
		in.queue = append(in.queue, t)
	}
}

// turn reads one piece of the first file in the queue.
func (in *input) turn(ctx context.Context) bool {
	t := in.queue[0]
	more, ok := false, true
	if t.file != nil && in.ready(t) {
		more, ok = in.consume(ctx, t, flushNothing)
	}
	switch {
	case !ok:
		return false
	case more && in.conf.Module.SortFiles:
		return true // the next file waits
	}
	t.queued = false
	in.queue[0] = nil
	in.queue = in.queue[1:]
	if more {
		in.enqueue(t)
	}
	return true
}

func (in *input) object() *metrics.Object {
	stats := &metrics.Stats{Name: in.conf.File, Origin: "imfile", Counters: []metrics.Stat{
		metrics.StatOf("bytes.processed", &in.stats.bytes), metrics.StatOf("lines.processed", &in.stats.lines),
	}}
	return &metrics.Object{Label: "input", Name: "imfile", Extra: [][2]string{{"file", in.conf.File}}, Stats: []*metrics.Stats{stats}, Numbers: []metrics.Number{
		metrics.Of("input_messages_received_total", "Messages received and put into the queue.", &in.stats.lines),
		metrics.Of("input_bytes_received_total", "Bytes received.", &in.stats.bytes),
		metrics.Of("input_messages_ratelimited_total", "Messages dropped by the rate limit.", &in.stats.limited),
		metrics.Of("input_messages_truncated_total", "Messages longer than maxMessageSize, which were cut.", &in.stats.cut),
		metrics.Of("input_files_opened_total", "Files that were opened.", &in.stats.open),
		{Name: "input_files_open", Help: "Files that are read.", Kind: metrics.Gauge, Read: func() float64 {
			return float64(in.stats.open.Value()) - float64(in.stats.closed.Value())
		}},
	}}
}
