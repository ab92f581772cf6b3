package queue

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"syslogd/config/param"
	"syslogd/internal/diag"
	"syslogd/message"
)

// Type is how a queue stores messages.
type Type uint8

const (
	// Unset means that queue.type was not given.
	Unset Type = iota
	// Direct is no queue: the action runs in the worker that evaluates the ruleset.
	Direct
	// FixedArray and LinkedList are the same here: a bounded queue in memory.
	FixedArray
	LinkedList
	// Disk writes every message to disk before it counts as taken.
	Disk
)

// Config is the decoded form of the queue.* parameters.
type Config struct {
	Type Type
	// Size is the limit in messages, MaxBytes the one in bytes of memory.
	Size     int
	MaxBytes int64
	// WorkerThreads is the number of workers, 0 for one a CPU.
	WorkerThreads int
	// TimeoutShutdown is how long a stop waits for the queue to drain,
	// TimeoutCompletion how long for what was begun, TimeoutEnqueue how long an
	// action's queue that is full holds up a ruleset. All in milliseconds.
	TimeoutShutdown   int
	TimeoutCompletion int
	TimeoutEnqueue    int

	// FileName and SpoolDirectory say where the files are; Finish makes Dir of them.
	FileName       string
	SpoolDirectory string
	// Dir is the directory of the queue's own files, "" without any. Classic is
	// the path of rsyslogd's, without the number.
	Dir, Classic   string
	MaxDiskSpace   int64
	MaxFileSize    int64
	Checkpoint     int
	SyncFiles      bool
	SaveOnShutdown bool
	// High and Low are the watermarks, 0 for the default.
	High, Low int
	// DiscardMark is from how many messages on those of DiscardSeverity and less
	// urgent ones are left out.
	DiscardMark     int
	DiscardSeverity message.Severity
	// Sampling keeps one message of so many; 0 all.
	Sampling int

	// BatchSize is how many messages are processed at a time, 0 for as many as
	// have come together. A worker waits MinBatchTimeout ms for MinBatch messages.
	BatchSize       int
	MinBatch        int
	MinBatchTimeout int
	// SlowDown is a pause of so many microseconds a message, TimeBegin and TimeEnd
	// are the hours between which the queue is processed.
	SlowDown           int
	TimeBegin, TimeEnd int

	// Encryption is queue.cry.provider.
	Encryption string

	// InMemory is why the queue has no files though some were asked for.
	InMemory string

	// Given is set when any queue parameter was given: a ruleset then has a queue of its own.
	Given bool
	// ForAction is set for the queue of an action.
	ForAction bool

	sizeGiven, timeoutGiven, enqueueGiven bool

	filters bool // messages may be left out
	shaped  bool // batches are cut, joined or held back
	held    bool // batches are held back
}

// DefaultMaxBytes bounds the memory of one queue: 64 MiB.
const DefaultMaxBytes = 64 << 20

// DefaultSize is the limit in messages of main and ruleset queues, as in rsyslogd.
const DefaultSize = 50000

// DefaultActionSize is the limit in messages of an action's queue, as in rsyslogd.
const DefaultActionSize = 1000

// maxBatch is how many messages are processed at a time when BatchSize is not given.
const maxBatch = 1024

// Places are the directories that queues use, by who uses them.
type Places map[string]string

