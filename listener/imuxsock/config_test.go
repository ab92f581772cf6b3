package imuxsock_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"syslogd/config"
	"syslogd/internal/diag"
	"syslogd/listener/imuxsock"
	"syslogd/module"
)

func load(t *testing.T, text string) ([]*imuxsock.Config, *diag.List) {
	t.Helper()
	r := &module.Registry{}
	r.AddInput(imuxsock.Module)
	cfg, diags, err := config.Load("test.conf", []byte(text), r, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out []*imuxsock.Config
	for _, in := range cfg.Inputs {
		out = append(out, in.Conf.(*imuxsock.Config))
	}
	return out, diags
}

func errorsOf(diags *diag.List) string {
	var b strings.Builder
	for _, d := range diags.All() {
		d.Write(&b)
	}
	return b.String()
}

func TestDirectivesAndObjectsAreTheSame(t *testing.T) {
	t.Parallel()
	const off = `module(load="imuxsock" sysSock.use="off")` + "\n"
	for _, tt := range []struct{ name, legacy, object string }{
		{"defaults of the system log socket", "$ModLoad imuxsock", `module(load="imuxsock")`},
		{"no system log socket", "$ModLoad imuxsock\n$OmitLocalLogging on", off},
		{"a further socket", "$ModLoad imuxsock\n$OmitLocalLogging on\n$AddUnixListenSocket /a # chroot",
			off + `input(type="imuxsock" socket="/a")`},
		{"system log socket",
			`$ModLoad imuxsock
			$SystemLogSocketName /s
			$SystemLogSocketIgnoreMsgTimestamp off
			$SystemLogUseSysTimeStamp off
			$SystemLogSocketFlowControl on
			$SystemLogSocketAnnotate on
			$SystemLogParseTrusted on
			$SystemLogUsePIDFromSystem on
			$SystemLogRateLimitInterval 5
			$SystemLogRateLimitBurst 6
			$SystemLogRateLimitSeverity 7`,
			`module(load="imuxsock" sysSock.name="/s" sysSock.ignoreTimestamp="off" sysSock.useSysTimeStamp="off"
			   sysSock.flowControl="on" sysSock.annotate="on" sysSock.parseTrusted="on" sysSock.usePIDFromSystem="on"
			   sysSock.rateLimit.interval="5" sysSock.rateLimit.burst="6" sysSock.rateLimit.severity="7")`},
		{"all of a further socket",
			`$ModLoad imuxsock
			$OmitLocalLogging on
			$InputUnixListenSocketCreatePath on
			$InputUnixListenSocketHostName jail
			$InputUnixListenSocketIgnoreMsgTimestamp off
			$InputUnixListenSocketFlowControl on
			$InputUnixListenSocketUseSysTimeStamp off
			$InputUnixListenSocketAnnotate on
			$InputUnixListenSocketUsePIDFromSystem on
			$IMUxSockRateLimitInterval 5
			$IMUxSockRateLimitBurst 6
			$IMUxSockRateLimitSeverity 7
			$AddUnixListenSocket /a`,
			off + `input(type="imuxsock" socket="/a" createPath="on" hostName="jail" ignoreTimestamp="off" flowControl="on"
			   useSysTimeStamp="off" annotate="on" usePIDFromSystem="on" rateLimit.interval="5" rateLimit.burst="6" rateLimit.severity="7")`},
		{"the host name holds for one socket, the rest until changed",
			`$ModLoad imuxsock
			$OmitLocalLogging on
			$InputUnixListenSocketHostName jail
			$IMUxSockRateLimitInterval 5
			$AddUnixListenSocket /a
			$AddUnixListenSocket /b`,
			off + `input(type="imuxsock" socket="/a" hostName="jail" rateLimit.interval="5")
			input(type="imuxsock" socket="/b" rateLimit.interval="5")`},
		{"$ResetConfigVariables",
			`$ModLoad imuxsock
			$OmitLocalLogging on
			$IMUxSockRateLimitInterval 5
			$ResetConfigVariables
			$AddUnixListenSocket /a`,
			off + `input(type="imuxsock" socket="/a")`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			legacy, diags := load(t, tt.legacy)
			if !diags.Clean() {
				t.Fatal(errorsOf(diags))
			}
			object, diags := load(t, tt.object)
			if !diags.Clean() {
				t.Fatal(errorsOf(diags))
			}
			if !reflect.DeepEqual(legacy, object) {
				t.Errorf("directives %s\nobjects %s", configs(legacy), configs(object))
			}
		})
	}
}

