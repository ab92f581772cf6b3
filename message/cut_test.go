package message

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWholeCharacters(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "a", "aé", "a€", "a😀", "é", "😀😀"} {
		for cut := range len(text) + 1 {
			got := string(WholeCharacters([]byte(text[:cut])))
			if !utf8.ValidString(got) || !strings.HasPrefix(text, got) || cut-len(got) >= utf8.UTFMax {
				t.Errorf("%q cut to %d bytes: %q", text, cut, got)
			}
		}
	}
	for _, text := range []string{"a\x80", "\x80\x80\x80\x80\x80", "a\xff", "\xe9 t", "caf\xe9t"} {
		if got := string(WholeCharacters([]byte(text))); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}
