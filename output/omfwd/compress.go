package omfwd

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// compressMin is the length from which a message is compressed, as in rsyslogd.
const compressMin = 60

// compressor compresses messages one by one.
type compressor struct {
	level int
	buf   bytes.Buffer
	w     *zlib.Writer
}

// text is text behind a z if that is shorter, else text itself. It is valid
// until the next call.
func (c *compressor) text(text []byte) (packed []byte, smaller bool) {
	if len(text) <= compressMin {
		return text, false
	}
	c.buf.Reset()
	c.buf.WriteByte('z')
	if c.w == nil {
		var err error
		if c.w, err = zlib.NewWriterLevel(&c.buf, c.level); err != nil {
			return text, false
		}
	} else {
		c.w.Reset(&c.buf)
	}
	_, err := c.w.Write(text)
	if err = errors.Join(err, c.w.Close()); err != nil || c.buf.Len() >= len(text) {
		return text, false
	}
	return c.buf.Bytes(), true
}

// streamWriter compresses all that goes over a connection.
type streamWriter interface {
	io.WriteCloser
	// Flush writes out what was taken so far, so that the peer can read all of it.
	Flush() error
}

func newStreamWriter(w io.Writer, driver Driver, level int) (streamWriter, error) {
	if driver == Zstd {
		return zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow))
	}
	return zlib.NewWriterLevel(w, level)
}

// zstdWindow bounds the memory of a compressed stream, on both sides.
const zstdWindow = 1 << 20
