package message

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// compact is v as JSON without blanks.
func compact(v *Value) string { return string(v.AppendJSON(nil, true)) }

// The results are those of libfastjson in rsyslogd 8.2302, but for the
// bare scalars at the end of the text.
func TestJSONIsReadAndPrinted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{`{"a":1,"b":"x"}`, `{ "a": 1, "b": "x" }`},
		{"{ }", "{ }"},
		{"[]", "[ ]"},
		{` [ 1 , true,false , null ] `, "[ 1, true, false, null ]"},
		{`{"b":1,"a":2,"b":3}`, `{ "b": 3, "a": 2 }`},
		{`{"f":1,"F":2}`, `{ "f": 1, "F": 2 }`},
		{`{"":1,"a b":2}`, `{ "": 1, "a b": 2 }`},
		{`[1.50,1e2,-0.0,5.]`, "[ 1.50, 1e2, -0.0, 5. ]"},
		{`[-0,01,-01]`, "[ 0, 1, -1 ]"},
		{`[1e400]`, "[ 1e400 ]"},
		{`[9223372036854775807,-9223372036854775808]`, "[ 9223372036854775807, -9223372036854775808 ]"},
		{`[9223372036854775808,-99999999999999999999]`, "[ 9223372036854775807, -9223372036854775808 ]"},
		{`[TrUe,FALSE,Null,NaN,Infinity,-Infinity]`, "[ true, false, null, NaN, Infinity, -Infinity ]"},
		{`{'a':'it"s','b':"it's"}`, `{ "a": "it\"s", "b": "it's" }`},
		{`[1,]`, "[ 1 ]"},
		{`{"a":1,}`, `{ "a": 1 }`},
		{"/* c */ {\"a\"/**/:1} // x", `{ "a": 1 }`},
		{"// c\n\v\f[1]", "[ 1 ]"},
		{`"\"\\\/\b\f\n\r\t\u0001"`, `"\"\\\/\b\f\n\r\t\u0001"`},
		{`"\u00fc\uD83D\uDE00"`, `"ü😀"`},
		{`"\ud800"`, `"` + "\ufffd" + `"`},
		{`"\ud800\u0041"`, `"` + "\ufffd" + `A"`},
		{`"\udc00"`, `"` + "\ufffd" + `"`},
		{"\"\x7f\xff\"", "\"\x7f\xff\""},
		{"\"a\tb\"", `"a\tb"`},
		{"5 6", "5"},
		{"5x", "5"},
		{"0x10", "0"},
		{"truex", "true"},
		{`{"a":1}x`, `{ "a": 1 }`},
	} {
		v, _, err := ParseJSON(tt.in)
		if got := string(v.AppendJSON(nil, false)); err != nil || got != tt.want {
			t.Errorf("%s: got %s, %v; want %s", tt.in, got, err, tt.want)
		}
	}
}

