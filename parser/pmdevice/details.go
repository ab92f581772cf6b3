package pmdevice

import (
	"bytes"

	"syslogd/message"
	"syslogd/parser/pairs"
)

// Details implements message.Details: what $!device holds. Nothing of it is made
// before a configuration asks for it.
//
//	recogniser      what the message was recognised as, as in the metrics
//	vendor          as far as the format tells it
//	mnemonic        the name of the event, with facility and severity where it has them
//	sequence        the number that the device gave the message
//	unsynchronised  true if the device said that its clock is not set
//	product, version, name, severity, fields   of CEF and LEEF, and of key=value pairs
func (p *device) Details(m *message.Message) message.Value {
	obj := message.ObjectValue()
	b := message.NewBatch(nil)
	defer b.Release()
	k, c := p.again(b, m)
	name := "conformant"
	if k != none {
		name = kindNames[k][0]
	}
	put(&obj, "recogniser", name)
	switch k {
	case cisco:
		p.ciscoDetails(&obj, c)
	case keyValue:
		o := pairs.Default()
		put(&obj, "vendor", pairVendor(c.Msg()))
		obj.Put("fields", o.Read(c.Msg()), true)
	case meraki:
		put(&obj, "vendor", "Cisco Meraki")
		putBytes(&obj, "mnemonic", c.ProgramName())
	case netApp:
		put(&obj, "vendor", "NetApp")
		putBytes(&obj, "mnemonic", c.ProgramName())
	case netScaler:
		put(&obj, "vendor", "Citrix")
	case netScreen:
		put(&obj, "vendor", "Juniper")
	case routerOS:
		put(&obj, "vendor", "MikroTik")
		putBytes(&obj, "mnemonic", c.ProgramName())
	case snare:
		put(&obj, "vendor", "Snare")
	case uniFi:
		put(&obj, "vendor", "Ubiquiti")
	case aix:
		put(&obj, "vendor", "IBM")
	default:
		p.textDetails(&obj, c)
	}
	return obj
}

// DetailsName implements message.Details.
func (p *device) DetailsName() string { return p.name }

func put(obj *message.Value, name, value string) {
	if value != "" {
		obj.Put(name, message.StringValue(value), true)
	}
}

func putBytes(obj *message.Value, name string, value []byte) { put(obj, name, string(value)) }

// ciscoDetails tells what stands in the header of c.
func (p *device) ciscoDetails(obj *message.Value, c *message.Message) {
	raw := c.Raw()
	start := int(c.Program.Off)
	if !at(raw, start, '%') {
		start = int(c.MsgText.Off) // the mnemonic belongs to the text
	}
	h := ciscoFields{p: p, text: raw[:start], pos: skipBlanks(raw, int(c.AfterPRI))}
	known := h.read()
	vendor := "Cisco"
	if h.stacked {
		vendor = "Dell"
	}
	put(obj, "vendor", vendor)
	putMnemonic(obj, raw[start:])
	if known {
		putBytes(obj, "sequence", c.Bytes(h.seq))
	}
	if h.unsync {
		obj.Put("unsynchronised", message.BoolValue(true), true)
	}
}

// putMnemonic takes %FACILITY-n-NAME at the start of b apart.
func putMnemonic(obj *message.Value, b []byte) bool {
	end := mnemonicEnd(b, 0)
	if len(b) == 0 || b[0] != '%' || end == 0 {
		return false
	}
	name := b[1:end]
	putBytes(obj, "mnemonic", name)
	for i := 1; i+2 < len(name); i++ {
		if name[i-1] != '-' && name[i] == '-' && name[i+2] == '-' {
			putBytes(obj, "facility", name[:i])
			putBytes(obj, "severity", name[i+1:i+2])
			putBytes(obj, "name", name[i+3:])
			break
		}
	}
	return true
}

// textDetails looks at a message without a dialect of its own: CEF, LEEF, the
// mnemonics of Huawei, Comware, Arista and F5.
func (p *device) textDetails(obj *message.Value, c *message.Message) {
	program, text := c.ProgramName(), bytes.TrimLeft(c.Msg(), " ")
	if h, ok := pairs.Structured(text, string(program)); ok {
		h.Put(obj)
		return
	}
	switch {
	case hasPrefix(program, 0, "%%"):
		p.huaweiDetails(obj, c)
	case putMnemonic(obj, program):
		put(obj, "vendor", "Cisco")
	case putMnemonic(obj, afterNumber(text)):
		vendor := "Arista" // time host Agent: [number:] %FACILITY-n-NAME: text
		switch {
		case hasPrefix(text, 0, "%Viptela-"):
			vendor = "Cisco"
		case len(program) > 0 && is(program[0], small): // Junos with explicit-priority
			vendor = "Juniper"
		}
		put(obj, "vendor", vendor)
	case len(text) > 11 && run(text, 0, hexDigit) == 8 && text[8] == ':' && is(text[9], digit) && text[10] == ':':
		put(obj, "vendor", "F5")
		putBytes(obj, "mnemonic", text[:8])
		putBytes(obj, "severity", text[9:10])
	case hasPrefix(text, 0, "date=") && pairVendor(text) == "Fortinet": // in RFC 5424
		o := pairs.Default()
		put(obj, "vendor", "Fortinet")
		obj.Put("fields", o.Read(text), true)
	case isTopics(program):
		put(obj, "vendor", "MikroTik")
		putBytes(obj, "mnemonic", program)
	default:
		vendor := enterprise(c.StructuredData())
		if vendor == "" {
			vendor = programVendor(program, text)
		}
		put(obj, "vendor", vendor)
		if id := c.MsgID(); vendor == "Juniper" && string(id) != "-" {
			putBytes(obj, "mnemonic", id)
		}
	}
}

