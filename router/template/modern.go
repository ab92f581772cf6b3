package template

import (
	"strings"

	"syslogd/config/syntax"
)

// Modern is the template() for the value of $template, with the same meaning. It
// is nil for a text that has no such form: one with a % that begins no property,
// which only $template can write.
func Modern(value string) *syntax.Template {
	name, rest, found := strings.Cut(value, ",")
	rest = strings.TrimLeft(rest, " \t")
	if !found || rest == "" {
		return nil
	}
	if rest[0] == '=' {
		return syntax.NewTemplate(syntax.NewParam("name", name), syntax.NewParam("type", "plugin"), syntax.NewParam("plugin", firstOf(rest[1:])))
	}
	text, after, ok := quoted(rest)
	if rest[0] != '"' || !ok {
		return nil
	}
	if text, ok = modernText(text); !ok {
		return nil
	}
	params := []syntax.Param{syntax.NewParam("name", name), syntax.NewParam("type", "string"), syntax.NewParam("string", text)}
	for _, o := range strings.Split(after, ",") {
		switch o = strings.ToLower(strings.TrimSpace(o)); o {
		case "", "nosql":
		default:
			params = append(params, syntax.NewParam("option."+o, "on"))
		}
	}
	return syntax.NewTemplate(params...)
}

// modernText resolves the escapes that only $template has.
func modernText(text string) (string, bool) {
	var out []byte
	for i := 0; i < len(text); {
		switch text[i] {
		case '\\':
			var b byte
			if b, i = legacyEscape(text, i+1); b == '%' || b == 0 {
				return "", false
			}
			out = append(out, b)
		case '%':
			end := endOfProperty(text, i+1)
			if end < 0 {
				return "", false
			}
			out = append(out, text[i:end+1]...)
			i = end + 1
		default:
			out = append(out, text[i])
			i++
		}
	}
	return string(out), true
}
