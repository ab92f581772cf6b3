package store

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

const (
	// maxName and maxPath are NAME_MAX and PATH_MAX without the final NUL.
	maxName = 255
	maxPath = 4095
	// backupRoom is what a rotated file's name has more than its file's: a dash,
	// 23 characters of time, the suffix of the format and of a temporary file.
	backupRoom = 32
	// hashLen is the length of the hash that stands for what was cut off.
	hashLen = 16
	// DefaultDepth is the default of Options.MaxDepth.
	DefaultDepth = 32
)

// Base returns the directory that dynamic names must stay in, from the constant
// text their template begins with: all up to the last slash. It is "" when the
// template begins with something that a message decides.
func Base(prefix string) string {
	return prefix[:strings.LastIndexByte(prefix, '/')+1]
}

// Contain returns name as a path below the directory base, whatever name holds.
// A slash in it makes a directory, as in rsyslogd. Unlike rsyslogd,
//
//   - an element ".." becomes "__", also where it would stay below base: a
//     sender must not choose another sender's file;
//   - NUL and control bytes become "_";
//   - an empty last element becomes "_", so that the record has a file;
//   - an element of more than 255 bytes, or a path of more than 4095, is cut
//     and gets a hash of the whole, so that the record is kept and different
//     names stay different; so is a path of more elements than MaxDepth.
//
// With base "" name stays absolute if it is, since the configuration lets the
// message decide, and the rest holds.
func Contain(base, name string) string { return contain(base, name, maxName, DefaultDepth, "__") }

// contain is Contain for elements of at most limit bytes, so many of them as depth, with
// up in the place of "..".
func contain(base, name string, limit, depth int, up string) string {
	root := base
	rest, below := strings.CutPrefix(name, base)
	switch {
	case !below:
		rest = name
	case base == "" && strings.HasPrefix(name, "/"):
		root = "/"
	}
	var elems []string
	for e := range strings.SplitSeq(rest, "/") {
		switch e {
		case "", ".":
		case "..":
			elems = append(elems, up)
		default:
			elems = append(elems, shorten(replaceControls(e), limit))
		}
	}
	if rest == "" || strings.HasSuffix(rest, "/") || strings.HasSuffix(rest, "/.") || rest == "." {
		elems = append(elems, "_")
	}
	if len(elems) > depth {
		// The directories end there; the hash tells apart what differs behind.
		elems = append(elems[:depth-1], hashed(elems[len(elems)-1], rest, limit))
	}
	path := root + strings.Join(elems, "/")
	if len(path) > maxPath {
		// The last element alone; the hash tells apart what differs before it.
		last := elems[len(elems)-1]
		path = root + hashed(last, rest, min(limit, max(maxPath-len(root), hashLen+1)))
	}
	return path
}

func replaceControls(s string) string {
	if strings.IndexFunc(s, isControl) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return '_'
		}
		return r
	}, s)
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// shorten cuts an element that is longer than limit.
func shorten(elem string, limit int) string {
	if len(elem) <= limit {
		return elem
	}
	return hashed(elem, elem, limit)
}

// hashed returns the begin of elem, a hash of whole, and elem's extension, in
// at most limit bytes.
func hashed(elem, whole string, limit int) string {
	ext := filepath.Ext(elem)
	if len(ext) > 16 {
		ext = ""
	}
	sum := sha256.Sum256([]byte(whole))
	n := max(limit-len(ext)-hashLen-1, 0)
	stem := strings.TrimSuffix(elem, ext)
	if len(stem) > n {
		stem = stem[:runeStart(stem, n)]
	}
	return stem + "-" + hex.EncodeToString(sum[:hashLen/2]) + ext
}

// runeStart is the largest index up to n where a UTF-8 sequence may begin; n
// itself if the text is something else.
func runeStart(s string, n int) int {
	for i := n; i > 0 && n-i < utf8.UTFMax; i-- {
		if utf8.RuneStart(s[i]) {
			return i
		}
	}
	return n
}

// notBackup changes a name that looks like a rotated file's. Otherwise a sender
// could have made-up backups counted, and real ones removed for them.
func notBackup(path string) string {
	dir, base := filepath.Split(path)
	b := []byte(base)
	for i := range b {
		if b[i] == '-' && isBackupTime(b[i+1:]) {
			b[i+1+len("2006-01-02")] = '_'
		}
	}
	return dir + string(b)
}

// isBackupTime reports whether b begins with a time as lumberjack writes it.
func isBackupTime(b []byte) bool {
	if len(b) < len(backupTime) {
		return false
	}
	for i := range len(backupTime) {
		c := b[i]
		if d := backupTime[i]; d >= '0' && d <= '9' {
			if c < '0' || c > '9' {
				return false
			}
		} else if c != d {
			return false
		}
	}
	return true
}
