package imtcp_test

import (
	"log/slog"
	"strings"
	"testing"

	"syslogd/config"
	"syslogd/hosts"
	"syslogd/internal/diag"
	"syslogd/listener"
	"syslogd/listener/imptcp"
	"syslogd/listener/imtcp"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/output/omdiscard"
	"syslogd/parser/frame"
)

// build makes the inputs of a configuration.
func build(t *testing.T, conf string) ([]listener.Input, error) {
	t.Helper()
	reg := &module.Registry{Drivers: map[string]bool{"lmnsd_gtls": true}}
	reg.AddInput(imtcp.Module)
	reg.AddInput(imptcp.Module)
	reg.AddOutput(omdiscard.Module)
	cfg, diags, err := config.Load("test.conf", []byte(conf), reg, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range diags.All() {
		if d.Severity == diag.Error {
			t.Fatalf("%s: %s", d.Range.Start, d.Text)
		}
	}
	var out []listener.Input
	for _, in := range cfg.Inputs {
		built, err := in.Module.Build(in.Conf, module.Env{
			Log: slog.New(slog.DiscardHandler), Metrics: &metrics.Set{}, Names: hosts.New(hosts.Options{LocalHostName: "box"}),
			Global: &module.Global{MaxMessageSize: 8096, IPv4: true, StreamDriver: "ptcp"},
		})
		if err != nil {
			return out, err
		}
		out = append(out, built)
	}
	return out, nil
}

func reading(t *testing.T, in listener.Input) listener.Reading {
	t.Helper()
	r, err := in.(listener.Reader).Reading()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParametersDecideHowAStreamIsCut(t *testing.T) {
	t.Parallel()
	const load = `module(load="imtcp") module(load="imptcp")` + "\n"
	for _, test := range []struct {
		name, conf string
		want       func(o *frame.Options) bool
	}{
		{"the defaults", load + `input(type="imtcp" port="0")`, func(o *frame.Options) bool {
			return o.OctetCounting && o.LFDelimiter && o.AddtlDelimiter == -1 && o.MaxFrameSize == 200000 && o.MaxMessageSize == 8096 && !o.DiscardTruncated
		}},
		{"octet counts are text", load + `input(type="imtcp" port="0" supportOctetCountedFraming="off")`, func(o *frame.Options) bool { return !o.OctetCounting }},
		{"for all inputs of the module", `module(load="imtcp" octetCountedFraming="off")` + "\n" + `input(type="imtcp" port="0")`, func(o *frame.Options) bool { return !o.OctetCounting }},
		{"LF is data", load + `input(type="imtcp" port="0" disableLFDelimiter="on" addtlFrameDelimiter="0")`, func(o *frame.Options) bool { return !o.LFDelimiter && o.AddtlDelimiter == 0 }},
		{"legacy directives", "$ModLoad imtcp\n$InputTCPServerAddtlFrameDelimiter 35\n$InputTCPServerRun 0\n", func(o *frame.Options) bool { return o.AddtlDelimiter == 35 }},
		{"long messages are cut", load + `input(type="imtcp" port="0" discardTruncatedMsg="on" maxFrameSize="1000")`, func(o *frame.Options) bool { return o.DiscardTruncated && o.MaxFrameSize == 1000 }},
		{"an octet count has a limit", load + `input(type="imtcp" port="0" maxFrameSize="300000000")`, func(o *frame.Options) bool { return o.MaxFrameSize == 200000000 }},
		{"several lines", load + `input(type="imtcp" port="0" multiLine="on")`, func(o *frame.Options) bool { return o.MultiLine }},
		{"a delimiter", load + `input(type="imtcp" port="0" framing.delimiter.regex="^<[0-9]+>")`, func(o *frame.Options) bool { return o.DelimiterRegex.MatchString("<13>x") }},
		{"Cisco", load + `input(type="imtcp" port="0" framingFix.cisco.asa="on")`, func(o *frame.Options) bool { return o.CiscoASAFix }},
		{"imptcp", load + `input(type="imptcp" port="0" supportOctetCountedFraming="off" addtlFrameDelimiter="7")`, func(o *frame.Options) bool {
			return o.Dialect == frame.PTCP && !o.OctetCounting && o.AddtlDelimiter == 7
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inputs, err := build(t, test.conf)
			if err != nil || len(inputs) != 1 {
				t.Fatalf("%d inputs, %v", len(inputs), err)
			}
			if o := reading(t, inputs[0]).Frame; !test.want(o) {
				t.Errorf("the options are %+v", *o)
			}
		})
	}
}

func TestTheNameOfAnInput(t *testing.T) {
	t.Parallel()
	inputs, err := build(t, `module(load="imtcp") input(type="imtcp" port="0") input(type="imtcp" port="0" name="dmz")
$InputTCPServerInputName core
$InputTCPServerRun 0
`)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"imtcp", "dmz", "core"} {
		if got := reading(t, inputs[i]).Origin.Name; got != want {
			t.Errorf("input %d is called %s, want %s", i, got, want)
		}
	}
}

func TestWhatCanNotWorkStopsTheInput(t *testing.T) {
	t.Parallel()
	const load = `module(load="imtcp")` + "\n"
	for _, test := range []struct{ conf, want string }{
		{`input(type="imtcp" port="0" streamDriver.name="gtls" streamDriver.mode="1")`, "needs a certificate"},
		{`input(type="imtcp" port="0" streamDriver.mode="1" streamDriver.certFile="c" streamDriver.keyFile="k")`, "which the driver ptcp can not do"},
		{`input(type="imtcp" port="0" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon" permittedPeer="a" streamDriver.certFile="c" streamDriver.keyFile="k")`, "does not look at them"},
		{`input(type="imtcp" port="0" streamDriver.authMode="x509/name" permittedPeer="a")`, "plain text"},
		{`input(type="imtcp" port="0" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/guess" streamDriver.certFile="c" streamDriver.keyFile="k")`, `there is no authentication mode "x509/guess"`},
	} {
		if _, err := build(t, load+test.conf); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", test.conf, err, test.want)
		}
	}
	// These are found when the socket is opened.
	for _, test := range []struct{ conf, want string }{
		{`input(type="imtcp" port="no-such-service")`, "no-such-service"},
		{`input(type="imtcp" port="0" allowedSender="192.0.2.0/99")`, "192.0.2.0/99"},
		{`input(type="imtcp" port="0" defaultTZ="nowhere")`, "nowhere"},
		{`input(type="imtcp" port="0" framing.delimiter.regex="(")`, "("},
	} {
		inputs, err := build(t, load+test.conf)
		if err != nil {
			t.Fatal(err)
		}
		if err := inputs[0].Open(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", test.conf, err, test.want)
		}
	}
}
