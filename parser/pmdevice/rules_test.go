package pmdevice

import "testing"

func TestConformantMessages(t *testing.T) {
	cases(t, [][2]string{
		{"<13>May  3 01:02:03 host1 prog: text", "2026-05-03T01:02:03Z host1 prog | text"},
		{"<13>May 13 01:02:03 host1.example.com prog[99]: text", "2026-05-13T01:02:03Z host1.example.com prog[99] | text"},
		{"<13>May 13 01:02:03 mx1 postfix/smtpd[99]: connect", "2026-05-13T01:02:03Z mx1 postfix[99] | connect"},
		{"<13>2026-05-03T01:02:03.004+02:00 host1 prog[99]: text", "2026-05-03T01:02:03.004+02:00 host1 prog[99] | text"},
		{"<13>may 3 01:02:03 host1 prog: text", "2026-05-03T01:02:03Z host1 prog | text"},
		{"<13>May 03 01:02:03 host1 prog: text", "2026-05-03T01:02:03Z host1 prog | text"},
		{"<13>May 3 2024 01:02:03 host1 prog: text", "2024-05-03T01:02:03Z host1 prog | text"},
		{"<13>2024 May 3 01:02:03 host1 prog: text", "2024-05-03T01:02:03Z host1 prog | text"},
		{"<13>May 3 01:02:03.25 host1 prog:text", "2026-05-03T01:02:03.25Z host1 prog | text"},
		{"<13>May  3 01:02:03: host1 prog: text", "2026-05-03T01:02:03Z host1 prog | text"},
		{"<13>1 2026-05-03T01:02:03.000003-07:00 h a p m [x@1 a=\"b\"][y c=\"]\"] text", "2026-05-03T01:02:03.000003-07:00 h a[p] m [x@1 a=\"b\"][y c=\"]\"] | text"},
		{"<13>1 2026-05-03T01:02:03Z h a p m [x a=\"\\\"] b\"] text", "2026-05-03T01:02:03Z h a[p] m [x a=\"\\\"] b\"] | text"},
		{"<13>1 - - - - - -", "- - - | "},
	})
}

func TestNoHostInTheHeader(t *testing.T) {
	cases(t, [][2]string{
		{"<13>May  3 01:02:03 ntpd[1]: text", "2026-05-03T01:02:03Z - ntpd[1] | text"},
		{"<13>May  3 01:02:03 dhcpd: text", "2026-05-03T01:02:03Z - dhcpd | text"},
		{"<13>2026-05-03T01:02:03Z openvpn[7]: text", "2026-05-03T01:02:03Z - openvpn[7] | text"},
		{"<13>May  3 01:02:03 2001:db8::1 prog: text", "2026-05-03T01:02:03Z 2001:db8::1 prog | text"},
		{"<13>May  3 01:02:03 fe80:: prog: text", "2026-05-03T01:02:03Z fe80:: prog | text"},
	})
}

func TestNoTimeInTheHeader(t *testing.T) {
	cases(t, [][2]string{
		{"<13>app: ready", "- - app | ready"},
		{"<13>app[12]: ready", "- - app[12] | ready"},
		{"<13>CEF:0|Vendor|Prod|1|100|name|5|src=1.2.3.4", "- - CEF | 0|Vendor|Prod|1|100|name|5|src=1.2.3.4"},
		{"<13>LEEF:2.0|Vendor|Prod|1|100|^|a=b", "- - LEEF | 2.0|Vendor|Prod|1|100|^|a=b"},
		{"<13>app:ready", "- - - | app:ready"},
		{"<13>http://example.com: down", "- - - | http://example.com: down"},
		{"<13>Link down on port 3", "- - - | Link down on port 3"},
		{"<13>{\"a\":1}", "- - - | {\"a\":1}"},
		{"<13>last message repeated 3 times", "- - - | last message repeated 3 times"},
		{"no header at all", "- - - | no header at all"},
		{"<192>x: y", "- - - | <192>x: y"},
		{"<0013>x: y", "- - - | <0013>x: y"},
		{"<>x: y", "- - - | <>x: y"},
		{"<x>x: y", "- - - | <x>x: y"},
		{"<13>", "- - - | "},
		{"<13>2026-05-03 01:02:03,004 ERROR root: failed", "2026-05-03T01:02:03.004Z - - | ERROR root: failed"},
		{"dhcp,info dhcp1 assigned 10.0.0.7 to 00:00:5E:00:53:01", "- - dhcp,info | dhcp1 assigned 10.0.0.7 to 00:00:5E:00:53:01"},
		{"<30>wireless,info,debug wlan1: connected", "- - wireless,info,debug | wlan1: connected"},
	})
}

