package store

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"syslogd/internal/receipt"
)

// Cache holds the open files of one action with dynamic names. It closes the
// least recently used one to make room. Its methods may be called by any number
// of goroutines.
type Cache struct {
	s    *Store
	set  *settings
	base string
	size int
	// makers bounds what records make; nil does not.
	makers *makers

	// requests counts appends and is the clock of their order.
	requests                                   atomic.Uint64
	level0, missed, evicted, timeouts, maxUsed atomic.Uint64
	// last is the entry of the latest append, most likely that of the next.
	last atomic.Pointer[entry]

	mu      sync.RWMutex // guards what follows
	entries map[string]*entry
	// oldest is a heap by entry.listed, which is never later than entry.used.
	oldest []*entry
}

// entry is an open file under one of its names.
type entry struct {
	key  string
	file *File
	// used is the number of the latest append to the file.
	used atomic.Uint64
	// listed is the used that the heap is ordered by, index the place in it; -1
	// when the entry was removed. Cache.mu guards both.
	listed uint64
	index  int
}

// Cache returns an empty cache of files with Options o. prefix is the constant
// text that all names begin with: they stay below its directory, see Base and
// Contain. size is how many files it may hold open; zero means as many as the
// Store's budget allows. Close it.
func (s *Store) Cache(o *Options, prefix string, size int) *Cache {
	c := &Cache{s: s, set: s.intern(o), base: Base(prefix), size: size, entries: map[string]*entry{}}
	s.mu.Lock()
	s.caches = append(s.caches, c)
	s.mu.Unlock()
	return c
}

// Record is what Cache.Append appends: Text, one or more whole records, to the file
// called Key.
// From is who sent it, see Cache.LimitNewFiles.
type Record struct{ Key, Text, From []byte }

// group is how many records are looked up together. The memory of each is far
// away with thousands of files; the processor fetches that of several at a time.
const group = 32

// Append appends the records in their order and counts those it took in taken, one by
// one: the number is right even if it panics. The error is the one of the next record;
// see File.Append, also for back. After an *OpenError the next Append for the same key tries again to
// open the file.
func (c *Cache) Append(recs []Record, back *receipt.Receipt, taken *int) error {
	for len(recs) > 0 {
		n := min(group, len(recs))
		if err := c.appendGroup(recs[:n], back, taken); err != nil {
			return err
		}
		recs = recs[n:]
	}
	return nil
}

func (c *Cache) appendGroup(recs []Record, back *receipt.Receipt, taken *int) (err error) {
	var found [group]*entry
	now := c.find(recs, &found)
	for i := range recs {
		now++
		e := found[i]
		missed := e == nil
		if missed {
			e, err = c.lookup(&recs[i], now)
			var over *errDiverted
			if errors.As(err, &over) {
				if err = c.divert(&recs[i], back, over.path); err == nil {
					*taken++
					continue
				}
			}
			if err != nil {
				return err
			}
		}
		if e == c.last.Load() {
			c.level0.Add(1)
		} else {
			c.last.Store(e)
		}
		if err := e.file.Append(recs[i].Text, back); err != nil {
			if err = c.appendAgain(e, &recs[i], back, err); err != nil {
				return err
			}
		}
		*taken++
		if missed {
			c.charge(e, &recs[i])
		}
	}
	return nil
}

// find looks up the entries of recs, and has the processor fetch their files. It
// returns the number of the request before the first of them.
func (c *Cache) find(recs []Record, found *[group]*entry) (before uint64) {
	n := uint64(len(recs))
	before = c.requests.Add(n) - n
	c.mu.RLock()
	for i := range recs {
		found[i] = c.entries[string(recs[i].Key)]
	}
	c.mu.RUnlock()
	for i := range recs {
		if e := found[i]; e != nil {
			e.used.Store(before + uint64(i) + 1)
			e.file.used.Load()
		}
	}
	return before
}

// appendAgain deals with an error: the file may have been evicted between
// lookup and append, by another goroutine or to free a descriptor.
func (c *Cache) appendAgain(e *entry, rec *Record, back *receipt.Receipt, err error) error {
	// Each round needs an eviction of just this file by another goroutine.
	for try := 0; errors.Is(err, ErrClosed) && try < 1000; try++ {
		c.last.CompareAndSwap(e, nil)
		if e, err = c.lookup(rec, c.requests.Add(1)); err != nil {
			return err
		}
		err = e.file.Append(rec.Text, back)
	}
	var open *OpenError
	if errors.As(err, &open) {
		c.remove(e)
	}
	return err
}

// lookup returns the entry for a record, a new one if there is none. The file itself
// is opened by its first Append.
func (c *Cache) lookup(rec *Record, now uint64) (*entry, error) {
	name := string(rec.Key)
	if e := c.get(name, now); e != nil {
		return e, nil
	}
	path := c.path(name)
	if len(name) > maxPath {
		// A key is kept as long as the entry: a longer one stands under its path.
		name = path
		if e := c.get(name, now); e != nil {
			return e, nil
		}
	}
	if !c.mayOpen(path, rec) {
		return nil, &errDiverted{path}
	}
	c.missed.Add(1)
	if err := c.makeRoom(); err != nil {
		return nil, err
	}
	file, err := c.s.acquire(c.base, path, c.set)
	if err != nil {
		return nil, err
	}
	e, added := c.add(name, file, now)
	if !added {
		// Another goroutine was faster, its reference keeps the file.
		return e, c.s.release(file, false)
	}
	return e, nil
}

