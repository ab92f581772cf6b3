package pmdevice

import "testing"

func TestCiscoIOS(t *testing.T) {
	cases(t, [][2]string{
		{"<189>%SYS-5-CONFIG_I: Configured from console by vty0", "- - %SYS-5-CONFIG_I | Configured from console by vty0"},
		{"<189>77: %LINEPROTO-5-UPDOWN: Line protocol on Interface Vlan1, changed state to up", "- - %LINEPROTO-5-UPDOWN | Line protocol on Interface Vlan1, changed state to up"},
		{"<187>77: Mar  1 18:48:50.483: %SYS-3-CPUHOG: Task ran", "2026-03-01T18:48:50.483Z - %SYS-3-CPUHOG | Task ran"},
		{"<187>77: Mar  1 18:48:50.483 UTC: %SYS-3-CPUHOG: Task ran", "2026-03-01T18:48:50.483Z - %SYS-3-CPUHOG | Task ran"},
		{"<187>77: *Mar  1 00:00:48.483: %SYS-3-CPUHOG: Task ran", "2026-03-01T00:00:48.483Z - %SYS-3-CPUHOG | Task ran"},
		{"<187>77: .Mar  1 18:48:50: %SYS-3-CPUHOG: Task ran", "2026-03-01T18:48:50Z - %SYS-3-CPUHOG | Task ran"},
		{"<187>00:00:46: %LINK-3-UPDOWN: Interface Port-channel1, changed state to up", "- - %LINK-3-UPDOWN | Interface Port-channel1, changed state to up"},
		{"<187>5: 1w2d: %LINK-3-UPDOWN: Interface Port-channel1", "- - %LINK-3-UPDOWN | Interface Port-channel1"},
		{"<187>5: 3d04h: %LINK-3-UPDOWN: up", "- - %LINK-3-UPDOWN | up"},
		{"<187>5: rtr1: 000012: May 30 2026 01:02:03.004 CEST: %LINK-3-UPDOWN: up", "2026-05-30T01:02:03.004+02:00 rtr1 %LINK-3-UPDOWN | up"},
		{"<187>5: 10.1.2.3 000012: May 30 01:02:03: %LINK-3-UPDOWN: up", "2026-05-30T01:02:03Z 10.1.2.3 %LINK-3-UPDOWN | up"},
		{"<187>5: 2001:db8::5: May 30 01:02:03: %LINK-3-UPDOWN: up", "2026-05-30T01:02:03Z 2001:db8::5 %LINK-3-UPDOWN | up"},
		{"<187>5: rtr1.example.com: %SYS-SP-STDBY-5-RESTART: System restarted --", "- rtr1.example.com %SYS-SP-STDBY-5-RESTART | System restarted --"},
		{"<187>May 30 01:02:03 relay1 5: rtr1: .May 30 01:02:01.500 CEST: %BGP-5-ADJCHANGE: neighbor 192.0.2.1 Down", "2026-05-30T01:02:01.500+02:00 rtr1 %BGP-5-ADJCHANGE | neighbor 192.0.2.1 Down"},
		{"<187>2026-05-30T01:02:03+02:00 relay1 5: May 30 01:02:01.500: %BGP-5-ADJCHANGE: neighbor", "2026-05-30T01:02:01.500Z relay1 %BGP-5-ADJCHANGE | neighbor"},
		{"<189>12: rtr1: 000033: Nov 22 10:00:00.1: %PARSER-5-CFGLOG_LOGGEDCMD: User:a  logged command:%x", "2025-11-22T10:00:00.1Z rtr1 %PARSER-5-CFGLOG_LOGGEDCMD | User:a  logged command:%x"},
		{"<186>2026 May  3 01:02:03.123 n9k-1 %$ VDC-1 %$ %PLATFORM-2-PS_OK: Power supply 1 ok", "2026-05-03T01:02:03.123Z n9k-1 %PLATFORM-2-PS_OK | Power supply 1 ok"},
		{"<186>: 2026 May  3 01:02:03 CEST: %ETHPORT-5-IF_UP: Interface Ethernet1/1 is up", "2026-05-03T01:02:03+02:00 - %ETHPORT-5-IF_UP | Interface Ethernet1/1 is up"},
		{"<186>May  3 01:02:03 apic1 %LOG_LOCAL7-2-SYSTEM_MSG [F0321][raised][unhealthy][critical][topology/pod-1] Controller 3 is unhealthy", "2026-05-03T01:02:03Z apic1 %LOG_LOCAL7-2-SYSTEM_MSG | [F0321][raised][unhealthy][critical][topology/pod-1] Controller 3 is unhealthy"},
		{"<189>90: cucm1.example.com: May 03 2026 03:02:03 PM.250 UTC :  %UC_CALLMANAGER-3-DeviceUnregistered: %[DeviceName=SEP00][IPAddress=10.1.1.1]", "2026-05-03T15:02:03.250Z cucm1.example.com %UC_CALLMANAGER-3-DeviceUnregistered | %[DeviceName=SEP00][IPAddress=10.1.1.1]"},
		{"<190>: 2026 May  3 01:02:03 UTC: %UCSM-6-EVENT: [E4195931][1][transition]", "2026-05-03T01:02:03Z - %UCSM-6-EVENT | [E4195931][1][transition]"},
		{"<190>%AAA-I-CONNECT: New http connection for user admin", "- - %AAA-I-CONNECT | New http connection for user admin"},
		// Debugging output has no mnemonic.
		{"<191>45: May  3 01:02:03.004: ICMP: echo reply sent", "2026-05-03T01:02:03.004Z - - | ICMP: echo reply sent"},
		{"<191>45: rtr1: *May  3 01:02:03.004 CEST: ICMP: echo reply sent", "2026-05-03T01:02:03.004+02:00 rtr1 - | ICMP: echo reply sent"},
		{"<191>45: rtr1: 46: May  3 01:02:03.004: IP: x", "2026-05-03T01:02:03.004Z rtr1 - | IP: x"},
		{"<191>45: nothing else", "- - - | 45: nothing else"},
		// A program that writes percent signs is not a device.
		{"<30>May  3 01:02:03 web1 app[7]: 100% done: %SYS-5-X: no", "2026-05-03T01:02:03Z web1 app[7] | 100% done: %SYS-5-X: no"},
		{"<189>May  3 01:02:03 leaf1 Ebra: %LINEPROTO-5-UPDOWN: Line protocol down", "2026-05-03T01:02:03Z leaf1 Ebra | %LINEPROTO-5-UPDOWN: Line protocol down"},
		{"<189>May  3 01:02:03 Ebra: %LINEPROTO-5-UPDOWN: Line protocol down", "2026-05-03T01:02:03Z - Ebra | %LINEPROTO-5-UPDOWN: Line protocol down"},
	})
}

