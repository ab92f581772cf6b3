package listener

import (
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// Compression is how a sender compresses its stream.
type Compression uint8

// The formats of a stream.
const (
	Uncompressed Compression = iota
	Zlib
	Zstd
)

// compressedConn is a connection whose bytes are compressed. What it takes in at
// a time is bounded by what is read, however much the sender packs into a byte.
type compressedConn struct {
	net.Conn
	format Compression
	r      io.Reader
	late   bool // the read deadline has passed; see packed
	// needs is told how much memory the decompressor will need, in bytes. An error
	// ends the stream before that is taken.
	needs  func(bytes int) error
	frames zstdFrames
}

// Read reads decompressed bytes. A reader of the format is made when the first
// bytes come.
func (c *compressedConn) Read(p []byte) (int, error) {
	if c.r == nil {
		var err error
		switch c.format {
		case Zlib:
			if err := c.needs(zlibMemory); err != nil {
				return 0, err
			}
			c.r, err = zlib.NewReader(packed{c})
		case Zstd:
			c.r, err = zstd.NewReader(packed{c}, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxZstdWindow))
		}
		if err != nil {
			return 0, err
		}
	}
	return c.r.Read(p)
}

// maxZstdWindow bounds the memory of a stream; zstd's own levels use up to 8 MiB.
const maxZstdWindow = 8 << 20

// zlibMemory is what reading zlib takes: a window of 32 KiB, and tables.
const zlibMemory = 64 << 10

// close ends the decompressor, not the connection.
func (c *compressedConn) close() {
	if z, ok := c.r.(*zstd.Decoder); ok {
		z.Close()
	}
}

// packed is the compressed bytes.
type packed struct{ c *compressedConn }

// lateTime is for what is still under way when the server stops.
const lateTime = 50 * time.Millisecond

// Read reads from the connection. A decompressor goes on with no byte after an
// error, so the deadline that a stop sets is extended once, to read what has
// arrived.
func (s packed) Read(p []byte) (int, error) {
	n, err := s.c.Conn.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) && !s.c.late {
		s.c.late = true
		s.c.Conn.SetReadDeadline(time.Now().Add(lateTime))
		n, err = s.c.Conn.Read(p)
	}
	if s.c.format == Zstd && n > 0 {
		if needErr := s.c.needs(s.c.frames.scan(p[:n])); needErr != nil {
			return 0, needErr
		}
	}
	return n, err
}

// needs waits until the budget has what the decompressor of a session will need.
func (s *session) needs(bytes int) error {
	if more := bytes - s.window; more > 0 {
		if !s.srv.opt.Budget.wait(s.intake, more) {
			return errSentAway
		}
		s.window = bytes
	}
	if s.away.Load() {
		return errSentAway
	}
	return nil
}

// broken reports whether err is about the compressed bytes, not the connection. A
// stream that ends without its trailer is none: rsyslogd's senders close it so.
func broken(err error) bool {
	var opErr *net.OpError
	return !errors.As(err, &opErr) && !errors.Is(err, errSentAway) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, os.ErrDeadlineExceeded)
}
