// Package characters cuts texts between the characters of UTF-8, not within one.
package characters

import "unicode/utf8"

// Whole returns how many bytes of a text that was cut are whole characters: all, or without the
// one that the cut went through. What is no UTF-8 is left as it is.
func Whole[T string | []byte](text T) int {
	for i := len(text) - 1; i >= max(0, len(text)-utf8.UTFMax+1); i-- {
		if utf8.RuneStart(text[i]) {
			if text[i] >= utf8.RuneSelf && !utf8.FullRune([]byte(text[i:])) {
				return i
			}
			break
		}
	}
	return len(text)
}

// Fit returns how much of text fits in n bytes, at most all of it.
func Fit[T string | []byte](text T, n int) int {
	if n >= len(text) {
		return len(text)
	}
	return Piece(text, n)
}

// Piece returns how much of the first n bytes of text, behind which there are more or will be,
// is for a piece of at most n bytes.
func Piece[T string | []byte](text T, n int) int {
	if whole := Whole(text[:n]); whole > 0 {
		return whole
	}
	return n // not even one character fits
}
