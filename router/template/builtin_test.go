package template

import (
	"testing"

	"syslogd/message"
	"syslogd/router/internal/testmsg"
)

// Every template that is built in, with messages of both formats and one without text.
func TestBuiltInTemplates(t *testing.T) {
	t.Parallel()
	const (
		foxText = `The quick "brown" fox, jumps over 123.45`
		suText  = ` 'su root' failed for lonvick on /dev/pts/8`
	)
	// The year of an RFC 3164 time is that of reception: 2026, as is the zone.
	for name, want := range map[string][3]string{
		"RSYSLOG_TraditionalFileFormat": {
			"Oct 11 22:14:15 host.example.com app/sub[1024] " + foxText + "\n",
			"Oct  1 02:04:05 mymachine su[12]:" + suText + "\n",
			"Oct  1 02:04:05 h empty: \n",
		},
		"RSYSLOG_FileFormat": {
			"2003-10-11T22:14:15.003456Z host.example.com app/sub[1024] " + foxText + "\n",
			"2026-10-01T02:04:05+02:30 mymachine su[12]:" + suText + "\n",
			"2026-10-01T02:04:05+02:30 h empty: \n",
		},
		"RSYSLOG_TraditionalForwardFormat": {
			"<165>Oct 11 22:14:15 host.example.com app/sub[1024] " + foxText,
			"<34>Oct  1 02:04:05 mymachine su[12]:" + suText,
			"<13>Oct  1 02:04:05 h empty: ",
		},
		"RSYSLOG_ForwardFormat": {
			"<165>2003-10-11T22:14:15.003456Z host.example.com app/sub[1024] " + foxText,
			"<34>2026-10-01T02:04:05+02:30 mymachine su[12]:" + suText,
			"<13>2026-10-01T02:04:05+02:30 h empty: ",
		},
		"RSYSLOG_SysklogdFileFormat": {
			"Oct 11 22:14:15 host.example.com app/sub[1024] " + foxText + "\n",
			"Oct  1 02:04:05 mymachine su[12]:" + suText + "\n",
			"Oct  1 02:04:05 h empty:\n",
		},
		"RSYSLOG_SyslogProtocol23Format": {
			`<165>1 2003-10-11T22:14:15.003456Z host.example.com app/sub 1024 ID47 [ex@1 a="1"] ` + foxText + "\n",
			"<34>1 2026-10-01T02:04:05+02:30 mymachine su 12 - - " + suText + "\n",
			"<13>1 2026-10-01T02:04:05+02:30 h empty - - - \n",
		},
		"RSYSLOG_SyslogRFC5424Format": {
			`<165>1 2003-10-11T22:14:15.003456Z host.example.com app/sub 1024 ID47 [ex@1 a="1"] ` + foxText,
			"<34>1 2026-10-01T02:04:05+02:30 mymachine su 12 - - " + suText,
			"<13>1 2026-10-01T02:04:05+02:30 h empty - - - ",
		},
		"RSYSLOG_DebugFormat": {
			"Debug line with all properties:\nFROMHOST: 'peer.example', fromhost-ip: '192.0.2.1', HOSTNAME: 'host.example.com', PRI: 165,\n" +
				"syslogtag 'app/sub[1024]', programname: 'app', APP-NAME: 'app/sub', PROCID: '1024', MSGID: 'ID47',\n" +
				"TIMESTAMP: 'Oct 11 22:14:15', STRUCTURED-DATA: '[ex@1 a=\"1\"]',\nmsg: '" + foxText + "'\nescaped msg: '" + foxText + "'\n" +
				"inputname: imudp rawmsg: '" + fox + "'\n$!:{ \"a\": 1 }\n$.:\n$/:\n\n",
			"Debug line with all properties:\nFROMHOST: 'peer.example', fromhost-ip: '192.0.2.1', HOSTNAME: 'mymachine', PRI: 34,\n" +
				"syslogtag 'su[12]:', programname: 'su', APP-NAME: 'su', PROCID: '12', MSGID: '-',\n" +
				"TIMESTAMP: 'Oct  1 02:04:05', STRUCTURED-DATA: '-',\nmsg: '" + suText + "'\nescaped msg: '" + suText + "'\n" +
				"inputname: imudp rawmsg: '" + su + "'\n$!:{ \"a\": 1 }\n$.:\n$/:\n\n",
			"Debug line with all properties:\nFROMHOST: 'peer.example', fromhost-ip: '192.0.2.1', HOSTNAME: 'h', PRI: 13,\n" +
				"syslogtag 'empty:', programname: 'empty', APP-NAME: 'empty', PROCID: '-', MSGID: '-',\n" +
				"TIMESTAMP: 'Oct  1 02:04:05', STRUCTURED-DATA: '-',\nmsg: ''\nescaped msg: ''\n" +
				"inputname: imudp rawmsg: '<13>Oct  1 02:04:05 h empty:'\n$!:{ \"a\": 1 }\n$.:\n$/:\n\n",
		},
		" WallFmt": {
			"\r\n\aMessage from syslogd@host.example.com at Feb  3 04:05:06 ...\r\n app/sub[1024]" + foxText + "\n\r",
			"\r\n\aMessage from syslogd@mymachine at Feb  3 04:05:06 ...\r\n su[12]:" + suText + "\n\r",
			"\r\n\aMessage from syslogd@h at Feb  3 04:05:06 ...\r\n empty:\n\r",
		},
		" StdUsrMsgFmt": {" app/sub[1024]" + foxText + "\n\r", " su[12]:" + suText + "\n\r", " empty:\n\r"},
		" StdDBFmt": {
			"insert into SystemEvents (Message, Facility, FromHost, Priority, DeviceReportedTime, ReceivedAt, InfoUnitID, SysLogTag) values ('" + foxText + "', 20, 'host.example.com', 5, '20031011221415', '20260203040506', 1, 'app/sub[1024]')",
			`insert into SystemEvents (Message, Facility, FromHost, Priority, DeviceReportedTime, ReceivedAt, InfoUnitID, SysLogTag) values (' \'su root\' failed for lonvick on /dev/pts/8', 4, 'mymachine', 2, '20261001020405', '20260203040506', 1, 'su[12]:')`,
			"insert into SystemEvents (Message, Facility, FromHost, Priority, DeviceReportedTime, ReceivedAt, InfoUnitID, SysLogTag) values ('', 1, 'h', 5, '20261001020405', '20260203040506', 1, 'empty:')",
		},
		" StdPgSQLFmt": {
			"insert into SystemEvents (Message, Facility, FromHost, Priority, DeviceReportedTime, ReceivedAt, InfoUnitID, SysLogTag) values ('" + foxText + "', 20, 'host.example.com', 5, '2003-10-11 22:14:15', '2026-02-03 04:05:06', 1, 'app/sub[1024]')",
			`insert into SystemEvents (Message, Facility, FromHost, Priority, DeviceReportedTime, ReceivedAt, InfoUnitID, SysLogTag) values (' ''su root'' failed for lonvick on /dev/pts/8', 4, 'mymachine', 2, '2026-10-01 02:04:05', '2026-02-03 04:05:06', 1, 'su[12]:')`,
			"insert into SystemEvents (Message, Facility, FromHost, Priority, DeviceReportedTime, ReceivedAt, InfoUnitID, SysLogTag) values ('', 1, 'h', 5, '2026-10-01 02:04:05', '2026-02-03 04:05:06', 1, 'empty:')",
		},
		" StdJSONFmt": {
			`{"message":"The quick \"brown\" fox, jumps over 123.45","fromhost":"host.example.com","facility":"local4","priority":"notice","timereported":"2003-10-11T22:14:15.003456Z","timegenerated":"2026-02-03T04:05:06.123400+02:30"}`,
			`{"message":" 'su root' failed for lonvick on \/dev\/pts\/8","fromhost":"mymachine","facility":"auth","priority":"crit","timereported":"2026-10-01T02:04:05+02:30","timegenerated":"2026-02-03T04:05:06.123400+02:30"}`,
			`{"message":"","fromhost":"h","facility":"user","priority":"notice","timereported":"2026-10-01T02:04:05+02:30","timegenerated":"2026-02-03T04:05:06.123400+02:30"}`,
		},
		" FullJSONFmt": {
			`{"message":"The quick \"brown\" fox, jumps over 123.45","fromhost":"host.example.com","programname":"app","procid":"1024","msgid":"ID47","facility":"local4","priority":"notice","timereported":"2003-10-11T22:14:15.003456Z","timegenerated":"2026-02-03T04:05:06.123400+02:30"}`,
			`{"message":" 'su root' failed for lonvick on \/dev\/pts\/8","fromhost":"mymachine","programname":"su","procid":"12","msgid":"-","facility":"auth","priority":"crit","timereported":"2026-10-01T02:04:05+02:30","timegenerated":"2026-02-03T04:05:06.123400+02:30"}`,
			`{"message":"","fromhost":"h","programname":"empty","procid":"-","msgid":"-","facility":"user","priority":"notice","timereported":"2026-10-01T02:04:05+02:30","timegenerated":"2026-02-03T04:05:06.123400+02:30"}`,
		},
		" StdClickHouseFmt": {
			"INSERT INTO rsyslog.SystemEvents (severity, facility, timestamp, hostname, tag, message) VALUES (5, 20, '1065910455', 'host.example.com', 'app/sub[1024]', '" + foxText + "')",
			"INSERT INTO rsyslog.SystemEvents (severity, facility, timestamp, hostname, tag, message) VALUES (2, 4, '1790811245', 'mymachine', 'su[12]:', ' ''su root'' failed for lonvick on /dev/pts/8')",
			"INSERT INTO rsyslog.SystemEvents (severity, facility, timestamp, hostname, tag, message) VALUES (5, 1, '1790811245', 'h', 'empty:', '')",
		},
		"RSYSLOG_omudpspoofDfltSourceTpl": {"192.0.2.1", "192.0.2.1", "192.0.2.1"},
		"RSYSLOG_PerSourceKey":            {"host.example.com", "mymachine", "h"},
	} {
		tpl := NewSet().Lookup(name)
		if tpl == nil {
			t.Errorf("there is no template %q", name)
			continue
		}
		for i, raw := range []string{fox, su, "<13>Oct  1 02:04:05 h empty:"} {
			m := testmsg.Parse(raw)
			if m.Protocol == 0 {
				m.Reported.Year, m.Reported.Sign, m.Reported.OffHour, m.Reported.OffMin = 2026, '+', 2, 30
			}
			m.JSON = &message.Tree{}
			m.JSON.Set(message.ParsePath("a"), message.IntValue(1), false, false)
			if got := render(t, tpl, m, newContext()); got != want[i] {
				t.Errorf("%s of %q:\ngot  %q\nwant %q", name, raw, got, want[i])
			}
		}
	}
}

func TestForwardFormatsCutTheTag(t *testing.T) {
	t.Parallel()
	const tag = "a-tag-of-more-than-thirty-two-bytes[123]:"
	m := testmsg.Parse("<13>Oct 11 22:14:15 h " + tag + "text")
	set := NewSet()
	for name, want := range map[string]string{
		"RSYSLOG_TraditionalForwardFormat": "<13>Oct 11 22:14:15 h " + tag[:32] + " text",
		"RSYSLOG_TraditionalFileFormat":    "Oct 11 22:14:15 h " + tag + " text\n",
	} {
		if got := render(t, set.Lookup(name), m, newContext()); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
