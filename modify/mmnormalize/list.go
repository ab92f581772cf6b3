package mmnormalize

import (
	"strings"

	"syslogd/message"
)

// nameValueList is name=value pairs between blanks, or between the separator
// given as extradata, up to the end of the text.
func nameValueList(_ *rulebase, p params) (fieldParser, error) {
	sep := p.str("separator")
	if sep == "" {
		sep = p.str("extradata")
	}
	if sep == "" {
		sep = " "
	}
	assign := p.str("assignator")
	if assign == "" {
		assign = "="
	}
	return valueField(func(s string) (message.Value, int) {
		obj := message.ObjectValue()
		rest := s
		for {
			rest = strings.TrimLeft(rest, " ")
			if rest == "" {
				break
			}
			name, after, found := strings.Cut(rest, assign)
			if !found || name == "" || strings.ContainsAny(name, " "+sep) {
				return obj, -1
			}
			var value string
			if strings.HasPrefix(after, `"`) || strings.HasPrefix(after, "'") {
				var ok bool
				if value, after, ok = strings.Cut(after[1:], after[:1]); !ok {
					return obj, -1
				}
			} else {
				n := strings.Index(after, sep)
				if n < 0 {
					n = len(after)
				}
				value, after = after[:n], after[n:]
			}
			obj.Put(name, message.StringValue(value), true)
			rest = strings.TrimPrefix(after, sep)
		}
		return obj, len(s)
	}), nil
}

// v2iptables is what netfilter logs: NAME=value and NAME, at least two of them,
// to the end of the text. A NAME alone is null.
func v2iptables(s string) (message.Value, int) {
	obj := message.ObjectValue()
	words := strings.Split(strings.TrimRight(s, " "), " ")
	for _, w := range words {
		name, value, found := strings.Cut(w, "=")
		if name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return obj, -1
		}
		if found {
			obj.Put(name, message.StringValue(value), true)
		} else {
			obj.Put(name, message.Value{}, true)
		}
	}
	if len(words) < 2 {
		return obj, -1
	}
	return obj, len(s)
}

// iptables is any words with and without values, to the end of the text.
func iptables(s string) (message.Value, int) {
	obj := message.ObjectValue()
	for _, w := range strings.Fields(s) {
		name, value, found := strings.Cut(w, "=")
		if !found {
			value = "[*PRESENT*]"
		}
		obj.Put(name, message.StringValue(value), true)
	}
	if obj.Len() == 0 {
		return obj, -1
	}
	return obj, len(s)
}

// checkpointLEA is "name: value; name: value;".
func checkpointLEA(_ *rulebase, p params) (fieldParser, error) {
	terminator := p.str("terminator")
	return valueField(func(s string) (message.Value, int) {
		obj := message.ObjectValue()
		at := 0
		for at < len(s) {
			for at < len(s) && s[at] == ' ' {
				at++
			}
			if at == len(s) || terminator != "" && strings.HasPrefix(s[at:], terminator) {
				break
			}
			colon := strings.IndexByte(s[at:], ':')
			if colon <= 0 {
				return obj, -1
			}
			end := strings.IndexByte(s[at+colon:], ';')
			if end < 0 {
				return obj, -1
			}
			obj.Put(s[at:at+colon], message.StringValue(strings.TrimLeft(s[at+colon+1:at+colon+end], " ")), true)
			at += colon + end + 1
		}
		if obj.Len() == 0 {
			return message.Value{}, at // liblognorm has null for none
		}
		return obj, at
	}), nil
}

// jsonField is a JSON object, with the blanks behind it.
func jsonField(s string) (message.Value, int) {
	if !strings.HasPrefix(s, "{") {
		return message.Value{}, -1
	}
	v, n, err := message.ParseJSON(s)
	if err != nil {
		return v, -1
	}
	for n < len(s) && isSpace(s[n]) {
		n++
	}
	return v, n
}

