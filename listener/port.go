package listener

import (
	"syslogd/config/param"
	"syslogd/internal/diag"
)

// DefaultPort is the usual one of syslog.
const DefaultPort = "514"

// FillPort gives an input whose port is empty the usual one, as rsyslogd does, and says so.
func FillPort(port *string, o *param.Object, diags *diag.List) {
	if *port != "" {
		return
	}
	*port = DefaultPort
	rng := o.Range
	if a := o.Arg("port"); a != nil {
		rng = a.ValueRange
	}
	diags.Notef(rng, "%s: the port is empty", o.Title).Effect = "port " + DefaultPort + " is used"
}
