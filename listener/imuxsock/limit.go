package imuxsock

import (
	"fmt"
	"log/slog"
	"time"

	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
)

// maxProcesses bounds how many processes are counted at a time. When there are
// more, all begin anew.
const maxProcesses = 16384

// limits is the rate limit of each process. It belongs to one goroutine.
type limits struct {
	interval time.Duration
	burst    int
	least    message.Severity // this severity and less urgent ones count
	log      *slog.Logger
	dropped  *metrics.Counter
	byPID    map[int32]*listener.RateLimit
}

// allow reports whether a message of the process is let through.
func (l *limits) allow(pid int32, text []byte, now time.Time) bool {
	if l.interval == 0 || severityOf(text) < l.least {
		return true
	}
	r := l.byPID[pid]
	if r == nil {
		if l.byPID == nil || len(l.byPID) >= maxProcesses {
			l.byPID = map[int32]*listener.RateLimit{}
		}
		r = &listener.RateLimit{Interval: l.interval, Burst: l.burst, Name: fmt.Sprintf("imuxsock[pid %d]", pid), Log: l.log}
		l.byPID[pid] = r
	}
	if r.Take(1, now) == 1 {
		return true
	}
	l.dropped.Add(1)
	return false
}

// severityOf reads the PRI; a text without one is user.notice.
func severityOf(text []byte) message.Severity {
	if len(text) == 0 || text[0] != '<' {
		return message.DefaultPRI.Severity()
	}
	n := 0
	for _, c := range text[1:min(len(text), 5)] {
		if c == '>' {
			break
		}
		if c < '0' || c > '9' {
			return message.DefaultPRI.Severity()
		}
		n = n*10 + int(c-'0')
	}
	return message.Priority(n).Severity()
}
