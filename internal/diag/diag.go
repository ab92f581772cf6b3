// Package diag holds what the configuration front end says to the person who
// wrote the configuration: positions in source text and diagnostics with a
// severity, the exact range they are about, a hint and the effect.
//
// It knows nothing about the configuration language. Rendering with a source
// excerpt and a caret is in render.go.
package diag

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Source is a configuration text with its name. It is shared by all positions in it.
type Source struct {
	// Name is the file name as the user gave it, for instance /etc/rsyslog.conf.
	Name string
	// Text is the content as read, before continuation lines are joined.
	Text []byte
	// From is where this source was included, the zero Range for the main file.
	From Range
}

// Pos is a place in a Source. Line and Col count from 1; Col counts bytes. The
// zero Pos means "no place known".
type Pos struct {
	Src  *Source
	Line int
	Col  int
}

// IsValid reports whether the position is known.
func (p Pos) IsValid() bool { return p.Src != nil && p.Line > 0 }

// String returns file:line:col, without the parts that are not known.
func (p Pos) String() string {
	switch {
	case !p.IsValid() && p.Src != nil:
		return p.Src.Name
	case !p.IsValid():
		return "-"
	}
	return fmt.Sprintf("%s:%d:%d", p.Src.Name, p.Line, p.Col)
}

// Range is a piece of one source line: Len bytes from Start. A construct that
// spans lines has the range of its first line.
type Range struct {
	Start Pos
	Len   int
}

// Line is the text of the range, as far as it lies in the source.
func (r Range) Line() string {
	if !r.Start.IsValid() {
		return ""
	}
	text := r.Start.Src.Text
	for n := 1; n < r.Start.Line; n++ {
		i := bytes.IndexByte(text, '\n')
		if i < 0 {
			return ""
		}
		text = text[i+1:]
	}
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		text = text[:i]
	}
	from := min(r.Start.Col-1, len(text))
	return string(text[from:min(from+r.Len, len(text))])
}

// Severity says how much a diagnostic matters.
type Severity uint8

// The severities, in increasing weight. Both Warning and Error make a
// configuration "not clean" in rsyslogd's sense (exit status 1 of -N1); a Note
// does not.
const (
	Note Severity = iota
	Warning
	Error
)

func (s Severity) String() string {
	return [...]string{"note", "warning", "error"}[s]
}

// Diagnostic is one thing to say about a configuration.
type Diagnostic struct {
	Severity Severity
	Range    Range
	// Text says what is wrong, in lower case, without a full stop.
	Text string
	// Hint is something to type, or empty.
	Hint string
	// Effect says what happens now, for instance "this input is ignored", or empty.
	Effect string
	// Related are second places that matter: the first definition, the include.
	Related []Related
	// Missing is the name that the diagnostic misses: nothing defines it, or nothing
	// uses it. It is a consequence when a statement that was dropped has the name.
	Missing string
	// Code is rsyslogd's well-known number for the case, for instance -2207; 0 is none.
	Code int
}

// Related is a second place that a diagnostic is about.
type Related struct {
	Range Range
	Text  string
}

// List collects diagnostics. The zero List is ready to use. It is not safe for
// concurrent use.
type List struct {
	all []Diagnostic
}

// Add appends d.
func (l *List) Add(d Diagnostic) { l.all = append(l.all, d) }

// Errorf adds an error about r and returns a pointer to it, so that the caller
// can set Hint, Effect, Code or Related. The pointer is valid until the next Add.
func (l *List) Errorf(r Range, format string, args ...any) *Diagnostic {
	return l.addf(Error, r, format, args...)
}

// Warnf adds a warning about r; see Errorf.
func (l *List) Warnf(r Range, format string, args ...any) *Diagnostic {
	return l.addf(Warning, r, format, args...)
}

// Notef adds a note about r; see Errorf. A note leaves the configuration clean.
func (l *List) Notef(r Range, format string, args ...any) *Diagnostic {
	return l.addf(Note, r, format, args...)
}

func (l *List) addf(s Severity, r Range, format string, args ...any) *Diagnostic {
	l.all = append(l.all, Diagnostic{Severity: s, Range: r, Text: fmt.Sprintf(format, args...)})
	return &l.all[len(l.all)-1]
}

// All returns the diagnostics in the order they were added. The caller must not change them.
func (l *List) All() []Diagnostic { return l.all }

// Last returns the diagnostic that was added last, or nil.
func (l *List) Last() *Diagnostic {
	if len(l.all) == 0 {
		return nil
	}
	return &l.all[len(l.all)-1]
}

// Len returns the number of diagnostics.
func (l *List) Len() int { return len(l.all) }

// Edit calls f for all diagnostics but the first n, to change them.
func (l *List) Edit(n int, f func(*Diagnostic)) {
	for i := range l.all[n:] {
		f(&l.all[n+i])
	}
}

// Cut takes away all but the first n diagnostics.
func (l *List) Cut(n int) { l.all = l.all[:n] }

// At returns the first diagnostic about r, or nil. The pointer is valid until
// the next Add.
func (l *List) At(r Range) *Diagnostic {
	for i := range l.all {
		if l.all[i].Range == r {
			return &l.all[i]
		}
	}
	return nil
}

// Sorted returns the diagnostics in the order of their places: files in the
// order in which they first occur, then lines and columns.
func (l *List) Sorted() []Diagnostic {
	file := map[*Source]int{}
	for _, d := range l.all {
		if _, known := file[d.Range.Start.Src]; !known {
			file[d.Range.Start.Src] = len(file)
		}
	}
	out := slices.Clone(l.all)
	slices.SortStableFunc(out, func(a, b Diagnostic) int {
		p, q := a.Range.Start, b.Range.Start
		return cmp.Or(cmp.Compare(file[p.Src], file[q.Src]), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col))
	})
	return out
}

// Count returns how many diagnostics have at least severity s.
func (l *List) Count(s Severity) int {
	n := 0
	for i := range l.all {
		if l.all[i].Severity >= s {
			n++
		}
	}
	return n
}

// Clean reports whether there is neither a warning nor an error.
func (l *List) Clean() bool { return l.Count(Warning) == 0 }

// Suggest returns the candidate that wanted is most likely a misspelling of, or
// "" when none is near enough: the edit distance (insert, delete, replace, swap
// of neighbours) must be at most a third of the word's length, at least 1.
// Case is ignored. Among equally near candidates the first in sort order wins.
func Suggest(wanted string, candidates []string) string {
	w := strings.ToLower(wanted)
	limit := max(1, len(w)/3)
	sorted := append([]string(nil), candidates...)
	sort.Strings(sorted)
	best, bestDist := "", limit+1
	for _, c := range sorted {
		if d := distance(w, strings.ToLower(c), bestDist); d < bestDist {
			best, bestDist = c, d
		}
	}
	return best
}

// distance is the optimal string alignment distance of a and b, or limit if it is not below it.
func distance(a, b string, limit int) int {
	if a == b {
		return 0
	}
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	prev2 := make([]int, len(b)+1)
	prev := make([]int, len(b)+1)
	cur := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return min(prev[len(b)], limit)
}
