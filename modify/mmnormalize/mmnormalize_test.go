package mmnormalize

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"syslogd/message"
)

// The cases were recorded with lognormalizer of liblognorm 2.0.6, but for the
// tags, which it does not print, and for these: an address with a single colon
// is no IPv6 address, extensions of CEF keep their names, name-value lists may
// have quotes and blanks in front, and one annotation may have several fields.
func TestFieldsAsLiblognormReadsThem(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("testdata/lognorm/*.txtar")
	if len(files) < 30 {
		t.Fatalf("only %d files", len(files))
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil || len(archive.Files) != 2 {
			t.Fatalf("%s: %v", file, err)
		}
		b := newRulebase(false)
		b.load(file, string(archive.Files[0].Data))
		for _, p := range b.problems {
			t.Errorf("%s: %v", file, p)
		}
		lines := strings.Split(strings.TrimSuffix(string(archive.Files[1].Data), "\n"), "\n")
		for i := 0; i+1 < len(lines); i += 2 {
			text, err := strconv.Unquote(lines[i])
			if err != nil {
				t.Fatalf("%s: %s: %v", file, lines[i], err)
			}
			got, _ := b.normalize(text)
			if json := string(got.AppendJSON(nil, false)); json != lines[i+1] {
				t.Errorf("%s: %q\n got  %s\n want %s", filepath.Base(file), text, json, lines[i+1])
			}
		}
	}
}

func TestMistakesInRulebases(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "loop.rb"), []byte("include=loop.rb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ text, want string }{
		{"rule=:a\nrule=:%x:wrod%", `rb:2: field "x": there is no type "wrod", did you mean "word"?`},
		{"rule=:%x:number", "rb:1: a field must end with %"},
		{"rule=:%x%", "rb:1: want %name:type%, found %x%"},
		{`rule=:%{"name":"x"}%`, "rb:1: a field needs a type"},
		{`rule=:%{"name":}%`, "rb:1: field: invalid character"},
		{`rule=:%x:number{"maxval":}%`, "rb:1: parameters of field x: invalid character"},
		{"rule=:%x:char-to%", `rb:1: field "x": it needs the parameter "extradata"`},
		{"rule=:%x:@t%", `rb:1: field "x": there is no type @t: it must be defined above`},
		{"rule=:%x:regex:a%", "must be permitted with"},
		{"rule=:%x:interpret:int%", `want "int:type"`},
		{"rule=:%x:interpret:flot:word%", `did you mean "float"?`},
		{"rule=:%x:suffixed:,:a,b%", `want "separator:suffixes:type"`},
		{"rule=:%x:suffixed:,:,:word%", "there are no suffixes"},
		{"rule=:%x:named_suffixed:a:b:,:word%", `want "value name:suffix name:separator:suffixes:type"`},
		{"rule=:%x:descent%", `want "file" or "file:tail"`},
		{"rule=:%x:descent:none.rb%", "no such file"},
		{"rule=no colon", `rb:1: want "rule=tags:text"`},
		{"type=t:x", `rb:1: want "type=@name:text"`},
		{"annotate=t:field", "rb:1: want annotate=tag:+field="},
		{"rules=:x", `rb:1: there is no keyword "rules"`},
		{"some text", "rb:1: want keyword=value"},
		{"version=3", "are not understood"},
		{`rule=:%{"name":"l","type":"repeat","parser":{"type":"word","name":"x"}}%`, `needs "parser" and "while"`},
		{`rule=:%{"name":"l","type":"repeat","parser":[{"type":"number","name":"."},{"type":"number","name":"b"}],"while":{"type":"literal","text":","}}%`, "needs a single field"},
		{`rule=:%x:string{"quoting.mode":"never"}%`, `want auto, required or none, found "never"`},
		{"include=none.rb", "no such file"},
		{"include=" + filepath.Join(dir, "loop.rb"), "include each other too deep"},
	} {
		b := newRulebase(false)
		b.load("rb", test.text)
		found := false
		for _, p := range b.problems {
			found = found || strings.Contains(p.Error(), test.want)
		}
		if !found {
			t.Errorf("%s: want %q in %v", test.text, test.want, b.problems)
		}
	}
	b := newRulebase(false)
	b.load("rb", "rule=:%x:wrod%\nrule=:good %x:word%\n")
	if _, ok := b.normalize("good one"); !ok {
		t.Error("a mistake in one rule spoils the others")
	}
}

