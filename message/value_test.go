package message

import (
	"math"
	"testing"
)

func TestFractionsAsLibfastjsonWritesThem(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   float64
		want string
	}{
		{1.5, "1.5"}, {0, "0.0"}, {-2, "-2.0"}, {0.1, "0.10000000000000001"}, {-2.9, "-2.8999999999999999"}, {100000, "100000.0"},
		{12345678.9, "12345678.9"}, {1e-7, "9.9999999999999995e-08"}, {1e16, "10000000000000000.0"}, {1e20, "1e+20"},
		{math.Inf(1), "Infinity"}, {math.Inf(-1), "-Infinity"}, {math.NaN(), "NaN"},
	} {
		v := RealValue(tt.in)
		if got := compact(&v); got != tt.want {
			t.Errorf("%g: got %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestTextOfAValueInATemplate(t *testing.T) {
	t.Parallel()
	for json, want := range map[string]string{
		"null": "", `"a\"b"`: `a"b`, "-12": "-12", "true": "true", "1.50": "1.50", "[]": "[ ]", `{"a":[1,{"b":"/"}]}`: `{ "a": [ 1, { "b": "\/" } ] }`,
	} {
		v, _, err := ParseJSON(json)
		if got := string(v.AppendText([]byte("<"), false)); err != nil || got != "<"+want {
			t.Errorf("%s: got %s, %v; want <%s", json, got, err, want)
		}
	}
}

func TestEveryByteIsEscapedAsRsyslogdDoes(t *testing.T) {
	t.Parallel()
	special := map[byte]string{'"': `\"`, '\\': `\\`, '/': `\/`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`, 0: `\u0000`, 0x1f: `\u001F`}
	for c := range 256 {
		b := byte(c)
		want, ok := special[b]
		if !ok && b >= ' ' {
			want, ok = string([]byte{b}), true
		}
		got := string(AppendJSONEscaped(nil, []byte{b}))
		if ok && got != want || !ok && len(got) != 6 {
			t.Errorf("byte %#x: got %s, want %s", b, got, want)
		}
		if s := string(AppendJSONEscaped(nil, "x"+string([]byte{b})+"y")); s != "x"+got+"y" {
			t.Errorf("byte %#x inside of text: got %s", b, s)
		}
	}
}

func TestCaseOfMemberNames(t *testing.T) {
	t.Parallel()
	v, _, _ := ParseJSON(`{"Key":1,"key":2,"ÄB":3}`)
	for _, tt := range []struct {
		name  string
		exact bool
		want  int64 // 0: not there
	}{
		{"Key", true, 1}, {"key", true, 2}, {"KEY", true, 0},
		{"Key", false, 1}, {"key", false, 2}, {"KEY", false, 1}, {"Äb", false, 3}, {"äb", false, 0}, {"\u212aey", false, 0}, {"ke", false, 0},
	} {
		got := int64(0)
		if m := v.Get(tt.name, tt.exact); m != nil {
			got = m.Int()
		}
		if got != tt.want {
			t.Errorf("%s, exact %v: got %d, want %d", tt.name, tt.exact, got, tt.want)
		}
	}
	v.Put("KEY", StringValue("x"), false)
	v.Delete("äb", false)
	v.Delete("KEY", true)
	v.Delete("Äb", false)
	if got, want := compact(&v), `{"Key":"x","key":2}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCloneIsDeepAndKeepsNumbers(t *testing.T) {
	t.Parallel()
	const text = `{"a":[1.50,{"b":2}],"c":{"d":"x"},"e":9223372036854775807}`
	v, _, _ := ParseJSON(text)
	clone, dup := v.Clone(), v.Copy()
	v.Get("a", true).At(1).Put("b", IntValue(9), true)
	v.Get("a", true).Append(IntValue(3))
	v.Get("c", true).Delete("d", true)
	if got := compact(&clone); got != text {
		t.Errorf("the clone is %s", got)
	}
	if got, want := compact(&dup), `{"a":[1.5,{"b":2}],"c":{"d":"x"},"e":9223372036854775807}`; got != want {
		t.Errorf("the copy is %s, want %s", got, want)
	}
	if got, want := compact(&v), `{"a":[1.50,{"b":9},3],"c":{},"e":9223372036854775807}`; got != want {
		t.Errorf("the value is %s, want %s", got, want)
	}
}

func TestValuesThatAreNoObjectHaveNoMembers(t *testing.T) {
	t.Parallel()
	for _, json := range []string{"null", "1", `"x"`, "[1]"} {
		v, _, _ := ParseJSON(json)
		v.Delete("a", false)
		if v.Get("a", false) != nil || compact(&v) != json {
			t.Errorf("%s has a member, or is now %s", json, compact(&v))
		}
	}
	var none *Value
	if none.Get("a", false) != nil {
		t.Error("no value has a member")
	}
}

func TestPrintingATreeDoesNotAllocate(t *testing.T) {
	v, _, _ := ParseJSON(`{"a":1,"b":"text / text","c":[true,null,1.5]}`)
	buf := make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() { buf = v.AppendJSON(buf[:0], false) }); n >= 1 {
		t.Errorf("%.1f allocations", n)
	}
}
