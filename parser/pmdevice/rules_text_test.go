package pmdevice

// Rules about hosts, tags and text.
var textRules = []rule{
	{"R21", "what is no tag stays in the text", [][2]string{
		{"<13>May  3 01:02:03 h 1,2026/05/03 01:02:03,0011,SYSTEM,general", "2026-05-03T01:02:03Z h - | 1,2026/05/03 01:02:03,0011,SYSTEM,general"},
		{"<13>May  3 01:02:03 h product=x action=y", "2026-05-03T01:02:03Z h - | product=x action=y"},
		{"<13>May  3 01:02:03 h [main] WARN c.e.App - x", "2026-05-03T01:02:03Z h - | [main] WARN c.e.App - x"},
		{"<13>May  3 01:02:03 h #011at a.b.C(D.java:1)", "2026-05-03T01:02:03Z h - | #011at a.b.C(D.java:1)"},
		{"<13>May  3 01:02:03 h 2026-05-03 01:02:03,004 x", "2026-05-03T01:02:03Z h - | 2026-05-03 01:02:03,004 x"},
		{"<13>May  3 01:02:03 h 01:02:03.004 x", "2026-05-03T01:02:03Z h - | 01:02:03.004 x"},
		{"<13>May  3 01:02:03 h User logged in", "2026-05-03T01:02:03Z h - | User logged in"},
		{`<13>May  3 01:02:03 h {"a":"b: c"}`, `2026-05-03T01:02:03Z h - | {"a":"b: c"}`},
		{"<13>May  3 01:02:03 a=b c=d", "2026-05-03T01:02:03Z - - | a=b c=d"},
		{"<13>May  3 01:02:03 [main] x", "2026-05-03T01:02:03Z - - | [main] x"},
		{"<13>May  3 01:02:03 h", "2026-05-03T01:02:03Z h - | "},
		{"<134>May  3 01:02:03 ws1 vendor=Forcepoint product=Security action=blocked", "2026-05-03T01:02:03Z ws1 - | vendor=Forcepoint product=Security action=blocked"},
		{"<30>May  3 01:02:03 h name with blank: x", "2026-05-03T01:02:03Z h - | name with blank: x"},
	}, [][2]string{
		{"<13>May  3 01:02:03 h sshd(pam_unix)[3]: x", "2026-05-03T01:02:03Z h sshd(pam_unix)[3] | x"},
		{"<13>May  3 01:02:03 h prog[a.b-1]: x", "2026-05-03T01:02:03Z h prog[a.b-1] | x"},
		{"<13>May  3 01:02:03 h prog[7] x", "2026-05-03T01:02:03Z h prog[7] | x"},
		{"<13>May  3 01:02:03 h [7]: x", "2026-05-03T01:02:03Z h -[7] | x"},
		{"<13>May  3 01:02:03 h a+b@c#1*: x", "2026-05-03T01:02:03Z h a+b@c#1* | x"},
		{"<13>May  3 01:02:03 h CSCOacs_Passed_Authentications 0000000123 1 0 x", "2026-05-03T01:02:03Z h CSCOacs_Passed_Authentications | 0000000123 1 0 x"},
		{`<13>May  3 01:02:03 h app {"a":1}`, `2026-05-03T01:02:03Z h app | {"a":1}`},
		{"<13>May  3 01:02:03 h nss CEF:0|a|b", "2026-05-03T01:02:03Z h nss | CEF:0|a|b"},
		{"<13>May  3 01:02:03 h svc -: x", "2026-05-03T01:02:03Z h svc | -: x"},
		{"<13>May  3 01:02:03 h interface,info ether1 link up", "2026-05-03T01:02:03Z h interface,info | ether1 link up"},
	}},
	{"R28", "repetitions and marks have no tag", [][2]string{
		{"<13>May  3 01:02:03 h -- MARK --", "2026-05-03T01:02:03Z h - | -- MARK --"},
		{"<13>May  3 01:02:03 h last message repeated 2 times", "2026-05-03T01:02:03Z h - | last message repeated 2 times"},
		{"<13>May  3 01:02:03 last message repeated 2 times", "2026-05-03T01:02:03Z - - | last message repeated 2 times"},
		{"<13>May  3 01:02:03 -- MARK --", "2026-05-03T01:02:03Z - - | -- MARK --"},
		{"<13>May  3 01:02:03 mac1 --- last message repeated 1 time ---", "2026-05-03T01:02:03Z mac1 - | --- last message repeated 1 time ---"},
		{"<13>May  3 01:02:03 h message repeated 2 times: [ x]", "2026-05-03T01:02:03Z h - | message repeated 2 times: [ x]"},
	}, [][2]string{
		{"<13>May  3 01:02:03 h sshd[1]: message repeated 2 times: [ x]", "2026-05-03T01:02:03Z h sshd[1] | message repeated 2 times: [ x]"},
		{"<13>May  3 01:02:03 last: message", "2026-05-03T01:02:03Z - last | message"},
	}},
	{"R29", "forwarded by AIX: the origin is the host", [][2]string{
		{"<13>May  3 01:02:03 Message forwarded from lpar7: su: from root to oracle at /dev/pts/1", "2026-05-03T01:02:03Z lpar7 su | from root to oracle at /dev/pts/1"},
		{"<13>May  3 01:02:03 From lpar7: sshd[88]: x", "2026-05-03T01:02:03Z lpar7 sshd[88] | x"},
		{"<38>May  3 01:02:03 Message forwarded from lpar7.example.com: syslog: ssh: x", "2026-05-03T01:02:03Z lpar7.example.com syslog | ssh: x"},
		{"<38>May  3 01:02:03 Message forwarded from lpar7: last message repeated 2 times", "2026-05-03T01:02:03Z lpar7 - | last message repeated 2 times"},
		{"<38>2026-05-03T01:02:03Z From lpar7: su: x", "2026-05-03T01:02:03Z lpar7 su | x"},
	}, [][2]string{
		{"<13>May  3 01:02:03 From lpar7 su: x", "2026-05-03T01:02:03Z From - | lpar7 su: x"},
		{"<13>May  3 01:02:03 Message forwarded to lpar7: su: x", "2026-05-03T01:02:03Z Message - | forwarded to lpar7: su: x"},
		{"<13>May  3 01:02:03 lpar7 From: x", "2026-05-03T01:02:03Z lpar7 From | x"},
	}},
	{"R30", "Snare: a tab ends the tag", [][2]string{
		{"<13>May  3 01:02:03 dc1\tMSWinEventLog\t0\tSystem\t7", "2026-05-03T01:02:03Z dc1 MSWinEventLog | 0#011System#0117"},
		{"<13>May  3 01:02:03 dc1 MSWinEventLog\t0\tSystem\t7", "2026-05-03T01:02:03Z dc1 MSWinEventLog | 0#011System#0117"},
		{"<13>dc1.example.com\tMSWinEventLog\t0\tSystem\t7", "- dc1.example.com MSWinEventLog | 0#011System#0117"},
		{"<13>lx1\tLinuxKAudit\tcritical", "- lx1 LinuxKAudit | critical"},
		{"<13>May  3 01:02:03 WIN1\tIISWebLog\t0\tx", "2026-05-03T01:02:03Z WIN1 IISWebLog | 0#011x"},
		{"<13>WIN1\tGenericLog\t0\tx", "- WIN1 GenericLog | 0#011x"},
	}, [][2]string{
		{"<13>May  3 01:02:03 WIN1 MSWinEventLog,1,Security", "2026-05-03T01:02:03Z WIN1 - | MSWinEventLog,1,Security"},
		{"<13>May  3 01:02:03 WIN1\tOtherLog\t0", "2026-05-03T01:02:03Z WIN1 - | #011OtherLog#0110"},
		{"<13>May  3 01:02:03 WIN1 MSWinEventLog 1 Security", "2026-05-03T01:02:03Z WIN1 - | MSWinEventLog 1 Security"},
	}},
	{"R31", "addresses and marks in the name of a host", [][2]string{
		{"<13>May  3 01:02:03 2001:db8:0:1:2:3:4:5 app: x", "2026-05-03T01:02:03Z 2001:db8:0:1:2:3:4:5 app | x"},
		{"<13>May  3 01:02:03 ::ffff:192.0.2.1 app: x", "2026-05-03T01:02:03Z ::ffff:192.0.2.1 app | x"},
		{"<13>May  3 01:02:03 host1.example.com. app: x", "2026-05-03T01:02:03Z host1.example.com. app | x"},
		{"<13>May  3 01:02:03 rack1/sw2 app: x", "2026-05-03T01:02:03Z rack1/sw2 app | x"},
		{"<13>May  3 01:02:03 user@host app: x", "2026-05-03T01:02:03Z user@host app | x"},
		{"<13>May  3 01:02:03 2001:db8::1 prog: text", "2026-05-03T01:02:03Z 2001:db8::1 prog | text"},
		{"<13>May  3 01:02:03 fe80:: prog: text", "2026-05-03T01:02:03Z fe80:: prog | text"},
	}, [][2]string{
		{"<13>May  3 01:02:03 12:34:56 prog: text", "2026-05-03T01:02:03Z - - | 12:34:56 prog: text"},
		{"<13>May  3 01:02:03 a:b prog: text", "2026-05-03T01:02:03Z - a | b prog: text"},
		{"<134>2026-05-03 01:02:03 10 10.0.0.1 200 TCP_HIT", "2026-05-03T01:02:03Z - - | 10 10.0.0.1 200 TCP_HIT"},
	}},
	{"R32", "the last part of a path is the program", [][2]string{
		{"<13>May  3 01:02:03 h /usr/libexec/getty[9]: x", "2026-05-03T01:02:03Z h getty[9] | x"},
		{"<13>May  3 01:02:03 h /bsd: x", "2026-05-03T01:02:03Z h bsd | x"},
		{"<38>2026-05-03T01:02:03Z /usr/sbin/cron[1]: x", "2026-05-03T01:02:03Z - cron[1] | x"},
		{"<28>May  3 01:02:03 mx1-re0 /kernel: KERN_ARP_ADDR_CHANGE: x", "2026-05-03T01:02:03Z mx1-re0 kernel | KERN_ARP_ADDR_CHANGE: x"},
		{"<13>May  3 01:02:03 isilon1 /boot/kernel.amd64/kernel: x", "2026-05-03T01:02:03Z isilon1 kernel | x"},
		{"<30>May  3 01:02:03 axis-00408c /usr/bin/motion[12]: x", "2026-05-03T01:02:03Z axis-00408c motion[12] | x"},
	}, [][2]string{
		{"<13>May  3 01:02:03 mx1 postfix/smtpd[9]: x", "2026-05-03T01:02:03Z mx1 postfix[9] | x"},
		{"<188>May  3 2026 01:02:03 HW %%01SHELL/4/LOGINFAIL(l)[31]:Failed", "2026-05-03T01:02:03Z HW %%01SHELL/4/LOGINFAIL(l)[31] | Failed"},
	}},
}
