// Package property gives names to the parts of a message: msg, hostname,
// $now, $!variables. Templates, filters and expressions look them up here, when
// the configuration is read; at run time a property is a number.
package property

import (
	"fmt"
	"strings"

	"syslogd/internal/diag"
	"syslogd/message"
)

// ID identifies a property.
type ID uint8

// The properties, by rsyslog's names.
const (
	Msg ID = iota
	RawMsg
	RawMsgAfterPRI
	Hostname
	FromHost
	FromHostIP
	FromHostPort
	SyslogTag
	ProgramName
	AppName
	ProcID
	MsgID
	StructuredData
	ProtocolVersion
	PRI
	PRIText
	IUT
	Facility
	FacilityText
	Severity
	SeverityText
	TimeReported
	TimeGenerated
	InputName
	JSONMesg
	UUID
	ParseSuccess
	BOM
	MyHostname
	Uptime
	Now // $now and its like; see Clock
	AllJSON
	AllJSONPlain
	Var // $!path, $.path, $/path
)

var names = map[string]ID{
	"msg": Msg, "rawmsg": RawMsg, "rawmsg-after-pri": RawMsgAfterPRI, "hostname": Hostname, "source": Hostname,
	"fromhost": FromHost, "fromhost-ip": FromHostIP, "fromhost-port": FromHostPort,
	"syslogtag": SyslogTag, "programname": ProgramName, "app-name": AppName, "procid": ProcID, "msgid": MsgID,
	"structured-data": StructuredData, "protocol-version": ProtocolVersion,
	"pri": PRI, "pri-text": PRIText, "iut": IUT,
	"syslogfacility": Facility, "syslogfacility-text": FacilityText,
	"syslogseverity": Severity, "syslogseverity-text": SeverityText, "syslogpriority": Severity, "syslogpriority-text": SeverityText,
	"timereported": TimeReported, "timestamp": TimeReported, "timegenerated": TimeGenerated, "timereceived": TimeGenerated,
	"inputname": InputName, "jsonmesg": JSONMesg, "uuid": UUID, "parsesuccess": ParseSuccess,
	"$bom": BOM, "$myhostname": MyHostname, "$uptime": Uptime, "$!all-json": AllJSON, "$!all-json-plain": AllJSONPlain,
}

// Clock is one of the properties that tell the time of processing.
type Clock uint8

// The clocks; each also in UTC.
const (
	ClockDate Clock = iota
	ClockYear
	ClockMonth
	ClockDay
	ClockHour
	ClockHalfHour
	ClockQuarterHour
	ClockMinute
	ClockWeekday
	ClockUnix
)

var clocks = map[string]Clock{
	"now": ClockDate, "year": ClockYear, "month": ClockMonth, "day": ClockDay, "hour": ClockHour, "hhour": ClockHalfHour,
	"qhour": ClockQuarterHour, "minute": ClockMinute, "wday": ClockWeekday, "now-unixtimestamp": ClockUnix,
}

// Scope is the tree that a variable lives in.
type Scope byte

// The scopes, by the character that begins a variable's name.
const (
	MessageVar Scope = '!'
	LocalVar   Scope = '.'
	GlobalVar  Scope = '/'
)

// Property is a resolved name.
type Property struct {
	ID    ID
	Clock Clock
	UTC   bool
	Scope Scope
	Path  message.Path
	// Name is the name as written, without the $ of templates' variables.
	Name string
}

// UnknownError says that a name is no property.
type UnknownError struct {
	Name string
	// Suggestion is a name that may be meant, or "".
	Suggestion string
}

func (e *UnknownError) Error() string { return fmt.Sprintf("unknown property %q", e.Name) }

// Resolve looks a name up, as templates and filters write it: "msg", "$now",
// "$!a!b" or "!a!b". Case does not count in names of properties.
func Resolve(name string) (Property, error) {
	lower := strings.ToLower(name)
	if id, ok := names[lower]; ok {
		return Property{ID: id, Name: name}, nil
	}
	// Variables need no dollar sign.
	if p := Variable(strings.TrimPrefix(name, "$")); p != nil {
		return *p, nil
	}
	if strings.HasPrefix(name, "$") {
		clock, utc := strings.CutSuffix(lower[1:], "-utc")
		if c, ok := clocks[clock]; ok {
			return Property{ID: Now, Clock: c, UTC: utc, Name: name}, nil
		}
	}
	return Property{}, &UnknownError{Name: name, Suggestion: suggest(lower)}
}

// Variable looks up a name as expressions write it behind the $: "!a!b". It
// returns nil if the name is not of a variable.
func Variable(name string) *Property {
	if name == "" {
		return nil
	}
	switch scope := Scope(name[0]); scope {
	case MessageVar, LocalVar, GlobalVar:
		return &Property{ID: Var, Scope: scope, Path: message.ParsePath(name[1:]), Name: "$" + name}
	}
	return nil
}

func suggest(name string) string {
	if _, ok := clocks[strings.TrimSuffix(name, "-utc")]; ok {
		return "$" + name
	}
	if _, ok := names["$"+name]; ok {
		return "$" + name
	}
	known := make([]string, 0, len(names)+len(clocks))
	for n := range names {
		known = append(known, n)
	}
	for n := range clocks {
		known = append(known, "$"+n)
	}
	return diag.Suggest(name, known)
}

// IsTime reports whether the property is a time stamp, which date formats apply to.
func (p *Property) IsTime() bool { return p.ID == TimeReported || p.ID == TimeGenerated }

// Timestamp returns the time stamp of a property for which IsTime is true.
func (p *Property) Timestamp(m *message.Message) *message.Timestamp {
	if p.ID == TimeGenerated {
		return &m.Received
	}
	return &m.Reported
}