func TestCiscoIOSXR(t *testing.T) {
	cases(t, [][2]string{
		{"<189>88: asr9k-1 RP/0/RSP0/CPU0:May  3 01:02:03.004 CEST: config[65710]: %MGBL-SYS-5-CONFIG_I : Configured from console", "2026-05-03T01:02:03.004+02:00 asr9k-1 config[65710] | %MGBL-SYS-5-CONFIG_I : Configured from console"},
		{"<189>88: RP/0/RP0/CPU0:May  3 01:02:03.004 : bgp[1052]: %ROUTING-BGP-5-ADJCHANGE : neighbor 10.0.0.1 Up", "2026-05-03T01:02:03.004Z - bgp[1052] | %ROUTING-BGP-5-ADJCHANGE : neighbor 10.0.0.1 Up"},
		{"<187>88: ncs1 LC/0/1/CPU0:2026 May  3 01:02:03.004 UTC: fia_driver[201]: %FABRIC-FIA-3-ERROR : x", "2026-05-03T01:02:03.004Z ncs1 fia_driver[201] | %FABRIC-FIA-3-ERROR : x"},
		{"<187>May  3 01:02:04 relay1 88: ncs1 0/RP0/ADMIN0:May  3 01:02:03.004 : envmon[3100]: %PKT_INFRA-FM-3-FAULT_MAJOR : fan", "2026-05-03T01:02:03.004Z ncs1 envmon[3100] | %PKT_INFRA-FM-3-FAULT_MAJOR : fan"},
	})
}

