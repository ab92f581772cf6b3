// Package literal finds out which of many texts occur in another one, in one
// pass: the filters of a ruleset, and what a regular expression's matches must
// contain.
package literal

import "bytes"

// MinLen is the length of the shortest text that a Set takes, in bytes.
const MinLen = 2

// MaxGroups is how many groups a Set takes: Find answers with one bit a group.
const MaxGroups = 64

// tableBits is the logarithm of the size of the table of byte pairs.
const tableBits = 12

// Set is groups of texts. It does not change and may be used by any number of
// goroutines. The algorithm is Wu and Manber's with blocks of two bytes: a
// window as long as the shortest text moves on as far as its last two bytes
// allow, so that most bytes are not looked at.
type Set struct {
	window int // length of the shortest text
	// jump says by the hash of the window's last two bytes how far it moves on,
	// or, if it is 0 or less, which candidates may begin at the window: -jump.
	jump       [1 << tableBits]int16
	candidates [][]candidate
}

type candidate struct {
	text  []byte
	group uint64
}

func hash(a, b byte) int { return (int(a)<<5 ^ int(b)) & (1<<tableBits - 1) }

// maxWindow keeps jumps small numbers; longer ones win nothing.
const maxWindow = 32

// New returns a Set of at most MaxGroups groups of texts, which have MinLen
// bytes or more.
func New(groups [][][]byte) *Set {
	s := &Set{window: maxWindow}
	for _, texts := range groups {
		for _, t := range texts {
			s.window = min(s.window, len(t))
		}
	}
	for i := range s.jump {
		s.jump[i] = int16(s.window - 1)
	}
	s.candidates = make([][]candidate, 1)
	for g, texts := range groups {
		for _, t := range texts {
			s.add(candidate{t, 1 << g})
		}
	}
	return s
}

func (s *Set) add(c candidate) {
	for i := 1; i < s.window-1; i++ {
		j := &s.jump[hash(c.text[i-1], c.text[i])]
		*j = min(*j, int16(s.window-1-i))
	}
	end := &s.jump[hash(c.text[s.window-2], c.text[s.window-1])]
	if *end > 0 {
		*end = -int16(len(s.candidates))
		s.candidates = append(s.candidates, nil)
	}
	list := &s.candidates[-*end]
	*list = append(*list, c)
}

// Find returns the groups of which a text occurs in b, one bit each: group 0 is
// the lowest.
func (s *Set) Find(b []byte) uint64 {
	found := uint64(0)
	for i := s.window - 1; i < len(b); {
		j := s.jump[hash(b[i-1], b[i])]
		if j > 0 {
			i += int(j)
			continue
		}
		rest := b[i+1-s.window:]
		for _, c := range s.candidates[-j] {
			if found&c.group == 0 && bytes.HasPrefix(rest, c.text) {
				found |= c.group
			}
		}
		i++
	}
	return found
}
