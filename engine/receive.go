package engine

import (
	"fmt"

	"syslogd/internal/diag"
)

// ownInput reports whether the server makes the messages of a module itself.
func ownInput(module string) bool { return module == "impstats" || module == "immark" }

// notOpened says that an input does not receive. why may be empty.
func notOpened(in *input, err error, why string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Range: in.conf.Range, Hint: why,
		Text:   fmt.Sprintf("input can not listen: %s: %v", in.name, err),
		Effect: "this input is left out, the others work",
	}
}

// nothingReceived says that there is no input, or none that works.
func nothingReceived(failed int) diag.Diagnostic {
	d := diag.Diagnostic{Severity: diag.Error, Text: "nothing is received: no input of the configuration works", Effect: "the server runs, and its health is not ok"}
	if failed == 0 {
		d.Text = "nothing is received: the configuration has no input"
		d.Hint = `module(load="imuxsock") receives what programs of this host log, module(load="imudp") input(type="imudp" port="514") what others send; ` +
			`without imjournal, let journald pass messages on: ForwardToSyslog=yes in journald.conf, with imuxsock`
	}
	return d
}
