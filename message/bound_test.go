package message

import (
	"fmt"
	"strings"
	"testing"
)

// TestATreeHasBounds has variables that grow with each statement.
func TestATreeHasBounds(t *testing.T) {
	t.Parallel()
	for name, grow := range map[string]func(tree *Tree, i int) bool{
		"doubled": func(tree *Tree, i int) bool {
			twice := ArrayValue(tree.Root.Clone(), tree.Root.Clone())
			return tree.Set(ParsePath("a"), twice, true, true)
		},
		"nested": func(tree *Tree, i int) bool {
			return tree.Set(ParsePath("a"), tree.Root.Clone(), true, true)
		},
		"merged": func(tree *Tree, i int) bool {
			obj := ObjectValue()
			for n := range 1000 {
				obj.Add(fmt.Sprint(i, ".", n), IntValue(1))
			}
			return tree.Set(ParsePath("a"), obj, false, true)
		},
		"a long text": func(tree *Tree, i int) bool {
			return tree.Set(ParsePath("a"), StringValue(strings.Repeat("x", 1<<i)), true, true)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := &Tree{}
			tree.Set(ParsePath("first"), IntValue(1), false, true)
			i := 0
			for ; grow(tree, i); i++ {
				if i%100 != 0 {
					continue // looking at all of it takes long
				}
				if bytes, depth := tree.Root.size(); bytes > MaxTree || depth > MaxTreeDepth+1 || i > 2000 {
					t.Fatalf("%d bytes, %d deep", bytes, depth)
				}
			}
			if !tree.Refused() || tree.Refused() {
				t.Error("that a value is refused is to be said once")
			}
			tree.Unset(ParsePath("a"), true)
			if !tree.Set(ParsePath("b"), StringValue("small"), false, true) {
				t.Error("there is no room after what was large has gone")
			}
		})
	}
}

func TestAVariableHasALength(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]bool{MaxText: true, MaxText + 1: false} {
		tree := &Tree{}
		taken := tree.Set(ParsePath("a"), StringValue(strings.Repeat("x", size)), false, true)
		if taken != want || tree.Refused() == want {
			t.Errorf("%d bytes: taken %v, want %v", size, taken, want)
		}
	}
}

// TestAVariableThatIsReplacedTakesNoRoom is a loop over more than a tree can take.
func TestAVariableThatIsReplacedTakesNoRoom(t *testing.T) {
	t.Parallel()
	tree := &Tree{}
	text := strings.Repeat("x", 1<<20)
	for i := range 1000 {
		if !tree.Set(ParsePath("a"), StringValue(text), i%2 == 0, true) {
			t.Fatalf("refused after %d", i)
		}
	}
}
