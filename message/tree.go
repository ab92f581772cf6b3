package message

import (
	"strconv"
	"strings"
)

// Tree is a tree of message variables: $!, $. or $/. A nil Tree is empty and
// may be read.
type Tree struct {
	Root  Value
	bound bound
}

// Path is the way to a variable, split at "!": a, b, c for $!a!b!c.
type Path []PathStep

// PathStep is one name on a Path. A name such as a[1] may mean an element of
// the array a.
type PathStep struct {
	Name  string
	Index int    // -1: no index
	array string // Name without the index
}

// ParsePath splits the text behind $!, $. or $/. An empty path is the root. As
// in rsyslogd, an empty name counts only at the end.
func ParsePath(text string) Path {
	if text == "" {
		return nil
	}
	var path Path
	names := strings.Split(text, "!")
	for n, name := range names {
		if name == "" && n < len(names)-1 {
			continue
		}
		step := PathStep{Name: name, Index: -1}
		if i := strings.IndexByte(name, '['); i > 0 && strings.HasSuffix(name, "]") {
			if n, err := strconv.ParseUint(name[i+1:len(name)-1], 10, 31); err == nil {
				step.array, step.Index = name[:i], int(n)
			}
		}
		path = append(path, step)
	}
	return path
}

// in returns the value that s names in the object v, or nil: the member of that
// very name, else the element of an array.
func (s *PathStep) in(v *Value, exact bool) *Value {
	if m := v.Get(s.Name, exact); m != nil || s.Index < 0 {
		return m
	}
	arr := v.Get(s.array, exact)
	if arr == nil || arr.kind != Array || s.Index >= len(arr.arr) {
		return nil
	}
	return &arr.arr[s.Index]
}

// Get returns the value at path, or nil if there is none.
func (t *Tree) Get(path Path, exact bool) *Value {
	if t == nil {
		return nil
	}
	v := &t.Root
	for i := range path {
		if v = path[i].in(v, exact); v == nil {
			return nil
		}
	}
	return v
}

// Set puts val at path and takes it over. Missing parents are made. As in
// rsyslogd, an object is merged into an object; a scalar does not replace an
// object nor an object a scalar unless reset is set, and a value in the way of
// the path stops it. The root takes anything while it is empty, then only
// objects. It reports whether the value was put.
//
// Unlike rsyslogd, which merges every object into the root, and has no bounds: see
// MaxTree.
func (t *Tree) Set(path Path, val Value, reset, exact bool) bool {
	if val.kind == Null {
		return false
	}
	if len(path) == 0 {
		if t.Root.kind == Null {
			if !t.takes(0, &val, nil) {
				return false
			}
			t.Root = val
			return true
		}
		return t.Root.kind == Object && t.takes(0, &val, nil) && t.Root.assign(val, false, exact)
	}
	if t.Root.kind == Null {
		t.Root = ObjectValue()
	}
	v := &t.Root
	for i := range path {
		if v.kind != Object {
			return false
		}
		next := path[i].in(v, exact)
		switch {
		case next != nil:
		case i == len(path)-1:
			if !t.takes(len(path), &val, nil) {
				return false
			}
			v.push(path[i].Name, val)
			return true
		default:
			next = v.push(path[i].Name, ObjectValue())
		}
		v = next
	}
	replaced := v
	if !reset && v.kind == Object {
		replaced = nil
	}
	return t.takes(len(path), &val, replaced) && v.assign(val, reset, exact)
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
		t.Root, t.bound = Value{}, bound{refused: t.bound.refused}
		return
	}
	if parent := t.Get(path[:len(path)-1], exact); parent != nil && parent.kind == Object {
		if old := parent.Get(path[len(path)-1].Name, exact); old != nil {
			t.gone(old)
		}
		parent.Delete(path[len(path)-1].Name, exact)
	}
}

// Clone returns a deep copy; nil for nil.
func (t *Tree) Clone() *Tree {
	if t == nil {
		return nil
	}
	return &Tree{Root: t.Root.Clone(), bound: t.bound}
}
