package parser

import (
	"bytes"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"

	"syslogd/message"
)

// inflater unpacks messages that a sender compressed: z and a zlib stream. Its
// readers are reused, since one takes 40 KB.
type inflater struct {
	readers sync.Pool // of *zlibReader
}

type zlibReader struct {
	in  bytes.Reader
	out io.ReadCloser // implements zlib.Resetter
}

// inflate returns the plain text of data, in memory of b. It reports false for
// data that is not zlib, is cut short or unpacks to more than limit bytes.
func (f *inflater) inflate(b *message.Batch, data []byte, limit int) ([]byte, bool) {
	// RFC 1950, 2.2: method 8, and a header that 31 divides. Most texts that
	// begin with z end here.
	if len(data) < 8 || data[0]&15 != 8 || (int(data[0])<<8|int(data[1]))%31 != 0 {
		return nil, false
	}
	r, ok := f.readers.Get().(*zlibReader)
	if !ok {
		r = new(zlibReader)
	}
	defer f.readers.Put(r)
	r.in.Reset(data)
	if !r.start() {
		return nil, false
	}
	dst := b.Side(limit + 1)
	n := 0
	for n <= limit {
		k, err := r.out.Read(dst[n:])
		n += k
		if err == io.EOF && n <= limit {
			return dst[:n], true
		}
		if err != nil {
			return nil, false
		}
	}
	return nil, false
}

func (r *zlibReader) start() bool {
	if r.out != nil {
		return r.out.(zlib.Resetter).Reset(&r.in, nil) == nil
	}
	out, err := zlib.NewReader(&r.in)
	r.out = out
	return err == nil
}
