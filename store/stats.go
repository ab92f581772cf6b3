package store

import "sync/atomic"

// Stats is a snapshot of a Store's counters since its start.
type Stats struct {
	// OpenFiles is how many files have a descriptor now, Failing how many of
	// all files hold bytes that could not be written.
	OpenFiles, Failing int64
	// Opens counts successful opens, Reopened those because a file had been
	// renamed or removed.
	Opens, Reopened uint64
	// Writes counts write(2) calls, Bytes what they wrote, Syncs fsync(2) calls.
	Writes, Bytes, Syncs uint64
	// Rotations counts files moved aside, Compressed and Removed what became of
	// the backups.
	Rotations, Compressed, Removed uint64
	// Errors counts failed system calls, Lost records that had been taken and
	// could not be written before their file was closed for good.
	Errors, Lost uint64
	// Diverted counts records that went to an overflow file, Panics those that were
	// caught where something was done to a file.
	Diverted, Panics uint64
}

type counters struct {
	openFiles, failing             atomic.Int64
	opens, reopened                atomic.Uint64
	writes, bytes, syncs           atomic.Uint64
	rotations, compressed, removed atomic.Uint64
	errors, lost, diverted, panics atomic.Uint64
}

func (c *counters) snapshot() Stats {
	return Stats{
		OpenFiles: c.openFiles.Load(), Failing: c.failing.Load(),
		Opens: c.opens.Load(), Reopened: c.reopened.Load(),
		Writes: c.writes.Load(), Bytes: c.bytes.Load(), Syncs: c.syncs.Load(),
		Rotations: c.rotations.Load(), Compressed: c.compressed.Load(), Removed: c.removed.Load(),
		Errors: c.errors.Load(), Lost: c.lost.Load(), Diverted: c.diverted.Load(), Panics: c.panics.Load(),
	}
}

// CacheStats is a snapshot of a Cache's counters, under the names of rsyslogd's
// statistics.
type CacheStats struct {
	// Requests counts appends, Level0 those to the same file as the one before,
	// Missed those that had to open a file.
	Requests, Level0, Missed uint64
	// Evicted counts files closed to make room, CloseTimeouts those closed
	// because they were idle.
	Evicted, CloseTimeouts uint64
	// MaxUsed is the largest number of files at a time, Used the present one.
	MaxUsed, Used uint64
}
