package template

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"syslogd/message"
	"syslogd/router/property"
)

// A template that names a file is rendered so that a message chooses among names, not
// among places: what a sender wrote stays within one element of the path, and the
// element is neither empty nor hidden by it. Bytes that would do harm are written as in
// an URL, so that different values stay different names:
//
//	/                                     %2f
//	. at the begin of an element          %2e, which covers . and ..
//	control and format characters,        %xx
//	bytes that are no UTF-8
//	% in front of two digits of that      %25, but not that of %SYS-5-CONFIG_I
//	nothing where an element should be    _ (and a lone _ becomes %5f)
//
// Three dots and more in front of a suffix of the template (....log) stay, as in rsyslogd.
//
// Slashes and dots of the configuration stay what they are: constants of the template,
// and those of variables that message.Marks tells apart. Where secpath-replace or
// secpath-drop is asked for, slashes and dots are as rsyslogd makes them.

// ForPath returns the template as it names files. t does not change.
func (t *Template) ForPath() *Template {
	c := *t
	c.path = true
	c.parts = append([]part(nil), t.parts...)
	for i := range c.parts {
		p := &c.parts[i]
		p.run = nil
		spec := p.spec
		spec.secure = keepSlash
		p.element = p.kind != constant && spec.isPlain() && t.escape == noEscape &&
			p.prop.ID != property.Var && !p.prop.IsTime()
	}
	return &c
}

// appendPath renders m as a path.
func (t *Template) appendPath(dst []byte, m *message.Message, ctx *property.Context) []byte {
	if t.tree != nil || t.object || t.subtree != nil {
		return t.appendWholeAsElement(dst, m, ctx)
	}
	begin := len(dst)
	missing := false // an element that began with a property is empty so far
	for i := range t.parts {
		p := &t.parts[i]
		if p.kind == constant {
			if missing && p.constant[0] == '/' {
				dst = append(dst, '_')
			}
			missing = false
			dst = append(dst, p.constant...)
			continue
		}
		if p.element {
			if value := p.prop.Get(m, ctx); suitsPath(value) {
				dst = append(dst, value...)
				missing = false
				continue
			}
		}
		start := len(dst)
		first := start == begin || dst[start-1] == '/'
		var marks message.Marks
		dst, marks = t.appendMarked(dst, p, m, ctx)
		if !p.spec.fitsPath(dst[start:], first) && !(t.suffixed(i) && onlyDots(dst[start:])) {
			ctx.Temp = append(ctx.Temp[:0], dst[start:]...)
			dst = p.spec.appendElements(dst[:start], ctx.Temp, first, marks)
		}
		missing = len(dst) == start && (first || missing)
	}
	if missing {
		dst = append(dst, '_')
	}
	return dst
}

// suffixed reports whether the element of part i goes on with a constant.
func (t *Template) suffixed(i int) bool {
	return i+1 < len(t.parts) && t.parts[i+1].kind == constant && t.parts[i+1].constant[0] != '/'
}

// appendWholeAsElement is for templates that have no parts between which slashes of
// the configuration could stand.
func (t *Template) appendWholeAsElement(dst []byte, m *message.Message, ctx *property.Context) []byte {
	plain := *t
	plain.path = false
	var marks message.Marks
	if t.subtree != nil {
		marks = t.subtree.Value(m, ctx).Marks()
	}
	value := plain.Append(nil, m, ctx)
	if len(value) == 0 {
		return append(dst, '_')
	}
	return (&replacer{}).appendElements(dst, value, true, marks)
}

// appendMarked renders one property, and returns which of its slashes and dots are
// the configuration's.
func (t *Template) appendMarked(dst []byte, p *part, m *message.Message, ctx *property.Context) ([]byte, message.Marks) {
	if p.prop.ID == property.Var {
		return t.appendVariable(dst, p, m, ctx)
	}
	if p.kind != general {
		return p.appendFast(dst, m, ctx), p.prop.Marks()
	}
	return t.appendValue(dst, p, m, ctx), p.prop.Marks()
}