func configs(list []*imuxsock.Config) string {
	var b strings.Builder
	for _, c := range list {
		fmt.Fprintf(&b, "\n  %+v", *c)
	}
	return b.String()
}

func TestParameters(t *testing.T) {
	t.Parallel()
	got, diags := load(t, `
		module(load="imuxsock" sysSock.name="/s" sysSock.unlink="off" sysSock.ignoreOwnMessages="on"
		  sysSock.useSpecialParser="off" sysSock.parseHostname="off")
		ruleset(name="r") { stop }
		input(type="imuxsock" socket="/path with blank" unlink="off" parseTrusted="on" ignoreOwnMessages="off"
		  useSpecialParser="off" parseHostname="on" ruleset="r")`)
	if !diags.Clean() {
		t.Error(errorsOf(diags))
	}
	input := defaults()
	input.Path, input.Unlink, input.ParseTrusted, input.Ruleset = "/path with blank", false, true, "r"
	input.IgnoreOwnGiven, input.SpecialParser, input.ParseHostname = true, false, true
	system := defaults()
	system.Path, system.Unlink, system.SpecialParser = "/s", false, false
	system.IgnoreOwn, system.IgnoreOwnGiven = true, true
	if want := []*imuxsock.Config{input, system}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %s\nwant %s", configs(got), configs(want))
	}
}

// rsyslogd's documentation says off; 8.2302 looks for the host name.
func TestSystemLogSocketExpectsAHostNameFromTheParserChain(t *testing.T) {
	t.Parallel()
	got, _ := load(t, `module(load="imuxsock" sysSock.useSpecialParser="off")`)
	if len(got) != 1 || !got[0].ParseHostname {
		t.Errorf("got %s", configs(got))
	}
}

func TestConfigurationErrors(t *testing.T) {
	t.Parallel()
	const off = `module(load="imuxsock" sysSock.use="off")` + "\n"
	for _, tt := range []struct {
		name, text, want string
		inputs           int
	}{
		{"socket missing", off + `input(type="imuxsock")`, `needs the parameter "socket"`, 0},
		{"socket empty", off + `input(type="imuxsock" socket="")`, "the path of the socket is empty", 0},
		{"path too long", off + `input(type="imuxsock" socket="/` + strings.Repeat("x", 107) + `")`, "the path of the socket has 108 bytes, a unix socket's can have 107", 0},
		{"longest path", off + `input(type="imuxsock" socket="/` + strings.Repeat("x", 106) + `")`, "", 1},
		{"system path too long", `module(load="imuxsock" sysSock.name="/` + strings.Repeat("x", 107) + `")`, "the path of the socket has 108 bytes", 0},
		{"named rate limit", off + `input(type="imuxsock" socket="/a" rateLimit.name="n")`, `there is no rate limit "n"`, 1},
		{"named rate limit of the system log socket", `module(load="imuxsock" sysSock.rateLimit.name="n")`, `there is no rate limit "n"`, 1},
		{"severity", off + `input(type="imuxsock" socket="/a" rateLimit.severity="8")`, `rateLimit.severity: want a number from 0 to 7, found "8"`, 0},
		{"unknown ruleset", off + `input(type="imuxsock" socket="/a" ruleset="r")`, `there is no ruleset "r"`, 1},
		{"the directive is no parameter", `module(load="imuxsock" OmitLocalLogging="on")`, `parameter "OmitLocalLogging" not known`, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, diags := load(t, tt.text)
			text := errorsOf(diags)
			if !strings.Contains(text, tt.want) || (text == "") != (tt.want == "") {
				t.Errorf("got %q, want %q", text, tt.want)
			}
			if len(got) != tt.inputs {
				t.Errorf("%d inputs, want %d", len(got), tt.inputs)
			}
		})
	}
}
