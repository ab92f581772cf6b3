package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// verifier checks what a server stored.
type verifier struct {
	shape      shape
	first      int
	count      int
	perHost    bool
	perProgram bool

	seen []uint8
	want []byte
}

// result is what was found.
type result struct {
	lines, missing, duplicate int
	// broken lines are cut, joined, changed, or not of loggen; misplaced ones
	// lie in another file, or bear another host or program.
	broken, misplaced int
	// example is a line that is wrong, with its file.
	example string
}

func (r *result) String() string {
	s := fmt.Sprintf("%d lines: %d missing, %d twice, %d broken, %d misplaced", r.lines, r.missing, r.duplicate, r.broken, r.misplaced)
	if r.example != "" {
		s += "\nfor instance " + r.example
	}
	return s
}

func (r *result) err() error {
	if r.missing+r.duplicate+r.broken+r.misplaced > 0 {
		return errors.New("what was stored is not what was sent")
	}
	return nil
}

// tree checks all files below dir, compressed ones, too.
func (v *verifier) tree(dir string) (*result, error) {
	v.seen = make([]uint8, v.count)
	r := &result{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return v.file(r, path, rel)
	})
	for _, n := range v.seen {
		if n == 0 {
			r.missing++
		} else {
			r.duplicate += int(n) - 1
		}
	}
	return r, err
}

func (v *verifier) file(r *result, path, rel string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		r.lines++
		if where := v.line(lines.Bytes(), rel); where != nil {
			*where(r)++
			if r.example == "" {
				r.example = rel + ": " + lines.Text()
			}
		}
	}
	return lines.Err()
}

func broken(r *result) *int    { return &r.broken }
func misplaced(r *result) *int { return &r.misplaced }

// line checks a line; nil: it is right.
func (v *verifier) line(line []byte, rel string) func(*result) *int {
	at := bytes.Index(line, []byte("loggen seq="))
	if at < 0 {
		return broken
	}
	text := line[at:]
	n, rest, ok := number(text[len("loggen seq="):])
	if !ok || n < v.first || n >= v.first+v.count || !bytes.HasPrefix(rest, []byte(" size=")) {
		return broken
	}
	size, _, ok := number(rest[len(" size="):])
	if !ok || size != len(text) {
		return broken
	}
	if v.want = v.shape.appendText(v.want[:0], n, size); !bytes.Equal(text, v.want) {
		return broken
	}
	v.seen[n-v.first] = min(v.seen[n-v.first]+1, 250)
	host, program := v.shape.host(n), v.shape.program(n)
	header := line[:at]
	if !bytes.Contains(header, []byte(host)) || !bytes.Contains(header, []byte(program)) ||
		v.perHost && !strings.Contains(rel, host) || v.perProgram && !strings.Contains(rel, program) {
		return misplaced
	}
	return nil
}

// number reads digits at the start of b.
func number(b []byte) (n int, rest []byte, ok bool) {
	i := 0
	for i < len(b) && i < 15 && b[i]-'0' <= 9 {
		i++
	}
	n, err := strconv.Atoi(string(b[:i]))
	return n, b[i:], err == nil
}
