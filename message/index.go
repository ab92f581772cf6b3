package message

// manyMembers is how many members an object has before an index of their names pays:
// without one, what makes a variable of each word of a message takes time that grows
// with the square of its length.
const manyMembers = 32

// index is the places of an object's members. Values that were copied share it, and
// may not have the same members any more: what it says is looked at.
type index struct {
	exact map[string]int
	// fold has, by the name in lower case, the first of the members that are spelled in
	// another way.
	fold map[string]int
}

func newIndex(members []member) *index {
	x := &index{exact: make(map[string]int, 2*len(members))}
	for i := range members {
		x.add(members[i].key, i)
	}
	return x
}

func (x *index) add(key string, i int) {
	if _, found := x.exact[key]; !found {
		x.exact[key] = i
	}
	low := lowerText(key)
	if low == key {
		return
	}
	if x.fold == nil {
		x.fold = map[string]int{}
	}
	if _, found := x.fold[low]; !found {
		x.fold[low] = i
	}
}

// find returns the place of the member called key, or -1. sure is false when the index
// does not belong to these members.
func (x *index) find(members []member, key string, exact bool) (i int, sure bool) {
	if i, found := x.exact[key]; found {
		return i, i < len(members) && members[i].key == key
	}
	if exact {
		return -1, true
	}
	low := lowerText(key)
	i, found := x.exact[low]
	if other, differs := x.fold[low]; differs && (!found || other < i) {
		i, found = other, true
	}
	if !found {
		return -1, true
	}
	return i, i < len(members) && equalFold(members[i].key, key)
}

// lowerText is s with ASCII letters in lower case.
func lowerText(s string) string {
	for i := range len(s) {
		if s[i] == lower(s[i]) {
			continue
		}
		low := []byte(s)
		for i := range low {
			low[i] = lower(low[i])
		}
		return string(low)
	}
	return s
}
