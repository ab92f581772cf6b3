package store

import (
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"syslogd/internal/barrier"
	"syslogd/internal/receipt"
)

// zipper is a compressor of either format.
type zipper interface {
	io.WriteCloser
	Flush() error
	Reset(io.Writer)
}

// zipPool keeps compressors between members. The Store owns it, one for each
// settings value. A gzip compressor is 800 KB that would be allocated for every
// member otherwise.
type zipPool struct{ idle sync.Pool }

func (p *zipPool) get(o *Options, w io.Writer) zipper {
	if z, ok := p.idle.Get().(zipper); ok {
		z.Reset(w)
		return z
	}
	return newZipper(o.Zip, o.ZipLevel, w)
}

func (p *zipPool) put(z zipper) {
	z.Reset(nil)
	p.idle.Put(z)
}

// newZipper returns a compressor. Level is zlib's, 1 to 9, for both formats.
func newZipper(c Compression, level int, w io.Writer) zipper {
	level = min(max(level, 1), 9)
	if c == Zstd {
		// One goroutine and a small window: there may be many such files.
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(256<<10), zstd.WithEncoderLevel(zstdLevel(level)))
		if err == nil {
			return z
		}
		panic("store: zstd refuses constant options: " + err.Error())
	}
	z, err := gzip.NewWriterLevel(w, level)
	if err != nil {
		panic("store: gzip refuses a level from 1 to 9: " + err.Error())
	}
	return z
}

func zstdLevel(level int) zstd.EncoderLevel {
	switch {
	case level <= 2:
		return zstd.SpeedFastest
	case level <= 6:
		return zstd.SpeedDefault
	case level <= 8:
		return zstd.SpeedBetterCompression
	}
	return zstd.SpeedBestCompression
}

// zipStream is a file's compressed stream. What the compressor gives is
// written in exactly that order: out holds what the disk has not taken.
type zipStream struct {
	z   zipper // nil between members
	out []byte
	// held: z has taken bytes since its last Flush.
	held bool
	// records is how many are in out and z.
	records int
}

// Write is called by the compressor.
func (s *zipStream) Write(p []byte) (int, error) {
	s.out = append(s.out, p...)
	return len(p), nil
}

// pending reports whether there is something to write.
func (s *zipStream) pending(end bool) bool { return len(s.out) > 0 || end && s.held }

// writeZip compresses p, all of it, and writes what comes out. The bytes the
// disk does not take stay in the stream, so that p is done with in any case.
func (f *File) writeZip(p []byte, end bool) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			n, err = len(p), f.breakZip(p, barrier.Caught(v))
		}
	}()
	if f.zip == nil {
		f.zip = &zipStream{}
	}
	s := f.zip
	if len(s.out) > 0 {
		// The disk was full. Nothing more is taken before it has room.
		if err := f.drainZip(); err != nil {
			return 0, err
		}
	}
	if s.z == nil && len(p) > 0 {
		s.z = f.set.zippers.get(&f.set.Options, s)
	}
	if len(p) > 0 {
		if _, err := s.z.Write(p); err != nil {
			return 0, &WriteError{f.path, err}
		}
		s.held = true
		s.records += countRecords(p)
	}
	if end && s.held {
		if err := f.endBlock(); err != nil {
			return len(p), err
		}
	}
	return len(p), f.drainZip()
}

// breakZip gives up what a compressor holds that panicked while p was given to it: it
// would do so again, and what it knows is in no good order.
func (f *File) breakZip(p []byte, caught *barrier.Panic) error {
	lost := max(f.zip.records, countRecords(p))
	f.zip = nil
	f.s.stats.lost.Add(uint64(lost))
	f.s.lost.Add(lost, "file", f.path, "err", caught)
	f.owed.mark(receipt.GivenUp)
	f.asking.Mark(receipt.GivenUp)
	return f.panicked("compress", caught)
}

// endBlock makes the compressor give out all it has: as a finished member with
// RobustZip, else up to a point from which a reader can go on.
func (f *File) endBlock() error {
	f.zip.held = false
	if f.set.RobustZip {
		return f.endMember()
	}
	if err := f.zip.z.Flush(); err != nil {
		return &WriteError{f.path, err}
	}
	return nil
}

func (f *File) endMember() error {
	s := f.zip
	if s == nil || s.z == nil {
		return nil
	}
	err := s.z.Close()
	f.set.zippers.put(s.z)
	s.z, s.held = nil, false
	if err != nil {
		return &WriteError{f.path, err}
	}
	return nil
}

// drainZip writes out.
func (f *File) drainZip() error {
	n, err := f.put(f.zip.out)
	f.zip.out = f.zip.out[:copy(f.zip.out, f.zip.out[n:])]
	if err != nil {
		return err
	}
	if !f.zip.held {
		f.zip.records = 0
	}
	if cap(f.zip.out) > mediumBuffer {
		f.zip.out = nil
	}
	return nil
}

// endZip ends the member before the file is closed.
func (f *File) endZip() error {
	if f.zip == nil {
		return nil
	}
	if err := f.endMember(); err != nil {
		return err
	}
	return f.drainZip()
}