func TestRegularExpressionsWhenPermitted(t *testing.T) {
	t.Parallel()
	b := newRulebase(true)
	b.load("rb", `rule=:a %x:regex:[0-9]+x% b
rule=:%sale:regex:(sales (\d+)k with) margin:1:2% %margin:regex:margin (\d+)\x25:0:1%
rule=:hosts %x:tokenized:, :regex:[^, ]+%`)
	for _, test := range []struct{ text, want string }{
		{"a 12x b", `{"x":"12x"}`},
		{"sales 200k with margin 6%", `{"margin":"6","sale":"200"}`},
		{"hosts foo.bar, baz", `{"x":["foo.bar","baz"]}`},
	} {
		got, ok := b.normalize(test.text)
		if json := string(got.AppendJSON(nil, true)); !ok || json != test.want {
			t.Errorf("%s: %s", test.text, json)
		}
	}
	b.load("rb", "rule=:%x:regex:(a):2%")
	if len(b.problems) != 1 {
		t.Errorf("a group that is not there: %v", b.problems)
	}
}

// The wants are liblognorm's.
func TestFieldsOfRepetitionsCalledDot(t *testing.T) {
	t.Parallel()
	b := newRulebase(false)
	b.load("rb", `version=2
type=@dd:%..:number%
rule=:A %{"name":"x","type":"repeat","parser":{"type":"number","name":"."},"while":{"type":"literal","text":","}}%
rule=:B %{"name":"x","type":"repeat","parser":[{"type":"alpha","name":"."}],"while":{"type":"literal","text":" "}}%.
rule=:C %{"name":"x","type":"repeat","parser":{"type":"repeat","name":".","parser":{"type":"number","name":"."},"while":{"type":"literal","text":","}},"while":{"type":"literal","text":"; "}}%
rule=:D %{"name":"x","type":"repeat","parser":{"type":"@dd","name":"."},"while":{"type":"literal","text":","}}%
rule=:E %{"name":"x","type":"repeat","parser":{"type":"@dd","name":"y"},"while":{"type":"literal","text":","}}%
rule=:F %{"name":".","type":"repeat","parser":{"type":"number","name":"."},"while":{"type":"literal","text":","}}%
rule=:G %{"name":"x","type":"repeat","parser":{"type":"alternative","parser":[{"type":"number","name":"."},{"type":"alpha","name":"."}]},"while":{"type":"literal","text":","}}%
rule=:H %{"name":"x","type":"repeat","parser":{"type":"json","name":"."},"while":{"type":"literal","text":"|"}}%
`)
	for _, p := range b.problems {
		t.Fatal(p)
	}
	for _, test := range []struct{ text, want string }{
		{"A 1,2", `{"x":["1","2"]}`},
		{"B a b.", `{"x":["a","b"]}`},
		{"C 1,2; 3", `{"x":[["1","2"],["3"]]}`},
		{"D 1,2", `{"x":[{"..":"1"},{"..":"2"}]}`},
		{"E 1,2", `{"x":[{"y":"1"},{"y":"2"}]}`},
		{"F 1,2", `{".":["1","2"]}`},
		{"G 1,a", `{"x":["1","a"]}`},
		{`H {"a":1}|{".":2}`, `{"x":[{"a":1},2]}`},
	} {
		got, ok := b.normalize(test.text)
		if json := string(got.AppendJSON(nil, true)); !ok || json != test.want {
			t.Errorf("%s: got %s, want %s", test.text, json, test.want)
		}
	}
}

