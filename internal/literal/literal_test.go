package literal_test

import (
	"bytes"
	"fmt"
	"testing"

	"syslogd/internal/literal"
)

// find is what Set.Find must return.
func find(groups [][][]byte, b []byte) uint64 {
	found := uint64(0)
	for g, texts := range groups {
		for _, t := range texts {
			if bytes.Contains(b, t) {
				found |= 1 << g
			}
		}
	}
	return found
}

func group(texts ...string) (list [][]byte) {
	for _, t := range texts {
		list = append(list, []byte(t))
	}
	return list
}

func TestFind(t *testing.T) {
	t.Parallel()
	groups := [][][]byte{group("tok00"), group("tok01"), group("error", "fail"), group("ab"), group("aab", "bb"), group("a text that is longer than the window of the set")}
	for _, tc := range []struct {
		in   string
		want uint64
	}{
		{"", 0},
		{"a", 0},
		{"ab", 1 << 3},
		{"xaab", 1<<3 | 1<<4},
		{"bb", 1 << 4},
		{"tok00", 1},
		{"tok0", 0},
		{"tok01 tok00", 3},
		{"a failure", 1 << 2},
		{"no errorfail", 1 << 2},
		{"here: a text that is longer than the window of the set", 1 << 5},
		{"here: a text that is longer than the window of the se", 0},
	} {
		if got := literal.New(groups).Find([]byte(tc.in)); got != tc.want || got != find(groups, []byte(tc.in)) {
			t.Errorf("%q: %b, want %b", tc.in, got, tc.want)
		}
	}
}

func TestFindWith64Groups(t *testing.T) {
	t.Parallel()
	var groups [][][]byte
	for i := range literal.MaxGroups {
		groups = append(groups, group(fmt.Sprintf("tok%02d", i)))
	}
	s := literal.New(groups)
	for i := range literal.MaxGroups {
		if got := s.Find(fmt.Appendf(nil, "before tok%02d behind", i)); got != 1<<i {
			t.Errorf("tok%02d: %b", i, got)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add("tok01 tok02", "tok00|tok01|tok02")
	f.Add("aaabab", "ab|ba|aab")
	f.Add("xxyyxxy", "xyy|yx|xxyyxxyz")
	f.Fuzz(func(t *testing.T, text, list string) {
		var groups [][][]byte
		for _, w := range bytes.Split([]byte(list), []byte("|")) {
			if len(w) >= literal.MinLen && len(groups) < literal.MaxGroups {
				groups = append(groups, [][]byte{w})
			}
		}
		if len(groups) == 0 {
			return
		}
		if got, want := literal.New(groups).Find([]byte(text)), find(groups, []byte(text)); got != want {
			t.Errorf("%q in %q: %b, want %b", list, text, got, want)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	text := []byte(" seq=000000001234 tok77 pl=96 the quick brown fox jumps over the lazy dog, and over that which lies behind it end=1234")
	for _, n := range []int{1, 4, 20, 64} {
		var groups [][][]byte
		for i := range n {
			groups = append(groups, group(fmt.Sprintf("tok%02d", i)))
		}
		s := literal.New(groups)
		b.Run(fmt.Sprintf("set/%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				s.Find(text)
			}
		})
		b.Run(fmt.Sprintf("contains/%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				find(groups, text)
			}
		})
	}
}
