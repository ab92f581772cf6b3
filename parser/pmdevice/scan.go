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

// isHost reports whether a word can be the name or the address of a host.
func isHost(word []byte) bool {
	if len(word) == 0 || len(word) > maxName {
		return false
	}
	if word[0] == ':' || word[len(word)-1] == ':' {
		return isIPv6(word)
	}
	named := false
	for _, c := range word {
		named = named || is(c, alnum)
		if kinds[c]&(alnum|hostMark) == 0 && c != '/' && c != '@' {
			return c == ':' && isIPv6(word)
		}
	}
	return named && is(word[0], alnum|hostMark) && is(word[len(word)-1], alnum|hostMark)
}

// isIPv6 reports whether a word is an IPv6 address: groups of at most four digits,
// seven colons or one pair of them.
func isIPv6(word []byte) bool {
	colons, pair, group := 0, false, 0
	for i, c := range word {
		switch {
		case c == ':':
			colons++
			if i > 0 && word[i-1] == ':' {
				if pair {
					return false
				}
				pair = true
			}
			group = 0
		case c == '.' && i > 0, is(c, hexDigit) && group < 4:
			if group++; c == '.' {
				group = 0
			}
		case c == '%' && colons > 1:
			return pair || colons == 7
		default:
			return false
		}
	}
	if n := len(word); n < 2 || word[n-1] == ':' && word[n-2] != ':' || word[0] == ':' && word[1] != ':' {
		return false
	}
	return colons == 7 || pair && colons < 8
}

// isMAC reports whether a word is twelve hexadecimal digits.
func isMAC(word []byte) bool { return len(word) == 12 && run(word, 0, hexDigit) == 12 }

// isNumber reports whether a word is nothing but digits.
func isNumber(word []byte) bool { return len(word) > 0 && run(word, 0, digit) == len(word) }

// severities are the words for a severity that devices put where no host or tag is.
var severities = []string{"alert", "crit", "critical", "debug", "emerg", "emergency", "err", "error", "fatal", "info",
	"informational", "notice", "severe", "trace", "warn", "warning"}

// isSeverity reports whether a word is one of severities, in lower case or in capitals.
func isSeverity(word []byte) bool {
	if len(word) < 3 || len(word) > 13 {
		return false
	}
	caps := is(word[0], upper)
	for _, s := range severities {
		if len(s) != len(word) {
			continue
		}
		i := 0
		for i < len(s) && (word[i] == s[i] && !caps || word[i] == s[i]-0x20 && caps) {
			i++
		}
		if i == len(s) {
			return true
		}
	}
	return false
}

// facilities are the names that stand before a severity in local0.info.
var facilities = []string{"auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "ntp", "security", "syslog", "user", "uucp"}

// isPriority reports whether a word is facility.severity.
func isPriority(word []byte) bool {
	dot := bytes.IndexByte(word, '.')
	if dot < 3 || !is(word[0], small) || !isSeverity(word[dot+1:]) {
		return false
	}
	name := word[:dot]
	if len(name) == 6 && string(name[:5]) == "local" {
		return name[5] >= '0' && name[5] <= '7'
	}
	for _, f := range facilities {
		if string(name) == f {
			return true
		}
	}
	return false
}

// isBracketed reports whether a word is <auth.info> or <4.6>.
func isBracketed(word []byte) bool {
	n := len(word)
	if n < 5 || word[0] != '<' || word[n-1] != '>' {
		return false
	}
	word = word[1 : n-1]
	dot := bytes.IndexByte(word, '.')
	return isPriority(word) || dot > 0 && isNumber(word[:dot]) && isNumber(word[dot+1:])
}

// isAIXPriority reports whether a word is auth|security:notice.
func isAIXPriority(word []byte) bool {
	bar, mark := bytes.IndexByte(word, '|'), bytes.IndexByte(word, ':')
	return bar > 0 && mark > bar && run(word[:bar], 0, small) == bar && isSeverity(word[mark+1:])
}

// isESXiPriority reports whether a word is In(166).
func isESXiPriority(word []byte) bool {
	n := len(word)
	return n >= 4 && n <= 7 && is(word[0], upper) && is(word[1], small) && word[2] == '(' && word[n-1] == ')' && isNumber(word[3:n-1])
}

// isNode reports whether a word is the name of a host with its number in a cluster:
// isilon1(id3).
func isNode(word []byte) bool {
	n := bytes.IndexByte(word, '(')
	return n > 0 && n+4 < len(word) && word[len(word)-1] == ')' && string(word[n+1:n+3]) == "id" && isNumber(word[n+3:len(word)-1]) && isHost(word[:n])
}
