package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"syslogd/internal/process"
)

// outputs reads all output files.
func (r *run) outputs() map[string][]byte {
	out := map[string][]byte{}
	filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		rel, _ := filepath.Rel(r.dir, path)
		if d.IsDir() {
			if slices.Contains(hidden, rel) {
				return fs.SkipDir
			}
			return nil
		}
		if _, given := r.c.files[rel]; given || !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
			if text, err := gunzip(data); err == nil {
				data, rel = text, rel+"(gunzipped)"
			} else {
				rel += "(bad gzip)"
			}
		}
		out[rel] = r.c.normalise(rel, data, r.dir)
		return nil
	})
	return out
}

func gunzip(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func equal(a, b map[string][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if w, ok := b[k]; !ok || !bytes.Equal(v, w) {
			return false
		}
	}
	return true
}

// settle waits until the outputs are as wanted and stay so, or do not change any more.
func (r *run) settle() {
	if r.c.option("check", "") == "at-exit" {
		time.Sleep(300 * time.Millisecond)
		return
	}
	idle, limit := seconds(r.c.option("idle", ""), r.opt.idle), seconds(r.c.option("timeout", ""), 10*time.Second)
	var last map[string][]byte
	since := time.Now()
	process.Poll(limit, func() bool {
		now := r.outputs()
		if equal(now, r.c.want) {
			time.Sleep(60 * time.Millisecond)
			if equal(r.outputs(), r.c.want) {
				return true
			}
		}
		if last == nil || !equal(now, last) {
			last, since = now, time.Now()
		}
		return time.Since(since) > idle || r.ended()
	})
}

func seconds(text string, def time.Duration) time.Duration {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return def
	}
	return time.Duration(f * float64(time.Second))
}

func (r *run) compare() []string {
	var wrong []string
	for path, want := range r.c.wantMode {
		got := "missing"
		if info, err := os.Stat(r.path(path)); err == nil {
			got = fmt.Sprintf("%04o", info.Sys().(*syscall.Stat_t).Mode&0o7777)
		}
		if got != want {
			wrong = append(wrong, fmt.Sprintf("mode of %s: want %s, got %s", path, want, got))
		}
	}
	out := r.outputs()
	for path, want := range r.c.want {
		if got, ok := out[path]; !ok {
			wrong = append(wrong, "missing output "+path)
		} else if !bytes.Equal(want, got) {
			wrong = append(wrong, fmt.Sprintf("%s: %s", path, firstDifference(want, got)))
		}
	}
	for path := range out {
		if _, ok := r.c.want[path]; !ok {
			wrong = append(wrong, "unexpected output "+path)
		}
	}
	slices.Sort(wrong)
	return wrong
}

func firstDifference(want, got []byte) string {
	w, g := bytes.SplitAfter(want, []byte{'\n'}), bytes.SplitAfter(got, []byte{'\n'})
	for i := range max(len(w), len(g)) {
		var a, b []byte
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if !bytes.Equal(a, b) {
			return fmt.Sprintf("line %d: want %.300q, got %.300q", i+1, a, b)
		}
	}
	return "same"
}
