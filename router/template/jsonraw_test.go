package template

import (
	"encoding/json"
	"testing"
)

// An escape that a cut went through is none.
func TestEscapesThatWereCutAreTexts(t *testing.T) {
	t.Parallel()
	const text = `a\u00e4\n\\\"b`
	for n := range len(text) + 1 {
		got := string(appendJSONRaw([]byte{'"'}, []byte(text[:n]))) + `"`
		if !json.Valid([]byte(got)) {
			t.Errorf("%s becomes %s", text[:n], got)
		}
	}
}