// get returns the entry called name, or nil.
func (c *Cache) get(name string, now uint64) *entry {
	c.mu.RLock()
	e := c.entries[name]
	c.mu.RUnlock()
	if e != nil {
		e.used.Store(now)
	}
	return e
}

// add adds an entry, unless there is one by now, and returns it.
func (c *Cache) add(name string, file *File, now uint64) (e *entry, added bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e = c.entries[name]
	added = e == nil
	if added {
		e = &entry{key: name, file: file, listed: now}
		c.entries[name] = e
		c.push(e)
		if n := uint64(len(c.entries)); n > c.maxUsed.Load() {
			c.maxUsed.Store(n)
		}
	}
	e.used.Store(now)
	return e, added
}

// path is the path of the file called name.
func (c *Cache) path(name string) string { return dynamicPath(c.base, name, &c.set.Options) }

// DynamicPath returns the path of the file that a Cache with the options and
// the prefix opens for name.
func DynamicPath(prefix, name string, o *Options) string { return dynamicPath(Base(prefix), name, o) }

func dynamicPath(base, name string, o *Options) string {
	limit, up := maxName, "__"
	depth := o.MaxDepth
	if depth == 0 {
		depth = DefaultDepth
	}
	if o.Escape {
		base, up = "", ".."
	}
	if !o.Rotation.on() {
		return contain(base, name, limit, depth, up)
	}
	return notBackup(contain(base, name, limit-backupRoom, depth, up))
}

func (c *Cache) len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.entries)
}

// makeRoom evicts as long as one more file would be too many.
func (c *Cache) makeRoom() error {
	if c.size == 0 {
		budget := c.s.budget.Load()
		// Files that can not be opened take no descriptor, but memory.
		if c.s.stats.openFiles.Load() < budget && int64(c.len()) < budget {
			return nil
		}
		if c.len() == 0 {
			c.s.shed()
			return nil
		}
		return c.evict()
	}
	for c.len() >= c.size {
		if err := c.evict(); err != nil {
			return err
		}
	}
	return nil
}

// evictTries is how many files are tried when the oldest cannot be written.
const evictTries = 8

// evict closes the file whose use is the longest ago. A file with bytes that
// the disk has no room for stays. When none of the oldest can be written, the
// first of them that fails for another reason than room is given up; its
// records are lost, counted and reported.
func (c *Cache) evict() error {
	var kept []*entry
	var failed error
	defer func() {
		for _, e := range kept {
			c.putBack(e)
		}
	}()
	for range evictTries {
		e := c.popOldest()
		if e == nil {
			break
		}
		err := c.s.release(e.file, false)
		if err == nil {
			c.evicted.Add(1)
			return nil
		}
		kept, failed = append(kept, e), err
	}
	for i, e := range kept {
		if NoSpace(e.file.failure()) {
			continue
		}
		kept = slices.Delete(kept, i, i+1)
		c.evicted.Add(1)
		e.file.giveUp()
		_ = c.s.release(e.file, true)
		return nil
	}
	return failed
}

// putBack returns an entry that could not be closed.
func (c *Cache) putBack(e *entry) {
	c.mu.Lock()
	other := c.entries[e.key]
	if other == nil {
		c.entries[e.key] = e
		c.push(e)
	}
	c.mu.Unlock()
	if other != nil {
		// Opened again meanwhile: it is the same File, held twice.
		_ = c.s.release(e.file, false)
	}
}

// remove forgets an entry whose file cannot be opened.
func (c *Cache) remove(e *entry) {
	c.mu.Lock()
	removed := e.index < 0
	if !removed {
		c.drop(e.index)
	}
	c.mu.Unlock()
	if removed {
		return
	}
	if err := c.s.release(e.file, false); err != nil {
		c.putBack(e)
	}
}

// clear closes all files. Those with bytes that cannot be written stay, unless
// lose is set.
func (c *Cache) clear(lose bool) error {
	c.mu.Lock()
	list := c.oldest
	c.oldest = nil
	for _, e := range list {
		e.index = -1
	}
	clear(c.entries)
	c.last.Store(nil)
	c.mu.Unlock()
	var errs []error
	for _, e := range list {
		if err := c.s.release(e.file, lose); err != nil {
			errs = append(errs, err)
			if !lose {
				c.putBack(e)
			}
		}
	}
	return errors.Join(errs...)
}

// closeIdle closes files that were not written for CloseTimeout.
func (c *Cache) closeIdle(now time.Time) {
	if c.set.CloseTimeout <= 0 {
		return
	}
	var list []*entry
	c.mu.Lock()
	for i := len(c.oldest) - 1; i >= 0; i-- {
		if e := c.oldest[i]; e.file.idle(now) {
			list = append(list, e)
			c.drop(i)
		}
	}
	c.mu.Unlock()
	for _, e := range list {
		if err := c.s.release(e.file, false); err != nil {
			c.putBack(e)
			continue
		}
		c.timeouts.Add(1)
	}
}

// Close writes and closes all files that no one else uses. Records that cannot
// be written are lost, counted and reported.
func (c *Cache) Close() error {
	c.s.mu.Lock()
	c.s.caches = slices.DeleteFunc(c.s.caches, func(o *Cache) bool { return o == c })
	c.s.mu.Unlock()
	return c.clear(true)
}

// Stats returns the counters.
func (c *Cache) Stats() CacheStats {
	return CacheStats{
		Requests: c.requests.Load(), Level0: c.level0.Load(), Missed: c.missed.Load(),
		Evicted: c.evicted.Load(), CloseTimeouts: c.timeouts.Load(),
		MaxUsed: c.maxUsed.Load(), Used: uint64(c.len()),
	}
}
