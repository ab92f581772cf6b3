package template

import (
	"syslogd/internal/diag"
)

// builtins are rsyslogd's templates. Those whose name begins with a blank are
// defaults of modules and cannot be named in a configuration.
//
// rsyslogd generates the first four by code. They differ from their texts for
// an empty message: it, too, gets the blank behind the tag.
var builtins = []struct{ name, text, option string }{
	{"RSYSLOG_TraditionalFileFormat", `%TIMESTAMP% %HOSTNAME% %syslogtag%%msg:::sp-if-no-1st-sp%%msg%\n`, ""},
	{"RSYSLOG_FileFormat", `%TIMESTAMP:::date-rfc3339% %HOSTNAME% %syslogtag%%msg:::sp-if-no-1st-sp%%msg%\n`, ""},
	{"RSYSLOG_TraditionalForwardFormat", `<%PRI%>%TIMESTAMP% %HOSTNAME% %syslogtag:1:32%%msg:::sp-if-no-1st-sp%%msg%`, ""},
	{"RSYSLOG_ForwardFormat", `<%PRI%>%TIMESTAMP:::date-rfc3339% %HOSTNAME% %syslogtag:1:32%%msg:::sp-if-no-1st-sp%%msg%`, ""},
	{"RSYSLOG_SysklogdFileFormat", `%TIMESTAMP% %HOSTNAME% %syslogtag%%msg:::sp-if-no-1st-sp%%msg%\n`, ""},
	{"RSYSLOG_SyslogProtocol23Format", `<%PRI%>1 %TIMESTAMP:::date-rfc3339% %HOSTNAME% %APP-NAME% %PROCID% %MSGID% %STRUCTURED-DATA% %msg%\n`, ""},
	{"RSYSLOG_SyslogRFC5424Format", `<%PRI%>1 %TIMESTAMP:::date-rfc3339% %HOSTNAME% %APP-NAME% %PROCID% %MSGID% %STRUCTURED-DATA% %msg%`, ""},
	{"RSYSLOG_DebugFormat", `Debug line with all properties:\nFROMHOST: '%FROMHOST%', fromhost-ip: '%fromhost-ip%', HOSTNAME: '%HOSTNAME%', PRI: %PRI%,\nsyslogtag '%syslogtag%', programname: '%programname%', APP-NAME: '%APP-NAME%', PROCID: '%PROCID%', MSGID: '%MSGID%',\nTIMESTAMP: '%TIMESTAMP%', STRUCTURED-DATA: '%STRUCTURED-DATA%',\nmsg: '%msg%'\nescaped msg: '%msg:::drop-cc%'\ninputname: %inputname% rawmsg: '%rawmsg%'\n$!:%$!%\n$.:%$.%\n$/:%$/%\n\n`, ""},
	{" WallFmt", `\r\n\7Message from syslogd@%HOSTNAME% at %timegenerated% ...\r\n %syslogtag%%msg%\n\r`, ""},
	{" StdUsrMsgFmt", ` %syslogtag%%msg%\n\r`, ""},
	{" StdDBFmt", `insert into SystemEvents (Message, Facility, FromHost, Priority, DeviceReportedTime, ReceivedAt, InfoUnitID, SysLogTag) values ('%msg%', %syslogfacility%, '%HOSTNAME%', %syslogpriority%, '%timereported:::date-mysql%', '%timegenerated:::date-mysql%', %iut%, '%syslogtag%')`, "sql"},
	{" StdPgSQLFmt", `insert into SystemEvents (Message, Facility, FromHost, Priority, DeviceReportedTime, ReceivedAt, InfoUnitID, SysLogTag) values ('%msg%', %syslogfacility%, '%HOSTNAME%', %syslogpriority%, '%timereported:::date-pgsql%', '%timegenerated:::date-pgsql%', %iut%, '%syslogtag%')`, "stdsql"},
	{" StdJSONFmt", `{\"message\":\"%msg:::json%\",\"fromhost\":\"%HOSTNAME:::json%\",\"facility\":\"%syslogfacility-text%\",\"priority\":\"%syslogpriority-text%\",\"timereported\":\"%timereported:::date-rfc3339%\",\"timegenerated\":\"%timegenerated:::date-rfc3339%\"}`, ""},
	{" FullJSONFmt", `{\"message\":\"%msg:::json%\",\"fromhost\":\"%HOSTNAME:::json%\",\"programname\":\"%programname:::json%\",\"procid\":\"%PROCID:::json%\",\"msgid\":\"%MSGID:::json%\",\"facility\":\"%syslogfacility-text%\",\"priority\":\"%syslogpriority-text%\",\"timereported\":\"%timereported:::date-rfc3339%\",\"timegenerated\":\"%timegenerated:::date-rfc3339%\"}`, ""},
	{" StdClickHouseFmt", `INSERT INTO rsyslog.SystemEvents (severity, facility, timestamp, hostname, tag, message) VALUES (%syslogseverity%, %syslogfacility%, '%timereported:::date-unixtimestamp%', '%hostname%', '%syslogtag%', '%msg%')`, "stdsql"},
	{"RSYSLOG_omudpspoofDfltSourceTpl", `%fromhost-ip%`, ""},
	{"RSYSLOG_PerSourceKey", `%hostname%`, ""},
}

// generated is how many of the built-in templates rsyslogd generates by code.
const generated = 4

// addBuiltins compiles the built-in templates. A mistake in them is our own.
func addBuiltins(s *Set) {
	diags := &diag.List{}
	for n, b := range builtins {
		t := &Template{Name: b.name}
		t.setOption(b.option)
		t.compileLegacy(b.text, place{}, diags)
		for i := range t.parts {
			t.parts[i].spec.spaceGen = n < generated && t.parts[i].spec.spaceIfNone
		}
		s.add(t, diag.Range{}, diags)
	}
	if diags.Len() > 0 {
		panic("template: built-in: " + diags.All()[0].Text)
	}
}
