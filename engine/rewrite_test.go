package engine

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"syslogd/config"
	"syslogd/config/rewrite"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
)

// conf is a configuration with the files that it includes.
type conf struct {
	name  string
	text  []byte
	files map[string][]byte
}

func (c *conf) options() syntax.Options {
	return syntax.Options{
		ReadFile: func(name string) ([]byte, error) {
			if text, ok := c.files[name]; ok {
				return text, nil
			}
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		},
		Glob: func(pattern string) (found []string, err error) {
			for name := range c.files {
				if ok, _ := filepath.Match(pattern, name); ok {
					found = append(found, name)
				}
			}
			slices.Sort(found)
			return found, nil
		},
	}
}

func (c *conf) load(t *testing.T, name string, text []byte) (*config.Config, *diag.List) {
	cfg, diags, err := config.Load(name, append([]byte{}, text...), Modules(), config.Options{Syntax: c.options()})
	if err != nil {
		t.Fatal(err)
	}
	return cfg, diags
}

// recorded are the configurations of all recorded cases, and the examples.
func recorded(t testing.TB) (list []conf) {
	archives, _ := filepath.Glob("../testdata/compat/cases/*/*.txtar")
	field, _ := filepath.Glob("../testdata/field/*.txtar")
	for _, name := range append(archives, field...) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("@DIR@"), []byte("/srv"))
		ar := txtar.Parse(port.ReplaceAll(text, []byte("2$1")))
		c := conf{name: name, files: map[string][]byte{}}
		for _, f := range ar.Files {
			if f.Name == "config" || f.Name == "rsyslog.conf" {
				c.text = f.Data
			}
			name := strings.TrimPrefix(f.Name, "file ")
			if !strings.HasPrefix(name, "/") {
				name = "/srv/" + name
			}
			c.files[name] = f.Data
		}
		if c.text != nil {
			list = append(list, c)
		}
	}
	examples, _ := filepath.Glob("../examples/*.conf")
	for _, name := range append(examples, "../cmd/syslogd/default.conf") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, conf{name: name, text: text})
	}
	if len(list) < 100 {
		t.Fatalf("only %d configurations were found", len(list))
	}
	return list
}

// meaning is what config wrote without comments and the places of values.
func meaning(text []byte) string { return comment.ReplaceAllString(string(text), "") }

// port are the words that stand for ports in recorded cases: @UDP@, @TCP2@.
var port = regexp.MustCompile(`@[A-Z]+([0-9]*)@`)

var comment = regexp.MustCompile(`(?m)^\s*#.*\n|\s+# .*$|^\s*\n`)

// What convert and config write is read again, without errors that were not
// there, and means the same. Of what they wrote they write the same again.
func TestWhatIsWrittenOfAConfigurationMeansTheSame(t *testing.T) {
	t.Parallel()
	for _, c := range recorded(t) {
		c.rewritten(t)
	}
}

func (c *conf) rewritten(t *testing.T) {
	cfg, diags := c.load(t, c.name, c.text)
	if cfg.File.Stopped {
		return
	}
	effective := c.written(t, rewrite.Effective, cfg)
	want := meaning(effective)
	for _, tool := range []string{"config", "convert"} {
		written := effective
		if tool == "convert" {
			written = c.written(t, rewrite.Convert, cfg)
		}
		again, said := c.load(t, "written", written)
		if n := said.Count(diag.Error); n > diags.Count(diag.Error) || again.File.Stopped {
			t.Errorf("%s: %s wrote\n%s\nwith %d errors: %+v", c.name, tool, written, n, said.All())
			return
		}
		if got := meaning(c.written(t, rewrite.Effective, again)); got != want {
			t.Errorf("%s: %s wrote\n%s\nit means\n%s", c.name, tool, written, difference(want, got))
		}
		if again.HasActions != cfg.HasActions {
			t.Errorf("%s: what %s wrote has actions: %v, want %v", c.name, tool, again.HasActions, cfg.HasActions)
		}
		if tool == "convert" {
			if twice := c.written(t, rewrite.Convert, again); !bytes.Equal(twice, written) {
				t.Errorf("%s: of what it wrote convert writes\n%s", c.name, difference(string(written), string(twice)))
			}
		}
	}
}

// written is what a tool writes of cfg.
func (c *conf) written(t *testing.T, write func(*config.Config, syntax.Options) ([]byte, error), cfg *config.Config) []byte {
	text, err := write(cfg, c.options())
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return text
}

// FuzzRewrite has the same property of other configurations without errors.
func FuzzRewrite(f *testing.F) {
	for i, c := range recorded(f) {
		if i%8 == 0 { // the test above has all of them
			f.Add(string(c.text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		c := &conf{name: "fuzz.conf", text: []byte(text)}
		if _, diags := c.load(t, c.name, c.text); diags.Count(diag.Error) == 0 {
			c.rewritten(t)
		}
	})
}

// difference are the lines that only one of two texts has.
func difference(want, got string) string {
	var out []string
	only := func(mark, a, b string) {
		lines := strings.Split(b, "\n")
		for _, line := range strings.Split(a, "\n") {
			if !slices.Contains(lines, line) {
				out = append(out, mark+line)
			}
		}
	}
	only("-", want, got)
	only("+", got, want)
	if out == nil {
		return "the same lines in another order:\n" + got + "\nand not\n" + want
	}
	return strings.Join(out, "\n")
}