func TestTags(t *testing.T) {
	const head, want = "<13>May  3 01:02:03 h ", "2026-05-03T01:02:03Z h "
	var table [][2]string
	for _, c := range [][2]string{
		{"sshd(pam_unix)[3]: x", "sshd(pam_unix)[3] | x"},
		{"prog[a.b-1]: x", "prog[a.b-1] | x"},
		{"prog[7] x", "prog[7] | x"},
		{"[7]: x", "-[7] | x"},
		{"a+b@c#1*: x", "a+b@c#1* | x"},
		{"CSCOacs_Passed_Authentications 0000000123 1 0 x", "CSCOacs_Passed_Authentications | 0000000123 1 0 x"},
		{"app {\"a\":1}", "app | {\"a\":1}"},
		{"nss CEF:0|a|b", "nss | CEF:0|a|b"},
		{"svc -: x", "svc | -: x"},
		{"interface,info ether1 link up", "interface,info | ether1 link up"},
		{"/usr/libexec/getty[9]: x", "getty[9] | x"},
		{"/bsd: x", "bsd | x"},
		// No tag.
		{"1,2026/05/03 01:02:03,0011,SYSTEM,general", "- | 1,2026/05/03 01:02:03,0011,SYSTEM,general"},
		{"product=x action=y", "- | product=x action=y"},
		{"[main] WARN c.e.App - x", "- | [main] WARN c.e.App - x"},
		{"#011at a.b.C(D.java:1)", "- | #011at a.b.C(D.java:1)"},
		{"2026-05-03 01:02:03,004 x", "- | 2026-05-03 01:02:03,004 x"},
		{"01:02:03.004 x", "- | 01:02:03.004 x"},
		{"User logged in", "- | User logged in"},
		{"{\"a\":\"b: c\"}", "- | {\"a\":\"b: c\"}"},
		{"-- MARK --", "- | -- MARK --"},
		{"last message repeated 2 times", "- | last message repeated 2 times"},
	} {
		table = append(table, [2]string{head + c[0], want + c[1]})
	}
	cases(t, append(table, [][2]string{
		{"<13>May  3 01:02:03 last message repeated 2 times", "2026-05-03T01:02:03Z - - | last message repeated 2 times"},
		{"<13>May  3 01:02:03 -- MARK --", "2026-05-03T01:02:03Z - - | -- MARK --"},
		{"<13>May  3 01:02:03 a=b c=d", "2026-05-03T01:02:03Z - - | a=b c=d"},
		{"<13>May  3 01:02:03 [main] x", "2026-05-03T01:02:03Z - - | [main] x"},
		{"<13>May  3 01:02:03 h", "2026-05-03T01:02:03Z h - | "},
	}...))
}

func TestTimes(t *testing.T) {
	var table [][2]string
	for _, c := range [][2]string{
		{"May  3 01:02:03 2025", "2025-05-03T01:02:03Z"},
		{"May  3 01:02:03 CEST", "2026-05-03T01:02:03+02:00"},
		{"May  3 01:02:03 CEST 2025", "2025-05-03T01:02:03+02:00"},
		{"May  3 01:02:03 gmt", "2026-05-03T01:02:03Z"},
		{"May  3 01:02:03 IST", "2026-05-03T01:02:03Z"},
		{"Sun May  3 01:02:03 2026", "2026-05-03T01:02:03Z"},
		{"Sun, May  3 01:02:03 EST 2026", "2026-05-03T01:02:03-05:00"},
		{"May 3 2026 01:02:03+08:00", "2026-05-03T01:02:03+08:00"},
		{"2026-05-03 01:02:03", "2026-05-03T01:02:03Z"},
		{"2026-05-03 01:02:03.25+02:00", "2026-05-03T01:02:03.25+02:00"},
		{"2026-05-03 01:02:03,250", "2026-05-03T01:02:03.250Z"},
		{"2026-05-03T01:02:03+0530", "2026-05-03T01:02:03+05:30"},
		{"2026-05-03T01:02:03", "2026-05-03T01:02:03Z"},
		{"2026-05-03T01:02:03.1234567Z", "2026-05-03T01:02:03.1234567Z"},
		{"3 May 2026 01:02:03", "2026-05-03T01:02:03Z"},
		{"03-May-2026 01:02:03.250", "2026-05-03T01:02:03.250Z"},
		{"2026:05:03-01:02:03", "2026-05-03T01:02:03Z"},
		{"2026-5-3 01:02:03.250.7", "2026-05-03T01:02:03.250Z"},
		{"May  3 01:02:03:250 2025", "2025-05-03T01:02:03.250Z"},
	} {
		table = append(table, [2]string{"<13>" + c[0] + " h1 app[5]: x", c[1] + " h1 app[5] | x"})
	}
	cases(t, append(table, [][2]string{
		{"<13>May  3 25:02:03 h1 app: x", "- - - | May  3 25:02:03 h1 app: x"},
		{"<13>Foo  3 01:02:03 h1 app: x", "- - - | Foo  3 01:02:03 h1 app: x"},
		{"<13>2026-13-03 01:02:03 h1 app: x", "- - - | 2026-13-03 01:02:03 h1 app: x"},
	}...))
}

