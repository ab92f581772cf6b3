package syntax

import (
	"fmt"
	"strings"
)

// backtick evaluates `echo ...` and `cat file`.
func (p *parser) backtick(t token) string {
	if name, ok := strings.CutPrefix(t.text, "cat "); ok {
		body, err := p.opt.readInclude(strings.TrimSpace(name))
		if err == nil && len(body) <= maxFileSize {
			return string(body)
		}
		if err == nil {
			err = fmt.Errorf("more than %d MiB", maxFileSize>>20)
		}
		d := p.errorf(p.tokRange(t), "the file %s", reason(strings.TrimSpace(name), err))
		d.Effect = "the value is a comment that says so"
		return "/* file could not be accessed - see error messages */"
	}
	if rest, ok := strings.CutPrefix(t.text, "echo "); ok {
		return expandEnv(rest, p.getenv)
	}
	d := p.errorf(p.tokRange(t), "want echo or cat between backticks, found %s", describe(t))
	d.Hint, d.Effect = "`echo $NAME` or `cat /path`", "the value is the empty string"
	return ""
}

// getenv asks what global(environment=...) has set so far, and then the system.
func (r *run) getenv(name string) string {
	if v, ok := r.env[name]; ok {
		return v
	}
	return r.opt.getenv(name)
}

// setEnv notes the environment that a global() sets: it holds for the backticks
// that follow, and for the server when the configuration is loaded.
func (r *run) setEnv(o *Object) {
	par := o.Param("environment")
	if par == nil || r.stopped {
		return
	}
	for _, it := range par.Value.Items {
		if name, value, ok := strings.Cut(it.Text, "="); ok {
			r.env[name] = value
		}
	}
}

// expandEnv replaces $NAME and ${NAME}. As in rsyslogd, $$ is a dollar sign and
// a $ with no name behind it vanishes. Unlike rsyslogd, the $ that ends a name
// begins the next.
func expandEnv(s string, getenv func(string) string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '$' {
			b.WriteByte(s[i])
			i++
			continue
		}
		i++
		if i < len(s) && s[i] == '{' {
			if end := strings.IndexByte(s[i:], '}'); end > 0 {
				b.WriteString(getenv(s[i+1 : i+end]))
				i += end + 1
				continue
			}
		}
		end := i
		for end < len(s) && isNameByte(s[end]) {
			end++
		}
		if end > i {
			b.WriteString(getenv(s[i:end]))
		} else if i < len(s) && s[i] == '$' {
			b.WriteByte('$')
			end++
		}
		i = end
	}
	return b.String()
}
