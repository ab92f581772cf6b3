package posix

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dlclark/regexp2/v2"
)

// Bounds of a match with back-references, which may take exponential time. The
// clock of the library ticks every 100 ms, so a match ends within 150 ms.
const (
	matchTimeout = 50 * time.Millisecond
	maxStack     = 100000
	// quiet is the time between two reports on expressions that were given up.
	quiet = time.Minute
)

// Compiler compiles the expressions of a configuration, those with
// back-references, too. The zero Compiler is ready to use.
type Compiler struct {
	// Log is told of matches that were given up. It is set before the first match.
	Log *slog.Logger

	givenUp atomic.Uint64

	mu       sync.Mutex // guards what follows
	reported time.Time
	since    uint64 // matches given up since the last report
}

// GivenUp is the number of matches that took too long and count as none.
func (c *Compiler) GivenUp() uint64 { return c.givenUp.Load() }

// Slow is what to say, when a configuration is read, of an expression that backtracks.
const Slow = "the regular expression has back-references: it may be slow, and a match that takes more than 50 ms counts as none"

// Compile is the function Compile. In addition, an expression with
// back-references is compiled for a backtracking matcher. A nil Compiler
// refuses them.
func (c *Compiler) Compile(expr string, f Flavor, fold bool) (*Regexp, error) {
	if c == nil {
		return Compile(expr, f, fold)
	}
	t := translator{in: expr, extended: f == Extended, backRefs: true}
	if err := t.run(); err != nil {
		return nil, err
	}
	if !t.referred {
		return Compile(expr, f, fold)
	}
	opts := regexp2.Singleline | regexp2.RE2
	if fold {
		opts |= regexp2.IgnoreCase
	}
	re, err := regexp2.Compile(string(runesOf(t.out)), opts, regexp2.OptionMaxBacktrackingStackSize(maxStack))
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", expr, err)
	}
	re.MatchTimeout = matchTimeout
	return &Regexp{slow: &backtracker{re: re, expr: expr, of: c}}, nil
}

// CompilePerl compiles an expression in Perl's syntax, for the backtracking matcher.
func (c *Compiler) CompilePerl(expr string) (*Regexp, error) {
	re, err := regexp2.Compile(string(runesOf([]byte(expr))), regexp2.OptionMaxBacktrackingStackSize(maxStack))
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %s", expr, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	re.MatchTimeout = matchTimeout
	return &Regexp{slow: &backtracker{re: re, expr: expr, of: c}}, nil
}

// backtracker matches an expression with back-references.
type backtracker struct {
	re   *regexp2.Regexp
	expr string
	of   *Compiler
}

// runesOf makes a character of each byte: matching then counts bytes, as in the
// C locale, and offsets are those of the bytes.
func runesOf(b []byte) []rune {
	out := make([]rune, len(b))
	for i, c := range b {
		out[i] = rune(c)
	}
	return out
}

func (b *backtracker) match(text []byte) bool {
	found, err := b.re.MatchRunes(runesOf(text))
	if err != nil {
		b.of.gaveUp(b.expr)
	}
	return found && err == nil
}

func (b *backtracker) find(text []byte) []int {
	m, err := b.re.FindRunesMatch(runesOf(text))
	if err != nil {
		b.of.gaveUp(b.expr)
	}
	if err != nil || m == nil {
		return nil
	}
	var loc []int
	for _, g := range m.Groups() {
		if len(g.Captures) == 0 {
			loc = append(loc, -1, -1)
			continue
		}
		loc = append(loc, g.RuneIndex, g.RuneIndex+g.RuneLength)
	}
	return loc
}

// gaveUp counts a match that was given up, and reports the first one and then
// one a minute.
func (c *Compiler) gaveUp(expr string) {
	c.givenUp.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.since++
	if c.Log == nil || !c.reported.IsZero() && time.Since(c.reported) < quiet {
		return
	}
	c.Log.Warn("a regular expression took too long, it counts as not matching", "expression", expr, "count", c.since)
	c.reported, c.since = time.Now(), 0
}
