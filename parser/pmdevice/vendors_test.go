package pmdevice

import "testing"

// Messages as vendors document them, one or two of each.
func TestVendors(t *testing.T) {
	const at = "2026-05-03T01:02:03Z "
	cases(t, [][2]string{
		{"<134>May  3 01:02:03.004567 sonic1 INFO bgp#bgpd[33]: %ADJCHANGE: neighbor 10.0.0.1 Up", "2026-05-03T01:02:03.004567Z sonic1 bgp#bgpd[33] | %ADJCHANGE: neighbor 10.0.0.1 Up"},
		{"<189>May  3 01:02:03 leaf1 Ebra: 27: %LINEPROTO-5-UPDOWN: down", at + "leaf1 Ebra | 27: %LINEPROTO-5-UPDOWN: down"},
		{"<13>2026-05-03T01:02:03Z edge-1-0 firewall[]: [default]: ACCEPT_131074", at + "edge-1-0 firewall[] | [default]: ACCEPT_131074"},
		{"<30>May  3 01:02:03 UDM UDM hostapd[7]: x", at + "UDM hostapd[7] | x"},
		{"<134>May  3 01:02:04 10.0.0.9 05/03/2026:01:02:03 GMT ns1 0-PPE-1 : default TCP CONN_DELINK 1 0 :  x", at + "ns1 0-PPE-1 | default TCP CONN_DELINK 1 0 :  x"},
		{"<140>May  3 01:02:03 2026 [10.1.1.1] stm[3402]: <501093> <NOTI> x", at + "10.1.1.1 stm[3402] | <501093> <NOTI> x"},
		{"<14>May  3 01:02:03.004 2026  mx480 rpd[1]: BGP_CONNECT_FAILED: x", "2026-05-03T01:02:03.004Z mx480 rpd[1] | BGP_CONNECT_FAILED: x"},
		{"<143>May 03 01:02:03 10.1.1.5 CPPM_Session_Details 12 1 0 id=1", at + "10.1.1.5 CPPM_Session_Details | 12 1 0 id=1"},
		{"<143>2026-05-03 01:02:03,004 10.1.1.5 Syslog Audit 12 1 0 Timestamp=x", "2026-05-03T01:02:03.004Z 10.1.1.5 - | Syslog Audit 12 1 0 Timestamp=x"},
		{"<134>May 03 2026 01:02:03 a10-1 a10logd: [SYSTEM]<6> x", at + "a10-1 a10logd | [SYSTEM]<6> x"},
		{"<189>May  3 01:02:03 vedge1 SYSMGR[221]: %Viptela-vedge1-sysmgrd-6-INFO-1400002: x", at + "vedge1 SYSMGR[221] | %Viptela-vedge1-sysmgrd-6-INFO-1400002: x"},
		{"<113>May  3 01:02:03 fmc1 SFIMS: [1:2:3] x", at + "fmc1 SFIMS | [1:2:3] x"},
		{"<38>May  3 01:02:03 wsa1 accesslogs: Info: 1777770123.1 5 10.0.0.1 TCP_MISS/200", at + "wsa1 accesslogs | Info: 1777770123.1 5 10.0.0.1 TCP_MISS/200"},
		{"<134>May  3 01:02:03 bigip1 ASM:unit_hostname=\"b\",x=\"y\"", at + "bigip1 ASM | unit_hostname=\"b\",x=\"y\""},
		{"<111>1 2026-05-03T01:02:03 proxysg1 bluecoat - splunk_format - c-ip=10.0.0.1", at + "proxysg1 bluecoat splunk_format | c-ip=10.0.0.1"},
		{"<187>May  3 01:02:03 10.0.0.1 TMNX: 1234 Base PORT-MINOR-etherAlarmSet-2017 [Port 1/1/1]:  x", at + "10.0.0.1 TMNX | 1234 Base PORT-MINOR-etherAlarmSet-2017 [Port 1/1/1]:  x"},
		{"<134>1 2026-05-03T01:02:03.004567+00:00 OS10 dn_alm 123 - - Node.1-Unit.1:PRI [event], %IFM_OSTATE_UP: x", "2026-05-03T01:02:03.004567Z OS10 dn_alm[123] | Node.1-Unit.1:PRI [event], %IFM_OSTATE_UP: x"},
		{"<189> May  3 01:02:03 10.1.1.1-1 TRAPMGR[trapTask]: traputil.c(614) 215 %% Link Up", at + "10.1.1.1-1 TRAPMGR[trapTask] | traputil.c(614) 215 %% Link Up"},
		{"<14>1 2026-05-03T01:02:03.004Z esx1 Hostd 2099 - - info hostd[1] [Originator@6876 sub=x] y", "2026-05-03T01:02:03.004Z esx1 Hostd[2099] | info hostd[1] [Originator@6876 sub=x] y"},
		{"<29>1 2026-05-03T01:02:03.0Z EPO EPOEvents - EventFwd [agentInfo@3401 tenantId=\"1\"] <x/>", "2026-05-03T01:02:03.0Z EPO EPOEvents EventFwd [agentInfo@3401 tenantId=\"1\"] | <x/>"},
		{"<29>May  3 01:02:03 WIN1 Security-Auditing: 4624: AUDIT_SUCCESS x", at + "WIN1 Security-Auditing | 4624: AUDIT_SUCCESS x"},
		{"<13>May 03 01:02:03 WIN1 AgentDevice=WindowsLog\tAgentLogFile=Security", at + "WIN1 - | AgentDevice=WindowsLog#011AgentLogFile=Security"},
		{"<13>May  3 01:02:03 mac1 --- last message repeated 1 time ---", at + "mac1 - | --- last message repeated 1 time ---"},
		{"<30>May  3 01:02:03 h web/0f3c8a1b2d4e[1203]: GET /", at + "h web[1203] | GET /"},
		{"<135>GS_LOG: [00:0B:82:11:22:33][000][FF01] x", "- - GS_LOG | [00:0B:82:11:22:33][000][FF01] x"},
		{"<30>May  3 01:02:03 axis-00408c /usr/bin/motion[12]: x", at + "axis-00408c motion[12] | x"},
		{"<8>May 03 01:02:03 10.0.0.1 UPS: On battery power. 0x0109", at + "10.0.0.1 UPS | On battery power. 0x0109"},
		{"<14>May  3 01:02:03 [0x80e00047][cert-monitor][error] x", at + "- - | [0x80e00047][cert-monitor][error] x"},
		{"<134>May  3 01:02:03 usg60 src=\"10.0.0.1:1\" dst=\"10.0.0.2:2\" msg=\"x\" cat=\"Firewall\"", at + "usg60 - | src=\"10.0.0.1:1\" dst=\"10.0.0.2:2\" msg=\"x\" cat=\"Firewall\""},
		{"<134>1 2026-05-03T01:02:03Z FGT-1 - - - - date=2026-05-03 time=01:02:03 devname=\"FGT-1\"", at + "FGT-1 - | date=2026-05-03 time=01:02:03 devname=\"FGT-1\""},
		{"<13>May  3 01:02:03 gw [WAN_LOCAL-D-1]DESCR=\"x\" IN=eth0", at + "gw - | [WAN_LOCAL-D-1]DESCR=\"x\" IN=eth0"},
		{"<14>[2026-05-03 01:02:03,004] INFO x", "- - - | [2026-05-03 01:02:03,004] INFO x"},
		{"<190>May  3 01:02:03 sol11 sshd[4]: [ID 800047 auth.info] x", at + "sol11 sshd[4] | [ID 800047 auth.info] x"},
	})
}