func TestBlanks(t *testing.T) {
	cases(t, [][2]string{
		{"<13> 2026-05-03T01:02:03Z h1 app: x", "2026-05-03T01:02:03Z h1 app | x"},
		{"<13> May  3 01:02:03 h1 app: x", "2026-05-03T01:02:03Z h1 app | x"},
		{"<13>May  3 01:02:03  h1 app: x", "2026-05-03T01:02:03Z h1 app | x"},
		{"<13>  app: x", "- - app | x"},
	})
}

func TestSomethingBetweenHostAndTag(t *testing.T) {
	const want = "2026-05-03T01:02:03Z "
	cases(t, [][2]string{
		{"<13>May  3 01:02:03 bigip1 err tmm3[2001]: 01010028:3: No members available", want + "bigip1 tmm3[2001] | 01010028:3: No members available"},
		{"<13>May  3 01:02:03 slot2/bigip1 notice mcpd[7]: 01070417:5: AUDIT", want + "slot2/bigip1 mcpd[7] | 01070417:5: AUDIT"},
		{"<13>May  3 01:02:03 bigip1 info logger: x", want + "bigip1 logger | x"},
		{"<13>May  3 01:02:03 bigip1 info is not a tag", want + "bigip1 - | info is not a tag"},
		{"<13>May  3 01:02:03 10.0.0.2 00435 ports: port B2 is Blocked by STP", want + "10.0.0.2 ports | port B2 is Blocked by STP"},
		{"<13> May  3 01:02:03 10.0.0.2 00076 ports: ST1-CMDR: port 1 is now on-line", want + "10.0.0.2 ports | ST1-CMDR: port 1 is now on-line"},
		{"<13>May  3 01:02:03 00435 ports: port B2 is Blocked by STP", want + "- ports | port B2 is Blocked by STP"},
		{"<13>May  3 01:02:03 T35 70A20B1C2D3E4 (2026-05-02T23:02:03) firewall: msg_id=\"3000-0148\" Deny", want + "T35 firewall | msg_id=\"3000-0148\" Deny"},
		{"<13>May  3 01:02:03 T35 70A20B1C2D3E4 firewall: msg_id=\"3000-0148\" Deny", want + "T35 firewall | msg_id=\"3000-0148\" Deny"},
		{"<13>May  3 01:02:03 T35 (2026-05-02T23:02:03) firewall: msg_id=\"3000-0148\" Deny", want + "T35 firewall | msg_id=\"3000-0148\" Deny"},
		{"<13>May  3 01:02:03 Office,788a20aabbcc,v4.3.28.11361: hostapd: ath0: STA", want + "Office hostapd | ath0: STA"},
		{"<13>May  3 01:02:03 Office,788a20aabbcc,v4.3.28.11361 kernel: eth0", want + "Office kernel | eth0"},
		{"<13>May  3 01:02:03 ,788a20aabbcc,v4.3.28.11361: hostapd: ath0: STA", want + "788a20aabbcc hostapd | ath0: STA"},
		{"<13>May  3 01:02:03 (\"UAP,788a20aabbcc,v4.3.28.11361\") mcad[3]: x", want + "UAP mcad[3] | x"},
		{"<13>May  3 01:02:03 Hall 788a20aabbcc,UAP-nanoHD-6.5.28+14491: hostapd[5]: rai0: STA", want + "Hall hostapd[5] | rai0: STA"},
		{"<13>May  3 01:02:03 788a20aabbcc,UAP-nanoHD-6.5.28+14491: hostapd[5]: rai0: STA", want + "788a20aabbcc hostapd[5] | rai0: STA"},
		{"<13>May  3 01:02:03 user.info cms1 host:server: INFO : call 3", want + "cms1 host | server: INFO : call 3"},
		{"<13>May  3 01:02:03 local0.warning cms1 webbridge: x", want + "cms1 webbridge | x"},
	})
}