// Finish judges the parameters together: title names the queue in an error, r is
// where it stands, workDir is where files go that name no directory. Two queues
// can not share files: used keeps what is taken.
func (c *Config) Finish(title string, r diag.Range, workDir string, used Places, diags *diag.List) {
	inMemory := func(format string, args ...any) *diag.Diagnostic {
		why := fmt.Sprintf(format, args...)
		d := diags.Errorf(r, "%s: %s", title, why)
		d.Effect = "the queue is kept in memory"
		c.FileName, c.InMemory = "", why
		return d
	}
	if c.Encryption != "" && c.FileName != "" {
		inMemory("queue.cry.provider: files can not be encrypted").Effect = "nothing is written to disk, the queue is kept in memory"
	}
	if c.Type == Direct || c.Type == Unset && c.ForAction {
		return
	}
	dir := c.SpoolDirectory
	if dir == "" {
		dir = workDir
	}
	if c.FileName != "" && dir == "" {
		d := diags.Notef(r, "%s: no directory is set for the files of the queue", title)
		d.Hint, d.Effect = "set global(workDirectory=...) or queue.spoolDirectory", "they go to /, as in rsyslogd"
		dir = "/"
	}
	if c.FileName != "" {
		c.Classic = filepath.Join(dir, c.FileName)
		c.Dir = c.Classic + dirSuffix
		if other, taken := used[c.Dir]; taken {
			c.Dir, c.Classic = "", ""
			inMemory("the file name %q in %s is used by %s already", c.FileName, dir, other).Hint = "give each queue a name of its own"
		} else {
			used[c.Dir] = title
		}
	}
	if c.Type == Disk && c.FileName == "" {
		if c.InMemory == "" {
			d := inMemory("queue.type=\"Disk\" needs queue.fileName")
			d.Code = -2328
		}
		c.Type = LinkedList
	}
	c.checkMarks(title, r, diags)
	if c.Dir != "" && !c.timeoutGiven && c.SaveOnShutdown {
		// What is left goes to disk: nothing is gained by waiting for a target
		// that does not answer.
		c.TimeoutShutdown = 1500
		if c.ForAction {
			c.TimeoutShutdown = 10
		}
	}
	if c.enqueueGiven && !c.ForAction {
		diags.Notef(r, "%s: queue.timeoutEnqueue has no effect here: senders that can wait always wait, datagrams are dropped at once", title)
	}
}

// dirSuffix ends the name of the directory that a queue's files are in.
const dirSuffix = ".queue"

func (c *Config) checkMarks(title string, r diag.Range, diags *diag.List) {
	size := c.limit()
	for _, m := range []struct {
		name string
		mark *int
		low  int
	}{{"queue.highWatermark", &c.High, 2}, {"queue.lowWatermark", &c.Low, 0}, {"queue.discardMark", &c.DiscardMark, 0}} {
		if *m.mark != 0 && (*m.mark < m.low || *m.mark > size) {
			d := diags.Warnf(r, "%s: %s is %d, which is not between %d and the queue's size %d", title, m.name, *m.mark, m.low, size)
			d.Effect = "the default is used"
			*m.mark = 0
		}
	}
	if c.High != 0 && c.Low > c.High {
		diags.Warnf(r, "%s: queue.lowWatermark %d is above queue.highWatermark %d", title, c.Low, c.High).Effect = "the default is used"
		c.Low = 0
	}
}

func (c *Config) limit() int {
	switch {
	case c.Size > 0:
		return c.Size
	case c.ForAction:
		return DefaultActionSize
	}
	return DefaultSize
}

// derive fills in what follows from other parameters.
func (c *Config) derive() {
	percent := func(mark *int, of, p int) {
		if *mark == 0 {
			*mark = of
			if of >= 100 {
				*mark = of / 100 * p
			}
		}
	}
	percent(&c.High, c.Size, 90)
	percent(&c.Low, c.High, 70)
	percent(&c.DiscardMark, c.Size, 98)
	c.filters = c.Sampling > 1 || c.DiscardSeverity > 0 && c.DiscardSeverity <= message.Debug
	c.held = c.MinBatch > 0 || c.SlowDown > 0 || c.TimeEnd != noHours && c.TimeBegin != c.TimeEnd
	c.shaped = c.held || c.BatchSize > 0
	if c.BatchSize == 0 {
		c.BatchSize = maxBatch
	}
}

// readLimit is how many messages are read from disk at a time.
func (c *Config) readLimit() int { return min(c.BatchSize, maxRecordMessages) }

func (c *Config) workers() int {
	if c.WorkerThreads > 0 {
		return c.WorkerThreads
	}
	return runtime.GOMAXPROCS(0)
}

// SetSize sets the limit in messages where the configuration named none.
func (c *Config) SetSize(n int) {
	if !c.sizeGiven {
		c.Size = n
	}
}

// SetTimeoutShutdown sets what a stop waits where a queue does not say so itself.
func (c *Config) SetTimeoutShutdown(ms int) { c.TimeoutShutdown, c.timeoutGiven = ms, true }

// Queued reports whether there is a queue at all.
func (c *Config) Queued() bool { return c.Type == FixedArray || c.Type == LinkedList || c.Type == Disk }

func given(c *Config) *bool { return &c.Given }

