package param

import (
	"os/user"
	"strconv"
	"strings"
	"time"

	"syslogd/message"
)

// Value is a parameter with the value that an object has.
type Value struct {
	*Info
	// Items is the value as it would be written, one item unless the parameter
	// is an array; nil when it is not set.
	Items []string
}

// Values returns the parameters that can have a value, with those of c, in the
// order of the table. Twins are left out.
func (t Table[C]) Values(c *C) []Value {
	var out []Value
	for _, p := range t {
		if p.get != nil && p.TwinOf == "" {
			out = append(out, Value{Info: &p.Info, Items: p.get(c)})
		}
	}
	return out
}

// OnOff is how a switch is written.
func OnOff(v bool) string {
	if v {
		return "on"
	}
	return "off"
}

// SizeText is n as ParseSize reads it, with the largest suffix that is exact.
func SizeText(n int64) string {
	const suffixes = "kmgtpe"
	suffix := ""
	for i := 0; i < len(suffixes) && n >= 1024 && n%1024 == 0; i++ {
		n, suffix = n/1024, suffixes[i:i+1]
	}
	return strconv.FormatInt(n, 10) + suffix
}

func charText(c byte) string {
	if c == 0 {
		return ""
	}
	return string([]byte{c})
}

// facilityText is the name of f, or its number where the name is read as another one.
func facilityText(f message.Facility) string {
	if named, ok := message.FacilityNamed(f.String()); ok && named == f {
		return f.String()
	}
	return strconv.Itoa(int(f))
}

func severityText(s message.Severity) string {
	if named, ok := message.SeverityNamed(s.String()); ok && named == s {
		return s.String()
	}
	return strconv.Itoa(int(s))
}

func userName(id int) string {
	if id == NoID {
		return ""
	}
	number := strconv.Itoa(id)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return number
}

func groupName(id int) string {
	if id == NoID {
		return ""
	}
	number := strconv.Itoa(id)
	if g, err := user.LookupGroupId(number); err == nil {
		return g.Name
	}
	return number
}

// durationText is d as parseDuration reads it, in the largest unit that is exact.
func durationText(d time.Duration) string {
	const units = "wdhms"
	for i := range units {
		if unit := durationUnits[units[i]]; d >= unit && d%unit == 0 {
			return strconv.FormatInt(int64(d/unit), 10) + units[i:i+1]
		}
	}
	if d == 0 {
		return "0s"
	}
	return strings.TrimSuffix(d.String(), "0s")
}
