package pmdevice

import (
	"testing"

	"syslogd/message"
	"syslogd/parser"
)

// Messages as vendors and libraries document them, with their fields and with what
// $!device!vendor says.
func TestVendors(t *testing.T) {
	t.Parallel()
	p := newParser(t, parser.DefaultOptions(), Config{})
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range v.cases {
				b := message.NewBatch(nil)
				m := add(b, c[0])
				p.Parse(b, m)
				vendor := ""
				if v := m.Variable(message.ParsePath("device!vendor"), false); v != nil {
					vendor = v.Text()
				}
				if got := fields(m); got != c[1] || vendor != c[2] {
					t.Errorf("%q\n got  %s (%s)\n want %s (%s)", c[0], got, vendor, c[1], c[2])
				}
			}
		})
	}
}

var vendors = []struct {
	name  string
	cases [][3]string
}{
	{"Cisco IOS and IOS-XE", [][3]string{
		{"<189>0000029: R1: Apr  2 2026 03:59:37.395 UTC: %OSPF-5-ADJCHG: Process 1, Nbr 10.1.1.1", "2026-04-02T03:59:37.395Z R1 %OSPF-5-ADJCHG | Process 1, Nbr 10.1.1.1", "Cisco"},
		{"<189>45: router1: 000052: *Sep 12 16:03:36.183 EDT: %SEC_LOGIN-5-LOGIN_SUCCESS: Login Success [user: admin] [Source: 10.1.1.2] [localport: 22] at 16:03:36 EDT Fri Sep 12 2025", "2025-09-12T16:03:36.183-04:00 router1 %SEC_LOGIN-5-LOGIN_SUCCESS | Login Success [user: admin] [Source: 10.1.1.2] [localport: 22] at 16:03:36 EDT Fri Sep 12 2025", "Cisco"},
		{`<189>45: [syslog@9 s_id="router1:514"]: *Sep 12 16:03:36.183 EDT: %SYS-5-CONFIG_I: Configured`, "2025-09-12T16:03:36.183-04:00 - %SYS-5-CONFIG_I | Configured", "Cisco"},
		{"<189>45: R1: .Jul 18 09:01:21.123: %NTP-4-UNSYNC: NTP sync is lost", "2025-07-18T09:01:21.123Z R1 %NTP-4-UNSYNC | NTP sync is lost", "Cisco"},
		{"<187>C9800-1: 23: Jul 18 09:01:21.123 UTC: %CLIENT_ORCH_LOG-6-CLIENT_ADDED_TO_RUN_STATE: Chassis 1 R0/0: wncd: Username entry (x)", "2025-07-18T09:01:21.123Z C9800-1 %CLIENT_ORCH_LOG-6-CLIENT_ADDED_TO_RUN_STATE | Chassis 1 R0/0: wncd: Username entry (x)", "Cisco"},
	}},
	{"Cisco IOS-XR", [][3]string{
		{"<189>100: RP/0/0/CPU0:Jul 18 09:01:21.123 UTC: SSHD_[65877]: %SECURITY-SSHD-6-INFO_SUCCESS : Successfully authenticated", "2025-07-18T09:01:21.123Z - SSHD_[65877] | %SECURITY-SSHD-6-INFO_SUCCESS : Successfully authenticated", "Cisco"},
		{"<189>100: LC/0/0/CPU0:Jul 18 09:01:21.123 : pifibm_server_lc[233]: %PLATFORM-PIFIB-4-ENTRY : x", "2025-07-18T09:01:21.123Z - pifibm_server_lc[233] | %PLATFORM-PIFIB-4-ENTRY : x", "Cisco"},
	}},
	{"Cisco NX-OS and ACI", [][3]string{
		{"<189>: 2025 Jul 18 09:01:21.123 UTC: %ETHPORT-5-IF_DOWN_LINK_FAILURE: Interface Ethernet1/1 is down", "2025-07-18T09:01:21.123Z - %ETHPORT-5-IF_DOWN_LINK_FAILURE | Interface Ethernet1/1 is down", "Cisco"},
		{"<189>2025 Jul 18 09:01:21.123 N7K %$ VDC-2 %$ %DAEMON-3-SYSTEM_MSG: NTP Receive dropping message", "2025-07-18T09:01:21.123Z N7K %DAEMON-3-SYSTEM_MSG | NTP Receive dropping message", "Cisco"},
		{"<186>Jul 18 2025 09:01:22 apic1 %LOG_LOCAL0-6-SYSTEM_MSG [E4208219][transition] x", "2025-07-18T09:01:22Z apic1 %LOG_LOCAL0-6-SYSTEM_MSG | [E4208219][transition] x", "Cisco"},
		{"<187>Jul 18 09:01:22 leaf101 %LOG_LOCAL7-3-SYSTEM_MSG [F1394][raised][interface-physical-down][minor][sys/phys-[eth1/3]/phys/fault-F1394] Port is down", "2025-07-18T09:01:22Z leaf101 %LOG_LOCAL7-3-SYSTEM_MSG | [F1394][raised][interface-physical-down][minor][sys/phys-[eth1/3]/phys/fault-F1394] Port is down", "Cisco"},
	}},
	{"Cisco ASA and FTD", [][3]string{
		{"<164>Jul 18 2025 09:01:21 asa1 : %ASA-4-106023: Deny tcp src outside", "2025-07-18T09:01:21Z asa1 %ASA-4-106023 | Deny tcp src outside", "Cisco"},
		{"<113>Jul 18 2025 09:01:22 firepower : %FTD-1-430003: DeviceUUID: x, AccessControlRuleAction: Allow", "2025-07-18T09:01:22Z firepower %FTD-1-430003 | DeviceUUID: x, AccessControlRuleAction: Allow", "Cisco"},
		{"<164>Jul 18 09:01:22 relay : Jul 18 2025 09:01:21 asa1 : %ASA-4-106023: Deny", "2025-07-18T09:01:21Z asa1 %ASA-4-106023 | Deny", "Cisco"},
		{"<30>Jul 18 09:01:21 FMC1 sfdccsm: admin@1.2.3.4, x, y", "2025-07-18T09:01:21Z FMC1 sfdccsm | admin@1.2.3.4, x, y", ""},
		{"<113>May  3 01:02:03 fmc1 SFIMS: [1:2:3] x", "2026-05-03T01:02:03Z fmc1 SFIMS | [1:2:3] x", "Cisco"},
	}},
	{"Cisco WLC", [][3]string{
		{"<134>WLC1: *spamApTask3: Jul 18 09:01:21.123: %CAPWAP-3-DTLS_CLOSED_ERR: capwap_ac_sm.c:6958 00:11:22:33:44:55: DTLS connection closed", "2025-07-18T09:01:21.123Z WLC1 spamApTask3 | %CAPWAP-3-DTLS_CLOSED_ERR: capwap_ac_sm.c:6958 00:11:22:33:44:55: DTLS connection closed", "Cisco"},
		{"<134>WLC1: *Dot1x_NW_MsgTask_0: Jul 18 09:01:21.123: #DOT1X-3-ABORT_AUTH: 1x_bauth_sm.c:447 Authentication aborted", "2025-07-18T09:01:21.123Z WLC1 Dot1x_NW_MsgTask_0 | #DOT1X-3-ABORT_AUTH: 1x_bauth_sm.c:447 Authentication aborted", "Cisco"},
		{"<189>AP:f4db.e6aa.bbcc: *Jul 18 09:01:21.123: %LWAPP-3-CLIENTEVENTLOG: x", "2025-07-18T09:01:21.123Z f4db.e6aa.bbcc %LWAPP-3-CLIENTEVENTLOG | x", "Cisco"},
	}},
	{"Cisco Meraki", [][3]string{
		{"<134>1 1752829281.123456789 MX64 events type=vpn_connectivity_change vpn_type='site-to-site'", "2025-07-18T09:01:21.123456789Z MX64 events | type=vpn_connectivity_change vpn_type='site-to-site'", "Cisco Meraki"},
		{"<134>1 1752829281.123456789 Office_AP_1 association rssi=1", "2025-07-18T09:01:21.123456789Z Office_AP_1 association | rssi=1", "Cisco Meraki"},
		{"<134>Jul 18 09:01:21 10.0.0.1 1 1752829281.123456789 MX64 events type=x", "2025-07-18T09:01:21.123456789Z MX64 events | type=x", "Cisco Meraki"},
	}},
	{"Cisco ISE, ESA, WSA, UCS, Unified CM, SD-WAN", [][3]string{
		{"<181>Jul 18 09:01:21 10.0.0.1 CISE_RADIUS_Accounting 0000000123 1 0 2025-07-18 09:01:21.123 +01:00 ", "2025-07-18T09:01:21Z 10.0.0.1 CISE_RADIUS_Accounting | 0000000123 1 0 2025-07-18 09:01:21.123 +01:00", "Cisco"},
		{"<22>Jul 18 09:01:21 esa1 mail_logs: Info: MID 123 ICID 456 From: <a@example.com>", "2025-07-18T09:01:21Z esa1 mail_logs | Info: MID 123 ICID 456 From: <a@example.com>", ""},
		{"<14>Jul 18 09:01:21 wsa1 access_log: Info: 1752829281.123 5 10.0.0.1 TCP_MISS/200", "2025-07-18T09:01:21Z wsa1 access_log | Info: 1752829281.123 5 10.0.0.1 TCP_MISS/200", ""},
		{"<189>: 2025 Jul 18 09:01:21 GMT: %UCSM-3-LINK_DOWN: [F0276][major]", "2025-07-18T09:01:21Z - %UCSM-3-LINK_DOWN | [F0276][major]", "Cisco"},
		{"<189>123: cucm1.example.com: Jul 18 2025 09:01:21 PM.123 UTC :  %UC_CTI-3-X: %[y]: text", "2025-07-18T21:01:21.123Z cucm1.example.com %UC_CTI-3-X | %[y]: text", "Cisco"},
		{"<189>May  3 01:02:03 vedge1 SYSMGR[221]: %Viptela-vedge1-sysmgrd-6-INFO-1400002: x", "2026-05-03T01:02:03Z vedge1 SYSMGR[221] | %Viptela-vedge1-sysmgrd-6-INFO-1400002: x", "Cisco"},
		{`<134>1 2025-07-18T09:01:21.123+00:00 vcse1 tvcs - - - Event="Call Connected"`, `2025-07-18T09:01:21.123Z vcse1 tvcs | Event="Call Connected"`, ""},
	}},
	{"Cisco small business", [][3]string{
		{"<189>%STP-W-PORTSTATUS: gi1: STP status Forwarding", "- - %STP-W-PORTSTATUS | gi1: STP status Forwarding", "Cisco"},
		{"<189>18-Jul-2025 09:01:21 :%LINK-W-Down:  gi12", "2025-07-18T09:01:21Z - %LINK-W-Down | gi12", "Cisco"},
	}},
	{"Juniper", [][3]string{
		{"<29>Jul 18 09:01:21 mx1 rpd[1234]: BGP_PREFIX_THRESH_EXCEEDED: 10.0.0.1", "2025-07-18T09:01:21Z mx1 rpd[1234] | BGP_PREFIX_THRESH_EXCEEDED: 10.0.0.1", ""},
		{"<28>Jul 18 09:01:21 mx1-re0 /kernel: KERN_ARP_ADDR_CHANGE: arp info overwritten", "2025-07-18T09:01:21Z mx1-re0 kernel | KERN_ARP_ADDR_CHANGE: arp info overwritten", ""},
		{`<14>1 2025-07-18T09:01:21.123+02:00 srx1 RT_FLOW - RT_FLOW_SESSION_CLOSE [junos@2636.1.1.1.2.40 reason="x"]`, `2025-07-18T09:01:21.123+02:00 srx1 RT_FLOW RT_FLOW_SESSION_CLOSE [junos@2636.1.1.1.2.40 reason="x"] | `, "Juniper"},
		{"<14>May  3 01:02:03.004 2026  mx480 rpd[1]: BGP_CONNECT_FAILED: x", "2026-05-03T01:02:03.004Z mx480 rpd[1] | BGP_CONNECT_FAILED: x", ""},
		{"<134>1 2025-07-18T09:01:21+00:00 10.0.0.1 PulseSecure: - - - 2025-07-18 09:01:21 - ive - x", "2025-07-18T09:01:21Z 10.0.0.1 PulseSecure | 2025-07-18 09:01:21 - ive - x", ""},
	}},
	{"Juniper NetScreen", [][3]string{
		{`<29>ns5gt: NetScreen device_id=ns5gt  [Root]system-notification-00257(traffic): start_time="2025-07-18 09:01:21"`, `- ns5gt NetScreen | device_id=ns5gt  [Root]system-notification-00257(traffic): start_time="2025-07-18 09:01:21"`, "Juniper"},
	}},
	{"Arista", [][3]string{
		{"<189>Jul 18 09:01:21 arista1 ConfigAgent: 123: %SYS-5-CONFIG_E: Enter configuration", "2025-07-18T09:01:21Z arista1 ConfigAgent | 123: %SYS-5-CONFIG_E: Enter configuration", "Arista"},
		{"<189>2025-07-18T09:01:21.123456+00:00 arista1 Bgp: %BGP-5-ADJCHANGE: peer", "2025-07-18T09:01:21.123456Z arista1 Bgp | %BGP-5-ADJCHANGE: peer", "Arista"},
		{"<189>May  3 01:02:03 leaf1 Ebra: 27: %LINEPROTO-5-UPDOWN: down", "2026-05-03T01:02:03Z leaf1 Ebra | 27: %LINEPROTO-5-UPDOWN: down", "Arista"},
	}},
	{"Fortinet", [][3]string{
		{`<189>date=2025-07-18 time=09:01:21 devname="FG" devid="FGT" eventtime=1752829281 tz="+0200" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root"`, `2025-07-18T09:01:21+02:00 FG - | date=2025-07-18 time=09:01:21 devname="FG" devid="FGT" eventtime=1752829281 tz="+0200" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root"`, "Fortinet"},
		{`<189>logver=604 timestamp=1752829281 tz="UTC+2:00" devname="FG" devid="FGT" vd="root" date=2025-07-18 time=09:01:21 logid="x"`, `2025-07-18T09:01:21+02:00 FG - | logver=604 timestamp=1752829281 tz="UTC+2:00" devname="FG" devid="FGT" vd="root" date=2025-07-18 time=09:01:21 logid="x"`, "Fortinet"},
		{`<190>date=2025-07-18 time=09:01:21.123 device_id=FE log_id=0200 type=statistics pri=information session_id="x" client_name="[1.2.3.4]"`, `2025-07-18T09:01:21.123Z - - | date=2025-07-18 time=09:01:21.123 device_id=FE log_id=0200 type=statistics pri=information session_id="x" client_name="[1.2.3.4]"`, "Fortinet"},
		{`<134>date=2025-07-18 time=09:01:21 tz="-0700" devname="FortiADC" device_id=FAD log_id=1 type=event`, `2025-07-18T09:01:21-07:00 FortiADC - | date=2025-07-18 time=09:01:21 tz="-0700" devname="FortiADC" device_id=FAD log_id=1 type=event`, "Fortinet"},
		{"<189>CEF:0|Fortinet|Fortigate|v7.0|00013|traffic:forward close|3|deviceExternalId=FGT", "- - CEF | 0|Fortinet|Fortigate|v7.0|00013|traffic:forward close|3|deviceExternalId=FGT", "Fortinet"},
		{`<134>1 2026-05-03T01:02:03Z FGT-1 - - - - date=2026-05-03 time=01:02:03 devname="FGT-1"`, `2026-05-03T01:02:03Z FGT-1 - | date=2026-05-03 time=01:02:03 devname="FGT-1"`, "Fortinet"},
	}},
	{"Palo Alto", [][3]string{
		{"<14>Jul 18 09:01:21 PA-220 1,2025/07/18 09:01:21,012345,TRAFFIC,drop,2304,2025/07/18 09:01:21,1.2.3.4", "2025-07-18T09:01:21Z PA-220 - | 1,2025/07/18 09:01:21,012345,TRAFFIC,drop,2304,2025/07/18 09:01:21,1.2.3.4", "Palo Alto Networks"},
		{"<14>1 2025-07-18T09:01:21.123+02:00 PA-220 - - - - 1,2025/07/18 09:01:21,012345,THREAT,url", "2025-07-18T09:01:21.123+02:00 PA-220 - | 1,2025/07/18 09:01:21,012345,THREAT,url", "Palo Alto Networks"},
		{"<14>Jul 18 09:01:21 PA-220 LEEF:1.0|Palo Alto Networks|PAN-OS Syslog Integration|8.1|trojan|a=b", "2025-07-18T09:01:21Z PA-220 LEEF | 1.0|Palo Alto Networks|PAN-OS Syslog Integration|8.1|trojan|a=b", "Palo Alto Networks"},
		{"<14>Jul 18 2025 09:01:21 cortex CEF:0|Palo Alto Networks|Cortex XDR|x", "2025-07-18T09:01:21Z cortex CEF | 0|Palo Alto Networks|Cortex XDR|x", ""},
	}},
	{"F5", [][3]string{
		{"<134>Jul 18 09:01:21 bigip1.example.com info tmm[1]: Rule /Common/x <HTTP_REQUEST>: y", "2025-07-18T09:01:21Z bigip1.example.com tmm[1] | Rule /Common/x <HTTP_REQUEST>: y", ""},
		{"<134>Jul 18 09:01:21 slot1/bigip1 info tmm3[22]: x", "2025-07-18T09:01:21Z slot1/bigip1 tmm3[22] | x", ""},
		{`<134>1 2025-07-18T09:01:21.000000+02:00 bigip1 F5 - - [F5@12276 hostname="x" errdefs_msgno="22282245"] y`, `2025-07-18T09:01:21.000000+02:00 bigip1 F5 [F5@12276 hostname="x" errdefs_msgno="22282245"] | y`, "F5"},
		{`<134>Jul 18 09:01:21 bigip1 ASM:unit_hostname="x",management_ip_address="1.2.3.4"`, `2025-07-18T09:01:21Z bigip1 ASM | unit_hostname="x",management_ip_address="1.2.3.4"`, "F5"},
	}},
	{"Check Point", [][3]string{
		{`<134>1 2025-07-18T09:01:21Z gw1 CheckPoint 1930 - [action:"Accept"; flags:"444676"; ifdir:"outbound"; ]`, `2025-07-18T09:01:21Z gw1 CheckPoint[1930] [action:"Accept"; flags:"444676"; ifdir:"outbound"; ] | `, "Check Point"},
		{`<134>1 2025-07-18T09:01:21Z gw1 CheckPoint 1930 - [fields@1.3.6.1.4.1.2620 action="Accept" ifdir="inbound"]`, `2025-07-18T09:01:21Z gw1 CheckPoint[1930] [fields@1.3.6.1.4.1.2620 action="Accept" ifdir="inbound"] | `, "Check Point"},
		{"<134>time=1752829281|hostname=cp1|product=Firewall|action=Accept|ifdir=inbound", "2025-07-18T09:01:21Z cp1 - | time=1752829281|hostname=cp1|product=Firewall|action=Accept|ifdir=inbound", "Check Point"},
		{"<85>Jul 18 09:01:21 2025 cp-gw xpand[1234]: admin localhost t +x", "2025-07-18T09:01:21Z cp-gw xpand[1234] | admin localhost t +x", ""},
	}},
	{"MikroTik", [][3]string{
		{"<30>Jul 18 09:01:21 MikroTik system,info,account: user admin logged in from 1.2.3.4 via winbox", "2025-07-18T09:01:21Z MikroTik system,info,account | user admin logged in from 1.2.3.4 via winbox", "MikroTik"},
		{"firewall,info drop input: in:ether1 out:(unknown 0), proto TCP (SYN), 1.2.3.4:5->6.7.8.9:22, len 44", "- - firewall,info | drop input: in:ether1 out:(unknown 0), proto TCP (SYN), 1.2.3.4:5->6.7.8.9:22, len 44", "MikroTik"},
		{"<30>dhcp,info dhcp1 assigned 1.2.3.4 to 00:11:22:33:44:55", "- - dhcp,info | dhcp1 assigned 1.2.3.4 to 00:11:22:33:44:55", "MikroTik"},
		{"<142>1 2025-07-18T09:01:21.123Z MikroTik - - - - login failure", "2025-07-18T09:01:21.123Z MikroTik - | login failure", ""},
	}},
	{"Ubiquiti", [][3]string{
		{"<30>Jul 18 09:01:21 U7PG2,f492bf112233,v4.3.20.11298: hostapd: ath0: STA 00:11:22 IEEE 802.11: associated", "2025-07-18T09:01:21Z U7PG2 hostapd | ath0: STA 00:11:22 IEEE 802.11: associated", "Ubiquiti"},
		{"<30>Jul 18 09:01:21 Living-Room f492bf112233,UAP-AC-Lite-6.5.28+14491: kernel: x", "2025-07-18T09:01:21Z Living-Room kernel | x", ""},
		{"<4>Jul 18 09:01:21 UDM-Pro kernel: [WAN_LOCAL-default-D]IN=eth8 OUT= MAC=x", "2025-07-18T09:01:21Z UDM-Pro kernel | [WAN_LOCAL-default-D]IN=eth8 OUT= MAC=x", ""},
		{"<30>Jul 18 09:01:21 edgeswitch TRAPMGR[trapTask]: traputil.c(696) 36 %% Link Up: 0/1", "2025-07-18T09:01:21Z edgeswitch TRAPMGR[trapTask] | traputil.c(696) 36 %% Link Up: 0/1", ""},
		{"<30>May  3 01:02:03 UDM UDM hostapd[7]: x", "2026-05-03T01:02:03Z UDM hostapd[7] | x", ""},
		{"<189> May  3 01:02:03 10.1.1.1-1 TRAPMGR[trapTask]: traputil.c(614) 215 %% Link Up", "2026-05-03T01:02:03Z 10.1.1.1-1 TRAPMGR[trapTask] | traputil.c(614) 215 %% Link Up", ""},
		{`<13>May  3 01:02:03 gw [WAN_LOCAL-D-1]DESCR="x" IN=eth0`, `2026-05-03T01:02:03Z gw - | [WAN_LOCAL-D-1]DESCR="x" IN=eth0`, ""},
	}},
	{"Aruba", [][3]string{
		{"<141>Jul 18 09:01:21 2025 10.0.0.1 authmgr[3662]: <522008> <NOTI> <aruba1 10.0.0.1>  User Authentication Successful", "2025-07-18T09:01:21Z 10.0.0.1 authmgr[3662] | <522008> <NOTI> <aruba1 10.0.0.1>  User Authentication Successful", ""},
		{"<143>Jul 18 09:01:21 10.0.0.1 CPPM_System_Events 0 1 0 event.x=y", "2025-07-18T09:01:21Z 10.0.0.1 CPPM_System_Events | 0 1 0 event.x=y", "Aruba"},
		{"<189>2025-07-18T09:01:21.123456+00:00 cx6300 hpe-restd[1234]: Event|4608|LOG_INFO|AMM|-|Authentication", "2025-07-18T09:01:21.123456Z cx6300 hpe-restd[1234] | Event|4608|LOG_INFO|AMM|-|Authentication", ""},
		{"<134>Jul 18 09:01:21 IAP-1 cli[2]: <341004> <WARN> |AP IAP-1@10.0.0.1 cli|  x", "2025-07-18T09:01:21Z IAP-1 cli[2] | <341004> <WARN> |AP IAP-1@10.0.0.1 cli|  x", ""},
		{"<140>May  3 01:02:03 2026 [10.1.1.1] stm[3402]: <501093> <NOTI> x", "2026-05-03T01:02:03Z 10.1.1.1 stm[3402] | <501093> <NOTI> x", ""},
		{"<143>May 03 01:02:03 10.1.1.5 CPPM_Session_Details 12 1 0 id=1", "2026-05-03T01:02:03Z 10.1.1.5 CPPM_Session_Details | 12 1 0 id=1", "Aruba"},
		{"<143>2026-05-03 01:02:03,004 10.1.1.5 Syslog Audit 12 1 0 Timestamp=x", "2026-05-03T01:02:03.004Z 10.1.1.5 - | Syslog Audit 12 1 0 Timestamp=x", ""},
	}},
	{"HPE ProCurve and Comware", [][3]string{
		{"<141>Jul 18 09:01:21 HP-2530 00435 ports:  port 3 is Blocked by STP", "2025-07-18T09:01:21Z HP-2530 ports | port 3 is Blocked by STP", ""},
		{"<188>Jul 18 09:01:21 2025 HP5130 %%10IFNET/3/PHY_UPDOWN: -Slot=1; GigabitEthernet1/0/1 link status is down.", "2025-07-18T09:01:21Z HP5130 %%10IFNET/3/PHY_UPDOWN | -Slot=1; GigabitEthernet1/0/1 link status is down.", "HPE Comware"},
		{"<190>Jul 18 09:01:21 2025 H3C %%10SHELL/6/SHELL_CMD: -Line=vty0-IPAddr=1.2.3.4-User=x; Command is y", "2025-07-18T09:01:21Z H3C %%10SHELL/6/SHELL_CMD | -Line=vty0-IPAddr=1.2.3.4-User=x; Command is y", "HPE Comware"},
		{"<14>Jul 18 09:01:21 ILOMX1 #ILO5: 07/18/2025 09:01 Browser login: x", "2025-07-18T09:01:21Z ILOMX1 #ILO5 | 07/18/2025 09:01 Browser login: x", ""},
	}},
	{"Huawei", [][3]string{
		{"<189>Jul 18 2025 09:01:21+08:00 DST S5720 %%01IFNET/4/IF_STATE(l)[12]:Interface", "2025-07-18T09:01:21+08:00 S5720 %%01IFNET/4/IF_STATE(l)[12] | Interface", "Huawei"},
		{"<189>Jul 18 2025 09:01:21.123+08:00 NE40E %%01OPS/6/OPS_LOG_USERDEFINED_INFORMATION(s):CID=0x1-alarmID=0x1;x", "2025-07-18T09:01:21.123+08:00 NE40E %%01OPS/6/OPS_LOG_USERDEFINED_INFORMATION(s) | CID=0x1-alarmID=0x1;x", "Huawei"},
		{"<189>Jul 18 2025 09:01:21 USG6300 %%01POLICY/6/POLICYPERMIT(l):vsys=public, protocol=6", "2025-07-18T09:01:21Z USG6300 %%01POLICY/6/POLICYPERMIT(l) | vsys=public, protocol=6", "Huawei"},
	}},
	{"Dell", [][3]string{
		{"<189>Jul 18 09:01:21 10.0.0.1: %STKUNIT0-M:CP %IFMGR-5-OSTATE_UP: Changed interface state to up: Te 0/1", "2025-07-18T09:01:21Z 10.0.0.1 %IFMGR-5-OSTATE_UP | Changed interface state to up: Te 0/1", "Dell"},
		{"<46>Jul 18 09:01:21 idrac-XYZ Severity: Informational, Category: Audit, MessageID: USR0030, Message: x", "2025-07-18T09:01:21Z idrac-XYZ Severity | Informational, Category: Audit, MessageID: USR0030, Message: x", ""},
		{"<14>1 2025-07-18T09:01:21.123456+00:00 OS10 dn_alm 819 - - Node.1-Unit.1:PRI [event], Dell EMC (OS10) %IFM_OSTATE_UP: x", "2025-07-18T09:01:21.123456Z OS10 dn_alm[819] | Node.1-Unit.1:PRI [event], Dell EMC (OS10) %IFM_OSTATE_UP: x", ""},
		{"<13>Jul 18 09:01:21 isilon-1(id3) /boot/kernel.amd64/kernel: x", "2025-07-18T09:01:21Z isilon-1(id3) kernel | x", ""},
		{"<110>Jul 18 09:01:21 datadomain1 ddfs[1]: x", "2025-07-18T09:01:21Z datadomain1 ddfs[1] | x", ""},
		{"<134>1 2026-05-03T01:02:03.004567+00:00 OS10 dn_alm 123 - - Node.1-Unit.1:PRI [event], %IFM_OSTATE_UP: x", "2026-05-03T01:02:03.004567Z OS10 dn_alm[123] | Node.1-Unit.1:PRI [event], %IFM_OSTATE_UP: x", ""},
	}},
	{"Brocade, Ruckus", [][3]string{
		{"<190>Jul 18 09:01:21 brocade1 raslogd: 2025/07/18-09:01:21, [SEC-1203], 12345, WWN 10:00:00 | FID 128, INFO, sw0, Login information", "2025-07-18T09:01:21Z brocade1 raslogd | 2025/07/18-09:01:21, [SEC-1203], 12345, WWN 10:00:00 | FID 128, INFO, sw0, Login information", "Brocade"},
		{"<14>Jul 18 09:01:21 ICX7250 System: Interface ethernet 1/1/1, state up", "2025-07-18T09:01:21Z ICX7250 System | Interface ethernet 1/1/1, state up", ""},
		{"<142>Jul 18 09:01:21 ruckus-zd syslog: eventd_to_syslog():User[x] joins", "2025-07-18T09:01:21Z ruckus-zd syslog | eventd_to_syslog():User[x] joins", ""},
		{`<14>Jul 18 09:01:21 RuckusAP hostapd: @@202,clientJoin,"apMac"="x"`, `2025-07-18T09:01:21Z RuckusAP hostapd | @@202,clientJoin,"apMac"="x"`, ""},
	}},
	{"Extreme", [][3]string{
		{"<142>Jul 18 09:01:21 2025 AAA: Login passed for user admin through ssh (1.2.3.4)", "2025-07-18T09:01:21Z - AAA | Login passed for user admin through ssh (1.2.3.4)", ""},
		{"<165>1 2025-07-18T09:01:21.123-07:00 VSP-8284XSQ CP1 - 0x00264543 - 00000000 GlobalRouter SW INFO x", "2025-07-18T09:01:21.123-07:00 VSP-8284XSQ CP1 0x00264543 | 00000000 GlobalRouter SW INFO x", ""},
	}},
	{"SonicWall", [][3]string{
		{`<134>id=firewall sn=C0EAE4000000 time="2025-07-18 09:01:21" fw=1.2.3.4 pri=6 c=1024 m=537 msg="Connection Closed"`, `2025-07-18T09:01:21Z 1.2.3.4 - | id=firewall sn=C0EAE4000000 time="2025-07-18 09:01:21" fw=1.2.3.4 pri=6 c=1024 m=537 msg="Connection Closed"`, "SonicWall"},
		{`<134>Jul 18 09:01:21 sonic1 id=firewall sn=C0 time="2025-07-18 09:01:21" fw=1.2.3.4 pri=6`, `2025-07-18T09:01:21Z 1.2.3.4 - | id=firewall sn=C0 time="2025-07-18 09:01:21" fw=1.2.3.4 pri=6`, "SonicWall"},
	}},
	{"Sophos", [][3]string{
		{`<30>2025:07:18-09:01:21 utm1 httpproxy[1234]: id="0001" severity="info"`, `2025-07-18T09:01:21Z utm1 httpproxy[1234] | id="0001" severity="info"`, ""},
		{`<30>device_name="SFW" timestamp="2025-07-18T09:01:21+0200" device_model="XGS" log_id="x" con_id=1`, `2025-07-18T09:01:21+02:00 SFW - | device_name="SFW" timestamp="2025-07-18T09:01:21+0200" device_model="XGS" log_id="x" con_id=1`, "Sophos"},
		{`<30>device="SFW" date=2025-07-18 time=09:01:21 timezone="AEST" device_name="XG210" device_id=S1 log_id=1`, `2025-07-18T09:01:21+10:00 XG210 - | device="SFW" date=2025-07-18 time=09:01:21 timezone="AEST" device_name="XG210" device_id=S1 log_id=1`, "Sophos"},
	}},
	{"WatchGuard", [][3]string{
		{`<140>Jul 18 09:01:21 Firebox 80CC04F1C0000 (2025-07-18T09:01:21) firewall: msg_id="3000-0148" Allow`, `2025-07-18T09:01:21Z Firebox firewall | msg_id="3000-0148" Allow`, ""},
		{`<140>(2025-07-18T09:01:21) firewall: msg_id="3000-0148"`, `2025-07-18T09:01:21Z - firewall | msg_id="3000-0148"`, ""},
	}},
	{"pfSense, OPNsense", [][3]string{
		{"<134>Jul 18 09:01:21 filterlog[1234]: 5,,,1000000103,igb0,match,block,in,4,0x0", "2025-07-18T09:01:21Z - filterlog[1234] | 5,,,1000000103,igb0,match,block,in,4,0x0", ""},
		{"<134>1 2025-07-18T09:01:21.123456+02:00 pfSense.home filterlog 1234 - - 5,,,100", "2025-07-18T09:01:21.123456+02:00 pfSense.home filterlog[1234] | 5,,,100", ""},
		{`<13>1 2025-07-18T09:01:21+02:00 OPNsense.local filterlog 1 - [meta sequenceId="1"] 5,,,x`, `2025-07-18T09:01:21+02:00 OPNsense.local filterlog[1] [meta sequenceId="1"] | 5,,,x`, ""},
	}},
	{"Synology, QNAP", [][3]string{
		{"<14>Jul 18 09:01:21 DS920 Connection: User [admin] from [1.2.3.4] logged in", "2025-07-18T09:01:21Z DS920 Connection | User [admin] from [1.2.3.4] logged in", ""},
		{`<14>1 2025-07-18T09:01:21+02:00 DS920 System - - [synolog@6574 event_id="0x0001" synotype="System" username="admin"] User [x]`, `2025-07-18T09:01:21+02:00 DS920 System [synolog@6574 event_id="0x0001" synotype="System" username="admin"] | User [x]`, "Synology"},
		{"<14>Jul 18 09:01:21 NAS qlogd[1234]: conn log: Users: admin, Source IP: 1.2.3.4", "2025-07-18T09:01:21Z NAS qlogd[1234] | conn log: Users: admin, Source IP: 1.2.3.4", ""},
	}},
	{"VMware", [][3]string{
		{"<166>2025-07-18T09:01:21.123Z esx1.example.com Hostd: info hostd[2099] [Originator@6876 sub=Vimsvc] x", "2025-07-18T09:01:21.123Z esx1.example.com Hostd | info hostd[2099] [Originator@6876 sub=Vimsvc] x", ""},
		{"<166>2025-07-18T09:01:21.123Z esx1.example.com vmkernel: cpu3:2097)x", "2025-07-18T09:01:21.123Z esx1.example.com vmkernel | cpu3:2097)x", ""},
		{"<14>1 2025-07-18T09:01:21.123Z vc1 vpxd 1234 - - Event [1] [1-1] [2025] x", "2025-07-18T09:01:21.123Z vc1 vpxd[1234] | Event [1] [1-1] [2025] x", ""},
		{`<14>1 2025-07-18T09:01:21.123Z nsx1 NSX 1234 - [nsx@6876 comp="nsx-manager"] x`, `2025-07-18T09:01:21.123Z nsx1 NSX[1234] [nsx@6876 comp="nsx-manager"] | x`, "VMware"},
		{"<166>2025-07-18T09:01:21.123Z esx1 In(166) Hostd[2099]: x", "2025-07-18T09:01:21.123Z esx1 Hostd[2099] | x", ""},
		{"<14>1 2026-05-03T01:02:03.004Z esx1 Hostd 2099 - - info hostd[1] [Originator@6876 sub=x] y", "2026-05-03T01:02:03.004Z esx1 Hostd[2099] | info hostd[1] [Originator@6876 sub=x] y", ""},
	}},
	{"Citrix NetScaler", [][3]string{
		{"<134> 07/18/2025:09:01:21 GMT ns1 0-PPE-0 : default SSLVPN LOGIN 1 0 : Context x", "2025-07-18T09:01:21Z ns1 0-PPE-0 | default SSLVPN LOGIN 1 0 : Context x", "Citrix"},
		{"<134> 2025/07/18:09:01:21 GMT ns1 0-PPE-0 : default TCP x", "2025-07-18T09:01:21Z ns1 0-PPE-0 | default TCP x", "Citrix"},
		{"<134>May  3 01:02:04 10.0.0.9 05/03/2026:01:02:03 GMT ns1 0-PPE-1 : default TCP CONN_DELINK 1 0 :  x", "2026-05-03T01:02:03Z ns1 0-PPE-1 | default TCP CONN_DELINK 1 0 :  x", "Citrix"},
	}},
	{"Zscaler", [][3]string{
		{"<134>Jul 18 09:01:21 nss1 ZscalerNSS: CEF:0|Zscaler|NSSWeblog|5|x", "2025-07-18T09:01:21Z nss1 ZscalerNSS | CEF:0|Zscaler|NSSWeblog|5|x", ""},
		{"<134>Jul 18 09:01:21 zscaler-nss: LEEF:1.0|Zscaler|NSS|4.1|x", "2025-07-18T09:01:21Z - zscaler-nss | LEEF:1.0|Zscaler|NSS|4.1|x", ""},
	}},
	{"Infoblox", [][3]string{
		{"<30>Jul 18 09:01:21 10.0.0.1 named[1234]: client 1.2.3.4#53: query: x IN A +", "2025-07-18T09:01:21Z 10.0.0.1 named[1234] | client 1.2.3.4#53: query: x IN A +", ""},
		{"<29>Jul 18 09:01:21 ib1 httpd: 2025-07-18 09:01:21.123Z [user]: x", "2025-07-18T09:01:21Z ib1 httpd | 2025-07-18 09:01:21.123Z [user]: x", ""},
		{"<30>Jul 18 09:01:21 ib1.example.com 1.2.3.4 dhcpd[1]: x", "2025-07-18T09:01:21Z ib1.example.com dhcpd[1] | x", ""},
		{"<30>Jul 18 09:01:21 ib1 threat-protect-log[1]: err - CEF:0|Infoblox|NIOS Threat|x", "2025-07-18T09:01:21Z ib1 threat-protect-log[1] | err - CEF:0|Infoblox|NIOS Threat|x", ""},
	}},
	{"Blue Coat, Symantec", [][3]string{
		{`<134>Jul 18 09:01:21 proxysg1 ProxySG: 250017 Health check "x"(0) NORMAL_EVENT health.cpp 1`, `2025-07-18T09:01:21Z proxysg1 ProxySG | 250017 Health check "x"(0) NORMAL_EVENT health.cpp 1`, "Blue Coat"},
		{"<111>1 2026-05-03T01:02:03 proxysg1 bluecoat - splunk_format - c-ip=10.0.0.1", "2026-05-03T01:02:03Z proxysg1 bluecoat splunk_format | c-ip=10.0.0.1", ""},
		{"<54>Jul 18 09:01:21 sep1 SymantecServer: Virus found,IP Address: x", "2025-07-18T09:01:21Z sep1 SymantecServer | Virus found,IP Address: x", "Symantec"},
	}},
	{"NetApp", [][3]string{
		{"<14>Jul 18 09:01:21 [node1:wafl.vol.full:notice]: x", "2025-07-18T09:01:21Z node1 wafl.vol.full | x", "NetApp"},
		{"<14>Jul 18 09:01:21 netapp1 [netapp1: wafl_exempt01: wafl.scan.x:notice]: x", "2025-07-18T09:01:21Z netapp1 wafl.scan.x | x", "NetApp"},
		{"<13>Jul 18 09:01:21 cluster1: cluster1: 0000.x: y", "2025-07-18T09:01:21Z cluster1 - | 0000.x: y", ""},
	}},
	{"Windows agents", [][3]string{
		{"<13>WIN1\tMSWinEventLog\t1\tSystem", "- WIN1 MSWinEventLog | 1#011System", "Snare"},
		{`<14>1 2025-07-18T09:01:21.123456+02:00 WIN1 Microsoft-Windows-Security-Auditing 596 - [NXLOG@14506 Keywords="-9214"] An account`, `2025-07-18T09:01:21.123456+02:00 WIN1 Microsoft-Windows-Security-Auditing[596] [NXLOG@14506 Keywords="-9214"] | An account`, "NXLog"},
		{"<13>Jul 18 09:01:21 WIN1 Security-Auditing: 4624: AUDIT_SUCCESS An account", "2025-07-18T09:01:21Z WIN1 Security-Auditing | 4624: AUDIT_SUCCESS An account", ""},
		{"<13>Jul 18 09:01:21 WIN1 AgentDevice=WindowsLog\tAgentLogFile=Security", "2025-07-18T09:01:21Z WIN1 - | AgentDevice=WindowsLog#011AgentLogFile=Security", ""},
		{"<13>Jul 18 09:01:21 DC1 Microsoft_Windows_security_auditing.[0]: x", "2025-07-18T09:01:21Z DC1 Microsoft_Windows_security_auditing.[0] | x", ""},
		{"<29>May  3 01:02:03 WIN1 Security-Auditing: 4624: AUDIT_SUCCESS x", "2026-05-03T01:02:03Z WIN1 Security-Auditing | 4624: AUDIT_SUCCESS x", ""},
		{"<13>May 03 01:02:03 WIN1 AgentDevice=WindowsLog\tAgentLogFile=Security", "2026-05-03T01:02:03Z WIN1 - | AgentDevice=WindowsLog#011AgentLogFile=Security", ""},
	}},
	{"macOS, BSD, Solaris, AIX", [][3]string{
		{"<13>Jul 18 09:01:21 mbp com.apple.xpc.launchd[1] (com.apple.mdworker[1234]): Service exited", "2025-07-18T09:01:21Z mbp com.apple.xpc.launchd[1] | (com.apple.mdworker[1234]): Service exited", ""},
		{"<13>Jul 18 09:01:21 mbp --- last message repeated 1 time ---", "2025-07-18T09:01:21Z mbp - | --- last message repeated 1 time ---", ""},
		{"<38>1 2025-07-18T09:01:21.123456+02:00 freebsd.example.com sshd 1234 - - Accepted", "2025-07-18T09:01:21.123456+02:00 freebsd.example.com sshd[1234] | Accepted", ""},
		{"<38>Jul 18 09:01:21 sol1 genunix: [ID 540533 kern.notice] ^MSunOS", "2025-07-18T09:01:21Z sol1 genunix | [ID 540533 kern.notice] ^MSunOS", ""},
		{"<38>Jul 18 09:01:21 Message forwarded from aix1: sshd[1]: Accepted", "2025-07-18T09:01:21Z aix1 sshd[1] | Accepted", "IBM"},
		{"<38>Jul 18 09:01:21 aix1 auth|security:notice su: from root to x at /dev/pts/0", "2025-07-18T09:01:21Z aix1 su | from root to x at /dev/pts/0", ""},
		{"<190>May  3 01:02:03 sol11 sshd[4]: [ID 800047 auth.info] x", "2026-05-03T01:02:03Z sol11 sshd[4] | [ID 800047 auth.info] x", ""},
	}},
	{"Docker, Kubernetes, journald", [][3]string{
		{"<30>1 2025-07-18T09:01:21.123456789Z h 0f3c8a1b2d4e 1234 0f3c8a1b2d4e - x", "2025-07-18T09:01:21.123456789Z h 0f3c8a1b2d4e[1234] 0f3c8a1b2d4e | x", ""},
		{"<30>Jul 18 09:01:21 h docker/web/0f3c[1]: x", "2025-07-18T09:01:21Z h docker[1] | x", ""},
		{"<14>1 2025-07-18T09:01:21.123456Z node1 kubelet 1 - - I0718 09:01:21.123456       1 x.go:1] y", "2025-07-18T09:01:21.123456Z node1 kubelet[1] | I0718 09:01:21.123456       1 x.go:1] y", ""},
		{"<30>Jul 18 09:01:21 h systemd[1]: Started x", "2025-07-18T09:01:21Z h systemd[1] | Started x", ""},
		{"<30>May  3 01:02:03 h web/0f3c8a1b2d4e[1203]: GET /", "2026-05-03T01:02:03Z h web[1203] | GET /", ""},
	}},
	{"Python", [][3]string{
		{"<14>2025-07-18 09:01:21,123 - myapp - INFO - hello", "2025-07-18T09:01:21.123Z - - | - myapp - INFO - hello", ""},
		{"<14>INFO:root:hello", "- - - | INFO:root:hello", ""},
		{"<14>Jul 18 09:01:21 h myapp - INFO - hello", "2025-07-18T09:01:21Z h - | myapp - INFO - hello", ""},
		{"<14>[2026-05-03 01:02:03,004] INFO x", "- - - | [2026-05-03 01:02:03,004] INFO x", ""},
	}},
	{"Go", [][3]string{
		{"<14>2025-07-18T09:01:21+02:00 h go-app[123]: x", "2025-07-18T09:01:21+02:00 h go-app[123] | x", ""},
		{"<14>2025-07-18T09:01:21Z /usr/bin/app[1]: x", "2025-07-18T09:01:21Z - app[1] | x", ""},
	}},
	{"Java", [][3]string{
		{"<14>Jul 18 09:01:21 h [http-nio-8080-exec-1] INFO c.e.X - y", "2025-07-18T09:01:21Z h - | [http-nio-8080-exec-1] INFO c.e.X - y", ""},
		{"<14>Jul 18 09:01:21 h \tat com.example.X(X.java:1)", "2025-07-18T09:01:21Z h - | #011at com.example.X(X.java:1)", ""},
		{"<14>Jul 18 09:01:21 h 2025-07-18 09:01:21,123 INFO  [org.x] (main) y", "2025-07-18T09:01:21Z h - | 2025-07-18 09:01:21,123 INFO  [org.x] (main) y", ""},
	}},
	{".NET, PowerShell", [][3]string{
		{"<14>1 2025-07-18T09:01:21.1234567+02:00 h app.exe 1 - - x", "2025-07-18T09:01:21.1234567+02:00 h app.exe[1] | x", ""},
		{"<14>1 2025-07-18T09:01:21.123Z h PowerShell 1 - - x", "2025-07-18T09:01:21.123Z h PowerShell[1] | x", ""},
	}},
	{"Node, Ruby, PHP, Perl", [][3]string{
		{"<11>Jul 18 09:01:21 h winston[1]: error: x", "2025-07-18T09:01:21Z h winston[1] | error: x", ""},
		{"<11>Jul 18 09:01:21 h rails[1]: [x] y", "2025-07-18T09:01:21Z h rails[1] | [x] y", ""},
		{"<14>[2025-07-18 09:01:21] myapp.INFO: x [] []", "- - - | [2025-07-18 09:01:21] myapp.INFO: x [] []", ""},
		{"<11>perl[1]: x", "- - perl[1] | x", ""},
	}},
	{"printers, UPS, phones, cameras", [][3]string{
		{"<129>Jul 18 09:01:21 HPPRN1 printer: offline or intervention needed", "2025-07-18T09:01:21Z HPPRN1 printer | offline or intervention needed", ""},
		{"<129>printer: ready to print", "- - printer | ready to print", ""},
		{"<12>Jul 18 09:01:21 10.0.0.1 UPS: A low battery condition exists. 0x0110", "2025-07-18T09:01:21Z 10.0.0.1 UPS | A low battery condition exists. 0x0110", ""},
		{"<12>Jul 18 09:01:21 XRX0000AA11 Xerox: x", "2025-07-18T09:01:21Z XRX0000AA11 Xerox | x", ""},
		{"<135>GS_LOG: [00:0B:82:11:22:33][000][FF01] x", "- - GS_LOG | [00:0B:82:11:22:33][000][FF01] x", ""},
		{"<30>May  3 01:02:03 axis-00408c /usr/bin/motion[12]: x", "2026-05-03T01:02:03Z axis-00408c motion[12] | x", ""},
		{"<12>Jul 18 09:01:21 apc1 System: Detected an unauthorized user attempting to access the Web interface from 1.2.3.4. 0x0004", "2025-07-18T09:01:21Z apc1 System | Detected an unauthorized user attempting to access the Web interface from 1.2.3.4. 0x0004", ""},
		{"<135>Jul 18 09:01:21 [00:15:65:11:22:33] ETLL[1]: x", "2025-07-18T09:01:21Z - - | [00:15:65:11:22:33] ETLL[1]: x", ""},
		{"<8>May 03 01:02:03 10.0.0.1 UPS: On battery power. 0x0109", "2026-05-03T01:02:03Z 10.0.0.1 UPS | On battery power. 0x0109", ""},
	}},
	{"CEF, LEEF, CEE", [][3]string{
		{"<14>Jul 18 09:01:21 h CEF: 0|a|b|c|d|e|1|x=y", "2025-07-18T09:01:21Z h CEF | 0|a|b|c|d|e|1|x=y", "a"},
		{"<14>LEEF:1.0|a|b|c|d|x=y", "- - LEEF | 1.0|a|b|c|d|x=y", "a"},
		{"<14>Jul 18 09:01:21 h LEEF:2.0|a|b|c|d|^|x=y", "2025-07-18T09:01:21Z h LEEF | 2.0|a|b|c|d|^|x=y", "a"},
		{`<14>Jul 18 09:01:21 h @cee: {"a":1}`, `2025-07-18T09:01:21Z h @cee | {"a":1}`, ""},
		{"<14>2025-07-18T09:01:21Z CEF:0|a|b|c|d|e|1|x=y", "2025-07-18T09:01:21Z - CEF | 0|a|b|c|d|e|1|x=y", "a"},
	}},
	{"Stormshield", [][3]string{
		{`<134>id=firewall time="2025-07-18 09:01:21" fw="SNS" tz=+0200 startime="2025-07-18 09:01:20" pri=5 logtype="filter"`, `2025-07-18T09:01:21+02:00 SNS - | id=firewall time="2025-07-18 09:01:21" fw="SNS" tz=+0200 startime="2025-07-18 09:01:20" pri=5 logtype="filter"`, "Stormshield"},
	}},
	{"A10, Barracuda, Imperva", [][3]string{
		{"<134>Jul 18 2025 09:01:21 a10-1 a10logd: [SYSTEM]<6>x", "2025-07-18T09:01:21Z a10-1 a10logd | [SYSTEM]<6>x", ""},
		{"<134>2025-07-18 09:01:21.123 +0200  waf1 TR 1.2.3.4 443 x", "2025-07-18T09:01:21.123+02:00 waf1 - | TR 1.2.3.4 443 x", ""},
		{"<14>Jul 18 09:01:21 imperva1 CEF:0|Imperva Inc.|SecureSphere|12|x", "2025-07-18T09:01:21Z imperva1 CEF | 0|Imperva Inc.|SecureSphere|12|x", ""},
		{"<14>Jul 18 09:01:21 bfw box_Firewall_Activity: Info bfw Detect: type=FWD|proto=TCP", "2025-07-18T09:01:21Z bfw box_Firewall_Activity | Info bfw Detect: type=FWD|proto=TCP", ""},
		{"<134>May 03 2026 01:02:03 a10-1 a10logd: [SYSTEM]<6> x", "2026-05-03T01:02:03Z a10-1 a10logd | [SYSTEM]<6> x", ""},
	}},
	{"SONiC, Nokia, Alcatel-Lucent, Silver Peak, ZyXEL, Ruijie", [][3]string{
		{"<134>Jul 18 09:01:21.123456 sonic NOTICE syncd#syncd: x", "2025-07-18T09:01:21.123456Z sonic syncd#syncd | x", ""},
		{"<187>May  3 01:02:03 10.0.0.1 TMNX: 1234 Base PORT-MINOR-etherAlarmSet-2017 [Port 1/1/1]:  x", "2026-05-03T01:02:03Z 10.0.0.1 TMNX | 1234 Base PORT-MINOR-etherAlarmSet-2017 [Port 1/1/1]:  x", "Nokia"},
		{"<134>Jul 18 09:01:21 OS6860 swlogd: bcmd rpcs info(5) trap x", "2025-07-18T09:01:21Z OS6860 swlogd | bcmd rpcs info(5) trap x", ""},
		{"<142>Jul 18 09:01:21 silverpeak1 tunneld[123]: [tunneld.NOTICE]: x", "2025-07-18T09:01:21Z silverpeak1 tunneld[123] | [tunneld.NOTICE]: x", ""},
		{`<134>May  3 01:02:03 usg60 src="10.0.0.1:1" dst="10.0.0.2:2" msg="x" cat="Firewall"`, `2026-05-03T01:02:03Z usg60 - | src="10.0.0.1:1" dst="10.0.0.2:2" msg="x" cat="Firewall"`, ""},
		{"<188>*Jul 18 09:01:21: Ruijie %LINEPROTO-5-UPDOWN: Line protocol on Interface x", "2025-07-18T09:01:21Z Ruijie %LINEPROTO-5-UPDOWN | Line protocol on Interface x", "Cisco"},
		{"<134>May  3 01:02:03.004567 sonic1 INFO bgp#bgpd[33]: %ADJCHANGE: neighbor 10.0.0.1 Up", "2026-05-03T01:02:03.004567Z sonic1 bgp#bgpd[33] | %ADJCHANGE: neighbor 10.0.0.1 Up", ""},
	}},
	{"others", [][3]string{
		{`<165>1 2025-07-18T09:01:21.123Z sc1 Tanium 1234 - [Saved-Question@017472 x="y"] z`, `2025-07-18T09:01:21.123Z sc1 Tanium[1234] [Saved-Question@017472 x="y"] | z`, "Tanium"},
		{`<165>Jul 18 09:01:21 darktrace-1 darktrace {"model":{}}`, `2025-07-18T09:01:21Z darktrace-1 darktrace | {"model":{}}`, ""},
		{`<29>1 2025-07-18T09:01:21.0Z EPO1 EPOEvents - EventFwd [agentInfo@3401 tenantId="1" bpsId="1"] ???<?xml version="1.0"?>`, `2025-07-18T09:01:21.0Z EPO1 EPOEvents EventFwd [agentInfo@3401 tenantId="1" bpsId="1"] | ???<?xml version="1.0"?>`, "McAfee"},
		{`<14>1 2025-07-18T09:01:21.1+02:00 VEEAM01 Veeam_MP - - [origin enterpriseId="31023"] [categoryId=0 instanceId=190 x] y`, `2025-07-18T09:01:21.1+02:00 VEEAM01 Veeam_MP [origin enterpriseId="31023"] | [categoryId=0 instanceId=190 x] y`, ""},
		{"<14>2025-07-18T09:01:21.123456+02:00 NTNX-1-A-CVM alert_manager: x", "2025-07-18T09:01:21.123456+02:00 NTNX-1-A-CVM alert_manager | x", ""},
		{"<14>Jul 18 09:01:21 pure1 purity.alert: INFO Port 1 x", "2025-07-18T09:01:21Z pure1 purity.alert | INFO Port 1 x", ""},
		{"<13>2026-05-03T01:02:03Z edge-1-0 firewall[]: [default]: ACCEPT_131074", "2026-05-03T01:02:03Z edge-1-0 firewall[] | [default]: ACCEPT_131074", ""},
		{"<14>May  3 01:02:03 [0x80e00047][cert-monitor][error] x", "2026-05-03T01:02:03Z - - | [0x80e00047][cert-monitor][error] x", ""},
	}},
}
