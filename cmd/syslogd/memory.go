package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/store"
)

const (
	// gcPercent is how much garbage may come for each byte in use. With 100, Go's own
	// default, messages with variables cost a fifth more CPU time; above 200 only the
	// memory grows (the table is in docs/performance.md).
	gcPercent = 200
	// gcRoom is how much garbage may come at most, or half of what is in use: that much
	// in use are queues that are full and connections that hold what they can get: more
	// garbage than that is memory without a use.
	gcRoom = 128 << 20
	// gcFloor is the size of the heap below which nothing is collected. The batches
	// under way grow to that within the first tenths of a second of a load: collecting
	// on the way costs as much as many thousand messages and finds nothing.
	gcFloor = 32 << 20
	// heapMinimum is what Go's runtime waits for before a collection at GOGC=100.
	heapMinimum = 4 << 20
	// settleHeap is the size of the heap above which the start ends with a collection:
	// for less it would touch more memory than it frees.
	settleHeap = 8 << 20
	// settleDelay is how long after the start that is: what senders have collected
	// during a restart comes first.
	settleDelay = 500 * time.Millisecond
)

// tune sets what the runtime leaves to the program; the environment (GOGC) wins.
func tune() {
	if os.Getenv("GOGC") == "" {
		percent := gcPercentFor(0)
		debug.SetGCPercent(percent)
		afterEachCollection(func() {
			was := percent
			if percent = gcPercentFor(metric("/gc/heap/live:bytes")); percent != was {
				debug.SetGCPercent(percent)
			}
		})
	}
	store.RaiseFileLimit()
}

// gcPercentFor is the percentage with which a heap of which live bytes are in use
// grows to gcFloor, or by gcPercent if that is more, or by gcRoom if that is less.
func gcPercentFor(live uint64) int {
	room := max(gcFloor, live) - live
	most := max(gcRoom, live/2)
	room = max(room, min(live*gcPercent/100, most))
	return int(min(100*room/max(live, 1), 100*gcFloor/heapMinimum))
}

// metric reads a number of runtime/metrics.
func metric(name string) uint64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// afterEachCollection calls f after each garbage collection, in the runtime's
// goroutine for finalizers: the object of which the finalizer is lives until the
// next one.
func afterEachCollection(f func()) {
	type sentinel [16]byte // smaller ones share their memory with others
	var finalize func(*sentinel)
	finalize = func(s *sentinel) {
		f()
		runtime.SetFinalizer(s, finalize)
	}
	runtime.SetFinalizer(&sentinel{}, finalize)
}

// settle gives back what only the start has needed: the garbage that the analysis
// of the configuration left, and the pages of the program file that are mapped.
// Those that are needed again are mapped again from the page cache.
func settle() {
	if metric("/memory/classes/heap/objects:bytes") > settleHeap {
		debug.FreeOSMemory()
	}
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	smaps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer smaps.Close()
	for _, m := range cleanMappings(smaps, program) {
		unix.Syscall(unix.SYS_MADVISE, m.start, m.end-m.start, unix.MADV_DONTNEED)
	}
}

type mapping struct{ start, end uintptr }

// cleanMappings returns the mappings of a file in the list, which is that of
// proc_pid_smaps(5), that can not be written to and were not: without a page that
// a linker or a debugger has changed, which would be lost.
func cleanMappings(smaps io.Reader, file string) (clean []mapping) {
	var m mapping
	of := false
	for lines := bufio.NewScanner(smaps); lines.Scan(); {
		line := lines.Text()
		if name, value, field := strings.Cut(line, ":"); field && name != "" && name[0] >= 'A' && name[0] <= 'Z' {
			if of && name == "Anonymous" && strings.Fields(value)[0] == "0" {
				clean = append(clean, m)
			}
			continue
		}
		var perms string
		if of = strings.HasSuffix(line, " "+file); of {
			_, err := fmt.Sscanf(line, "%x-%x %s", &m.start, &m.end, &perms)
			of = err == nil && !strings.Contains(perms, "w")
		}
	}
	return clean
}