// appendVariable is appendMarked for variables. It looks the value up once: a $/ may
// change at any time.
func (t *Template) appendVariable(dst []byte, p *part, m *message.Message, ctx *property.Context) ([]byte, message.Marks) {
	ctx.Temp = ctx.Temp[:0]
	v := p.prop.Value(m, ctx)
	if v != nil {
		ctx.Temp = v.AppendText(ctx.Temp, ctx.CompactJSON)
	}
	marks := v.Marks()
	if marks != 0 {
		picked, _ := p.spec.pick(ctx.Temp)
		marks = marks.Cut(ctx.Temp, picked)
	}
	start := len(dst)
	dst = p.spec.transform(dst, ctx.Temp, ctx)
	if t.escape == noEscape {
		return dst, marks
	}
	ctx.Temp = append(ctx.Temp[:0], dst[start:]...)
	return t.escape.append(dst[:start], ctx.Temp), marks
}

// AppendMarked renders m, and returns which slashes and dots are the configuration's:
// constants, and those of its variables.
func (t *Template) AppendMarked(dst []byte, m *message.Message, ctx *property.Context) ([]byte, message.Marks) {
	if t.tree != nil || t.object || t.subtree != nil {
		return t.Append(dst, m, ctx), 0
	}
	var marks message.Marker
	for i := range t.parts {
		p := &t.parts[i]
		if p.kind == constant {
			dst = append(dst, p.constant...)
			marks.Add(p.constant, message.AllMarks)
			continue
		}
		start := len(dst)
		var own message.Marks
		dst, own = t.appendMarked(dst, p, m, ctx)
		marks.Add(dst[start:], own)
	}
	return dst, marks.Marks()
}

// pathByte: bytes that can stand in a path element as they are.
var pathByte = func() (fits [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		fits[c] = c != '/' && c != '%'
	}
	return fits
}()

// suitsPath reports whether a value may stand anywhere in a path as it is.
func suitsPath(value []byte) bool {
	if len(value) == 0 || value[0] == '.' || value[0] == '_' {
		return false
	}
	for _, c := range value {
		if !pathByte[c] {
			return false
		}
	}
	return true
}

// fitsPath reports whether a value needs nothing done to it, the common case. first
// says that it begins an element.
func (r *replacer) fitsPath(value []byte, first bool) bool {
	if first && len(value) > 0 && r.secure == keepSlash && (value[0] == '.' || string(value) == "_") {
		return false
	}
	for _, c := range value {
		if !pathByte[c] {
			return false
		}
	}
	return true
}

// appendElements appends a value that does not fit as it is.
func (r *replacer) appendElements(dst, value []byte, first bool, marks message.Marks) []byte {
	secured := r.secure != keepSlash
	if first && string(value) == "_" && !secured {
		return appendEscaped(dst, value)
	}
	for i := 0; i < len(value); {
		c := value[i]
		switch {
		case c == '/':
			own := marks.Next()
			if own {
				dst = append(dst, '/')
			} else {
				dst = appendEscaped(dst, value[i:i+1])
			}
			first = own
			i++
			continue
		case c == '.':
			if own := marks.Next(); first && !own && !secured {
				dst = appendEscaped(dst, value[i:i+1])
			} else {
				dst = append(dst, c)
			}
			i++
		case pathByte[c], c == '%' && (secured || !isEscape(value[i:])):
			dst = append(dst, c)
			i++
		default:
			r, n := utf8.DecodeRune(value[i:])
			if r >= utf8.RuneSelf && fitsRune(r, n) {
				dst = append(dst, value[i:i+n]...)
			} else {
				dst = appendEscaped(dst, value[i:i+n])
			}
			i += n
		}
		first = false
	}
	return dst
}

// onlyDots reports whether value is three dots or more.
func onlyDots(value []byte) bool {
	return len(value) > 2 && len(bytes.Trim(value, ".")) == 0
}

// isEscape reports whether value begins like what appendEscaped writes.
func isEscape(value []byte) bool {
	digit := func(c byte) bool { return c-'0' < 10 || c-'a' < 6 }
	return len(value) > 2 && digit(value[1]) && digit(value[2])
}

// fitsRune refuses what can not be seen, or changes how what stands around it is seen:
// C1 control characters, bidirectional and other format characters, line separators.
func fitsRune(r rune, n int) bool {
	return (r != utf8.RuneError || n > 1) && !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

const lowerHex = "0123456789abcdef"

func appendEscaped(dst, value []byte) []byte {
	for _, c := range value {
		dst = append(dst, '%', lowerHex[c>>4], lowerHex[c&15])
	}
	return dst
}
