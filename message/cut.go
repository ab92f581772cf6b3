package message

import "unicode/utf8"

// WholeCharacters returns a text that was cut without the character that the cut went
// through. What is no UTF-8 stays as it is.
func WholeCharacters(p []byte) []byte {
	for i := len(p) - 1; i >= max(0, len(p)-utf8.UTFMax+1); i-- {
		if utf8.RuneStart(p[i]) {
			if !utf8.FullRune(p[i:]) {
				return p[:i]
			}
			return p
		}
	}
	return p
}
