package lint

import (
	"bytes"
	"path/filepath"
	"regexp"
	"slices"

	"syslogd/internal/diag"
)

// Signs of other languages, at the beginning of a line.
var (
	ofSyslogNG = regexp.MustCompile(`(?m)^[ \t]*(@version:|(source|destination|filter|log|options|parser|rewrite)([ \t]+[A-Za-z_]\w*)?[ \t]*\{)`)
	// ofYAML is for the first line that is no comment: deeper in, a text of several
	// lines may look like that.
	ofYAML     = regexp.MustCompile(`\A(?:[ \t]*(?:#.*)?\n)*(?:---[ \t]*\n|[A-Za-z_][\w.-]*:[ \t]*(?:\n|[^ \t])|- [a-z]\w*:)`)
	ofLogstash = regexp.MustCompile(`(?m)^[ \t]*(input|output)[ \t]*\{`)
	ofNginx    = regexp.MustCompile(`(?m)^[ \t]*(server|http|events|stream|upstream[ \t]+[\w.-]+|location[ \t][^{\n]*)[ \t]*\{`)
	ofFluentd  = regexp.MustCompile(`(?m)^[ \t]*<(source|match|filter|label|system)(>|[ \t][^>\n]*>)`)
	// Of these the first line that is neither blank nor a comment is the sign.
	ofJSON = regexp.MustCompile(`\A(?:[ \t]*\n)*[ \t]*(\{[ \t]*(?:"|\n[ \t\n]*"|\})|\[[ \t\n]*[{"])`)
	ofINI  = regexp.MustCompile(`\A(?:[ \t]*(?:[#;].*)?\n)*(\[[^\]\n]+\][ \t]*\n)`)
	ofXML  = regexp.MustCompile(`\A(?:[ \t]*\n)*[ \t]*<(\?xml|!DOCTYPE|!--)`)
)

// ours is what to do with a file in another language.
const ours = "write it in rsyslog's language; syslogd --print-default-config is an example"

// foreign reports that the main file is another program's, which rsyslog's
// language makes lists of users of.
func (l *linter) foreign() bool {
	src := l.cfg.File.Source
	if slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(src.Name)) {
		return false
	}
	for _, language := range []struct {
		sign       *regexp.Regexp
		text, hint string
	}{
		{ofSyslogNG, "this is a configuration of syslog-ng, which is not understood", ours},
		{ofLogstash, "this is a configuration of Logstash, which is not understood", ours},
		{ofNginx, "this is a configuration of nginx, which is not understood", ours},
		{ofFluentd, "this is a configuration of Fluentd, which is not understood", ours},
		{ofJSON, "this is JSON, which is not understood", ours},
		{ofINI, "this is a file with [sections], which is not understood", ours},
		{ofXML, "this is XML, which is not understood", ours},
		{ofYAML, "this looks like YAML and is read as rsyslog.conf", "give the file a name that ends in .yaml"},
	} {
		if at := language.sign.FindIndex(src.Text); at != nil {
			start := at[0] + bytes.LastIndexByte(bytes.TrimRight(src.Text[at[0]:at[1]], "\n"), '\n') + 1
			l.diags.Notef(rangeAt(src, start), "%s", language.text).Hint = language.hint
			return true
		}
	}
	return false
}

// rangeAt is the line at an offset, from there on.
func rangeAt(src *diag.Source, offset int) diag.Range {
	before := src.Text[:offset]
	length := bytes.IndexByte(src.Text[offset:], '\n')
	if length < 0 {
		length = len(src.Text) - offset
	}
	start := bytes.LastIndexByte(before, '\n') + 1
	return diag.Range{Start: diag.Pos{Src: src, Line: bytes.Count(before, []byte{'\n'}) + 1, Col: offset - start + 1}, Len: length}
}
