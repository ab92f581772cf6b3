package template

import (
	"syslogd/message"
	"syslogd/router/property"
)

// kind says how a part is rendered: the common ones have a short way, which
// yields what the general one would.
type kind uint8

const (
	general    kind = iota
	constant        // text
	direct          // a property that needs nothing done to it
	firstSpace      // sp-if-no-1st-sp
	noLastLF        // drop-last-lf
	rfc3164         // a time stamp as in RFC 3164
	rfc3339         // a time stamp as in RFC 3339
)

// kindOf returns the way to render a property.
func kindOf(p *property.Property, r *replacer) kind {
	switch {
	case r.isPlain() && !p.IsTime():
		return direct
	case r.isPlain() && !r.utc && (r.date == dateRFC3164 || r.date == dateBuggyDay):
		return rfc3164
	case r.isPlain() && !r.utc && r.date == dateRFC3339:
		return rfc3339
	case p.IsTime():
		return general
	}
	rest := *r
	switch {
	case r.spaceIfNone:
		rest.spaceIfNone, rest.spaceGen = false, false
		if rest.isPlain() {
			return firstSpace
		}
	case r.dropLF:
		rest.dropLF = false
		if rest.isPlain() {
			return noLastLF
		}
	}
	return general
}

// appendFast renders a part that is not general.
func (p *part) appendFast(dst []byte, m *message.Message, ctx *property.Context) []byte {
	switch p.kind {
	case constant:
		return append(dst, p.constant...)
	case direct:
		return append(dst, p.prop.Get(m, ctx)...)
	case firstSpace:
		return p.spec.firstSpace(dst, p.prop.Get(m, ctx))
	case noLastLF:
		value := p.prop.Get(m, ctx)
		if n := len(value); n > 0 && value[n-1] == '\n' {
			value = value[:n-1]
		}
		return append(dst, value...)
	case rfc3339:
		return ctx.AppendRFC3339(dst, p.prop.Timestamp(m))
	}
	if p.spec.date.zeroDay(&p.prop, m, false) {
		return p.prop.Timestamp(m).AppendRFC3164(dst, true)
	}
	return ctx.AppendRFC3164(dst, p.prop.Timestamp(m))
}
