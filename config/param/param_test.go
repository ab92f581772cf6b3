package param

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/message"
)

type level uint8

type conf struct {
	On      bool
	Count   int
	Port    int
	Limit   int64
	Name    string
	Word    string
	Byte    byte
	List    []string
	Mode    fs.FileMode
	Many    int
	User    int
	Fac     message.Facility
	Sev     message.Severity
	Level   level
	Age     time.Duration
	Sub     part
	countOK bool
}

type part struct{ X string }

var table = Join(Table[conf]{
	Bool("on", func(c *conf) *bool { return &c.On }).Default("on").Legacy("SwitchOn"),
	Int("count", func(c *conf) *int { return &c.Count }).Given(func(c *conf) *bool { return &c.countOK }),
	Int("port", func(c *conf) *int { return &c.Port }).Range(1, 65535).Legacy("Run").Runs(),
	Count("many", func(c *conf) *int { return &c.Many }).Default("5"),
	Size("limit", func(c *conf) *int64 { return &c.Limit }).Default("8k"),
	String("name", func(c *conf) *string { return &c.Name }).Alias("title"),
	Word("word", func(c *conf) *string { return &c.Word }),
	Char("byte", func(c *conf) *byte { return &c.Byte }),
	Strings("list", func(c *conf) *[]string { return &c.List }).Legacy("Add"),
	Mode("mode", func(c *conf) *fs.FileMode { return &c.Mode }),
	User("user", func(c *conf) *int { return &c.User }),
	Facility("fac", func(c *conf) *message.Facility { return &c.Fac }),
	Severity("sev", func(c *conf) *message.Severity { return &c.Sev }),
	Enum("level", func(c *conf) *level { return &c.Level }, Choice[level]{"low", 1}, Choice[level]{"high", 2}),
	Duration("age", func(c *conf) *time.Duration { return &c.Age }),
	Gone[conf]("old"),
	Refused[conf]("magic", "there is none"),
	NotYet[conf]("later", "it is not written yet"),
	NotYetUnless[conf]("laterOff", "it is not written yet", "off"),
	NoEffect[conf]("tune", "there is nothing to tune"),
}, Group(func(c *conf) *part { return &c.Sub }, Table[part]{String("sub.x", func(p *part) *string { return &p.X })}))

func decode(t *testing.T, args ...string) (conf, bool, string) {
	t.Helper()
	o := &Object{Title: `input(type="x")`, Effect: "this input is ignored"}
	for i := 0; i < len(args); i += 2 {
		o.Args = append(o.Args, &Arg{Name: strings.ToLower(args[i]), Items: strings.Split(args[i+1], "|"), Array: strings.Contains(args[i+1], "|")})
	}
	var c conf
	table.SetDefaults(&c)
	diags := &diag.List{}
	ok := table.Decode(&c, o, diags)
	ReportUnknown(o, table.Infos(), diags)
	var b strings.Builder
	for _, d := range diags.All() {
		d.Write(&b)
	}
	return c, ok, b.String()
}

