package config_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"syslogd/config"
	"syslogd/config/syntax"
	"syslogd/engine"
	"syslogd/internal/diag"
)

// TestOneRunShowsAllMistakes has seven mistakes in each file, some of them syntax
// errors, in seven constructs: each is reported, none twice.
func TestOneRunShowsAllMistakes(t *testing.T) {
	t.Parallel()
	const behind = `if $msg = "x" then { action(type="omfile" file="/x" template="nope") }
module(load="imupd")
template(name="t" type=string string="%msg%\n")
*.* action(type="omfile" file="/y" template="t")
ruleset(name="r") { call nowhere }
call r
$WorkDirektory /x
foreach $.i in $!list do { stop }
`
	tests := []struct {
		name, main, included string
		want                 []string // name:line: fragment
	}{
		{"language", behind, "", []string{
			"main.conf:1: ==", `main.conf:1: "nope"`, `main.conf:2: "imupd"`, "main.conf:3: double quotes",
			`main.conf:5: "nowhere"`, "main.conf:7: $WorkDirektory", "main.conf:8: want (",
		}},
		{"include", "$IncludeConfig inc.conf\ncall lost\n", behind, []string{
			"inc.conf:1: ==", `inc.conf:1: "nope"`, `inc.conf:2: "imupd"`, "inc.conf:3: double quotes",
			`inc.conf:5: "nowhere"`, "inc.conf:7: $WorkDirektory", "inc.conf:8: want (", `main.conf:2: "lost"`,
		}},
		{"legacy", `$ModLoad imklgo
$IncludeConfig /does/not/exist
$UDPServerRun 514
mail.info, user.* /var/log/mail
*.* /a;nope
$ActionQueueType LinkdList
:msg, contans, "x" /b
& action(type=omfile)
$Direktive on
`, "", []string{
			`main.conf:1: "imklgo"`, "main.conf:2: does not exist", "main.conf:3: imudp", "main.conf:4: blanks",
			`main.conf:5: "nope"`, "main.conf:6: LinkdList", "main.conf:7: contans", "main.conf:8: double quotes",
			"main.conf:9: $Direktive",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkMistakes(t, "main.conf", map[string]string{"main.conf": tt.main, "inc.conf": tt.included}, tt.want)
		})
	}
}

func TestOneRunShowsAllMistakesOfYAML(t *testing.T) {
	t.Parallel()
	checkMistakes(t, "main.yaml", map[string]string{"main.yaml": `modules:
  - load: imupd
inputs:
  - type: imtcp
templates:
  - name: t
    type: strng
    string: x
rulesets:
  - name: r
    statements:
      - if: $msg = "x"
        then:
          - call: nowhere
      - foreach:
          var: i
          in: $!list
          do:
            - type: omfle
      - type: omfile
        file: /x
        template: nope
`}, []string{
		`main.yaml:2: "imupd"`, `main.yaml:4: "imtcp"`, "main.yaml:7: strng", "main.yaml:12: ==",
		`main.yaml:14: "nowhere"`, "main.yaml:16: variable", `main.yaml:19: "omfle"`, `main.yaml:22: "nope"`,
	})
}

