package pmdevice

import "bytes"

// Kinds of bytes, one bit each.
const (
	digit     = 1 << iota
	upper     // A-Z
	small     // a-z
	hostMark  // . _ -
	plainMark // what a tag may hold beside letters, digits and hostMark, without a second look: ( )
	rareMark  // what else a tag may hold: / # @ + * , ~ %
	hexDigit  // 0-9 A-F a-f
	oddMark   // what tags of the default chain hold beside that: ! $ & ' ? ^ \ and all above 127

	letter   = upper | small
	alnum    = letter | digit
	plainTag = alnum | hostMark | plainMark
	anyTag   = plainTag | rareMark
)

var kinds = func() (t [256]uint8) {
	for c := range t {
		switch b := byte(c); {
		case b >= '0' && b <= '9':
			t[c] = digit | hexDigit
		case b >= 'A' && b <= 'Z':
			t[c] = upper
		case b >= 'a' && b <= 'z':
			t[c] = small
		case b == '.', b == '_', b == '-':
			t[c] = hostMark
		case b == '(', b == ')':
			t[c] = plainMark
		case bytes.IndexByte([]byte("/#@+*,~%"), b) >= 0:
			t[c] = rareMark
		}
		if b := byte(c | 0x20); b >= 'a' && b <= 'f' && t[c]&letter != 0 {
			t[c] |= hexDigit
		}
		if b := byte(c); b >= 0x80 || bytes.IndexByte([]byte("!$&'?^\\"), b) >= 0 {
			t[c] |= oddMark
		}
	}
	return t
}()

func is(c byte, kind uint8) bool { return kinds[c]&kind != 0 }

// run returns the position behind the bytes of a kind at pos.
func run(text []byte, pos int, kind uint8) int {
	for pos < len(text) && kinds[text[pos]]&kind != 0 {
		pos++
	}
	return pos
}

func skipBlanks(text []byte, pos int) int {
	for pos < len(text) && text[pos] == ' ' {
		pos++
	}
	return pos
}

// at reports whether c stands at pos.
func at(text []byte, pos int, c byte) bool { return pos < len(text) && text[pos] == c }

// textAt is the byte at pos, 0 behind the end.
func textAt(text []byte, pos int) byte {
	if pos < len(text) {
		return text[pos]
	}
	return 0
}

func hasPrefix(text []byte, pos int, prefix string) bool {
	return len(text)-pos >= len(prefix) && string(text[pos:pos+len(prefix)]) == prefix
}

// tab returns the length of the tab at pos, as it is or escaped, or 0.
func (p *device) tab(text []byte, pos int) int {
	switch {
	case pos >= len(text):
	case text[pos] == '\t':
		return 1
	case p.tabText != "" && hasPrefix(text, pos, p.tabText):
		return len(p.tabText)
	}
	return 0
}

// tokenEnd returns where the word at pos ends: at a blank, at a tab, or at the end.
func (p *device) tokenEnd(text []byte, pos int) int {
	for ; pos < len(text); pos++ {
		if c := text[pos]; c == ' ' || c == '\t' || c == p.tabFirst && p.tab(text, pos) > 0 {
			break
		}
	}
	return pos
}

// maxName bounds host names and tags.
const maxName = 510
