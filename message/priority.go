package message

import "strconv"

// Facility is the number of a facility, 0 to 23; 24 is rsyslogd's "invld".
type Facility uint8

// Severity is 0 (emerg) to 7 (debug).
type Severity uint8

// The severities, by their names in RFC 5424, 6.2.1.
const (
	Emerg Severity = iota
	Alert
	Crit
	Err
	Warning
	Notice
	Info
	Debug
)

// Priority is facility*8 + severity, the number in <PRI>.
type Priority uint8

// InvalidPRI marks a message whose <PRI> is no priority: facility 24 "invld", severity debug.
const InvalidPRI Priority = 24<<3 | 7

// DefaultPRI is user.notice, for a message without <PRI> (RFC 3164, 4.3.3).
const DefaultPRI Priority = 1<<3 | 5

// Facility returns the facility of p.
func (p Priority) Facility() Facility { return Facility(p >> 3) }

// Severity returns the severity of p.
func (p Priority) Severity() Severity { return Severity(p & 7) }

// FacilityInvalid is the facility of InvalidPRI.
const FacilityInvalid Facility = 24

var facilityTexts = [25]string{
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
	"ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7", "invld",
}

var severityTexts = [8]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

// String is the name that output uses. It is not always the one that input uses: 14 is "alert" here.
func (f Facility) String() string {
	if int(f) < len(facilityTexts) {
		return facilityTexts[f]
	}
	return strconv.Itoa(int(f))
}

func (s Severity) String() string { return severityTexts[s&7] }

var facilityNames = map[string]Facility{
	"kern": 0, "user": 1, "mail": 2, "daemon": 3, "auth": 4, "security": 4, "syslog": 5, "lpr": 6, "news": 7, "uucp": 8,
	"cron": 9, "authpriv": 10, "ftp": 11, "ntp": 12, "bsd_security": 13, "audit": 13, "console": 14,
	"local0": 16, "local1": 17, "local2": 18, "local3": 19, "local4": 20, "local5": 21, "local6": 22, "local7": 23,
	"invld": 24, "mark": 24,
}

var severityNames = map[string]Severity{
	"emerg": 0, "panic": 0, "alert": 1, "crit": 2, "err": 3, "error": 3, "warning": 4, "warn": 4, "notice": 5, "info": 6, "debug": 7,
}

// FacilityNamed looks up a lower-case facility name as configurations write it, aliases included.
func FacilityNamed(name string) (Facility, bool) {
	f, ok := facilityNames[name]
	return f, ok
}

// SeverityNamed looks up a lower-case severity name as configurations write it, aliases included.
func SeverityNamed(name string) (Severity, bool) {
	s, ok := severityNames[name]
	return s, ok
}

// FacilityNames returns the names that FacilityNamed knows, for suggestions.
func FacilityNames() []string { return keys(facilityNames) }

// SeverityNames returns the names that SeverityNamed knows, for suggestions.
func SeverityNames() []string { return keys(severityNames) }

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}