func loadFiles(t *testing.T, name string, files map[string]string) *diag.List {
	t.Helper()
	read := func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, os.ErrNotExist
	}
	opt := config.Options{Syntax: syntax.Options{ReadFile: read}}
	_, diags, err := config.Load(name, []byte(files[name]), engine.Modules(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return diags
}

func checkMistakes(t *testing.T, name string, files map[string]string, want []string) {
	t.Helper()
	diags := loadFiles(t, name, files)
	var got []string
	for _, d := range diags.Sorted() {
		if d.Severity == diag.Error {
			got = append(got, fmt.Sprintf("%s:%d: %s; %s", d.Range.Start.Src.Name, d.Range.Start.Line, d.Text, d.Hint))
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d errors, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for _, w := range want {
		place, part, _ := strings.Cut(w, ": ")
		found := false
		for _, g := range got {
			found = found || strings.HasPrefix(g, place+":") && strings.Contains(g, part)
		}
		if !found {
			t.Errorf("want %q, got:\n%s", w, strings.Join(got, "\n"))
		}
	}
}

// TestWhatIsOnlyCheckedHasNoEffect has definitions behind a syntax error.
func TestWhatIsOnlyCheckedHasNoEffect(t *testing.T) {
	const name = "CHECKED_ONLY_HAS_NO_EFFECT"
	cfg, _ := load(t, "*.* /a\nset $.x = ;\nglobal(workDirectory=\"/w\" environment=\""+name+"=1\")\n"+
		"template(name=\"late\" type=\"string\" string=\"x\")\nmodule(load=\"imudp\")\ninput(type=\"imudp\" port=\"1\")\n"+
		"ruleset(name=\"r\") { stop }\n*.* /b\ninclude(file=\"/does/not/exist\" mode=\"abort-if-missing\")\n")
	if len(cfg.Actions) != 1 || len(cfg.Inputs) != 0 || len(cfg.Rulesets) != 1 || len(cfg.Loaded) != 0 {
		t.Errorf("%d actions, %d inputs, %d rulesets, %d modules", len(cfg.Actions), len(cfg.Inputs), len(cfg.Rulesets), len(cfg.Loaded))
	}
	if cfg.Templates.Lookup("late") != nil || cfg.Global.WorkDirectory == "/w" || cfg.Abort != nil {
		t.Error("a template, a global parameter or an include behind the error has an effect")
	}
	if _, set := os.LookupEnv(name); set {
		t.Error("the environment is changed")
	}
}

// mistakes are lines with one mistake each; %d is a number that no other line has.
// Those of the second list stand outside of blocks only.
var (
	mistakes = []string{
		`action(type="omnope%d")`, `call nope%d`, `set $.x = nope%d("a");`,
		`action(type="omfile" file="/x" template="nope%d")`, `action(type="omfile" file=bare%d)`,
		`set $.x%d = ;`, `set $.x = 'a%d'`, `if $msg = "m%d" then stop`, `foreach x%d do { stop }`,
		`:msg, contans, "m%d" /x`, `mail.inof%d /x`,
	}
	outside = []string{
		`$Direktive%d on`, `module(load="imnope%d")`, `input(type="imnope%d")`, `module(load="imnope%d"`,
		`template(name="n%d" type=string string="x")`, `ruleset(name="n%d") { call nope }`,
		`$IncludeConfig /does/not/exist%d`,
	}
)

// TestInjectedMistakesAreAllReported puts mistakes in front of random statements of
// valid configurations: each is reported, none twice, and nothing else is.
func TestInjectedMistakesAreAllReported(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("../examples/*.conf")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	cases, err := filepath.Glob("../testdata/field/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatal(cases, err)
	}
	for _, name := range append(names, cases...) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(name, ".txtar") {
				text = configOf(text)
			}
			rnd := rand.New(rand.NewPCG(1, uint64(len(text))))
			for range 20 {
				inject(t, string(text), rnd)
			}
		})
	}
}

// configOf is the configuration in a recorded case.
func configOf(text []byte) []byte {
	for _, f := range txtar.Parse(text).Files {
		if f.Name == "config" {
			return f.Data
		}
	}
	return nil
}

// inject adds up to eight mistakes to a configuration and compares what is said.
func inject(t *testing.T, text string, rnd *rand.Rand) {
	before := errorsOf(t, text)
	if len(before) > 0 {
		return
	}
	places := statementLines(text)
	lines := slices.Sorted(maps.Keys(places))
	if len(lines) == 0 {
		return
	}
	at := map[int]string{}
	for n := range 1 + rnd.IntN(8) {
		list, place := mistakes, lines[rnd.IntN(len(lines))]
		if !places[place] {
			list = slices.Concat(mistakes, outside)
		}
		at[place] = fmt.Sprintf(list[rnd.IntN(len(list))], n)
	}
	var b strings.Builder
	want := map[int]string{}
	line := 0
	for n, l := range strings.SplitAfter(text, "\n") {
		if m := at[n+1]; m != "" {
			line++
			want[line] = m
			b.WriteString(m + "\n")
		}
		line++
		b.WriteString(l)
	}
	got := errorsOf(t, b.String())
	for n, m := range want {
		if len(got[n]) != 1 {
			t.Errorf("line %d, %s: %q\n%s", n, m, got[n], numbered(b.String()))
		}
		delete(got, n)
	}
	if len(got) > 0 {
		t.Errorf("lines without mistakes: %v\n%s", got, numbered(b.String()))
	}
}

func numbered(text string) string {
	var b strings.Builder
	for i, l := range strings.Split(text, "\n") {
		fmt.Fprintf(&b, "%3d %s\n", i+1, l)
	}
	return b.String()
}

// errorsOf are the errors of a configuration by their lines.
func errorsOf(t *testing.T, text string) map[int][]string {
	t.Helper()
	out := map[int][]string{}
	for _, d := range loadFiles(t, "main.conf", map[string]string{"main.conf": text}).All() {
		if d.Severity == diag.Error {
			out[d.Range.Start.Line] = append(out[d.Range.Start.Line], d.Text)
		}
	}
	return out
}

// statementLines are the lines at which statements begin, with true for those in blocks.
func statementLines(text string) map[int]bool {
	lines := map[int]bool{}
	var diags diag.List
	f := syntax.Parse("main.conf", []byte(text), syntax.Options{}, &diags)
	for _, s := range f.Stmts {
		lines[s.Range().Start.Line] = false
	}
	syntax.InspectFile(f, func(n syntax.Node) bool {
		if b, ok := n.(*syntax.Block); ok && b.Braces {
			for _, s := range b.Stmts {
				r := s.Range()
				before := strings.Split(text, "\n")[r.Start.Line-1][:r.Start.Col-1]
				if strings.TrimSpace(before) == "" {
					lines[r.Start.Line] = true
				}
			}
		}
		return true
	})
	return lines
}