// ceeSyslog is "@cee:" and JSON to the end of the text.
func ceeSyslog(s string) (message.Value, int) {
	rest, ok := strings.CutPrefix(s, "@cee:")
	if !ok {
		return message.Value{}, -1
	}
	rest = strings.TrimLeft(rest, " \t")
	v, n := jsonField(rest)
	if n != len(rest) {
		return v, -1
	}
	return v, len(s)
}

// cef is ArcSight's format; names are those of its header.
func cef(s string) (message.Value, int) {
	rest, ok := strings.CutPrefix(s, "CEF:0|")
	obj := message.ObjectValue()
	if !ok {
		return obj, -1
	}
	for _, name := range []string{"DeviceVendor", "DeviceProduct", "DeviceVersion", "SignatureID", "Name", "Severity"} {
		value, n := cefValue(rest, '|')
		if n < 0 {
			return obj, -1
		}
		obj.Put(name, message.StringValue(value), true)
		rest = rest[n+1:]
	}
	ext, ok := cefExtensions(rest)
	if !ok {
		return obj, -1
	}
	obj.Put("Extensions", ext, true)
	return obj, len(s)
}

// cefValue reads up to an end that is not escaped, and returns where it is.
func cefValue(s string, end byte) (string, int) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == end:
			return out.String(), i
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '\\' || s[i+1] == '|'):
			i++
		}
		out.WriteByte(s[i])
	}
	return "", -1
}

// cefExtensions is key=value pairs; a value goes up to the blank in front of the next key.
func cefExtensions(s string) (message.Value, bool) {
	obj := message.ObjectValue()
	s = strings.TrimLeft(s, " ")
	for s != "" {
		name, rest, found := strings.Cut(s, "=")
		if !found || name == "" || strings.ContainsAny(name, " ") {
			return obj, false
		}
		end := len(rest)
		for i := 0; i < len(rest); i++ {
			if rest[i] == '\\' {
				i++
				continue
			}
			if rest[i] == '=' {
				end = strings.LastIndexByte(rest[:i], ' ')
				break
			}
		}
		if end < 0 {
			return obj, false
		}
		obj.Put(name, message.StringValue(cefUnescape.Replace(rest[:end])), true)
		s = strings.TrimLeft(rest[end:], " ")
	}
	return obj, true
}

var cefUnescape = strings.NewReplacer(`\=`, "=", `\\`, `\`, `\n`, "\n", `\r`, "\r")

// ciscoInterface is [interface:]address/port [(address/port)] [(user)].
func ciscoInterface(s string) (message.Value, int) {
	obj := message.ObjectValue()
	at := 0
	if n := ipv4(s); n < 0 {
		colon := strings.IndexByte(s, ':')
		if colon <= 0 || strings.ContainsAny(s[:colon], " /()") {
			return obj, -1
		}
		obj.Put("interface", message.StringValue(s[:colon]), true)
		at = colon + 1
	}
	addressPort := func(s, ip, port string) int {
		n := ipv4(s)
		if n < 0 || n >= len(s) || s[n] != '/' {
			return -1
		}
		d := digits(s[n+1:])
		if d == 0 {
			return -1
		}
		obj.Put(ip, message.StringValue(s[:n]), true)
		obj.Put(port, message.StringValue(s[n+1:n+1+d]), true)
		return n + 1 + d
	}
	n := addressPort(s[at:], "ip", "port")
	if n < 0 {
		return obj, -1
	}
	at += n
	if rest, found := strings.CutPrefix(s[at:], " ("); found {
		if n := addressPort(rest, "ip2", "port2"); n > 0 && strings.HasPrefix(rest[n:], ")") {
			at += n + 3
		}
	}
	blank := 0
	if strings.HasPrefix(s[at:], " (") {
		blank = 1
	}
	if strings.HasPrefix(s[at+blank:], "(") {
		if end := strings.IndexByte(s[at+blank:], ')'); end > 1 && !strings.Contains(s[at+blank:at+blank+end], " ") {
			obj.Put("user", message.StringValue(s[at+blank+1:at+blank+end]), true)
			at += blank + end + 1
		}
	}
	return obj, at
}