// and is given with a flag of the parameter's own.
func and(field func(c *Config) *bool) func(c *Config) *bool {
	return func(c *Config) *bool { c.Given = true; return field(c) }
}

const (
	slowed  = "senders that can wait are slowed down when the queue is full"
	oneKind = "there is one kind of files"
)

// Params are the queue.* parameters. Legacy spellings are made from them by
// Directives, since each stands for two directives ($MainMsgQueue..., $ActionQueue...).
var Params = param.Join(memoryParams, diskParams, pace, withoutEffect)

var memoryParams = param.Table[Config]{
	param.Enum("queue.type", func(c *Config) *Type { return &c.Type },
		param.Choice[Type]{Name: "FixedArray", Value: FixedArray},
		param.Choice[Type]{Name: "LinkedList", Value: LinkedList},
		param.Choice[Type]{Name: "Direct", Value: Direct},
		param.Choice[Type]{Name: "Disk", Value: Disk}).
		Given(given).Inherits("FixedArray for rulesets, Direct for actions").
		Doc("How messages are held. FixedArray and LinkedList are one kind of memory queue; with queue.fileName what is above the high watermark goes to disk. Disk writes every message to disk first."),
	param.Count("queue.size", func(c *Config) *int { return &c.Size }).Given(and(func(c *Config) *bool { return &c.sizeGiven })).
		Inherits("50000, actions 1000").Doc("Messages the queue holds in memory at most. A queue of type Disk is bounded only if this is given."),
	param.Size("queue.maxBytes", func(c *Config) *int64 { return &c.MaxBytes }).Default("64m").Given(given).
		Doc("Memory the queue holds at most. Not known to rsyslogd."),
	param.PositiveInt("queue.workerThreads", func(c *Config) *int { return &c.WorkerThreads }).Given(given).
		Inherits("one a CPU, actions 1").Doc("Workers. Messages of one sender stay in order with any number."),
	param.Int("queue.timeoutShutdown", func(c *Config) *int { return &c.TimeoutShutdown }).Range(0, 1<<31-1).Default("10000").
		Given(and(func(c *Config) *bool { return &c.timeoutGiven })).
		Doc("Milliseconds that a stop waits for the queue to drain; where the rest is saved to disk the default is 1500, for actions 10. rsyslogd always waits 1500, actions 10."),
	param.NonNegInt("queue.timeoutActionCompletion", func(c *Config) *int { return &c.TimeoutCompletion }).Range(0, 1<<31-1).Default("1000").Given(given).
		Doc("Milliseconds that a stop then waits for a batch that has been begun."),
	param.NonNegInt("queue.timeoutEnqueue", func(c *Config) *int { return &c.TimeoutEnqueue }).Range(0, 1<<31-1).Default("2000").
		Given(and(func(c *Config) *bool { return &c.enqueueGiven })).
		Doc("Milliseconds that an action's queue that is full holds up a ruleset; then messages are dropped and counted until there is room."),
	param.NonNegInt("queue.discardMark", func(c *Config) *int { return &c.DiscardMark }).Given(given).Inherits("98 % of the size").
		Doc("From how many messages on some are discarded."),
	param.Severity("queue.discardSeverity", func(c *Config) *message.Severity { return &c.DiscardSeverity }).Default("8").Given(given).
		Doc("Messages of this severity and less urgent ones are discarded; 8 is none."),
	param.NonNegInt("queue.samplingInterval", func(c *Config) *int { return &c.Sampling }).Range(0, 1<<31-1).Given(given).
		Doc("Keep one message of so many, 0 all."),
}

