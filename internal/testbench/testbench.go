// Package testbench runs messages through a configuration for the tests of
// modules. Nothing is written.
package testbench

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"syslogd/config"
	"syslogd/config/syntax"
	"syslogd/engine"
	"syslogd/message"
	"syslogd/router/property"
)

// Header is what stands in front of the text of a message.
const Header = "<13>Oct 11 22:14:15 h app:"

// Run gives messages to a configuration and returns what it would write.
func Run(t *testing.T, conf string, messages ...string) []string {
	t.Helper()
	cfg, diags, err := config.Load("test.conf", []byte(conf), engine.Modules(), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &written{}
	d, err := engine.NewDryRun(cfg, engine.Env{Log: slog.New(slog.DiscardHandler)}, w, diags)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	for _, x := range diags.All() {
		t.Fatalf("%s: %s", x.Range.Start, x.Text)
	}
	in, err := d.Input("")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		d.Run(in, netip.Addr{}, []byte(m))
	}
	return w.lines
}

type written struct{ lines []string }

func (*written) Enter(syntax.Node, *message.Message, *property.Context) func(bool) {
	return func(bool) {}
}
func (*written) Parsed(*engine.Parsed)          {}
func (w *written) Delivered(d engine.Delivered) { w.lines = append(w.lines, string(d.Text)) }

// With is a configuration with a module and one action of it. It writes the
// variables, the text, the whole message, and whether a parser succeeded.
func With(module, params string) string {
	return `module(load="` + module + `")
template(name="f" type="string" string="%$!%|%msg%|%rawmsg%|%parsesuccess%")
action(type="` + module + `" ` + params + `)
action(type="omfile" file="/nowhere" template="f")
`
}

// Row is the parameters of a module, a text, and what the module makes of it.
type Row [3]string

// Check compares what a module makes of texts, as With writes it.
func Check(t *testing.T, module string, rows []Row) {
	t.Helper()
	for _, r := range rows {
		params, text, want := r[0], r[1], r[2]
		got := Run(t, With(module, params), Header+text)
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s(%s) %q:\n got  %q\n want %q", module, params, text, got, want)
		}
	}
}

// Refused holds configurations against the first words of the errors they give.
func Refused(t *testing.T, rows map[string]string) {
	t.Helper()
	for conf, want := range rows {
		_, diags, err := config.Load("test.conf", []byte(conf), engine.Modules(), config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, d := range diags.All() {
			found = found || strings.Contains(d.Text, want)
		}
		if !found {
			t.Errorf("%s: want %q in %+v", conf, want, diags.All())
		}
	}
}
