package store

import (
	"errors"
	"io/fs"
	"sync"
	"time"

	"syslogd/internal/receipt"
	"syslogd/metrics"
)

// NewFiles bounds how many files and directories messages make. What is beyond goes to
// Overflow, or is lost and counted if that is empty.
type NewFiles struct {
	// PerSender and All are how many a second one sender and all together may make;
	// 0 is without limit. What was not used adds up for Saving.
	PerSender, All int
	// Overflow is the path of a file.
	Overflow string
}

const (
	// saving is how long unused rights to make files add up. With 100 a second a
	// relay of 15,000 hosts makes their files and directories for a new day at once.
	saving = 5 * time.Minute
	// maxSenders are told apart; more share one account.
	maxSenders = 10_000
	// divertedPause is between two lines in the log about an overflow.
	divertedPause = time.Minute
)

// account is what a sender may make, as of a time.
type account struct {
	left float64
	at   time.Time
}

// fill adds what came up since a.at, at a rate a second.
func (a *account) fill(rate int, now time.Time) {
	most := float64(rate) * saving.Seconds()
	if a.at.IsZero() {
		a.left = most
	} else {
		a.left = min(a.left+now.Sub(a.at).Seconds()*float64(rate), most)
	}
	a.at = now
}

// makers are the accounts of a Cache.
type makers struct {
	NewFiles
	lost *metrics.Loss

	mu      sync.Mutex // guards what follows
	all     account
	senders map[string]*account
	told    time.Time
}

// LimitNewFiles bounds what the records of c make. Call it before the first Append.
func (c *Cache) LimitNewFiles(n NewFiles, lost *metrics.Loss) {
	if n.Overflow != "" {
		n.Overflow = c.path(n.Overflow)
	}
	c.makers = &makers{NewFiles: n, lost: lost, senders: map[string]*account{}}
}

// of returns the account of a sender. mu is held.
func (k *makers) of(sender []byte, now time.Time) *account {
	if a := k.senders[string(sender)]; a != nil {
		return a
	}
	if len(k.senders) >= maxSenders {
		for name, a := range k.senders {
			if now.Sub(a.at) >= saving {
				delete(k.senders, name)
			}
		}
	}
	name := string(sender)
	if len(k.senders) >= maxSenders {
		name = ""
	}
	a := k.senders[name]
	if a == nil {
		a = &account{}
		k.senders[name] = a
	}
	return a
}

// mayMake reports whether sender may make a file now.
func (k *makers) mayMake(sender []byte, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	a := k.of(sender, now)
	a.fill(k.PerSender, now)
	k.all.fill(k.All, now)
	return (k.PerSender == 0 || a.left >= 1) && (k.All == 0 || k.all.left >= 1)
}

// made takes n files and directories from the account of sender.
func (k *makers) made(sender []byte, n int, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.of(sender, now).left -= float64(n)
	k.all.left -= float64(n)
}

// tell reports whether the log is to say that records are diverted.
func (k *makers) tell(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.told.IsZero() && now.Sub(k.told) < divertedPause {
		return false
	}
	k.told = now
	return true
}

// mayOpen reports whether the file at path is there, or may be made for rec.
func (c *Cache) mayOpen(path string, rec *Record) bool {
	if c.makers == nil || path == c.makers.Overflow || c.makers.mayMake(rec.From, c.s.clock()) {
		return true
	}
	_, err := c.s.fs.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// charge notes what was made for the record that opened e.
func (c *Cache) charge(e *entry, rec *Record) {
	if c.makers == nil {
		return
	}
	if n := e.file.made.Swap(0); n > 0 {
		c.makers.made(rec.From, int(n), c.s.clock())
	}
}

// divert appends a record whose file may not be made to the overflow file.
func (c *Cache) divert(rec *Record, back *receipt.Receipt, path string) error {
	k := c.makers
	if k.Overflow == "" {
		k.lost.Add(countRecords(rec.Text), "file", path, "sender", string(rec.From))
		back.Mark(receipt.GivenUp)
		return nil
	}
	c.s.stats.diverted.Add(1)
	if k.tell(c.s.clock()) {
		c.s.report.warn("too many new files, messages for further ones go elsewhere", "file", k.Overflow,
			"sender", string(rec.From), "instead_of", path)
	}
	key := []byte(k.Overflow)
	e, err := c.lookup(&Record{Key: key}, c.requests.Add(1))
	if err != nil {
		return err
	}
	if err := e.file.Append(rec.Text, back); err != nil {
		return c.appendAgain(e, &Record{Key: key, Text: rec.Text, From: rec.From}, back, err)
	}
	return nil
}

// errDiverted says that a file may not be made now.
type errDiverted struct{ path string }

func (e *errDiverted) Error() string { return e.path + ": too many new files" }