func TestValuesOfEveryKind(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, value string
		got         func(c conf) any
		want        any
	}{
		{"on", "off", func(c conf) any { return c.On }, false},
		{"count", "-7", func(c conf) any { return c.Count }, -7},
		{"count", "0x10", func(c conf) any { return c.Count }, 16},
		{"count", "010", func(c conf) any { return c.Count }, 8},
		{"port", "65535", func(c conf) any { return c.Port }, 65535},
		{"limit", "1k", func(c conf) any { return c.Limit }, int64(1024)},
		{"limit", "1K", func(c conf) any { return c.Limit }, int64(1000)},
		{"limit", "3g", func(c conf) any { return c.Limit }, int64(3 << 30)},
		{"limit", "2M", func(c conf) any { return c.Limit }, int64(2000000)},
		{"many", "10k", func(c conf) any { return c.Many }, 10240},
		{"many", "5M", func(c conf) any { return c.Many }, 5000000},
		{"many", "0x10", func(c conf) any { return c.Many }, 16},
		{"name", "a b", func(c conf) any { return c.Name }, "a b"},
		{"title", "alias", func(c conf) any { return c.Name }, "alias"},
		{"byte", "#", func(c conf) any { return c.Byte }, byte('#')},
		{"list", "a|b", func(c conf) any { return strings.Join(c.List, ",") }, "a,b"},
		{"mode", "0640", func(c conf) any { return c.Mode }, fs.FileMode(0o640)},
		{"user", "root", func(c conf) any { return c.User }, 0},
		{"fac", "local3", func(c conf) any { return c.Fac }, message.Facility(19)},
		{"sev", "warn", func(c conf) any { return c.Sev }, message.Severity(4)},
		{"level", "HIGH", func(c conf) any { return c.Level }, level(2)},
		{"age", "30d", func(c conf) any { return c.Age }, 720 * time.Hour},
		{"sub.x", "v", func(c conf) any { return c.Sub.X }, "v"},
		{"NAME", "case", func(c conf) any { return c.Name }, "case"},
		{"lateroff", "off", func(c conf) any { return c.On }, true},
	} {
		c, ok, log := decode(t, tt.name, tt.value)
		if got := tt.got(c); !ok || got != tt.want || log != "" {
			t.Errorf("%s=%q: got %v (ok %v), want %v; %s", tt.name, tt.value, got, ok, tt.want, log)
		}
	}
}

func TestValuesThatDoNotFit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, value string
		ok          bool
		want        string
	}{
		{"on", "yes", false, `error: on: want "on" or "off", found "yes" [-2208]` + "\n  hint: write \"on\"\n  this input is ignored\n"},
		{"port", "0", false, `error: port: want a number from 1 to 65535, found "0" [-2208]` + "\n  this input is ignored\n"},
		{"port", "x", false, `error: port: want a number, found "x" [-2208]` + "\n  this input is ignored\n"},
		{"port", "1k", false, `error: port: want a number, found "1k" [-2208]` + "\n  hint: there are no suffixes here: write 1024\n  this input is ignored\n"},
		{"many", "x", false, `error: many: want a number such as 5000, 64k or 1m, found "x" [-2208]` + "\n  this input is ignored\n"},
		{"many", "3g", false, `error: many: want a number from 1 to 2147483647, found "3g" [-2208]` + "\n  this input is ignored\n"},
		{"many", "0", false, `error: many: want a number from 1 to 2147483647, found "0" [-2208]` + "\n  this input is ignored\n"},
		{"count", "1|2", false, "error: count: want one value, found an array of 2 [-2208]\n  this input is ignored\n"},
		{"limit", "1q", false, `error: limit: want a size such as 512, 64k or 10m, found "1q" [-2208]` + "\n  this input is ignored\n"},
		{"limit", "9999999999g", false, `error: limit: want a size such as 512, 64k or 10m, found "9999999999g" [-2208]` + "\n  this input is ignored\n"},
		{"word", "a b", false, `error: word: want text without blanks, found "a b" [-2208]` + "\n  this input is ignored\n"},
		{"byte", "ab", false, `error: byte: want one character, found "ab" [-2208]` + "\n  this input is ignored\n"},
		{"mode", "640", false, `error: mode: want an octal mode such as 0640, found "640" [-2208]` + "\n  hint: write \"0640\"\n  this input is ignored\n"},
		{"user", "nobody-here", false, `error: user: there is no user "nobody-here" on this system [-2208]` + "\n  this input is ignored\n"},
		{"fac", "lokal0", false, `error: fac: want a facility, found "lokal0" [-2208]` + "\n  hint: did you mean \"local0\"?\n  this input is ignored\n"},
		{"level", "hgih", false, `error: level: want one of low, high, found "hgih" [-2208]` + "\n  hint: did you mean \"high\"?\n  this input is ignored\n"},
		{"age", "3y", false, `error: age: want a time such as 90s, 24h or 30d, found "3y" [-2208]` + "\n  this input is ignored\n"},
		{"old", "1", true, "warning: parameter \"old\" has no effect any more\n  hint: remove it\n"},
		{"magic", "1", false, "error: parameter \"magic\" of input(type=\"x\") is not available: there is none\n  this input is ignored\n"},
		{"later", "1", true, "error: parameter \"later\" of input(type=\"x\"): it is not written yet\n  the parameter is ignored\n"},
		{"lateroff", "on", true, "error: parameter \"laterOff\" of input(type=\"x\"): it is not written yet\n  the parameter is ignored\n"},
		{"tune", "1", true, "note: parameter \"tune\" has no effect here: there is nothing to tune\n"},
		{"nmae", "x", true, "error: parameter \"nmae\" not known for input(type=\"x\") [-2207]\n  hint: did you mean \"name\"?\n  the parameter is ignored\n"},
	} {
		_, ok, log := decode(t, tt.name, tt.value)
		if ok != tt.ok || log != tt.want {
			t.Errorf("%s=%q: ok %v, want %v; got\n%swant\n%s", tt.name, tt.value, ok, tt.ok, log, tt.want)
		}
	}
}

