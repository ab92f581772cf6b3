package queue

import (
	"sync/atomic"
	"time"

	"syslogd/metrics"
)

// stats are rsyslogd's counters. A queue in memory that has files is two to rsyslogd: what is
// on disk stands under a name of its own in front of it.
func (q *Queue) stats() []*metrics.Stats {
	onDisk := q.ofSpool(func(s *spool) int { return s.stored })
	mostOnDisk := q.ofSpool(func(s *spool) int { return s.most })
	size, most := q.inMemory, q.mostInMemory
	if q.conf.Type == Disk {
		size = func() int { return max(onDisk(), q.inMemory()) }
		most = func() int { return max(mostOnDisk(), q.mostInMemory()) }
	}
	stats := []*metrics.Stats{queueStats(q.name, size, most,
		metrics.StatOf("enqueued", &q.Enqueued), metrics.StatOf("full", &q.Full),
		metrics.StatOf("discarded.full", &q.Dropped), metrics.StatOf("discarded.nf", &q.Discarded))}
	if q.conf.Dir != "" && q.conf.Type != Disk {
		disk := queueStats(q.name+"[DA]", onDisk, mostOnDisk,
			metrics.StatOf("enqueued", &q.spilled), metrics.NoStat("full"),
			metrics.NoStat("discarded.full"), metrics.NoStat("discarded.nf"))
		stats = append([]*metrics.Stats{disk}, stats...)
	}
	return stats
}

func queueStats(name string, size, most func() int, counters ...metrics.Stat) *metrics.Stats {
	gauge := func(name string, read func() int) metrics.Stat {
		return metrics.GaugeStat(name, func() uint64 { return uint64(read()) })
	}
	list := append([]metrics.Stat{gauge("size", size)}, counters...)
	return &metrics.Stats{Name: name, Origin: "core.queue", Counters: append(list, gauge("maxqsize", most))}
}

// inMemory is the number of messages that are in memory only.
func (q *Queue) inMemory() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.unspilled()
}

// unspilled is inMemory; mu is held.
func (q *Queue) unspilled() int {
	if q.disk != nil {
		return q.msgs - q.disk.fed
	}
	return q.msgs
}

func (q *Queue) mostInMemory() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.maxSize
}

// ofSpool reads a number of the queue's files, 0 without any. While a disk that hangs holds
// them it is the last one that was read.
func (q *Queue) ofSpool(read func(s *spool) int) func() int {
	var last atomic.Int64
	return func() int {
		q.mu.Lock()
		d := q.disk
		q.mu.Unlock()
		if d != nil {
			d.spool.peek(func() { last.Store(int64(read(d.spool))) })
		}
		return int(last.Load())
	}
}

// peekFor is how long is waited for a lock that a write may hold, in milliseconds.
const peekFor = 100

// peek calls read with mu held. Whoever writes to a disk that hangs may hold it: then it is
// given up.
func (s *spool) peek(read func()) {
	for range peekFor {
		if s.mu.TryLock() {
			defer s.mu.Unlock()
			read()
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// diskNumbers are the metrics of a queue with files.
func (q *Queue) diskNumbers() []metrics.Number {
	if q.conf.Dir == "" {
		return nil
	}
	gauge := func(name, help string, read func(s *spool) int) metrics.Number {
		number := q.ofSpool(read)
		return metrics.Number{Name: name, Help: help, Kind: metrics.Gauge, Read: func() float64 { return float64(number()) }}
	}
	return []metrics.Number{
		gauge("queue_disk_messages", "Messages on disk that are not processed yet.", func(s *spool) int { return s.stored }),
		gauge("queue_disk_bytes", "Bytes of the queue's files.", func(s *spool) int { return int(s.bytes) }),
		gauge("queue_disk_segments", "The queue's files.", func(s *spool) int { return len(s.segments) }),
	}
}

// Object describes the queue to the metrics.
func (q *Queue) Object() *metrics.Object {
	return &metrics.Object{Label: "queue", Name: q.name, Stats: q.stats(), Numbers: append(q.diskNumbers(), []metrics.Number{
		metrics.Of("queue_enqueued_total", "Messages put into the queue.", &q.Enqueued),
		metrics.Of("queue_full_total", "Times the queue was full when a batch arrived.", &q.Full),
		metrics.Of("queue_dropped_total", "Messages dropped because the queue was full or did not drain at stop.", &q.Dropped),
		metrics.Of("queue_discarded_total", "Messages left out by severity or sampling.", &q.Discarded),
		{Name: "queue_messages", Help: "Messages queued or being processed.", Kind: metrics.Gauge, Read: func() float64 { return float64(q.Len()) }},
		{Name: "queue_oldest_message_age_seconds", Help: "Age of the oldest message that waits in memory or on disk, 0 without any.", Kind: metrics.Gauge, Read: func() float64 {
			if oldest := q.Oldest(); !oldest.IsZero() {
				return time.Since(oldest).Seconds()
			}
			return 0
		}},
		{Name: "queue_bytes", Help: "Memory of the queued batches.", Kind: metrics.Gauge, Read: func() float64 {
			q.mu.Lock()
			defer q.mu.Unlock()
			return float64(q.bytes)
		}},
	}...)}
}
