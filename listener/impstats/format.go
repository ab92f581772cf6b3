package impstats

import (
	"fmt"
	"strconv"
	"strings"

	"syslogd/message"
	"syslogd/metrics"
)

// record is a line of a report: statistics with the values to show.
type record struct {
	*metrics.Stats
	values []uint64
}

// append writes the record in the format. Prometheus needs several lines.
func (r *record) append(dst []byte, f format) []byte {
	switch f {
	case formatLegacy:
		return r.legacy(dst)
	case formatPrometheus:
		return r.prometheus(dst)
	case formatCEE:
		dst = append(dst, "@cee: "...)
	}
	return r.json(dst, f == formatElasticsearch)
}

func (r *record) legacy(dst []byte) []byte {
	if r.Sender != "" { // without the blank at the end, as in rsyslogd
		return fmt.Appendf(dst, "%s: sender=%s messages=%d", r.Name, r.Sender, r.values[0])
	}
	dst = append(dst, r.Name...)
	dst = append(append(dst, ": origin="...), r.Origin...)
	for i, c := range r.Counters {
		dst = append(append(append(dst, ' '), c.Name...), '=')
		dst = strconv.AppendUint(dst, r.values[i], 10)
	}
	return append(dst, ' ')
}

func (r *record) json(dst []byte, elastic bool) []byte {
	text := func(name, s string) {
		dst = append(append(append(dst, ' ', '"'), name...), `": "`...)
		dst = append(message.AppendJSONEscaped(dst, s), `",`...)
	}
	dst = append(dst, '{')
	text("name", r.Name)
	text("origin", r.Origin)
	if r.Sender != "" {
		text("sender", r.Sender)
	}
	if r.Nested {
		dst = append(dst, ` "values": {`...)
	}
	for i, c := range r.Counters {
		name := c.Name
		if elastic {
			name = strings.ReplaceAll(name, ".", "!")
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, ' ', '"')
		dst = append(message.AppendJSONEscaped(dst, name), `": `...)
		dst = strconv.AppendUint(dst, r.values[i], 10)
	}
	if r.Nested {
		dst = append(dst, " }"...)
	}
	return append(dst, " }"...)
}

// prometheus writes three lines a counter, as rsyslogd does since 8.2508.
func (r *record) prometheus(dst []byte) []byte {
	if r.Sender != "" {
		name := metricName(r.Name + "_messages_total")
		return fmt.Appendf(dst, "%s{sender=%q} %d", name, r.Sender, r.values[0])
	}
	for i, c := range r.Counters {
		name := metricName(r.Name + "_" + c.Name + "_total")
		if i > 0 {
			dst = append(dst, '\n')
		}
		dst = fmt.Appendf(dst, "# HELP %s rsyslog stats: origin=%q object=%q, counter=%q\n# TYPE %s counter\n%s %d",
			name, r.Origin, r.Name, c.Name, name, name, r.values[i])
	}
	return dst
}

// metricName escapes what a Prometheus name can not have: U__ in front, and
// _HEX_ in place of the byte; underscores are doubled then.
func metricName(s string) string {
	plain := func(i int, c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' || i > 0 && c >= '0' && c <= '9'
	}
	ok := true
	for i := range len(s) {
		ok = ok && plain(i, s[i])
	}
	if ok {
		return s
	}
	var b strings.Builder
	b.WriteString("U__")
	for i, c := range s {
		switch {
		case c == '_':
			b.WriteString("__")
		case c < 128 && plain(i, byte(c)):
			b.WriteRune(c)
		default:
			fmt.Fprintf(&b, "_%x_", c)
		}
	}
	return b.String()
}