func TestKeyValueHeaders(t *testing.T) {
	cases(t, [][2]string{
		{"<189>date=2026-05-03 time=01:02:03 devname=\"FGT-1\" devid=\"FG1\" tz=\"-0800\" type=\"event\"", "2026-05-03T01:02:03-08:00 FGT-1 - | date=2026-05-03 time=01:02:03 devname=\"FGT-1\" devid=\"FG1\" tz=\"-0800\" type=\"event\""},
		{"<189>logver=700140601 timestamp=1777770123 tz=\"UTC+2:00\" devname=\"FGT-1\" date=2026-05-03 time=01:02:03 x=\"a b\"", "2026-05-03T01:02:03+02:00 FGT-1 - | logver=700140601 timestamp=1777770123 tz=\"UTC+2:00\" devname=\"FGT-1\" date=2026-05-03 time=01:02:03 x=\"a b\""},
		{"<189>date=2026-05-03,time=01:02:03,devname=FGT-1,type=event", "2026-05-03T01:02:03Z FGT-1 - | date=2026-05-03,time=01:02:03,devname=FGT-1,type=event"},
		{"<189>May  1 01:02:03 relay date=2026-05-03 time=01:02:03 devname=FGT-1 x=y", "2026-05-03T01:02:03Z FGT-1 - | date=2026-05-03 time=01:02:03 devname=FGT-1 x=y"},
		{"<189>May  1 01:02:03 relay date=2026-05-03 time=01:02:03 device_id=FE100 log_id=1", "2026-05-03T01:02:03Z relay - | date=2026-05-03 time=01:02:03 device_id=FE100 log_id=1"},
		{"<30>device=\"SFW\" date=2026-05-03 time=01:02:03 timezone=\"CEST\" device_name=\"XG\" x=y", "2026-05-03T01:02:03+02:00 XG - | device=\"SFW\" date=2026-05-03 time=01:02:03 timezone=\"CEST\" device_name=\"XG\" x=y"},
		{"<30>device_name=\"SFW\" timestamp=\"2026-05-03T01:02:03+0200\" device_model=\"XGS\" x=y", "2026-05-03T01:02:03+02:00 SFW - | device_name=\"SFW\" timestamp=\"2026-05-03T01:02:03+0200\" device_model=\"XGS\" x=y"},
		{"<134>id=tz270 sn=2CB8ED000000 time=\"2026-05-03 01:02:03 UTC\" fw=192.0.2.1 pri=6 m=98", "2026-05-03T01:02:03Z 192.0.2.1 - | id=tz270 sn=2CB8ED000000 time=\"2026-05-03 01:02:03 UTC\" fw=192.0.2.1 pri=6 m=98"},
		{"<134>id=firewall time=\"2026-05-03 01:02:03\" fw=\"SN210\" tz=+0200 pri=5 msg=\"x\"", "2026-05-03T01:02:03+02:00 SN210 - | id=firewall time=\"2026-05-03 01:02:03\" fw=\"SN210\" tz=+0200 pri=5 msg=\"x\""},
		{"<134>time=1777770123|hostname=cp1|severity=Medium|product=IPS|", "2026-05-03T01:02:03Z cp1 - | time=1777770123|hostname=cp1|severity=Medium|product=IPS|"},
		{"<134>May  3 01:02:03 ws1 vendor=Forcepoint product=Security action=blocked", "2026-05-03T01:02:03Z ws1 - | vendor=Forcepoint product=Security action=blocked"},
	})
}

