package pmdevice

import (
	"bytes"
	"slices"
)

// isHost reports whether a word can be the name or the address of a host. It is the one
// place that decides: what is taken for a host by mistake makes directories without end,
// and takes the place of the name that a relay gave.
func isHost(word []byte) bool {
	return isName(word) && !isNumeric(word) && !isLevel(word) && !isPriority(word) && !isDate(word) && !isPath(word)
}

// isSerial reports whether a word of digits can be a host all the same: a number, with marks
// in it. It is one only in front of a tag.
func isSerial(word []byte) bool {
	return isName(word) && isNumeric(word) && !isDate(word) && bytes.Count(word, []byte(".")) != 1
}

// isName reports whether a word has the bytes that names and addresses of hosts have.
func isName(word []byte) bool {
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
	return named && (is(word[0], alnum) || word[0] == '_') && is(word[len(word)-1], alnum|hostMark)
}

// isNumeric reports whether a word has no letters and is no address: a counter, seconds
// with a fraction, a version.
func isNumeric(word []byte) bool {
	for _, c := range word {
		if kinds[c]&letter != 0 || c == ':' {
			return false
		}
	}
	// An address may have a number behind it, that of a unit: 10.1.1.1-1.
	n := run(word, 0, digit)
	dots := 0
	for dots < 3 && at(word, n, '.') && run(word, n+1, digit) > n+1 {
		n = run(word, n+1, digit)
		dots++
	}
	return (dots < 3 || at(word, n, '.')) && !isGroups(word)
}

// isGroups reports whether a word is a hardware address with marks: 00-11-22-33-44-55,
// 0011.2233.4455.
func isGroups(word []byte) bool {
	switch len(word) {
	case 17:
		for i := 0; i < 17; i += 3 {
			if run(word[:i+2], i, hexDigit) != i+2 || i+2 < 17 && word[i+2] != '-' {
				return false
			}
		}
		return true
	case 14:
		return word[4] == '.' && word[9] == '.' && run(word, 0, hexDigit) == 4 && run(word, 5, hexDigit) == 9 && run(word, 10, hexDigit) == 14
	}
	return false
}

// isDate reports whether a word is a date or the start of a time: 2026-05-03, 03.05.2026,
// 22-Nov-2026, 20260503T010203Z.
func isDate(word []byte) bool {
	n := run(word, 0, digit)
	if isGroups(word) {
		return false
	}
	if n == 8 && at(word, n, 'T') {
		return run(word, n+1, digit) >= n+5
	}
	if n == 0 || n > 4 || n == len(word) || bytes.IndexByte([]byte("-/."), word[n]) < 0 {
		return false
	}
	mark := word[n]
	end := run(word, n+1, alnum)
	if width := end - n - 1; width < 1 || width > 3 || !at(word, end, mark) {
		return false
	}
	month := word[n+1 : end]
	if !isNumber(month) && (len(month) != 3 || monthNumber(month) == 0) {
		return false
	}
	last := run(word, end+1, digit) - end - 1
	year := n == 4 && last >= 1 && last <= 2 || n <= 2 && last == 4 || n <= 2 && last == 2 && mark != '.'
	rest := end + 1 + last
	return year && (rest == len(word) || bytes.IndexByte([]byte("T:-_/"), word[rest]) >= 0)
}

// isCalendar reports whether a word is the short name of a month or of a day, with a capital.
func isCalendar(word []byte) bool {
	if len(word) != 3 || !is(word[0], upper) {
		return false
	}
	key := uint32(word[0]|0x20)<<16 | uint32(word[1]|0x20)<<8 | uint32(word[2]|0x20)
	return slices.Contains(months, key) || slices.Contains(weekdays, key)
}

// isPath reports whether a word is a path: rack1/sw2 is a host, a/b/c is none.
func isPath(word []byte) bool { return bytes.Count(word, []byte("/")) > 1 }

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

// levels are further words of logging libraries. In small letters they are words like any other.
var levels = []string{"config", "dbg", "fine", "finer", "finest", "ftl", "inf", "panic", "trc", "verbose", "vrb", "wrn"}

// isSeverity reports whether a word is one of severities, in lower case, in capitals, or
// with one in front.
func isSeverity(word []byte) bool { return isOneOf(word, severities) }

// isLevel reports whether a word is one of severities, or one of levels in capitals.
func isLevel(word []byte) bool {
	return isSeverity(word) || len(word) > 0 && is(word[0], upper) && isOneOf(word, levels)
}

// isOneOf reports whether a word is one of words, which have small letters.
func isOneOf(word []byte, words []string) bool {
	if len(word) < 3 || len(word) > 13 || !is(word[0], letter) {
		return false
	}
	case1 := word[0] & 0x20
	case2 := word[1] & 0x20
	if case1 != 0 && case2 == 0 { // iNFO
		return false
	}
	for _, s := range words {
		if len(s) != len(word) || s[0] != word[0]|0x20 {
			continue
		}
		i := 1
		for i < len(s) && word[i] == s[i]&^0x20|case2 {
			i++
		}
		if i == len(s) {
			return true
		}
	}
	return false
}

// facilities are the names that stand before a severity in local0.info. The last ones are
// those of relays on Windows.
var facilities = []string{"auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "ntp", "security", "syslog", "user", "uucp",
	"clock", "kernel", "logalert", "logaudit", "system"}

// isPriority reports whether a word is facility.severity: local7.info, Local7.Info.
func isPriority(word []byte) bool {
	dot := bytes.IndexByte(word, '.')
	if dot < 3 || dot > 8 || !isSeverity(word[dot+1:]) {
		return false
	}
	name := word[:dot]
	if last := name[dot-1]; last >= '0' && last <= '7' {
		return dot == 6 && equalFold(name[:5], "local") || dot == 7 && equalFold(name[:6], "system")
	}
	for _, f := range facilities {
		if len(f) == dot && equalFold(name, f) {
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
