package control

import (
	"bytes"
	"testing"
)

// slow says what Index has to return.
func slow(p []byte) int {
	for i, c := range p {
		if c < 32 {
			return i
		}
	}
	return len(p)
}

func TestIndex(t *testing.T) {
	for size := range 150 {
		for at := range size + 1 {
			for _, c := range []byte{0, 1, '\t', '\n', 31, 32, 127, 128, 159, 160, 255} {
				p := bytes.Repeat([]byte{32, 127, 128, 255}, 38)[:size]
				if at < size {
					p[at] = c
				}
				if at+1 < size {
					p[at+1] = 0
				}
				for name, f := range map[string]func([]byte) int{"Index": Index, "indexWords": indexWords} {
					if got, want := f(p), slow(p); got != want {
						t.Fatalf("%s of %q: %d, want %d", name, p, got, want)
					}
				}
			}
		}
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte("<38>Oct 11 22:14:15 web01 sshd[12345]: Accepted\tpublickey for deploy\n"))
	f.Fuzz(func(t *testing.T, p []byte) {
		if got, want := Index(p), slow(p); got != want || indexWords(p) != want {
			t.Fatalf("%q: %d and %d, want %d", p, got, indexWords(p), want)
		}
	})
}

func BenchmarkIndex(b *testing.B) {
	p := bytes.Repeat([]byte{'a'}, 150)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		Index(p)
	}
}