func TestNearlyRFC5424(t *testing.T) {
	const want = "2026-05-03T01:02:03Z "
	cases(t, [][2]string{
		{"<13>0 2026-05-03T01:02:03Z h app 7 ID - text", want + "h app[7] ID | text"},
		{"<13>2 2026-05-03T01:02:03Z h app 7 ID [a b=\"c\"] text", want + "h app[7] ID [a b=\"c\"] | text"},
		{"<13>2026-05-03T01:02:03Z h app - - - text", want + "h app | text"},
		{"<13>2026-05-03T01:02:03Z h app 7 ID - text", want + "h app[7] ID | text"},
		{"<13>2026-05-03T01:02:03Z h app 7 - [a@1 b=\"c\"] text", want + "h app[7] [a@1 b=\"c\"] | text"},
		{"<13>1 2026-05-03T01:02:03 h app 7 ID - text", want + "h app[7] ID | text"},
		{"<13>1 2026-05-03 01:02:03 h app 7 ID - text", want + "h app[7] ID | text"},
		{"<13>1 May  3 01:02:03 h app[7]: text", want + "h app[7] | text"},
		{"<13>1 2026-05-03T01:02:03Z h app[7]: text", want + "h app[7] | text"},
		{"<13>1 2026-05-03T01:02:03Z h app: - - - text", want + "h app | text"},
		{"<13>1 2026-05-03T01:02:03Z h CEF:0|a|b|1|2|c|3|d=e", want + "h CEF | 0|a|b|1|2|c|3|d=e"},
		{"<13>1 2026-05-03T01:02:03Z h LEEF:2.0|a|b|1|2|c=d", want + "h LEEF | 2.0|a|b|1|2|c=d"},
		{"<13>1 2026-05-03T01:02:03Z h heroku web.1 - Starting process", want + "h heroku[web.1] | Starting process"},
		{"<13>1 2026-05-03T01:02:03Z h CheckPoint 7 - [action:\"Drop\"; ifname:\"eth0\"; ]", want + "h CheckPoint[7] [action:\"Drop\"; ifname:\"eth0\"; ] | "},
		{"<13>1 2026-05-03T01:02:03Z h app 7", want + "h app[7] | "},
		{"<13>1 2026-05-03T01:02:03Z h app", want + "h app | "},
		{"<13>1 2026-05-03T01:02:03Z h", want + "h - | "},
		{"<13>1 2026-05-03T01:02:03Z", want + "- - | "},
		{"<13>1 2026-05-03T01:02:03.123456789+02:00 h app 7 ID - text", "2026-05-03T01:02:03.123456789+02:00 h app[7] ID | text"},
		{"<13>2026-05-03T01:02:03Z h User failed login - text", want + "h - | User failed login - text"},
	})
}

func TestNetScaler(t *testing.T) {
	cases(t, [][2]string{
		{"<134> 05/03/2026:01:02:03 GMT ns1 0-PPE-1 : default TCP CONN_DELINK 1 0 :  Source 10.0.0.1:1", "2026-05-03T01:02:03Z ns1 0-PPE-1 | default TCP CONN_DELINK 1 0 :  Source 10.0.0.1:1"},
		{"<134> 23/05/2026:01:02:03 GMT ns1 0-PPE-1 : default EVENT x 1 0 :  y", "2026-05-23T01:02:03Z ns1 0-PPE-1 | default EVENT x 1 0 :  y"},
		{"<134> 05/03/2026:01:02:03  ns1 0-PPE-1 : default EVENT x 1 0 :  y", "2026-05-03T01:02:03Z ns1 0-PPE-1 | default EVENT x 1 0 :  y"},
		{"<134> 05/03/2026:01:02:03 GMT  0-PPE-1 : default EVENT x 1 0 :  y", "2026-05-03T01:02:03Z - 0-PPE-1 | default EVENT x 1 0 :  y"},
	})
}

