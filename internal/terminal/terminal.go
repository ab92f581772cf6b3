// Package terminal keeps text that others wrote from driving a terminal.
package terminal

import (
	"os"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Is reports whether f is a terminal.
func Is(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// Append appends text to dst with what a terminal would act upon as #ooo, as
// rsyslogd writes control characters: ESC and its like, C1 controls, also as single
// bytes, and characters that change the direction of writing. Line ends, tabs and
// the bell are kept, templates for terminals have them.
func Append(dst, text []byte) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if acts(r, size) {
			for _, c := range text[:size] {
				dst = append(dst, '#', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
			}
		} else {
			dst = append(dst, text[:size]...)
		}
		text = text[size:]
	}
	return dst
}

func acts(r rune, size int) bool {
	switch r {
	case '\n', '\r', '\t', '\a':
		return false
	case utf8.RuneError:
		return size == 1 // a byte that is no text may be a C1 control
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}
