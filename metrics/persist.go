package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

// Persistence says when the counters of a Dynamic are saved. They are saved at the
// end in any case.
type Persistence struct {
	// Path of the file; "" keeps nothing.
	Path string
	// Counts is after how many counts the counters are saved, Interval after which
	// time if there were any; 0 is never.
	Counts   int
	Interval time.Duration
}

// StateFileName is the name that rsyslogd gives to the file of a bucket. What can
// not stand in a name is escaped.
func StateFileName(bucket string) string {
	return "dynstats-state:" + strings.NewReplacer("%", "%25", "/", "%2F", "\x00", "%00").Replace(bucket)
}

// maxStateFile bounds the file of a bucket, in bytes.
const maxStateFile = 1 << 30

// stateFile is the JSON of a file.
type stateFile struct {
	Name   string            `json:"name"`
	Values map[string]uint64 `json:"values"`
}

// Restore takes over what the file of the bucket has. One that is not there is no error.
func (d *Dynamic) Restore(now time.Time) error {
	text, err := vfs.ReadRegular(d.Persist.Path, maxStateFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	var f stateFile
	if err := json.Unmarshal(text, &f); err != nil {
		return fmt.Errorf("%s: %w", d.Persist.Path, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, key := range sortedKeys(f.Values) {
		if c, _ := d.get([]byte(key), d.MaxKeys, d.Life, now, func() *count { return &count{} }); c != nil {
			c.n += f.Values[key]
		}
	}
	return nil
}

// Save writes the counters so that either the old file or the new one is there.
func (d *Dynamic) Save(files vfs.FS) error {
	f := stateFile{d.Name, map[string]uint64{}}
	d.mu.Lock()
	d.unsaved = 0
	for key, e := range d.entries {
		f.Values[key] = e.val.n
	}
	d.mu.Unlock()
	text, err := json.Marshal(&f)
	if err != nil {
		return err
	}
	err = replaceFile(files, d.Persist.Path, text)
	if err != nil {
		d.FlushErrors.Add(1)
		d.mu.Lock()
		d.unsaved++ // is tried again at the latest at the end
		d.mu.Unlock()
		return err
	}
	d.Flushes.Add(1)
	d.FlushedBytes.Add(uint64(len(text)))
	return nil
}

func replaceFile(files vfs.FS, path string, text []byte) error {
	tmp := path + ".tmp"
	f, err := files.OpenFile(tmp, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = vfs.WriteFull(f, text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = files.Rename(tmp, path)
	}
	if err != nil {
		files.Remove(tmp)
	}
	return err
}

// dirty reports whether there are counts that were not saved.
func (d *Dynamic) dirty() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.unsaved > 0
}

// Keeper saves the counters of buckets that are to be kept.
type Keeper struct {
	files   vfs.FS
	log     *slog.Logger
	now     func() time.Time
	buckets []*Dynamic
	saved   []time.Time   // when each was looked at last
	failed  []bool        // said once
	wake    chan struct{} // filled by Inc, never closed; one is enough since all buckets are looked at
}

// NewKeeper returns the keeper of the buckets that are to be kept; nil if there are none.
func (b *Buckets) NewKeeper(files vfs.FS, log *slog.Logger, now func() time.Time) *Keeper {
	k := &Keeper{files: files, log: log, now: now, wake: make(chan struct{}, 1)}
	for _, name := range sortedKeys(b.Counters) {
		if d := b.Counters[name]; d.Persist.Path != "" {
			k.buckets = append(k.buckets, d)
		}
	}
	if k.buckets == nil {
		return nil
	}
	k.saved, k.failed = make([]time.Time, len(k.buckets)), make([]bool, len(k.buckets))
	return k
}

// Restore reads the files. It is called before anything is counted.
func (k *Keeper) Restore() {
	for i, d := range k.buckets {
		d.wake, k.saved[i] = k.wake, k.now()
		if err := d.Restore(k.now()); err != nil {
			k.log.Error("counters of a bucket can not be restored, they begin at 0", "bucket", d.Name, "err", err)
		}
	}
}

// Run saves what is due until ctx is done.
func (k *Keeper) Run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-k.wake:
		}
		for i, d := range k.buckets {
			if k.due(i) {
				k.save(i, d)
			}
		}
	}
}

// due reports whether a bucket is to be saved now.
func (k *Keeper) due(i int) bool {
	d := k.buckets[i]
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := &d.Persist; p.Counts > 0 && d.unsaved >= p.Counts {
		return true
	} else if p.Interval == 0 || k.now().Sub(k.saved[i]) < p.Interval {
		return false
	}
	k.saved[i] = k.now()
	return d.unsaved > 0
}

// Close saves what was counted since. Nothing is counted any more.
func (k *Keeper) Close() {
	for i, d := range k.buckets {
		if d.dirty() {
			k.save(i, d)
		}
	}
}

func (k *Keeper) save(i int, d *Dynamic) {
	err := d.Save(k.files)
	if err != nil && !k.failed[i] {
		k.log.Error("counters of a bucket can not be saved", "bucket", d.Name, "err", err)
	}
	k.failed[i] = err != nil
}
