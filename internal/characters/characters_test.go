package characters

import (
	"testing"
	"unicode/utf8"
)

func TestACutLeavesWholeCharacters(t *testing.T) {
	t.Parallel()
	const text = "aä€😀b"
	for n := range len(text) + 2 {
		got := Fit(text, n)
		if got > n || got < n-3 || n > 0 && got == 0 || n > 3 && !utf8.ValidString(text[:got]) {
			t.Errorf("%d bytes: %q", n, text[:got])
		}
	}
	for text, want := range map[string]int{
		"": 0, "abc": 3, "a\xc3": 1, "a\xe2\x82": 1, "a\xf0\x9f\x98": 1, "aä": 3,
		"gr\xfc\xdf text": 9, "\x82\x82\x82\x82": 4, "a\xff": 2, "a\xc3(": 3,
	} {
		if got := Whole(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
