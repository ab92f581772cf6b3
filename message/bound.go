package message

// Bounds of a tree of variables. What a message brings is far from them: they are for
// scripts that double a variable with each statement, or add to $/ with each message.
const (
	// MaxTree is how much memory a tree may take, in bytes.
	MaxTree = 64 << 20
	// MaxTreeDepth is how deep its values may be nested.
	MaxTreeDepth = 1000
	// MaxText is how long a text may be, in bytes.
	MaxText = 16 << 20
)

// valueSize is about what a value takes, or a member without its name, in bytes.
const valueSize = 96

// size is about what v takes, and how deep it is. It is looked at no further than the
// bounds of a tree.
func (v *Value) size() (bytes, depth int) {
	var s sizer
	s.add(v, 1)
	return s.bytes, s.depth
}

type sizer struct{ bytes, depth int }

func (s *sizer) add(v *Value, depth int) {
	s.bytes += valueSize + len(v.str)
	s.depth = max(s.depth, depth)
	if s.bytes > MaxTree || depth > MaxTreeDepth {
		return
	}
	for i := range v.arr {
		s.add(&v.arr[i], depth+1)
	}
	for i := range v.obj {
		s.bytes += len(v.obj[i].key)
		s.add(&v.obj[i].val, depth+1)
	}
}

// Fits reports whether a tree could take v.
func (v *Value) Fits() bool {
	bytes, depth := v.size()
	return bytes <= MaxTree && depth <= MaxTreeDepth
}

// bound is what a tree knows of its size.
type bound struct {
	// bytes is what was put and not taken away. Members that were merged with others
	// count twice, until that would be too much: then it is looked at.
	bytes int
	// full is how many values more are refused without a look.
	full int
	// refused is set when a value was not taken.
	refused bool
}

// fullPause is how many values a full tree refuses between two looks at all it has.
const fullPause = 1000

// takes reports whether a value may come to a path of so many names, and counts it.
// replaced, if not nil, is what stands there and goes.
func (t *Tree) takes(names int, val, replaced *Value) bool {
	if len(val.str) > MaxText {
		t.bound.refused = true
		return false
	}
	bytes, depth := val.size()
	if replaced != nil {
		less, _ := replaced.size()
		bytes -= less
	}
	if names+depth > MaxTreeDepth || !t.room(bytes) {
		t.bound.refused = true
		return false
	}
	t.bound.bytes += bytes
	return true
}

// room reports whether so many bytes fit.
func (t *Tree) room(bytes int) bool {
	if t.bound.bytes+bytes <= MaxTree {
		return true
	}
	if t.bound.full > 0 {
		t.bound.full--
		return false
	}
	t.bound.bytes, _ = t.Root.size()
	if t.bound.bytes+bytes <= MaxTree {
		return true
	}
	t.bound.full = fullPause
	return false
}

// gone notes that a value is taken away.
func (t *Tree) gone(v *Value) {
	bytes, _ := v.size()
	t.bound.bytes, t.bound.full = max(t.bound.bytes-bytes, 0), 0
}

// Bytes is about what the values take, in bytes.
func (t *Tree) Bytes() int {
	if t == nil {
		return 0
	}
	return t.bound.bytes
}

// Refused reports whether a value was refused since the last call, because the tree
// would have become too large.
func (t *Tree) Refused() bool {
	if t == nil || !t.bound.refused {
		return false
	}
	t.bound.refused = false
	return true
}
