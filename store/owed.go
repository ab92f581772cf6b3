package store

import (
	"path/filepath"
	"slices"

	"syslogd/internal/receipt"
	"syslogd/internal/vfs"
)

// owed are the receipts of records that were taken and are not written, and, with
// Options.Sync, not synced. They come back when nothing of the file waits any more: which
// bytes are whose is not kept.
type owed struct {
	list    []*receipt.Receipt
	records int // that they are for
}

// maxOwed bounds the memory that is kept for the next receipts.
const maxOwed = 64

// add is for records p.
func (o *owed) add(p []byte, back *receipt.Receipt) {
	o.records += countRecords(p)
	if n := len(o.list); n > 0 && o.list[n-1] == back {
		return
	}
	back.Hold()
	o.list = append(o.list, back)
}

// giveBack returns all receipts.
func (o *owed) giveBack(outcome receipt.Outcome) {
	for i, back := range o.list {
		o.list[i] = nil
		back.Return(outcome)
	}
	o.list, o.records = o.list[:0], 0
	if cap(o.list) > maxOwed {
		o.list = nil
	}
}

// mark notes an outcome for all.
func (o *owed) mark(outcome receipt.Outcome) {
	for _, back := range o.list {
		back.Mark(outcome)
	}
}

// giveUp is for a file that is closed though it can not be written: the server does not
// stop, so what it holds is lost.
func (f *File) giveUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.owed.giveBack(receipt.GivenUp)
}

// syncAll makes durable what was written since the file had before bytes. When that
// fails it is taken back, to be written again: the kernel has marked the pages clean, and
// a second fsync(2) would say nothing about them. Where others write, too, or a stream
// was compressed, that is not possible: it stays, and whoever has asked for a receipt does
// not get one. Without receipts nothing is repeated, as in rsyslogd.
func (f *File) syncAll(before int64) error {
	err := f.sync()
	if err == nil || len(f.owed.list) == 0 && f.asking == nil {
		return nil
	}
	if f.takeBack(before) {
		return &WriteError{f.path, err}
	}
	f.owed.mark(receipt.Unfinished)
	f.asking.Mark(receipt.Unfinished)
	return nil
}

// takeBack cuts the file to what it had before.
func (f *File) takeBack(before int64) bool {
	if f.h.stream || f.set.ZipLevel > 0 {
		return false
	}
	info, err := f.h.Stat()
	if err != nil || info.Size != f.h.size || f.h.Truncate(before) != nil {
		return false
	}
	f.h.size = before
	return true
}

// unlisted notes that the directory's entries are to be synced: something was made in it.
func (f *File) unlisted(fsys vfs.FS, dir string) {
	if f.set.Sync {
		f.toSync = append(f.toSync, directory{fsys, filepath.Clean(dir)})
	}
}

// syncDirs makes what was made durable. What fails is tried again with the next sync.
func (f *File) syncDirs() error {
	for len(f.toSync) > 0 {
		d := f.toSync[0]
		if err := vfs.SyncDir(d.fs, d.path); err != nil {
			f.s.stats.errors.Add(1)
			f.s.report.warn("directory of a new file cannot be synced", "file", f.path, "err", err)
			return err
		}
		f.toSync = slices.Delete(f.toSync, 0, 1)
	}
	return nil
}
