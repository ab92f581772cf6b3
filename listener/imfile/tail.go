package imfile

import (
	"context"
	"errors"
	"io"
	"strconv"
	"time"

	"syslogd/internal/receipt"
	"syslogd/internal/vfs"
	"syslogd/message"
)

// fileID says which file it is, whatever its name.
type fileID struct{ dev, ino uint64 }

// place is a position between two messages of a file.
type place struct {
	pos  int64
	skip skip
}

// end is where a batch of so many messages ends.
type end struct {
	place
	lines int
}

// tail is a file that is read. It belongs to the input's goroutine, but for marked.
type tail struct {
	path string // as the pattern found it
	real string // without symbolic links
	id   fileID
	file vfs.File

	at   place // what lies before is in the queue
	seen int64 // up to here the text was looked at: what lies behind at is an incomplete message
	read time.Time
	// queued: it waits for its turn. marked: an event waits in the mailbox, which guards it.
	queued, marked bool
	// left is when the path went to another file, or to none; zero while it has it.
	left    time.Time
	deleted bool

	flow message.Flow
	// ledger has the ends of the batches whose messages are not safe; done is the end of
	// the last one in front of which all are.
	ledger receipt.Ledger[end]
	done   place
	saved  place
	state  string // name of the state file, "" if there is none
	head   string // fingerprint in that name
	lines  int    // since the state was saved

	minute struct {
		start        time.Time
		lines, bytes int
	}
}

// ready reports whether there is text that was not looked at. It notices a file
// that became shorter.
func (in *input) ready(t *tail) bool {
	info, err := t.file.Stat()
	if err != nil {
		in.complain("file can not be read", t.path, err)
		return false
	}
	if info.Size < t.seen {
		in.truncated(t, info.Size)
	}
	return info.Size > t.seen
}

// truncated starts again with a file that became shorter.
func (in *input) truncated(t *tail, size int64) {
	if !in.conf.Reopen {
		if size < t.at.pos && in.warn.Allow() {
			in.env.Log.Warn("file became shorter and reopenOnTruncate is off: it is not read up to its old length", "file", t.path)
		}
		return
	}
	in.env.Log.Info("file became shorter, it is read from its start", "file", t.path)
	in.forget(t)
	t.at, t.seen = place{}, 0
	t.ledger.Forget() // what is still under way belongs to the old text
	t.done, t.saved = place{}, place{pos: -1}
}

// consume reads the next piece of a file and submits its messages. more reports
// that there is more to read at once; ok is false when the queue takes nothing
// any more.
func (in *input) consume(ctx context.Context, t *tail, f flush) (more, ok bool) {
	n, err := t.file.ReadAt(in.buf, t.at.pos)
	if err != nil && !errors.Is(err, io.EOF) {
		in.complain("file can not be read", t.path, err)
		return false, true
	}
	buf := in.buf[:n]
	whole := n < len(in.buf)
	if !whole {
		f = flushNothing // the file goes on
	}
	b := in.newBatch(t)
	at, used, last := t.at, 0, false
	for b.Len() < in.batch {
		from := at.pos
		p := in.split.next(buf[used:], &at.skip, f)
		if p.used == 0 {
			last = true
			break
		}
		used += p.used
		at.pos += int64(p.used)
		if p.cut {
			in.reportCut(t)
		}
		if len(p.text) > 0 && in.allowed(t, p.used, b.Received) {
			in.add(b, t, p.text, from)
		}
	}
	if last {
		t.seen = t.at.pos + int64(n)
	} else {
		t.seen = at.pos
	}
	if f == flushNothing {
		t.read = b.Received
	}
	if used == 0 {
		b.Release()
		return false, true
	}
	if !in.submit(ctx, t, b, at) {
		return false, false
	}
	return !last || !whole, true
}

// newBatch returns an empty batch for messages of t.
func (in *input) newBatch(t *tail) *message.Batch {
	b := message.NewBatch(nil)
	b.Received, b.Flow = in.env.Now(), &t.flow
	in.prepare(b)
	return b
}