func TestTheFirstOfTwoValuesIsUsed(t *testing.T) {
	t.Parallel()
	c, ok, log := decode(t, "name", "a", "title", "b")
	if !ok || c.Name != "a" || !strings.Contains(log, "given twice") {
		t.Errorf("got %q, ok %v, %s", c.Name, ok, log)
	}
}

func TestDefaultsAndGiven(t *testing.T) {
	t.Parallel()
	c, _, _ := decode(t, "count", "0")
	if !c.On || c.Limit != 8192 || !c.countOK {
		t.Errorf("got %+v", c)
	}
	if c, _, _ = decode(t); c.countOK {
		t.Error("count counts as given, though it was not")
	}
}

func TestRequired(t *testing.T) {
	t.Parallel()
	tab := Table[conf]{String("name", func(c *conf) *string { return &c.Name }).Required()}
	diags := &diag.List{}
	if tab.Decode(new(conf), &Object{Title: "input()"}, diags) || diags.Len() != 1 {
		t.Errorf("a missing required parameter was accepted: %v", diags.All())
	}
}

func TestDirectives(t *testing.T) {
	t.Parallel()
	var c conf
	for _, d := range [][2]string{{"switchon", "off"}, {"add", "x"}, {"Add", "y"}} {
		if info, err := table.SetDirective(&c, d[0], syntax.NewLine(d[1])); info == nil || err != nil {
			t.Errorf("$%s: %v, %v", d[0], info, err)
		}
	}
	if strings.Join(c.List, ",") != "x,y" {
		t.Errorf("a repeated directive gave %q, want both values", c.List)
	}
	if info, err := table.SetDirective(&c, "run", syntax.NewLine("514")); err != nil || !info.RunsObject || c.Port != 514 {
		t.Errorf("$Run: %+v, %v, port %d", info, err, c.Port)
	}
	if info, err := table.SetDirective(&c, "run", syntax.NewLine("x")); err == nil || info == nil {
		t.Error("a bad value was accepted")
	}
	if info, _ := table.SetDirective(&c, "nothing", syntax.NewLine("x")); info != nil {
		t.Error("a directive was found that nobody declared")
	}
}

// Copies of a configuration must not share an array: legacy directives copy the
// pending one for each object.
func TestCopiesDoNotShareArrays(t *testing.T) {
	t.Parallel()
	var a conf
	table.SetDirective(&a, "add", syntax.NewLine("x"))
	b := a
	table.SetDirective(&a, "add", syntax.NewLine("y"))
	table.SetDirective(&b, "add", syntax.NewLine("z"))
	if a.List[1] != "y" || b.List[1] != "z" {
		t.Errorf("got %q and %q", a.List, b.List)
	}
}
