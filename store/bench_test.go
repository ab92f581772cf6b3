package store

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

// nullFS takes writes and forgets them: what is left is the store's own cost.
type nullFS struct{ vfs.FS }

type nullFile struct{ vfs.File }

func (n nullFS) OpenFile(name string, flags int, perm uint32) (vfs.File, error) {
	f, err := n.FS.OpenFile(name, flags, perm)
	return nullFile{f}, err
}

func (nullFile) Write(p []byte) (int, error) { return len(p), nil }

func record(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = 'x'
	}
	p[n-1] = '\n'
	return p
}

// dynamicKeys returns n names as a template makes them, in random order.
func dynamicKeys(dir string, n int) [][]byte {
	keys := make([][]byte, n)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "%s/host%04d/app%d.log", dir, i/10, i%10)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(n, func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	return keys
}

func BenchmarkAppendStatic(b *testing.B) {
	for _, size := range []int{150, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := New(nullFS{vfs.NewMem()}, nil, nil)
			f, _ := s.File("/out.log", &Options{})
			p := record(size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if err := f.Append(p, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// cpuTime returns the CPU time of the process. On a shared machine it says more
// than the clock on the wall.
func cpuTime() time.Duration {
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func reportCPU(b *testing.B, since time.Duration) {
	b.ReportMetric(float64(cpuTime()-since)/float64(b.N), "cpu-ns/op")
}

// BenchmarkAppend10000Files is the store's cost of a record to a random one of
// 10,000 open files, without write(2) and with.
func BenchmarkAppend10000Files(b *testing.B) {
	const batch = 50
	for _, kind := range []string{"null", "null-5-records", "disk"} {
		b.Run(kind, func(b *testing.B) {
			dir := b.TempDir()
			var fsys vfs.FS = vfs.OS{}
			if kind != "disk" {
				dir, fsys = "/logs", nullFS{vfs.NewMem()}
			}
			s := New(fsys, nil, nil)
			s.SetBudget(11000)
			c := s.Cache(&Options{}, dir+"/", 0)
			keys := dynamicKeys(dir, 10000)
			p := record(150)
			for _, k := range keys {
				if err := appendTo(c, k, p); err != nil {
					b.Fatal(err)
				}
			}
			recs := make([]Record, len(keys))
			for i, k := range keys {
				recs[i] = Record{Key: k, Text: p}
			}
			b.ReportAllocs()
			b.ResetTimer()
			start := cpuTime()
			i, rounds := 0, 0
			for n := 0; n < b.N; n += batch {
				if err := c.Append(recs[i:i+batch], nil, new(int)); err != nil {
					b.Fatal(err)
				}
				if i += batch; i < len(recs) {
					continue
				}
				// After 10,000 records each file is written; 50 ms at full load
				// bring about as many.
				i = 0
				if rounds++; kind != "null-5-records" || rounds%5 == 0 {
					s.FlushIdle()
				}
			}
			b.StopTimer()
			reportCPU(b, start)
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func BenchmarkAppend10000FilesParallel(b *testing.B) {
	s := New(nullFS{vfs.NewMem()}, nil, nil)
	s.SetBudget(11000)
	c := s.Cache(&Options{}, "/logs/", 0)
	keys := dynamicKeys("/logs", 10000)
	p := record(150)
	for _, k := range keys {
		if err := appendTo(c, k, p); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	defer reportCPU(b, cpuTime())
	b.RunParallel(func(pb *testing.PB) {
		i := rand.IntN(len(keys))
		for pb.Next() {
			_ = appendTo(c, keys[i], p)
			if i++; i == len(keys) {
				i = 0
				s.FlushIdle()
			}
		}
	})
}

func BenchmarkWriteBySize(b *testing.B) {
	for _, size := range []int{150, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			h, err := vfs.OS{}.OpenFile(filepath.Join(b.TempDir(), "f"), openFlags|0o100, 0o600)
			if err != nil {
				b.Fatal(err)
			}
			defer h.Close()
			p := record(size)
			b.SetBytes(int64(size))
			n := 0
			for b.Loop() {
				if _, err := h.Write(p); err != nil {
					b.Fatal(err)
				}
				if n += size; n > 64<<20 {
					n = 0
					_ = h.Truncate(0)
				}
			}
		})
	}
}

// BenchmarkAppendSmallCache opens and closes a file for each record, as a
// configuration with a small dynaFileCacheSize has it.
func BenchmarkAppendSmallCache(b *testing.B) {
	dir := b.TempDir()
	s := New(vfs.OS{}, nil, nil)
	c := s.Cache(&Options{}, dir+"/", 20)
	keys := dynamicKeys(dir, 1000)
	p := record(150)
	for _, k := range keys {
		if err := appendTo(c, k, p); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	start := cpuTime()
	i := 0
	for b.Loop() {
		if err := appendTo(c, keys[i], p); err != nil {
			b.Fatal(err)
		}
		if i++; i == len(keys) {
			i = 0
		}
	}
	b.StopTimer()
	reportCPU(b, start)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
