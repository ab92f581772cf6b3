package imrelp

import (
	"errors"
	"fmt"
	"io"
	"time"

	"syslogd/parser/frame"
	"syslogd/parser/frame/relp"
)

// dialogue is the server's side of one RELP session.
type dialogue struct {
	frames relp.Reader
	open   bool
	last   int    // number of the last frame
	due    []byte // answers, in the order of the frames
}

var errNotOpen = errors.New("a frame before the session was opened")

// Next takes one frame from buf.
func (d *dialogue) Next(buf []byte) (text []byte, advance int, ev frame.Event, err error) {
	f, n, err := d.frames.Next(buf)
	if n == 0 || err != nil {
		return nil, 0, ev, err
	}
	switch f.Part {
	case relp.Passing:
		return nil, n, ev, nil
	case relp.End:
		d.due = relp.AppendOK(d.due, f.Txnr)
		return nil, n, ev, nil
	}
	text, ev, err = d.handle(&f)
	return text, n, ev, err
}

func (d *dialogue) handle(f *relp.Frame) (text []byte, ev frame.Event, err error) {
	if string(f.Command) == relp.Open && !d.open {
		d.last = f.Txnr
		return nil, ev, d.begin(f)
	}
	if !d.open {
		return nil, ev, errNotOpen
	}
	// Numbers follow each other, else the sender and we mean different frames.
	if want := relp.NextTxnr(d.last); f.Txnr != want {
		return nil, ev, fmt.Errorf("frame %d follows frame %d", f.Txnr, d.last)
	}
	d.last = f.Txnr
	switch string(f.Command) {
	case relp.Syslog:
		switch {
		case f.Part == relp.Cut:
			return f.Data, frame.Event{Kind: frame.Oversize, Size: f.Size}, nil
		case d.frames.Oversize(f):
			ev = frame.Event{Kind: frame.Accepted, Size: f.Size}
		}
		d.due = relp.AppendOK(d.due, f.Txnr)
		return f.Data, ev, nil
	case relp.Close:
		d.due = relp.Append(d.due, f.Txnr, relp.Response, nil)
		return nil, ev, io.EOF
	}
	return nil, ev, fmt.Errorf("unexpected command %q", f.Command)
}

// begin opens the session, or says why not.
func (d *dialogue) begin(f *relp.Frame) error {
	if err := relp.CheckOffers(f.Data); err != nil {
		d.due = relp.Append(d.due, f.Txnr, relp.Response, []byte("500 required command not supported by client"))
		return err
	}
	d.open = true
	d.due = relp.Append(d.due, f.Txnr, relp.Response, relp.AppendOffers([]byte("200 OK\n")))
	return nil
}

// Need is how long the next frame is, if that is known.
func (d *dialogue) Need() int { return d.frames.Need() }

const (
	// openTime is how long a peer may take to open the session, frameTime how long
	// it may be silent within a frame.
	openTime  = 30 * time.Second
	frameTime = 90 * time.Second
)

// Patience is how long the peer may be silent. A session without messages stays open.
func (d *dialogue) Patience(inFrame bool) time.Duration {
	switch {
	case !d.open:
		return openTime
	case inFrame:
		return frameTime
	}
	return 0
}

// maxKept bounds the memory that a silent session keeps for answers.
const maxKept = 4 << 10

// Answers appends the answers to all frames so far.
func (d *dialogue) Answers(dst []byte) []byte {
	dst = append(dst, d.due...)
	if d.due = d.due[:0]; cap(d.due) > maxKept {
		d.due = nil
	}
	return dst
}

// Farewell appends serverclose: what was not answered is to be sent elsewhere or again.
func (d *dialogue) Farewell(dst []byte) []byte { return relp.Append(dst, 0, relp.ServerClose, nil) }
