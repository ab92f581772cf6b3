package imuxsock

import (
	"bytes"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"syslogd/message"
	"syslogd/metrics"
	"syslogd/parser"
	"syslogd/ratelimit"
)

// maxProcesses bounds the processes that are counted at a time. Beyond it any
// one makes room, and begins a new window with its next message.
const maxProcesses = 4096

// limits lets burst messages of each process through in each window of interval
// and drops the rest. A window begins with its first message. It belongs to one
// goroutine.
type limits struct {
	interval time.Duration
	burst    int
	from     message.Severity  // this severity and less urgent ones count
	policy   *ratelimit.Policy // sets the above, if not nil
	host     func() string
	log      *slog.Logger
	dropped  *metrics.Counter

	windows map[int32]window
	sweep   time.Time
	counted atomic.Int64 // processes, for statistics
}

// window is what a process has sent.
type window struct {
	begin       time.Time
	count, lost int
	name        string // of the process, once messages were lost
}

// allow reports whether a message of the process is let through.
func (l *limits) allow(pid int32, text []byte, now time.Time) bool {
	if l.policy != nil {
		a := l.policy.Allowance()
		l.interval, l.burst, l.from = a.Interval, a.Burst, a.From
	}
	if l.interval == 0 || parser.PRI(text).Severity() < l.from {
		return true
	}
	l.expire(now)
	w, known := l.windows[pid]
	if known && now.Sub(w.begin) >= l.interval {
		l.tell(&w)
		known = false
	}
	if !known {
		l.makeRoom()
		w = window{begin: now}
	}
	ok := w.count < l.burst
	if ok {
		w.count++
	} else {
		if w.lost == 0 {
			w.name = processName(pid)
			l.log.Warn(fmt.Sprintf("%s from <%s:%s>: begin to drop messages due to rate-limiting", w.name, l.host(), appName(text)), "code", 2177)
		}
		w.lost++
		l.dropped.Add(1)
	}
	l.windows[pid] = w
	l.counted.Store(int64(len(l.windows)))
	return ok
}

// expire forgets, once an interval, the windows that have ended.
func (l *limits) expire(now time.Time) {
	if l.windows == nil {
		l.windows = map[int32]window{}
		l.sweep = now.Add(l.interval)
	}
	if now.Before(l.sweep) {
		return
	}
	l.sweep = now.Add(l.interval)
	for pid, w := range l.windows {
		if now.Sub(w.begin) >= l.interval {
			l.tell(&w)
			delete(l.windows, pid)
		}
	}
}

func (l *limits) makeRoom() {
	if len(l.windows) < maxProcesses {
		return
	}
	for pid, w := range l.windows {
		l.tell(&w)
		delete(l.windows, pid)
		return
	}
}

// tell logs what a window has lost.
func (l *limits) tell(w *window) {
	if w.lost > 0 {
		l.log.Warn(fmt.Sprintf("%s: %d messages lost due to rate-limiting (%d allowed within %d seconds)", w.name, w.lost, l.burst, int(l.interval/time.Second)), "code", 2177)
	}
}

// tellAll ends all windows.
func (l *limits) tellAll() {
	for _, w := range l.windows {
		l.tell(&w)
	}
	l.windows = nil
}

// processName is how a process is named in the log.
func processName(pid int32) string {
	cmd := readProc(nil, pid, "cmdline")
	name, _, _ := bytes.Cut(cmd, []byte{0})
	if len(name) == 0 {
		return fmt.Sprintf("imuxsock[pid: %d]", pid)
	}
	return fmt.Sprintf("imuxsock[pid: %d, name: %s]", pid, blankControls(name))
}

// appName is the name of the program in a message, for the log.
func appName(text []byte) string {
	start, end := parser.LocalTag(text)
	if n := parser.ProgramLen(text[start:end], false); n > 0 {
		return string(text[start : start+n])
	}
	return "-"
}
