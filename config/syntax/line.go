package syntax

import (
	"errors"
	"strconv"
	"strings"
	"unicode"
)

// Line is the rest of a line in rsyslog's legacy syntax. Whoever reads it takes
// from its front what it wants, and what is left at the end is a comment or too
// much. There is no other place that decides where a value ends: rsyslogd lets
// it end differently for a word, a number, a file name and a host, and never
// takes quotes off.
type Line struct {
	text string
	rest string
}

// NewLine returns text as a line to read from.
func NewLine(text string) *Line { return &Line{text, text} }

// Rest is what has not been taken.
func (l *Line) Rest() string { return l.rest }

// Offset is how much has been taken, in bytes.
func (l *Line) Offset() int { return len(l.text) - len(l.rest) }

// SkipSpace passes over white space.
func (l *Line) SkipSpace() { l.While(isSpace) }

// While takes the bytes that ok accepts.
func (l *Line) While(ok func(byte) bool) string {
	n := 0
	for n < len(l.rest) && ok(l.rest[n]) {
		n++
	}
	return l.Take(n)
}

// Take takes n bytes.
func (l *Line) Take(n int) string {
	taken := l.rest[:min(n, len(l.rest))]
	l.rest = l.rest[len(taken):]
	return taken
}

// Until takes what stands in front of the first of the bytes in stop.
func (l *Line) Until(stop string) string {
	return l.While(func(c byte) bool { return strings.IndexByte(stop, c) < 0 })
}

// Skip takes the byte c if the line goes on with it.
func (l *Line) Skip(c byte) bool {
	if l.rest == "" || l.rest[0] != c {
		return false
	}
	l.rest = l.rest[1:]
	return true
}

// Word takes a word, up to white space. A # inside belongs to it.
func (l *Line) Word() string {
	l.SkipSpace()
	return l.While(func(c byte) bool { return !isSpace(c) })
}

// File takes a name in an action line, up to a blank or a semicolon. As in
// rsyslogd a tab does not end it.
func (l *Line) File() string { return l.Until(" ;") }

// Host takes HOST, HOST:PORT or [HOST]:PORT, and what stands behind that without
// a blank, which rsyslogd passes over. A port without digits is taken as it stands:
// unlike rsyslogd, which then sends nothing, one that is the name of a service counts.
func (l *Line) Host() (host, port string, err error) {
	if l.Skip('[') {
		host = l.Until("]")
		if !l.Skip(']') {
			return "", "", errors.New("the address has no ]")
		}
	} else {
		// Unlike in rsyslogd the blanks in front of a comment are no part of the name.
		host = strings.TrimRightFunc(l.Until(";:#"), unicode.IsSpace)
	}
	colon := l.Skip(':')
	if colon {
		port = l.While(isDigit)
	}
	rest := l.While(func(c byte) bool { return c != ';' && c != '#' && !isSpace(c) })
	if colon && port == "" {
		port = rest
	}
	switch {
	case host == "":
		err = errors.New("the action names no host")
	case strings.ContainsAny(host, " \t"):
		err = errors.New("want ;TEMPLATE behind the host, found blanks in " + strconv.Quote(host))
	}
	return host, port, err
}

// Comment reports whether nothing but a comment is left.
func (l *Line) Comment() bool {
	l.SkipSpace()
	return l.rest == "" || l.rest[0] == '#'
}

// Template takes ;NAME, which ends every action line; "" is none.
func (l *Line) Template() (name string, at int, err error) {
	if l.Comment() {
		return "", 0, nil
	}
	if !l.Skip(';') {
		return "", 0, errors.New("want ;TEMPLATE, found " + strconv.Quote(l.rest))
	}
	if l.Comment() {
		return "", 0, nil
	}
	at = l.Offset()
	return l.While(func(c byte) bool { return c != '#' && !isSpace(c) }), at, nil
}
