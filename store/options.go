package store

import (
	"io/fs"
	"time"
)

// Owner is whom a created file or directory is given to. The zero Owner leaves
// it to the process's user and group.
type Owner struct {
	UID, GID       int
	HasUID, HasGID bool
}

func (o Owner) isZero() bool { return !o.HasUID && !o.HasGID }

// ids returns what chown(2) takes: -1 leaves an id as it is.
func (o Owner) ids() (uid, gid int) {
	uid, gid = -1, -1
	if o.HasUID {
		uid = o.UID
	}
	if o.HasGID {
		gid = o.GID
	}
	return uid, gid
}

// Links says which symbolic links are followed on the way to a file.
type Links uint8

const (
	// LinksInside: below the directory that the names of a Cache begin with, only
	// those that stay below it. All links of a fixed name, which is the
	// administrator's.
	LinksInside Links = iota
	// AllLinks are followed, as rsyslogd does.
	AllLinks
	// NoLinks: none below that directory, and none as last component of a fixed name.
	NoLinks
)

// Compression names a compressed format.
type Compression uint8

// The formats. In Options, None stands for the default, Gzip.
const (
	None Compression = iota
	Gzip
	Zstd
)

// suffix is what a compressed backup's name ends with.
func (c Compression) suffix() string {
	switch c {
	case Gzip:
		return ".gz"
	case Zstd:
		return ".zst"
	}
	return ""
}

// Options say how files are opened and written. The zero Options are those of
// an omfile action without parameters. Two users of one path with equal
// Options share the file.
type Options struct {
	// FileMode are the permission bits of created files, default 0644, DirMode
	// those of created directories, default 0700. The process's umask applies.
	FileMode, DirMode fs.FileMode
	// FileOwner and DirOwner are applied to what is created, never to what exists.
	FileOwner, DirOwner Owner
	// IgnoreChown goes on when an owner cannot be set (failOnChownFailure="off").
	IgnoreChown bool
	// NoDirs does not create missing directories (createDirs="off").
	NoDirs bool
	// Escape uses dynamic names as they are, but for NUL and control bytes and
	// what is too long: with ".." a sender can write anywhere.
	Escape bool
	// MaxDepth is how many elements a dynamic name may have below the constant
	// directory; 0 is DefaultDepth.
	MaxDepth int
	// Links says which symbolic links are followed.
	Links Links

	// Isolate: a file that can not be written keeps its records in its buffer, and
	// loses what does not fit, instead of refusing them.
	Isolate bool

	// Buffer is how many bytes a file may hold back. At least 64 KiB is used,
	// at most 16 MiB; a size limit below that lowers it.
	Buffer int
	// Hold keeps bytes until the buffer is full (flushOnTXEnd="off"), or until
	// FlushInterval has passed if that is not zero (asyncWriting="on").
	// Otherwise they are written when the workers run out of work, at the
	// latest 50 ms after the first of them.
	Hold          bool
	FlushInterval time.Duration
	// Sync calls fsync(2) after each flush, and for the directory after a file
	// was created.
	Sync bool

	// ZipLevel, 1 to 9, writes a compressed stream in the format Zip.
	// RobustZip ends the gzip member (or zstd frame) at every flush, so that a
	// crash loses little.
	ZipLevel  int
	Zip       Compression
	RobustZip bool

	// CloseTimeout closes a file that was not written for so long. Zero: never.
	CloseTimeout time.Duration

	// Rotation moves full files aside inside the server.
	Rotation Rotation
	// SizeLimit and SizeCommand are rsyslogd's way: when a file had SizeLimit
	// bytes or more before a write, SizeCommand runs after that write and is
	// waited for. The first word is the program, the rest of the line its only
	// argument (rsyslogd 8.2302). PassName adds the file's path as the last
	// argument.
	SizeLimit   int64
	SizeCommand string
	PassName    bool
}

// Rotation says when a file is moved aside and what becomes of it. A file
// out.log becomes out-2006-01-02T15-04-05.000.log, time in UTC. The zero
// Rotation never does.
type Rotation struct {
	// Size is how many bytes a file may have. A single write that is larger is
	// not divided. Zero: no limit.
	Size int64
	// Interval ends a file's period: 24h at local midnight, 1h at the full
	// hour. A file without content is not rotated. Zero: no periods.
	Interval time.Duration
	// MaxBackups is how many rotated files are kept, MaxAge for how long. Zero:
	// without limit.
	MaxBackups int
	MaxAge     time.Duration
	// Compress is the format of rotated files.
	Compress Compression
}

// on reports whether anything makes the file rotate.
func (r *Rotation) on() bool { return r.Size > 0 || r.Interval > 0 }

// keeps reports whether rotated files need care.
func (r *Rotation) keeps() bool {
	return r.on() && (r.MaxBackups > 0 || r.MaxAge > 0 || r.Compress != None)
}

const (
	// minBuffer is the smallest bound of a file's buffer. One core writes, by size
	// of the write, 0.6 GB/s (4 KiB), 1.2 (16 KiB), 2.2 (64 KiB), 2.8 (256 KiB):
	// BenchmarkWriteBySize.
	minBuffer = 64 << 10
	maxBuffer = 16 << 20
)

// settings are Options with defaults filled in, one value for all equal ones of
// a Store.
type settings struct {
	Options
	// max bounds a file's buffer, in bytes.
	max int
	// lane is where files with unwritten bytes wait; nil: they do not.
	lane *lane
	// zippers holds idle compressors.
	zippers zipPool
}

func (o Options) withDefaults() Options {
	if o.FileMode == 0 {
		o.FileMode = 0o644
	}
	if o.DirMode == 0 {
		o.DirMode = 0o700
	}
	if o.ZipLevel > 0 && o.Zip == None {
		o.Zip = Gzip
	}
	if o.ZipLevel == 0 {
		o.Zip, o.RobustZip = None, false
	}
	return o
}

// bufferLimit is the bound of a file's buffer.
func (o *Options) bufferLimit() int {
	n := min(max(o.Buffer, minBuffer), maxBuffer)
	for _, limit := range []int64{o.Rotation.Size, o.SizeLimit} {
		if limit > 0 {
			n = int(min(int64(n), limit))
		}
	}
	return n
}
