package syntax

import (
	"strings"
	"testing"
)

// full is x with parentheses around every operation.
func full(x Expr) string {
	switch x := x.(type) {
	case *Binary:
		return "(" + full(x.X) + " " + x.Op + " " + full(x.Y) + ")"
	case *Unary:
		return "(" + x.Op + " " + full(x.X) + ")"
	case *Paren:
		return full(x.X)
	case *FuncCall:
		args := make([]string, len(x.Args))
		for i, a := range x.Args {
			args[i] = full(a)
		}
		return x.Name + "(" + strings.Join(args, ", ") + ")"
	}
	return ExprString(x)
}

// The levels are those of rsyslogd: and and or share one, & is one with +, not
// binds tighter than a comparison.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"1 or 2 and 3", "((1 or 2) and 3)"},
		{"1 and 2 or 3", "((1 and 2) or 3)"},
		{"not $x == 1", "((not $x) == 1)"},
		{"not ($x == 1)", "(not ($x == 1))"},
		{"not not 1", "(not (not 1))"},
		{"not -1", "(not (- 1))"},
		{"-1 * 2", "((- 1) * 2)"},
		{"- $a - -3", "((- $a) - (- 3))"},
		{"'x' & 1 + 1", "(('x' & 1) + 1)"},
		{"1 & 2 * 3", "(1 & (2 * 3))"},
		{"1 - 2 - 3", "((1 - 2) - 3)"},
		{"8 / 4 / 2 % 3", "(((8 / 4) / 2) % 3)"},
		{"1 + 2 == 3 and 4 < 5", "(((1 + 2) == 3) and (4 < 5))"},
		{"1 == 1 == 1", "((1 == 1) == 1)"},
		{"$msg contains 'a' & 'b'", "($msg contains ('a' & 'b'))"},
		{"$msg contains_i ['a', 'b'] or exists($!x)", "(($msg contains_i ['a', 'b']) or exists($!x))"},
		{"$a <> 1", "($a != 1)"},
		{"STRLEN( $msg ) + f()", "(strlen($msg) + f())"},
		{"f(1 + 2, g(3))", "f((1 + 2), g(3))"},
		{"'a' startswith 'b' startswith_i 'c' endswith 'd'", "((('a' startswith 'b') startswith_i 'c') endswith 'd')"},
	} {
		x, err := ParseExpr(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := full(x); got != c.want {
			t.Errorf("%s is read as %s, want %s", c.text, got, c.want)
		}
		again, err := ParseExpr(ExprString(x))
		if err != nil || full(again) != c.want {
			t.Errorf("%s prints as %s", c.text, ExprString(x))
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want int64
	}{
		{"0", 0}, {"7", 7}, {"010", 8}, {"0x1f", 31}, {"0XFF", 255}, {"9223372036854775807", 1<<63 - 1},
		{"99999999999999999999", 1<<63 - 1},
	} {
		x, err := ParseExpr(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if n, ok := x.(*Number); !ok || n.Value != c.want {
			t.Errorf("%s is %v, want %d", c.text, ExprString(x), c.want)
		}
	}
}

func TestParseExprErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", "expression:1:1: a value is expected: found the end of the file"},
		{"1 +", "expression:1:4: + is not followed by a value: found the end of the file"},
		{"1 2", "expression:1:3: want an operator"},
		{"(1", "expression:1:1: this ( has no matching )"},
		{"$a = 1", "expression:1:4: = does not compare (write ==)"},
		{"f(1", "expression:1:2: this ( has no matching )"},
		{"exists(1)", "expression:1:1: exists takes one variable in parentheses"},
		{"1 then", "expression:1:3: want an operator"},
		{strings.Repeat("(", 600) + "1", "nested more than 500 levels deep"},
		{strings.Repeat("not ", 600) + "1", "nested more than 500 levels deep"},
		{strings.Repeat("f(", 600) + "1", "nested more than 500 levels deep"},
		{"1" + strings.Repeat("+1", maxOperands+1), "more than 20000 operators"},
	} {
		_, err := ParseExpr(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: %v, want %s", c.text, err, c.want)
		}
	}
}

func TestExprRanges(t *testing.T) {
	t.Parallel()
	text := `$msg contains "a" and (strlen($x) + 2 == 5 or not exists($!y))`
	x, err := ParseExpr(text)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{
		text: true, `$msg contains "a"`: true, `"a"`: true, `(strlen($x) + 2 == 5 or not exists($!y))`: true,
		`strlen($x) + 2`: true, `strlen($x)`: true, `$x`: true, `not exists($!y)`: true, `exists($!y)`: true, `5`: true,
	}
	Inspect(x, func(n Node) bool {
		r := n.Range()
		delete(want, text[r.Start.Col-1:r.Start.Col-1+r.Len])
		return true
	})
	if len(want) > 0 {
		t.Errorf("no node covers %v", want)
	}
}
