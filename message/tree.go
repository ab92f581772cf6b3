package message

// Tree is a tree of message variables: $! or $..
type Tree struct{}

// Clone returns a deep copy; nil for nil.
func (t *Tree) Clone() *Tree { return t }
