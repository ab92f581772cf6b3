package message

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestAnIndexFindsWhatASearchFinds does the same to an object with many members and to
// copies of it, some of which share an index, and searches them without one.
func TestAnIndexFindsWhatASearchFinds(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	name := func() string {
		return []string{"a", "B", "b", "aB", "Ab"}[r.IntN(5)] + fmt.Sprint(r.IntN(60))
	}
	values := []Value{ObjectValue()}
	for range 20000 {
		v := &values[r.IntN(len(values))]
		key, exact := name(), r.IntN(2) == 0
		switch r.IntN(8) {
		case 0:
			v.Delete(key, exact)
		case 1:
			if len(values) < 8 {
				values = append(values, v.Clone())
			}
		case 2:
			tree := Tree{Root: *v}
			tree.Set(Path{{Name: key, Index: -1}}, IntValue(1), true, exact)
			*v = tree.Root
		default:
			v.Put(key, IntValue(int64(r.IntN(100))), exact)
		}
		for i := range values {
			bare := values[i]
			bare.index = nil
			key, exact := name(), r.IntN(2) == 0
			if got, want := values[i].find(key, exact), bare.find(key, exact); got != want {
				t.Fatalf("%q (exact: %v) is member %d, want %d", key, exact, got, want)
			}
		}
	}
}
