package posix

import (
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// need is what is known about the texts that an expression matches.
type need struct {
	// exact are all texts it matches; nil: they are too many.
	exact []string
	// one of these occurs in each match; nil: nothing is known.
	some []string
}

// maxLiterals bounds the texts that are looked for instead of one expression.
const maxLiterals = 16

// texts returns what to look for, or nil.
func (n need) texts() (list [][]byte) {
	for _, s := range n.best() {
		list = append(list, []byte(s))
	}
	return list
}

// best returns texts of which each match contains one.
func (n need) best() []string {
	if n.exact != nil && shortest(n.exact) >= shortest(n.some) {
		return useful(n.exact)
	}
	return useful(n.some)
}

// useful drops a list that most messages contain something of.
func useful(list []string) []string {
	if n := shortest(list); n == 0 || n == 1 && len(list) > 1 {
		return nil
	}
	return list
}

// shortest is the length of the shortest text, which decides how much is
// turned away: 0 without any.
func shortest(list []string) int {
	if len(list) == 0 {
		return 0
	}
	n := len(list[0])
	for _, s := range list {
		n = min(n, len(s))
	}
	return n
}

// required works out what every match of re contains.
func required(re *syntax.Regexp) need {
	switch re.Op {
	case syntax.OpLiteral:
		// A broken byte of a message matches RuneError, too.
		if re.Flags&syntax.FoldCase == 0 && !slices.Contains(re.Rune, utf8.RuneError) {
			return need{exact: []string{string(re.Rune)}}
		}
	case syntax.OpCharClass:
		return need{exact: members(re.Rune)}
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return need{exact: []string{""}}
	case syntax.OpCapture:
		return required(re.Sub[0])
	case syntax.OpPlus:
		return need{some: required(re.Sub[0]).best()}
	case syntax.OpQuest:
		if exact := required(re.Sub[0]).exact; exact != nil && len(exact) < maxLiterals {
			return need{exact: append([]string{""}, exact...)}
		}
	case syntax.OpAlternate:
		return alternatives(re.Sub)
	case syntax.OpConcat:
		return sequence(re.Sub)
	}
	return need{}
}

// members are the characters of a class, nil if they are many.
func members(ranges []rune) (list []string) {
	for i := 0; i+1 < len(ranges); i += 2 {
		for c := ranges[i]; c <= ranges[i+1]; c++ {
			if len(list) == maxLiterals || c == utf8.RuneError {
				return nil
			}
			list = append(list, string(c))
		}
	}
	return list
}

func alternatives(subs []*syntax.Regexp) need {
	n := need{exact: []string{}, some: []string{}}
	for _, sub := range subs {
		s := required(sub)
		n.exact = union(n.exact, s.exact)
		n.some = union(n.some, s.best())
	}
	return n
}

// union adds b to a, nil if one of them is or if they become too many.
func union(a, b []string) []string {
	if a == nil || b == nil || len(a)+len(b) > maxLiterals {
		return nil
	}
	return append(a, b...)
}

// sequence joins neighbours of which all texts are known.
func sequence(subs []*syntax.Regexp) need {
	run := []string{""} // all texts of the neighbours seen last
	whole := true
	var best []string
	for _, sub := range subs {
		s := required(sub)
		if joined := product(run, s.exact); joined != nil {
			run = joined
			continue
		}
		whole = false
		best = better(better(best, run), s.best())
		run = []string{""}
		if s.exact != nil {
			run = s.exact
		}
	}
	n := need{some: better(best, run)}
	if whole {
		n.exact = run
	}
	return n
}

func better(a, b []string) []string {
	if shortest(b) > shortest(a) {
		return b
	}
	return a
}

// product is each text of a with each of b behind it, nil if they are too many.
func product(a, b []string) (list []string) {
	if b == nil || len(a)*len(b) > maxLiterals {
		return nil
	}
	for _, x := range a {
		for _, y := range b {
			list = append(list, x+y)
		}
	}
	return list
}
