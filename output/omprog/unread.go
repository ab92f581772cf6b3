package omprog

import (
	"bytes"
	"slices"
	"time"
)

// A program that does not confirm may end with messages in the pipe that it has not read.
// The kernel knows how many bytes these are, so they are written again to the next
// program. What a program has read and not processed nobody knows.

// sent is a record that was written, and where it ended among all bytes.
type sent struct {
	text []byte
	end  int64
}

// maxUnread is how many bytes a pipe holds: what was written before those was read.
const maxUnread = 64 << 10

// remember keeps a record that was written for as long as it may be unread.
func (o *program) remember(text []byte) {
	o.sent = append(o.sent, sent{bytes.Clone(text), o.proc.Written})
	if o.sent[0].end < o.proc.Written-2*maxUnread { // not for each record
		o.forget(o.proc.Written - maxUnread)
	}
}

// forget forgets what was read: all that ended up to there.
func (o *program) forget(read int64) {
	o.sent = slices.DeleteFunc(o.sent, func(s sent) bool { return s.end <= read })
}

// tellEvery is how often it is logged that programs end by themselves.
const tellEvery = time.Minute

// keepUnread moves what the program has not read to what has to be written again.
func (o *program) keepUnread() {
	o.forget(o.proc.Written - int64(o.proc.Unread()))
	if now := time.Now(); !o.Confirm && o.proc.Deaf() && now.Sub(o.told) >= tellEvery {
		o.told = now
		o.log.Warn("the program has ended; what it has read and not processed is lost and not known, confirmMessages would tell", "unread", len(o.sent))
	}
	var again [][]byte
	for _, s := range o.sent {
		again = append(again, s.text)
	}
	o.sent, o.unread = nil, append(again, o.unread...)
}

// resend writes again what a program did not read.
func (o *program) resend() error {
	if len(o.unread) == 0 {
		return nil
	}
	if o.Transactions {
		if err := o.say([]byte(o.Begin + "\n")); err != nil {
			return err
		}
	}
	for len(o.unread) > 0 {
		if _, err := o.record(o.unread[0]); err != nil {
			return err
		}
		o.unread = o.unread[1:]
	}
	if o.Transactions {
		return o.say([]byte(o.Commit + "\n"))
	}
	return nil
}

// drain waits until the program has read all. One that ends before is started again, once.
// What then is unread is lost; a program that is left to itself may still read it.
func (o *program) drain(deadline time.Time) {
	for tries := 1; o.revive(); tries++ {
		if o.allRead(deadline) {
			return
		}
		ended := o.proc.Deaf()
		if !ended && !o.Kill {
			return
		}
		o.end(max(time.Until(deadline), 0))
		if !ended || tries == 2 {
			break
		}
	}
	o.lost.Add(len(o.unread))
	o.unread = nil
}

// revive has a program be there if something is left to read.
func (o *program) revive() bool {
	if o.proc == nil && (len(o.unread) == 0 || o.start() != nil) {
		return false
	}
	// An error says that it has ended, which shows.
	o.resend()
	return true
}

// drainPause is how often it is looked whether the program has read all.
const drainPause = 5 * time.Millisecond

// allRead waits until the program has read all, for as long as it can.
func (o *program) allRead(deadline time.Time) bool {
	for o.proc.Unread() > 0 && !o.proc.Deaf() && time.Now().Before(deadline) {
		time.Sleep(drainPause)
	}
	return o.proc.Unread() == 0 && len(o.unread) == 0
}