// prepare makes ready what the messages of a batch have in common.
func (in *input) prepare(b *message.Batch) {
	in.stamp = message.TimestampOf(b.Received.Local())
	if host := in.env.Names.Local(); host != in.local {
		in.local = host
		in.host = append([]byte(nil), host.Host()...)
		in.peer = message.NewPeer("", "")
		if in.conf.NeedParse {
			in.peer = message.NewPeer("", string(in.host))
		}
	}
}

// add makes a message of text, which begins at from in the file.
func (in *input) add(b *message.Batch, t *tail, text []byte, from int64) *message.Message {
	if in.conf.CEE {
		in.cee = append(append(in.cee[:0], "@cee:"...), text...)
		text = in.cee
	}
	var m *message.Message
	if in.conf.NeedParse {
		m = b.Add(append([]byte(nil), text...), in.origin, in.peer)
	} else {
		m = b.AddText(text, in.host, in.tag, in.program)
		m.Origin, m.Peer = in.origin, in.peer
		m.PRI = in.pri
		m.Received, m.Reported = in.stamp, in.stamp
	}
	if in.conf.Metadata == metadataOn {
		m.JSON = metadataTree(t.path, from)
	}
	in.stats.bytes.Add(uint64(len(text)))
	return m
}

func metadataTree(path string, offset int64) *message.Tree {
	meta := message.ObjectValue()
	meta.Put("filename", message.StringValue(path), true)
	meta.Put("fileoffset", message.StringValue(strconv.FormatInt(offset, 10)), true)
	root := message.ObjectValue()
	root.Put("metadata", meta, true)
	return &message.Tree{Root: root}
}

// submit hands a batch on; then at is where the file was read to.
func (in *input) submit(ctx context.Context, t *tail, b *message.Batch, at place) bool {
	n := b.Len()
	if n == 0 {
		b.Release()
		t.ledger.Note(end{at, 0}) // text without messages is done with the batch before it
	} else {
		b.Receipt = t.ledger.Open(end{at, n})
		if in.sub.Submit(ctx, b) != nil {
			return false // it is read again at the next start
		}
	}
	in.stats.lines.Add(uint64(n))
	t.at = at
	t.lines += n
	switch {
	case in.conf.PersistSubmit:
		in.save(t, at)
	case in.conf.PersistLines > 0 && t.lines >= in.conf.PersistLines:
		in.save(t, t.settled())
	}
	in.pause(ctx, n)
	return true
}

// settled is how far all messages are safe.
func (t *tail) settled() place {
	if ends := t.ledger.Take(nil); len(ends) > 0 {
		t.done = ends[len(ends)-1].place
	}
	return t.done
}

// unsettled is how many messages are not.
func (t *tail) unsettled() (n int) {
	t.settled()
	t.ledger.Each(func(e end, _ bool, _ receipt.Outcome) { n += e.lines })
	return n
}

// pause waits for delay.message.
func (in *input) pause(ctx context.Context, n int) {
	if in.conf.Delay == 0 || n == 0 {
		return
	}
	timer := time.NewTimer(time.Duration(n*in.conf.Delay) * time.Microsecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// allowed counts a message for maxLinesPerMinute and maxBytesPerMinute.
func (in *input) allowed(t *tail, size int, now time.Time) bool {
	c, m := &in.conf, &t.minute
	if c.MaxLinesMinute == 0 && c.MaxBytesMinute == 0 {
		return true
	}
	if now.Sub(m.start) >= time.Minute {
		m.start, m.lines, m.bytes = now, 0, 0
	}
	m.lines++
	m.bytes += size
	if (c.MaxLinesMinute == 0 || m.lines <= c.MaxLinesMinute) && (c.MaxBytesMinute == 0 || m.bytes <= c.MaxBytesMinute) {
		return true
	}
	in.stats.limited.Add(1)
	if in.limitWarn.Allow() {
		in.env.Log.Warn("more is written to a file than maxLinesPerMinute or maxBytesPerMinute allow, messages are dropped",
			"file", t.path, "count", in.stats.limited.Value())
	}
	return false
}

func (in *input) reportCut(t *tail) {
	in.stats.cut.Add(1)
	if in.conf.CutError && in.lost.Begins(1, "file", t.path, "limit", in.split.limit) {
		in.env.Log.Warn("message is longer than maxMessageSize, it is cut or split", "file", t.path,
			"limit", in.split.limit, "count", in.stats.cut.Value())
	}
}
