package message

import (
	"strconv"
	"strings"
)

// Tree is a tree of message variables: $!, $. or $/. A nil Tree is empty and
// may be read.
type Tree struct {
	Root Value
}

// Path is the way to a variable, split at "!": a, b, c for $!a!b!c.
type Path []PathStep

// PathStep is one name on a Path, with an index where an array is meant.
type PathStep struct {
	Name  string
	Index int // -1: no index
}

// ParsePath splits the text behind $!, $. or $/. An empty path is the root.
func ParsePath(text string) Path {
	if text == "" {
		return nil
	}
	var path Path
	for _, name := range strings.Split(text, "!") {
		step := PathStep{Name: name, Index: -1}
		if i := strings.IndexByte(name, '['); i > 0 && strings.HasSuffix(name, "]") {
			if n, err := strconv.Atoi(name[i+1 : len(name)-1]); err == nil && n >= 0 {
				step = PathStep{Name: name[:i], Index: n}
			}
		}
		path = append(path, step)
	}
	return path
}

// Get returns the value at path, or nil if there is none.
func (t *Tree) Get(path Path, exact bool) *Value {
	if t == nil {
		return nil
	}
	v := &t.Root
	for _, s := range path {
		v = v.Get(s.Name, exact)
		if v == nil {
			return nil
		}
		if s.Index >= 0 {
			if v.kind != Array || s.Index >= len(v.arr) {
				return nil
			}
			v = &v.arr[s.Index]
		}
	}
	return v
}

// Set puts val at path and takes it over. Missing parents are made. As in
// rsyslogd, an object is merged into an object; a scalar does not replace an
// object nor an object a scalar unless reset is set, and a scalar in the way of the path stops it. It
// reports whether the value was put.
func (t *Tree) Set(path Path, val Value, reset, exact bool) bool {
	if t.Root.kind != Object {
		t.Root = ObjectValue()
	}
	v := &t.Root
	if len(path) == 0 {
		return v.assign(val, reset, exact)
	}
	for _, s := range path[:len(path)-1] {
		next := v.Get(s.Name, exact)
		if next == nil {
			v.obj = append(v.obj, member{s.Name, ObjectValue()})
			next = &v.obj[len(v.obj)-1].val
		}
		if s.Index >= 0 && next.kind == Array && s.Index < len(next.arr) {
			next = &next.arr[s.Index]
		}
		if next.kind != Object {
			return false
		}
		v = next
	}
	last := path[len(path)-1]
	old := v.Get(last.Name, exact)
	if old == nil {
		v.obj = append(v.obj, member{last.Name, val})
		return true
	}
	if last.Index >= 0 {
		if old.kind != Array || last.Index >= len(old.arr) {
			return false
		}
		old = &old.arr[last.Index]
	}
	return old.assign(val, reset, exact)
}

func (v *Value) assign(val Value, reset, exact bool) bool {
	switch {
	case reset:
		*v = val
	case v.kind == Object && val.kind == Object:
		for _, m := range val.obj {
			v.Put(m.key, m.val, exact)
		}
	case v.kind == Object || val.kind == Object:
		return false
	default:
		*v = val
	}
	return true
}

// Unset takes the variable at path away. The root becomes empty.
func (t *Tree) Unset(path Path, exact bool) {
	if t == nil {
		return
	}
	if len(path) == 0 {
		t.Root = Value{}
		return
	}
	if parent := t.Get(path[:len(path)-1], exact); parent != nil && parent.kind == Object {
		parent.Delete(path[len(path)-1].Name, exact)
	}
}

// Clone returns a deep copy; nil for nil.
func (t *Tree) Clone() *Tree {
	if t == nil {
		return nil
	}
	return &Tree{Root: t.Root.Clone()}
}
