package queue

import (
	"runtime"
	"strings"

	"syslogd/config/param"
	"syslogd/internal/diag"
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
	// Disk is known and not available yet; Check turns it into LinkedList.
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
	// TimeoutShutdown is how long a stop waits for the queue to drain, in milliseconds.
	TimeoutShutdown int
	// Given is set when any queue parameter was given: a ruleset then has a queue of its own.
	Given bool

	sizeGiven bool
}

// DefaultMaxBytes bounds the memory of one queue: 64 MiB.
const DefaultMaxBytes = 64 << 20

// DefaultSize is the limit in messages of main and ruleset queues, as in rsyslogd.
const DefaultSize = 50000

// DefaultActionSize is the limit in messages of an action's queue, as in rsyslogd.
const DefaultActionSize = 1000

// Check reports what this server cannot do yet; the queue then is kept in memory.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	if c.Type == Disk {
		r := o.Range
		if a := o.Arg("queue.type"); a != nil {
			r = a.ValueRange
		}
		diags.Errorf(r, "queue.type: %s", diskOnly).Effect = "the queue is kept in memory"
		c.Type = LinkedList
	}
	return true
}

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

func given(c *Config) *bool { return &c.Given }

const tuning = "this queue hands on whole batches as they arrive, there is nothing to tune"

const diskOnly = "queues on disk are not available yet"

// Params are the queue.* parameters. Legacy spellings are made from them by
// Directives, since each stands for two directives ($MainMsgQueue..., $ActionQueue...).
var Params = param.Table[Config]{
	param.Enum("queue.type", func(c *Config) *Type { return &c.Type },
		param.Choice[Type]{Name: "FixedArray", Value: FixedArray},
		param.Choice[Type]{Name: "LinkedList", Value: LinkedList},
		param.Choice[Type]{Name: "Direct", Value: Direct},
		param.Choice[Type]{Name: "Disk", Value: Disk}).
		Given(given).Inherits("FixedArray for rulesets, Direct for actions").
		Doc("How messages are held. FixedArray and LinkedList are one kind of memory queue."),
	param.Int("queue.size", func(c *Config) *int { return &c.Size }).Range(1, 1<<31-1).Given(func(c *Config) *bool { c.Given = true; return &c.sizeGiven }).
		Inherits("50000, actions 1000").Doc("Messages the queue holds at most."),
	param.Size("queue.maxBytes", func(c *Config) *int64 { return &c.MaxBytes }).Default("64m").Given(given).
		Doc("Memory the queue holds at most. Not known to rsyslogd."),
	param.PositiveInt("queue.workerThreads", func(c *Config) *int { return &c.WorkerThreads }).Given(given).
		Inherits("one a CPU, actions 1").Doc("Workers. Messages of one sender stay in order with any number."),
	param.Int("queue.timeoutShutdown", func(c *Config) *int { return &c.TimeoutShutdown }).Range(0, 1<<31-1).Default("10000").Given(given).
		Doc("Milliseconds that a stop waits for the queue to drain. rsyslogd waits 1500, actions 10."),

	param.NoEffect[Config]("queue.dequeueBatchSize", tuning),
	param.NoEffect[Config]("queue.minDequeueBatchSize", tuning),
	param.NoEffect[Config]("queue.minDequeueBatchSize.timeout", tuning),
	param.NoEffect[Config]("queue.workerThreadMinimumMessages", "a worker takes over when the one before it is behind"),
	param.NoEffect[Config]("queue.timeoutWorkerthreadShutdown", "an idle worker costs nothing and stays"),
	param.NoEffect[Config]("queue.timeoutActionCompletion", "an action that has begun is waited for"),
	param.NoEffect[Config]("queue.timeoutEnqueue", "senders that can wait are slowed down instead, datagrams are dropped at once"),
	param.NoEffect[Config]("queue.lightDelayMark", "senders that can wait are slowed down when the queue is full"),
	param.NoEffect[Config]("queue.fullDelayMark", "senders that can wait are slowed down when the queue is full"),
	param.NoEffect[Config]("queue.takeFlowCtlFromMsg", "a connection is always slowed down, a datagram never"),

	param.NotYet[Config]("queue.filename", diskOnly+", this queue is kept in memory"),
	param.NotYet[Config]("queue.spoolDirectory", diskOnly),
	param.NotYet[Config]("queue.maxDiskSpace", diskOnly),
	param.NotYet[Config]("queue.maxFileSize", diskOnly),
	param.NotYet[Config]("queue.checkpointInterval", diskOnly),
	param.NotYet[Config]("queue.syncQueueFiles", diskOnly),
	param.NotYet[Config]("queue.saveOnShutdown", diskOnly),
	param.NotYet[Config]("queue.onCorruption", diskOnly),
	param.NotYet[Config]("queue.diskQueueType", diskOnly),
	param.NotYet[Config]("queue.diskQueueAutoUpgrade", diskOnly),
	param.NotYet[Config]("queue.diskQueueIdleTimeout", diskOnly),
	param.NotYet[Config]("queue.highWatermark", diskOnly),
	param.NotYet[Config]("queue.lowWatermark", diskOnly),
	param.NotYet[Config]("queue.cry.provider", diskOnly),
	param.NotYet[Config]("queue.discardMark", "discarding by severity is not available yet"),
	param.NotYet[Config]("queue.discardSeverity", "discarding by severity is not available yet"),
	param.NotYet[Config]("queue.dequeueSlowDown", "slowing a queue down is not available yet"),
	param.NotYet[Config]("queue.dequeueTimeBegin", "time windows are not available yet"),
	param.NotYet[Config]("queue.dequeueTimeEnd", "time windows are not available yet"),
	param.NotYet[Config]("queue.samplingInterval", "sampling is not available yet"),
}

// DirectiveName maps a legacy queue directive, without $ and its prefix
// MainMsgQueue or ActionQueue, to the parameter's name; "" if there is none.
func DirectiveName(suffix string) string {
	switch s := strings.ToLower(suffix); s {
	case "workertimeoutthreadshutdown":
		return "queue.timeoutWorkerthreadShutdown"
	default:
		for _, p := range Params {
			if strings.EqualFold(p.Name, "queue."+s) {
				return p.Name
			}
		}
	}
	return ""
}