func TestDescentIntoAnotherRulebase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.rb":     `rule=:blocked on %dev:word% %net:descent:./part\x3anet.rb%at %tm:word%` + "\nrule=:%op:descent:op.rb:rest% on %dev:word%\n",
		"part:net.rb": "rule=:%ip:ipv4% %tail:rest%\nrule=:%net:ipv4%/%mask:number% %tail:rest%\n",
		"op.rb":       "rule=:%net:descent:part\\x3anet.rb%%action:word%%rest:rest%\n",
		"self.rb":     "rule=:%x:descent:self.rb%\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := newRulebase(false)
	if err := b.loadFile(filepath.Join(dir, "main.rb")); err != nil || len(b.problems) > 0 {
		t.Fatal(err, b.problems)
	}
	for _, test := range []struct{ text, want string }{
		{"blocked on gw 10.2.3.4 at noon", `{"tm":"noon","net":{"ip":"10.2.3.4"},"dev":"gw"}`},
		{"blocked on gw 10.2.3.4/16 at noon", `{"tm":"noon","net":{"mask":"16","net":"10.2.3.4"},"dev":"gw"}`},
		{"10.2.3.4 blocked on gw", `{"dev":"gw","op":{"action":"blocked","net":{"ip":"10.2.3.4"}}}`},
		{"10.2.3/16 at", `{"originalmsg":"10.2.3/16 at","unparsed-data":"at"}`},
	} {
		got, _ := b.normalize(test.text)
		if json := string(got.AppendJSON(nil, true)); json != strings.ReplaceAll(test.want, "/", `\/`) {
			t.Errorf("%s\n got  %s\n want %s", test.text, json, test.want)
		}
	}
	b = newRulebase(false)
	if err := b.loadFile(filepath.Join(dir, "self.rb")); err != nil || len(b.problems) != 1 ||
		!strings.Contains(b.problems[0].Error(), "descend into each other too deep") {
		t.Errorf("%v, %v", err, b.problems)
	}
}

// Rules that call themselves without reading anything end.
func TestRecursionIsBounded(t *testing.T) {
	t.Parallel()
	b := newRulebase(false)
	b.load("rb", "rule=:%x:recursive%\nrule=:%y:word% %x:recursive%\nrule=:%l:tokenized:,:recursive%")
	b.normalize(strings.Repeat("a ", 5000))
}

// A rulebase with as many ways as possible through a text that fits none must
// not take exponential time.
func TestGoingBackIsBounded(t *testing.T) {
	t.Parallel()
	b := newRulebase(false)
	b.load("rb", "version=2\nrule=:"+strings.Repeat(`%-:char-sep:a%%-:char-sep:b%`, 30)+"X")
	m := matcher{text: strings.Repeat("ab", 2000)}
	if _, r := m.match(b.root, 0, false, &message.Value{}); r != nil || m.steps > maxSteps+1 {
		t.Errorf("%v after %d steps", r, m.steps)
	}
}

func manyRules(n int) *rulebase {
	var text strings.Builder
	text.WriteString("version=2\n")
	for i := range n {
		fmt.Fprintf(&text, "rule=:service%d: login user %%user:word%% from %%ip:ipv4%% port %%port:number%%\n", i)
	}
	b := newRulebase(false)
	b.load("rb", text.String())
	return b
}

func FuzzNormalize(f *testing.F) {
	f.Add("version=2\nrule=:a %x:word% %{\"type\":\"repeat\",\"name\":\"l\",\"parser\":{\"type\":\"number\",\"name\":\"n\"},\"while\":{\"type\":\"literal\",\"text\":\",\"}}%", "a b 1,2")
	f.Add("rule=:%x:tokenized:,:rest%\ntype=@t:%..:word%\nannotate=a:+b=\"c\"", "x,y")
	f.Add("type=@t:%x:@t%\nrule=:%y:@t%", "x")
	f.Add("rule=:%f:cef%", "CEF:0|a|b|c|d|e|f|g=h")
	f.Fuzz(func(t *testing.T, rules, text string) {
		b := newRulebase(false)
		b.depth = maxInclude // no files
		b.load("rb", rules)
		obj, ok := b.normalize(text)
		if whole := obj.Get("originalmsg", true); !ok && (whole == nil || whole.Text() != text) {
			t.Fatalf("%q was lost", text)
		}
	})
}

func BenchmarkNormalize(b *testing.B) {
	for _, n := range []int{10, 1000} {
		rules := manyRules(n)
		text := fmt.Sprintf("service%d: login user ann from 192.0.2.1 port 4711", n-1)
		b.Run(strconv.Itoa(n)+" rules", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := rules.normalize(text); !ok {
					b.Fatal("no rule matches")
				}
			}
		})
	}
}