func TestCiscoWirelessController(t *testing.T) {
	cases(t, [][2]string{
		{"<134>wlc5508: *Dot1x_NW_MsgTask_3: May 03 01:02:03.004: %DOT1X-3-MAX_EAP_RETRIES: 1x_auth_pae.c:3992 Max EAP identity", "2026-05-03T01:02:03.004Z wlc5508 Dot1x_NW_MsgTask_3 | %DOT1X-3-MAX_EAP_RETRIES: 1x_auth_pae.c:3992 Max EAP identity"},
		{"<134>wlc5508: *SISF BT Process: May 03 01:02:03.004: %SISF-4-RADIX: x", "2026-05-03T01:02:03.004Z wlc5508 SISF BT Process | %SISF-4-RADIX: x"},
		{"<134>*apfMsConnTask_1: May 03 01:02:03.004: %APF-4-ADD_TO_BLACKLIST_REASON: x", "2026-05-03T01:02:03.004Z - apfMsConnTask_1 | %APF-4-ADD_TO_BLACKLIST_REASON: x"},
		{"<132>88: AP:0081.c4aa.bbcc: *May  3 01:02:03.004: %CAPWAP-5-CHANGED: state", "2026-05-03T01:02:03.004Z 0081.c4aa.bbcc %CAPWAP-5-CHANGED | state"},
		{"<132>AP:00:81:c4:aa:bb:cc: *May  3 01:02:03.004: %CAPWAP-5-CHANGED: state", "2026-05-03T01:02:03.004Z 00:81:c4:aa:bb:cc %CAPWAP-5-CHANGED | state"},
	})
}

func TestCiscoFirewalls(t *testing.T) {
	cases(t, [][2]string{
		{"<166>%ASA-6-305012: Teardown dynamic TCP translation", "- - %ASA-6-305012 | Teardown dynamic TCP translation"},
		{"<166>May 03 2026 01:02:03: %ASA-6-305012: Teardown", "2026-05-03T01:02:03Z - %ASA-6-305012 | Teardown"},
		{"<166>May 03 2026 01:02:03 fw1 : %ASA-6-305012: Teardown", "2026-05-03T01:02:03Z fw1 %ASA-6-305012 | Teardown"},
		{"<166>May 03 2026 01:02:03 ctx-a/fw1 : %ASA-6-305012: Teardown", "2026-05-03T01:02:03Z ctx-a/fw1 %ASA-6-305012 | Teardown"},
		{"<166>:May 03 01:02:03 CEST: %ASA-vpn-6-113039: Group <DfltGrpPolicy> User <u>", "2026-05-03T01:02:03+02:00 - %ASA-vpn-6-113039 | Group <DfltGrpPolicy> User <u>"},
		{"<166>2026-05-03T01:02:03Z fw1 : %ASA-6-302014: Teardown TCP", "2026-05-03T01:02:03Z fw1 %ASA-6-302014 | Teardown TCP"},
		{"<166>2026-05-03T01:02:03Z: %FTD-5-111008: User 'enable_1'", "2026-05-03T01:02:03Z - %FTD-5-111008 | User 'enable_1'"},
		{"<164>May 03 01:02:03 192.0.2.9 %FWSM-4-106023: Deny udp", "2026-05-03T01:02:03Z 192.0.2.9 %FWSM-4-106023 | Deny udp"},
		{"<164>May 03 2026 01:02:03 192.0.2.9: %PIX-4-106023: Deny udp", "2026-05-03T01:02:03Z 192.0.2.9 %PIX-4-106023 | Deny udp"},
	})
}

func TestMeraki(t *testing.T) {
	cases(t, [][2]string{
		{"<134>1 1780000000.123456789 MX_Paris flows allow src=192.168.10.254 dst=8.8.8.8", "2026-05-28T20:26:40.123456789Z MX_Paris flows | allow src=192.168.10.254 dst=8.8.8.8"},
		{"<134>1 1780000000.5 MR18 airmarshal_events type=rogue_ssid_detected ssid=''", "2026-05-28T20:26:40.5Z MR18 airmarshal_events | type=rogue_ssid_detected ssid=''"},
		{"<134>1 0.0 MS220_8P events type=8021x_deauth port='3'", "- MS220_8P events | type=8021x_deauth port='3'"},
		{"<134>1 1780000000.5 MX84 security_event ids_alerted signature=1:41944:2", "2026-05-28T20:26:40.5Z MX84 security_event | ids_alerted signature=1:41944:2"},
	})
}