// afterNumber is text behind a number that Arista counts messages with.
func afterNumber(text []byte) []byte {
	if n := run(text, 0, digit); n > 0 && at(text, n, ':') {
		return text[skipBlanks(text, n+1):]
	}
	return text
}

// enterprises are vendors by the number that IANA has given them.
var enterprises = map[string]string{
	"9": "Cisco", "311": "Microsoft", "2620": "Check Point", "2636": "Juniper", "3401": "McAfee", "6574": "Synology", "6876": "VMware",
	"12276": "F5", "12356": "Fortinet", "14506": "NXLog", "14823": "Aruba", "17472": "Tanium", "25461": "Palo Alto Networks", "31023": "Veeam",
}

// enterprise tells the vendor from the identifier of the first element of structured
// data: [name@number, where the number may begin with 1.3.6.1.4.1.
func enterprise(sd []byte) string {
	end := bytes.IndexAny(sd, " ]")
	mark := bytes.IndexByte(sd, '@')
	if mark < 0 || end < mark {
		return ""
	}
	number := bytes.TrimPrefix(sd[mark+1:end], []byte("1.3.6.1.4.1."))
	number = bytes.TrimLeft(number, "0")
	return enterprises[string(number[:run(number, 0, digit)])]
}

// programVendor tells the vendor from the program, or from the start of the text.
func programVendor(program, text []byte) string {
	for _, v := range [...]struct{ prefix, vendor string }{
		{"CISE_", "Cisco"}, {"CSCOacs_", "Cisco"}, {"SFIMS", "Cisco"}, {"CPPM_", "Aruba"}, {"CheckPoint", "Check Point"}, {"RT_FLOW", "Juniper"}, {"ASM", "F5"},
		{"ProxySG", "Blue Coat"}, {"SymantecServer", "Symantec"}, {"raslogd", "Brocade"}, {"TMNX", "Nokia"},
	} {
		if hasPrefix(program, 0, v.prefix) {
			return v.vendor
		}
	}
	// 1,2026/05/03 01:02:03,0011,TRAFFIC,
	if n := run(text, 0, digit); n > 0 && at(text, n, ',') && at(text, n+5, '/') && at(text, n+8, '/') && at(text, n+20, ',') {
		return "Palo Alto Networks"
	}
	return ""
}

// huaweiDetails takes %%01MODULE/n/NAME(l) apart.
func (p *device) huaweiDetails(obj *message.Value, c *message.Message) {
	name := bytes.TrimLeft(c.ProgramName(), "%")
	vendor := "Huawei"
	if hasPrefix(name, 0, "10") {
		vendor = "HPE Comware"
	}
	put(obj, "vendor", vendor)
	name = name[run(name, 0, digit):]
	if n := bytes.IndexByte(name, '('); n > 0 {
		name = name[:n]
	}
	putBytes(obj, "mnemonic", name)
	if parts := bytes.SplitN(name, []byte("/"), 3); len(parts) == 3 {
		putBytes(obj, "facility", parts[0])
		putBytes(obj, "severity", parts[1])
		putBytes(obj, "name", parts[2])
	}
	if id := c.ProcID(); string(id) != "-" {
		putBytes(obj, "sequence", id)
	}
}

// pairVendor tells the vendor from the keys of a message of pairs.
func pairVendor(text []byte) string {
	for _, v := range [...]struct{ key, vendor string }{
		{"device=\"SFW\"", "Sophos"}, {"device_name=\"SFW\"", "Sophos"}, {"devname=", "Fortinet"}, {"device_id=F", "Fortinet"}, {"log_component=", "Sophos"},
		{" sn=", "SonicWall"}, {"|hostname=", "Check Point"}, {" fw=\"", "Stormshield"},
	} {
		if bytes.Contains(text[:min(len(text), 1024)], []byte(v.key)) {
			return v.vendor
		}
	}
	return ""
}