var diskParams = param.Table[Config]{
	param.Word("queue.fileName", func(c *Config) *string { return &c.FileName }).Given(given).
		Doc("Name of the queue's files: NAME.queue is their directory. A queue of rsyslogd with this name is taken over at the start."),
	param.Word("queue.spoolDirectory", func(c *Config) *string { return &c.SpoolDirectory }).Given(given).Inherits("workDirectory").
		Doc("Where that directory is."),
	param.Size("queue.maxDiskSpace", func(c *Config) *int64 { return &c.MaxDiskSpace }).Given(given).
		Doc("Bytes of files at most, 0 for no limit."),
	param.Size("queue.maxFileSize", func(c *Config) *int64 { return &c.MaxFileSize }).Default("16m").Given(given).
		Doc("Size at which a new file is begun."),
	param.NonNegInt("queue.checkpointInterval", func(c *Config) *int { return &c.Checkpoint }).Range(0, 1<<31-1).Given(given).
		Doc("After how many messages it is noted how far the queue is processed, 0 for after each batch."),
	param.Bool("queue.syncQueueFiles", func(c *Config) *bool { return &c.SyncFiles }).Default("off").Given(given).
		Doc("fsync after each write, so that nothing is lost when the power fails. Without it nothing is lost when the server is killed."),
	param.Bool("queue.saveOnShutdown", func(c *Config) *bool { return &c.SaveOnShutdown }).Default("on").Given(given).
		Doc("A stop writes what is left in memory to the queue's files."),
	param.NonNegInt("queue.highWatermark", func(c *Config) *int { return &c.High }).Range(0, 1<<31-1).Given(given).Inherits("90 % of the size").
		Doc("From how many messages in memory on further ones go to disk."),
	param.NonNegInt("queue.lowWatermark", func(c *Config) *int { return &c.Low }).Range(0, 1<<31-1).Given(given).Inherits("70 % of the high watermark").
		Doc("Below how many messages in memory those on disk are read again."),
	param.Word("queue.cry.provider", func(c *Config) *string { return &c.Encryption }).Given(given).
		Doc("Files can not be encrypted: with this parameter the queue is kept in memory, with an error."),
}

var pace = param.Table[Config]{
	param.PositiveInt("queue.dequeueBatchSize", func(c *Config) *int { return &c.BatchSize }).Range(1, 1<<31-1).Given(given).Inherits("as they arrive").
		Doc("Messages that are processed at a time, at most."),
	param.NonNegInt("queue.minDequeueBatchSize", func(c *Config) *int { return &c.MinBatch }).Range(0, 1<<31-1).Given(given).
		Doc("Messages that a worker waits for."),
	param.NonNegInt("queue.minDequeueBatchSize.timeout", func(c *Config) *int { return &c.MinBatchTimeout }).Range(0, 1<<31-1).Default("1000").Given(given).
		Doc("Milliseconds that it waits for them."),
	param.NonNegInt("queue.dequeueSlowDown", func(c *Config) *int { return &c.SlowDown }).Range(0, 1000000).Given(given).
		Doc("Microseconds of pause for each message."),
	param.NonNegInt("queue.dequeueTimeBegin", func(c *Config) *int { return &c.TimeBegin }).Range(0, 23).Default("0").Given(given).
		Doc("Hour at which the queue begins to be processed."),
	param.NonNegInt("queue.dequeueTimeEnd", func(c *Config) *int { return &c.TimeEnd }).Range(0, noHours).Default("25").Given(given).
		Doc("Hour at which that ends; 25 is never."),
}

var withoutEffect = param.Table[Config]{
	param.NoEffect[Config]("queue.workerThreadMinimumMessages", "a worker takes over when the one before it is behind"),
	param.NoEffect[Config]("queue.timeoutWorkerthreadShutdown", "an idle worker costs nothing and stays"),
	param.NoEffect[Config]("queue.lightDelayMark", slowed),
	param.NoEffect[Config]("queue.fullDelayMark", slowed),
	param.NoEffect[Config]("queue.takeFlowCtlFromMsg", "a connection is always slowed down, a datagram never"),
	param.NoEffect[Config]("queue.onCorruption", "a damaged file is set aside, and what can be read of it is processed"),
	param.NoEffect[Config]("queue.diskQueueType", oneKind),
	param.NoEffect[Config]("queue.diskQueueAutoUpgrade", "a queue of rsyslogd is always taken over"),
	param.NoEffect[Config]("queue.diskQueueIdleTimeout", "files are removed as soon as they are done"),
}

// Directive returns the parameter that a legacy queue directive sets, given
// without $ and its prefix MainMsgQueue or ActionQueue; nil if there is none.
func Directive(suffix string) *param.Info {
	name := "queue." + suffix
	if strings.EqualFold(suffix, "workerTimeoutThreadShutdown") {
		name = "queue.timeoutWorkerthreadShutdown"
	}
	for _, p := range Params {
		if strings.EqualFold(p.Name, name) {
			return &p.Info
		}
	}
	return nil
}
