package omprog

import "testing"

func TestAMessageIsOneLineToTheProgram(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"a": "a", "a\n": "a\n", "a\nb\n": "a#012b\n", "a\n\nb": "a#012#012b\n", "\n": "\n", "": ""} {
		if got := string(oneLine([]byte(text))); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