func TestTextThatIsNoJSON(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", " ", "nope", "tru", "nul", "{", "[", "{a:1}", `{"a":1`, `{"a" 1}`, `{"a":}`, `{"a":1 "b":2}`, `{,}`, "[,1]", "[1,,2]", "[1 2]", "[1",
		"+5", "[+5]", ".5", "-", "[-]", "--5", "[1-2]", "[1.2.3]", "[5e]", "[0x10]", "[truex]",
		`"abc`, `'abc"`, `"a\x"`, `"a\'b"`, `"\u12"`, `"\u12g4"`, `"\`, "/* c", "// c", "/", "}", "]",
	} {
		if v, _, err := ParseJSON(in); err == nil {
			t.Errorf("%s: read as %s", in, compact(&v))
		}
	}
}

func TestParseJSONTellsWhereTheValueEnds(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int{`{"a":1} tail`: 7, `  [1]x`: 5, "12": 2, `"a\n" `: 5, "null,": 4} {
		if _, n, err := ParseJSON(in); n != want || err != nil {
			t.Errorf("%s: ended at %d, %v; want %d", in, n, err, want)
		}
	}
}

func TestJSONDepthIsLimited(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		depth    int
		innerest string
		ok       bool
	}{
		{32, "", true}, {33, "", false}, {31, "5", true}, {32, "5", false}, {100000, "", false},
	} {
		for _, pair := range [][2]string{{"[", "]"}, {`{"a":`, "}"}} {
			inner := tt.innerest
			depth := tt.depth
			if pair[0] != "[" && inner == "" { // {} is the innermost object
				inner = "{}"
				depth--
			}
			text := strings.Repeat(pair[0], depth) + inner + strings.Repeat(pair[1], depth)
			if _, _, err := ParseJSON(text); (err == nil) != tt.ok {
				t.Errorf("%d levels of %s around %q: %v", tt.depth, pair[0], tt.innerest, err)
			}
		}
	}
}

// An object of very many members must not take time that grows with the square of their number.
func TestObjectWithVeryManyMembers(t *testing.T) {
	t.Parallel()
	const n = 100_000
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%05d":%d`, i, i)
	}
	start := time.Now()
	v, _, err := ParseJSON("{" + b.String()[1:] + `,"k00000":"again","k99999":"again"}`)
	if err != nil || v.Len() != n {
		t.Fatalf("%d members, %v; want %d", v.Len(), err, n)
	}
	if first, last := v.Get("k00000", true), v.Get("k99999", true); first.Text() != "again" || last.Text() != "again" {
		t.Error("a name that comes twice does not have its last value")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// standard decodes text with encoding/json; numbers keep their text.
func standard(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"a":{"b":[1,2.50,"x",null,true]},"é":"\u00fc\ud83d\ude00"}`, `{'a':True,}`, `[NaN,-Infinity]`, `"\/\\"`, "/**/[1,//x\n]", `{"a":1,"a":2}`,
		strings.Repeat("[", 33), "[9223372036854775808,1e400,-0]", "\"\xff\"", `{"a":1,"A":2}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, n, err := ParseJSON(text)
		if n > len(text) {
			t.Fatalf("read %d bytes of %d", n, len(text))
		}
		if err != nil {
			if json.Valid([]byte(text)) && !strings.Contains(err.Error(), "nested") {
				t.Fatalf("%q is JSON: %v", text, err)
			}
			return
		}
		for _, short := range []bool{true, false} {
			out := v.AppendJSON(nil, short)
			again, n, err := ParseJSON(string(out))
			if err != nil || n != len(out) {
				t.Fatalf("%q was printed as %q, which is read up to %d: %v", text, out, n, err)
			}
			if got := again.AppendJSON(nil, short); !bytes.Equal(got, out) {
				t.Fatalf("%q was printed as %q, then as %q", text, out, got)
			}
		}
		if !json.Valid([]byte(text)) || !utf8.ValidString(text) {
			return
		}
		want, err := standard(text)
		if err != nil {
			return
		}
		got, err := standard(compact(&v))
		if err != nil || !reflect.DeepEqual(numbers(got), numbers(want)) {
			t.Fatalf("%q was printed as %s: %v", text, compact(&v), err)
		}
	})
}

// numbers replaces, in what standard returns, -0 by 0 and integers beyond 64 bits
// by the nearest one.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if v == "-0" {
			return json.Number("0")
		}
		if n, err := v.Int64(); errors.Is(err, strconv.ErrRange) {
			return json.Number(strconv.FormatInt(n, 10))
		}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	}
	return v
}

func BenchmarkParseJSON(b *testing.B) {
	const text = `{"time":"2026-02-03T04:05:06Z","level":"info","msg":"request done","status":200,"took":0.0125,"req":{"method":"GET","path":"\/a\/b","hdr":["x","y"]}}`
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, _, err := ParseJSON(text); err != nil {
			b.Fatal(err)
		}
	}
}
