package message

// Marks say of a text which of its slashes and dots come from the configuration: bit i
// is the i-th byte that is one or the other. What a sender wrote has no mark. Texts
// become names of files, and there a slash of the administrator separates directories,
// one of a sender does not. Beyond 64 such bytes there are no marks.
type Marks uint64

// AllMarks are those of a text that stands in the configuration.
const AllMarks = ^Marks(0)

// isMarked reports whether marks are kept for c.
func isMarked(c byte) bool { return c == '/' || c == '.' }

func countMarked(text []byte) (n int) {
	for _, c := range text {
		if isMarked(c) {
			n++
		}
	}
	return n
}

// MarksOf are those of a text of the configuration: none if there is nothing to mark.
func MarksOf(text string) Marks {
	for i := range len(text) {
		if isMarked(text[i]) {
			return AllMarks
		}
	}
	return 0
}

// Next takes the first mark off.
func (m *Marks) Next() bool {
	first := *m&1 != 0
	*m >>= 1
	return first
}

// Cut returns the marks of part, a piece of the memory of whole, whose marks m are.
func (m Marks) Cut(whole, part []byte) Marks {
	if m == 0 || len(part) == 0 {
		return 0
	}
	from := min(max(cap(whole)-cap(part), 0), len(whole))
	return m >> countMarked(whole[:from])
}

// Marker puts the marks of a text together that is made of pieces.
type Marker struct {
	marks Marks
	n     int
}

// Add adds the next piece, which begins with the marks m. It returns those behind it.
func (k *Marker) Add(piece []byte, m Marks) (rest Marks) {
	n := countMarked(piece)
	k.marks |= m & (1<<n - 1) << k.n
	k.n += n
	return m >> n
}

// Marks returns the marks of all pieces.
func (k *Marker) Marks() Marks { return k.marks }

// MarkedValue makes a text with marks.
func MarkedValue(s string, m Marks) Value { return Value{kind: String, str: s, num: int64(m)} }

// Marks are those of a String.
func (v *Value) Marks() Marks {
	if v == nil || v.kind != String {
		return 0
	}
	return Marks(v.num)
}
