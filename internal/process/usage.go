package process

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Status is a field of /proc/PID/status, "" for a program that has ended.
func (p *Process) Status(field string) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid()))
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, field+":"); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Memory is what the program has in memory, and the most it has had, in bytes.
func (p *Process) Memory() (now, peak int64) {
	bytes := func(field string) int64 {
		n, _ := strconv.ParseInt(strings.TrimSuffix(p.Status(field), " kB"), 10, 64)
		return n << 10
	}
	return bytes("VmRSS"), bytes("VmHWM")
}

// CPU is what all threads of the program have used, from its clock.
func (p *Process) CPU() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^p.Pid()<<3|2), &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