func TestHuaweiAndComware(t *testing.T) {
	cases(t, [][2]string{
		{"<188>2026-5-3 01:02:03 HUAWEI %%01SHELL/4/LOGINFAIL(l)[31]:Failed to login.", "2026-05-03T01:02:03Z HUAWEI %%01SHELL/4/LOGINFAIL(l)[31] | Failed to login."},
		{"<188>May  3 2026 01:02:03+07:00 HUAWEI %%01HWCM/5/EXIT(l)[1]:exit from configure mode", "2026-05-03T01:02:03+07:00 HUAWEI %%01HWCM/5/EXIT(l)[1] | exit from configure mode"},
		{"<188>May  3 2026 01:02:03 HUAWEI %%01INFO/4/SUPPRESS_LOG(l):CID=0x807a0404;Last message repeated 3 times.", "2026-05-03T01:02:03Z HUAWEI %%01INFO/4/SUPPRESS_LOG(l) | CID=0x807a0404;Last message repeated 3 times."},
		{"<188>May  3 01:02:03 2026 H3C %%10SHELL/5/SHELL_LOGIN: -DevIP=10.0.0.1; admin logged in", "2026-05-03T01:02:03Z H3C %%10SHELL/5/SHELL_LOGIN | -DevIP=10.0.0.1; admin logged in"},
		{"<188>May  3 01:02:03:250 2026 H3C %%10IFNET/3/LINK_UPDOWN(t): Trap", "2026-05-03T01:02:03.250Z H3C %%10IFNET/3/LINK_UPDOWN(t) | Trap"},
		{"<188>2026-05-03T01:02:03.250+08:00 H3C %%10IFNET/3/PHY_UPDOWN: up", "2026-05-03T01:02:03.250+08:00 H3C %%10IFNET/3/PHY_UPDOWN | up"},
	})
}

func TestHostsWithColonOrBrackets(t *testing.T) {
	const want = "2026-05-03T01:02:03Z "
	cases(t, [][2]string{
		{"<134>ssg5: NetScreen device_id=ssg5  [Root]system-notification-00257(traffic): x", "- ssg5 NetScreen | device_id=ssg5  [Root]system-notification-00257(traffic): x"},
		{"<13>May  3 01:02:03 [filer-01:callhome.battery.low:alert]: Call home for BATTERY LOW", want + "filer-01 callhome.battery.low | Call home for BATTERY LOW"},
		{"<13>May  3 01:02:03 [filer-01: mgwd: wafl.vol.full:notice]: Insufficient space", want + "filer-01 wafl.vol.full | Insufficient space"},
		{"<13>May  3 01:02:03 filer-01: filer-01: 00000019.0001 audit", want + "filer-01 - | 00000019.0001 audit"},
		{"<13>May  3 01:02:03 ave1: <Code> 4202 <Type> INFORMATION", want + "ave1 - | <Code> 4202 <Type> INFORMATION"},
		{"<13>May  3 01:02:03 192.0.2.4: %ACE-4-400000: IDS", want + "192.0.2.4 %ACE-4-400000 | IDS"},
	})
}

func TestForwardedByAIX(t *testing.T) {
	cases(t, [][2]string{
		{"<13>May  3 01:02:03 Message forwarded from lpar7: su: from root to oracle at /dev/pts/1", "2026-05-03T01:02:03Z lpar7 su | from root to oracle at /dev/pts/1"},
		{"<13>May  3 01:02:03 From lpar7: sshd[88]: x", "2026-05-03T01:02:03Z lpar7 sshd[88] | x"},
	})
}

func TestSnare(t *testing.T) {
	cases(t, [][2]string{
		{"<13>May  3 01:02:03 dc1\tMSWinEventLog\t0\tSystem\t7", "2026-05-03T01:02:03Z dc1 MSWinEventLog | 0#011System#0117"},
		{"<13>May  3 01:02:03 dc1 MSWinEventLog\t0\tSystem\t7", "2026-05-03T01:02:03Z dc1 MSWinEventLog | 0#011System#0117"},
		{"<13>dc1.example.com\tMSWinEventLog\t0\tSystem\t7", "- dc1.example.com MSWinEventLog | 0#011System#0117"},
		{"<13>lx1\tLinuxKAudit\tcritical", "- lx1 LinuxKAudit | critical"},
	})
}

func TestOddHosts(t *testing.T) {
	cases(t, [][2]string{
		{"<13>May  3 01:02:03 2001:db8:0:1:2:3:4:5 app: x", "2026-05-03T01:02:03Z 2001:db8:0:1:2:3:4:5 app | x"},
		{"<13>May  3 01:02:03 ::ffff:192.0.2.1 app: x", "2026-05-03T01:02:03Z ::ffff:192.0.2.1 app | x"},
		{"<13>May  3 01:02:03 rack1/sw2 app: x", "2026-05-03T01:02:03Z rack1/sw2 app | x"},
		{"<13>May  3 01:02:03 user@host app: x", "2026-05-03T01:02:03Z user@host app | x"},
	})
}
