package message

import "testing"

// op is a statement on a tree: "set $!a!b = 1;" and the like.
type op struct {
	do, path, json string
}

func (o op) run(t *testing.T, tree *Tree, exact bool) bool {
	t.Helper()
	path := ParsePath(o.path)
	if o.do == "unset" {
		tree.Unset(path, exact)
		return true
	}
	v, _, err := ParseJSON(o.json)
	if err != nil {
		t.Fatalf("%s: %v", o.json, err)
	}
	return tree.Set(path, v, o.do == "reset", exact)
}

// What set, reset and unset leave. Where it does not say otherwise, rsyslogd
// 8.2302 leaves the same.
func TestSetResetAndUnset(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		ops  []op
		want string
	}{
		{"parents are made", []op{{"set", "a!b!c", "1"}, {"set", "a!d", `"x"`}}, `{ "a": { "b": { "c": 1 }, "d": "x" } }`},
		{"a scalar replaces a scalar", []op{{"set", "a", `"x"`}, {"set", "a", "5"}, {"set", "b", "5"}, {"set", "b", `"x"`}}, `{ "a": 5, "b": "x" }`},
		{"a scalar does not replace an object", []op{{"set", "a!b", "1"}, {"set", "a", `"s"`}}, `{ "a": { "b": 1 } }`},
		{"reset replaces an object", []op{{"set", "a!b", "1"}, {"reset", "a", `"s"`}}, `{ "a": "s" }`},
		{"reset makes what is missing", []op{{"reset", "a!b", "1"}}, `{ "a": { "b": 1 } }`},
		{"an object does not replace a scalar", []op{{"set", "a", `"s"`}, {"set", "a", `{"k":2}`}}, `{ "a": "s" }`},
		{"an object is merged into an object", []op{{"set", "a", `{"k":1,"z":9}`}, {"set", "a", `{"K":2,"n":3}`}}, `{ "a": { "k": 2, "z": 9, "n": 3 } }`},
		{"merging is for one level", []op{{"set", "a", `{"k":{"x":1}}`}, {"set", "a", `{"k":{"y":2}}`}}, `{ "a": { "k": { "y": 2 } } }`},
		{"reset does not merge", []op{{"set", "a", `{"k":1,"z":9}`}, {"reset", "a", `{"k":2}`}}, `{ "a": { "k": 2 } }`},
		{"a scalar is in the way", []op{{"set", "a", "1"}, {"set", "a!b!c", "2"}, {"reset", "a!b!c", "2"}}, `{ "a": 1 }`},
		{"an array is in the way", []op{{"set", "a", "[1]"}, {"set", "a!b", "2"}}, `{ "a": [ 1 ] }`},
		{"an array replaces a scalar and a scalar an array", []op{{"set", "a", "1"}, {"set", "a", "[1]"}, {"set", "b", "[1]"}, {"set", "b", "2"}}, `{ "a": [ 1 ], "b": 2 }`},
		{"an array does not replace an object", []op{{"set", "a!k", "1"}, {"set", "a", "[1]"}}, `{ "a": { "k": 1 } }`},
		{"null sets nothing", []op{{"set", "a", "null"}}, ""},
		{"the root takes an object", []op{{"set", "", `{"k":1}`}}, `{ "k": 1 }`},
		{"the root is merged into", []op{{"set", "x", "1"}, {"set", "", `{"k":1}`}, {"reset", "", `{"k":2}`}}, `{ "x": 1, "k": 2 }`},
		{"the root takes an array while it is empty", []op{{"set", "", "[1,2]"}, {"set", "b", "1"}}, `[ 1, 2 ]`},
		{"the root takes a scalar while it is empty", []op{{"set", "", `"x"`}, {"set", "b", "1"}, {"set", "", "{}"}}, `x`},
		{"the root that has members takes no scalar", []op{{"set", "a", "1"}, {"set", "", `"x"`}, {"reset", "", `"x"`}}, `{ "a": 1 }`},
		{"empty names count at the end only", []op{{"set", "a!!b", "1"}, {"set", "!c", "2"}, {"set", "d!", "3"}}, `{ "a": { "b": 1 }, "c": 2, "d": { "": 3 } }`},
		{"an element of an array", []op{{"set", "l", `[1,{"k":2}]`}, {"set", "l[1]!k", `"x"`}}, `{ "l": [ 1, { "k": "x" } ] }`},
		{"an index without an array is a name", []op{{"set", "a[1]", "5"}, {"set", "q[2]!k", "1"}}, `{ "a[1]": 5, "q[2]": { "k": 1 } }`},
		{"an index beyond the array is a name", []op{{"set", "l", "[1]"}, {"set", "l[1]", "5"}}, `{ "l": [ 1 ], "l[1]": 5 }`},
		{"unset a leaf", []op{{"set", "a!b", "1"}, {"unset", "a!b", ""}}, `{ "a": { } }`},
		{"unset an object", []op{{"set", "a!b", "1"}, {"set", "c", "1"}, {"unset", "a", ""}}, `{ "c": 1 }`},
		{"unset below a scalar", []op{{"set", "a!b", "1"}, {"unset", "a!b!c", ""}}, `{ "a": { "b": 1 } }`},
		{"unset what is not there", []op{{"set", "a", "1"}, {"unset", "b", ""}, {"unset", "b!c", ""}}, `{ "a": 1 }`},
		{"unset an element leaves the array", []op{{"set", "l", "[1,2]"}, {"unset", "l[1]", ""}}, `{ "l": [ 1, 2 ] }`},
		{"unset a member of an element", []op{{"set", "l", `[{"k":1}]`}, {"unset", "l[0]!k", ""}}, `{ "l": [ { } ] }`},
		{"unset the root", []op{{"set", "a", "1"}, {"unset", "", ""}}, ``},
		{"the root begins again", []op{{"set", "a", "1"}, {"unset", "", ""}, {"set", "b", "2"}}, `{ "b": 2 }`},
		{"case does not count", []op{{"set", "Abc", "1"}, {"set", "aBC", "2"}, {"set", "X!y", "1"}, {"unset", "x!Y", ""}}, `{ "Abc": 2, "X": { } }`},
	} {
		tree := &Tree{}
		for _, o := range tt.ops {
			o.run(t, tree, false)
		}
		if got := string(tree.Root.AppendText(nil, false)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

// Unlike in rsyslogd, where an object that is set over another is merged into the root.
func TestMergingDoesNotTouchTheRoot(t *testing.T) {
	t.Parallel()
	tree := &Tree{}
	for _, o := range []op{{"set", "a!b", `{"x":1}`}, {"set", "a!b", `{"y":2}`}} {
		if !o.run(t, tree, false) {
			t.Fatal("refused")
		}
	}
	if got, want := compact(&tree.Root), `{"a":{"b":{"x":1,"y":2}}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestExactCaseKeepsNamesApart(t *testing.T) {
	t.Parallel()
	tree := &Tree{}
	for _, o := range []op{{"set", "Abc", "1"}, {"set", "abc", "2"}, {"set", "ABC!d", "3"}, {"unset", "aBc", ""}, {"unset", "Abc", ""}} {
		o.run(t, tree, true)
	}
	if got, want := compact(&tree.Root), `{"abc":2,"ABC":{"d":3}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestReadingAPath(t *testing.T) {
	t.Parallel()
	root, _, _ := ParseJSON(`{"a":{"b":[10,{"c":11},[12,13]]},"n[0]":14,"n":[15],"x[y]":16,"z":null,"l[0]":[17]}`)
	tree := &Tree{Root: root}
	for path, want := range map[string]string{
		"a!b[0]": "10", "a!b[1]!c": "11", "A!B[1]!C": "11", "a!b[2]": "[12,13]", "a!b[00]": "10", "a!!b[0]": "10",
		"n[0]": "14", "x[y]": "16", "l[0]": "[17]", "z": "null",
		"a!b[3]": "", "a!b[-1]": "", "a!b[99999999999]": "", "a!b[2][0]": "", "a!b!0": "", "a!b[1]!x": "", "a[0]": "", "q": "", "a!": "", "n[0]!x": "",
	} {
		got := ""
		if v := tree.Get(ParsePath(path), false); v != nil {
			got = compact(v)
		}
		if got != want {
			t.Errorf("$!%s: got %s, want %s", path, got, want)
		}
	}
}

func TestAnEmptyTreeCanBeRead(t *testing.T) {
	t.Parallel()
	var tree *Tree
	tree.Unset(ParsePath("a"), false)
	if tree.Get(ParsePath("a"), false) != nil || tree.Get(nil, false) != nil || tree.Clone() != nil {
		t.Error("no tree has a variable")
	}
}

func TestCloneOfATreeIsDeep(t *testing.T) {
	t.Parallel()
	tree := &Tree{}
	op{"set", "a!b", `[1,{"c":2}]`}.run(t, tree, false)
	clone := tree.Clone()
	op{"set", "a!b[1]!c", "9"}.run(t, tree, false)
	op{"set", "n", "1"}.run(t, tree, false)
	if got, want := compact(&clone.Root), `{"a":{"b":[1,{"c":2}]}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestReadingAVariableDoesNotAllocate(t *testing.T) {
	tree := &Tree{}
	op{"set", "a!B!c", "1"}.run(t, tree, false)
	path := ParsePath("a!b!c")
	if n := testing.AllocsPerRun(100, func() {
		if tree.Get(path, false).Int() != 1 {
			t.Fatal("not found")
		}
	}); n >= 1 {
		t.Errorf("%.1f allocations", n)
	}
}

func FuzzTree(f *testing.F) {
	f.Add("a!b", `{"x":[1,2]}`, "a!b!x[1]", `{"k":1}`)
	f.Add("", "[1]", "a", "5")
	f.Add("a[0]", "1", "A[0]!b", `"s"`)
	f.Fuzz(func(t *testing.T, path1, json1, path2, json2 string) {
		tree := &Tree{}
		for i, s := range [][2]string{{path1, json1}, {path2, json2}} {
			v, _, err := ParseJSON(s[1])
			if err != nil {
				return
			}
			want, path := compact(&v), ParsePath(s[0])
			had := tree.Get(path, false) != nil
			if !tree.Set(path, v, i == 1, false) {
				continue
			}
			got := tree.Get(path, false)
			if got == nil {
				t.Fatalf("$!%s was set and is not there", s[0])
			}
			if text := compact(got); !had && text != want {
				t.Fatalf("$!%s was set to %s and is %s", s[0], want, text)
			}
		}
		if root := compact(&tree.Root); compact(&tree.Clone().Root) != root {
			t.Fatalf("the clone of %s differs", root)
		}
		tree.Unset(ParsePath(path1), false)
		tree.Unset(ParsePath(path2), true)
	})
}
