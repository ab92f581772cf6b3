// Package witness is a sender that knows what it was promised: it sends numbered messages
// over RELP and holds on to each of them until it was acknowledged, whatever happens to the
// connection and the server; and it finds in a file which of them arrived.
package witness

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"syslogd/internal/process"
	"syslogd/parser/frame/relp"
)

// patience is how long the server may take to answer or to come back.
const patience = process.Patience

// Sender sends numbered messages and holds on to each of them until it was acknowledged.
type Sender struct {
	// Port is where the server listens on 127.0.0.1.
	Port string
	// Count is how many messages it sends.
	Count int
	// Allowed is how many it may have sent by now, Acked how many are safe.
	Allowed, Acked atomic.Int64
	// Drop ends the connection once, in the middle of whatever.
	Drop atomic.Bool
}

// window is how many messages are under way.
const window = 128

// Run sends all messages. It returns when all are acknowledged, or when the server does
// not come back or says what RELP does not know.
func (w *Sender) Run() error {
	for w.Acked.Load() < int64(w.Count) {
		conn, err := w.dial()
		if err != nil {
			return fmt.Errorf("the server does not come back: %w", err)
		}
		err = w.session(conn)
		conn.Close()
		if err != nil && !broken(err) {
			return err
		}
	}
	return nil
}

func (w *Sender) dial() (conn net.Conn, err error) {
	process.Await(func() bool {
		conn, err = net.Dial("tcp", "127.0.0.1:"+w.Port)
		return err == nil
	})
	return conn, err
}

func broken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrDeadlineExceeded)
}

// session sends what is not acknowledged, until the connection ends.
func (w *Sender) session(conn net.Conn) error {
	in := answers{conn: conn, frames: relp.NewReader(&relp.Options{MaxData: 4096})}
	var out []byte
	txnr := 1
	if _, err := conn.Write(relp.Append(nil, txnr, "open", relp.AppendOffers(nil))); err != nil {
		return err
	}
	if err := in.next(); err != nil {
		return err
	}
	next := int(w.Acked.Load())
	for acked := next; acked < w.Count; {
		out = out[:0]
		for ; next < w.Count && next < acked+window && next < int(w.Allowed.Load()); next++ {
			txnr = relp.NextTxnr(txnr)
			out = relp.Append(out, txnr, "syslog", fmt.Appendf(nil, "<13>Mar  4 10:00:00 web1 app: number %d of many, and that is all.", next))
		}
		if _, err := conn.Write(out); err != nil {
			return err
		}
		if w.Drop.Swap(false) {
			conn.(*net.TCPConn).SetLinger(0)
			return nil
		}
		if next == acked { // nothing is allowed at the moment
			process.Await(func() bool { return w.Allowed.Load() > int64(next) || w.Drop.Load() })
			continue
		}
		if err := in.next(); err != nil {
			return err
		}
		acked++
		w.Acked.Store(int64(acked))
	}
	return nil
}

// answers are what a server answers over a connection.
type answers struct {
	conn   net.Conn
	frames relp.Reader
	unread []byte
}

// next waits for the next one, which must be that all is well.
func (a *answers) next() error {
	for {
		f, n, err := a.frames.Next(a.unread)
		if err != nil {
			return err
		}
		if n > 0 {
			code, text, _, err := relp.ParseResponse(f.Data)
			a.unread = a.unread[n:]
			switch {
			case string(f.Command) == "serverclose":
				return io.EOF
			case err != nil || code != 200:
				return fmt.Errorf("the relay answers %d %s %v", code, text, err)
			}
			return nil
		}
		buf := make([]byte, 4096)
		a.conn.SetReadDeadline(time.Now().Add(patience))
		if n, err = a.conn.Read(buf); err != nil {
			return err
		}
		a.unread = append(a.unread, buf[:n]...)
	}
}

var numbered = regexp.MustCompile(`number (\d+) of many, and that is all\.`)

// Numbers counts how often each message stands in the file. A writer that was
// killed may have left part of a line, which the next one continues.
func Numbers(file string, count int) (distinct, twice int) {
	seen, twice := Seen(file, count)
	for _, s := range seen {
		if s {
			distinct++
		}
	}
	return distinct, twice
}

// Gaps names the messages that are missing.
func Gaps(seen []bool) string {
	var b strings.Builder
	for i := 0; i < len(seen); i++ {
		first := i
		for i < len(seen) && !seen[i] {
			i++
		}
		if i > first {
			fmt.Fprintf(&b, " %d-%d", first, i-1)
		}
	}
	return b.String()
}

// Seen tells which messages stand in the file, and how many of them more than once.
func Seen(file string, count int) (seen []bool, twice int) {
	text, _ := os.ReadFile(file)
	seen = make([]bool, count)
	for _, m := range numbered.FindAllSubmatch(text, -1) {
		n, _ := strconv.Atoi(string(m[1]))
		if seen[n] {
			twice++
		}
		seen[n] = true
	}
	return seen, twice
}
