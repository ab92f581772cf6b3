package template

import (
	"strings"

	"syslogd/config/syntax"
	"syslogd/router/property"
)

// Modern is the template() for the value of $template, with the same meaning. It
// is nil for a text that has no such form: one with a % that begins no property,
// which only $template can write.
func Modern(value string) *syntax.Template {
	line, ok := parseLegacyLine(value)
	switch {
	case !ok:
		return nil
	case line.plugin != "":
		return syntax.NewTemplate(syntax.NewParam("name", line.name), syntax.NewParam("type", "plugin"), syntax.NewParam("plugin", firstOf(line.plugin)))
	}
	text, ok := modernText(line.text)
	if !ok {
		return nil
	}
	params := []syntax.Param{syntax.NewParam("name", line.name), syntax.NewParam("type", "string"), syntax.NewParam("string", text)}
	for _, o := range line.options {
		if o != "" && o != "nosql" && new(Template).setOption(o) {
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
			name, _, _ := strings.Cut(text[i+1:end], ":")
			if _, err := property.Resolve(name); err != nil {
				return "", false // it ends a $template, and costs a template()
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
