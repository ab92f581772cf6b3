package template

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/internal/posix"
	"syslogd/router/property"
)

// optionError is a mistake that costs the option only, as in rsyslogd.
type optionError struct {
	text, hint string
	effect     string // "" is that the option is ignored
}

func (e *optionError) Error() string { return e.text }

// setHint takes a suggestion from an error.
func setHint(d *diag.Diagnostic, err error) {
	var unknown *property.UnknownError
	var option *optionError
	switch {
	case errors.As(err, &unknown) && unknown.Suggestion != "":
		d.Hint = fmt.Sprintf("did you mean %q?", unknown.Suggestion)
	case errors.As(err, &option):
		d.Hint = option.hint
	}
}

// parseReplacer compiles what stands between two %:
// name:from:to:options:fieldname.
func parseReplacer(text string, regexps *posix.Compiler) (part, error) {
	name, rest, more := strings.Cut(text, ":")
	prop, err := property.Resolve(name)
	p := part{prop: prop}
	p.spec.regexps = regexps
	if err != nil {
		return p, err
	}
	if !more {
		return p, nil
	}
	rest, err = p.spec.parseFrom(rest)
	if err != nil {
		return p, err
	}
	to, rest, _ := strings.Cut(rest, ":")
	if err := p.spec.parseTo(to); err != nil {
		return p, err
	}
	options, name, _ := strings.Cut(rest, ":")
	p.spec.name = name
	err = p.spec.parseOptions(options)
	p.spec.pos.swap()
	if p.spec.pos.fixed && p.spec.pos.to > maxWidth {
		return p, fmt.Errorf("want at most %d bytes for fixed-width, found %d", maxWidth, p.spec.pos.to)
	}
	return p, err
}

// maxWidth bounds what fixed-width pads, in bytes.
const maxWidth = 1 << 16

// swap puts from and to in order, as rsyslogd does with what it read; a number
// that is missing counts as 0.
func (p *position) swap() {
	if p.on && p.to >= 0 && p.to < p.from && !p.relative {
		p.from, p.to = p.to, p.from
	}
	if p.from <= 1 && p.to == 0 && !p.fixed && !p.relative {
		p.on = false
	}
}

// toEnd is the value of to for "$".
const toEnd = -1 << 30

// parseFrom reads the second part: a position, a field or a regular expression.
// It returns what follows.
func (r *replacer) parseFrom(text string) (string, error) {
	if strings.HasPrefix(text, "R") {
		return r.parseRegex(text[1:])
	}
	from, rest, _ := strings.Cut(text, ":")
	if strings.HasPrefix(from, "F") {
		return rest, r.parseField(from[1:])
	}
	if from == "" || from == "$" {
		return rest, nil
	}
	r.pos.on, r.pos.from = true, r.number(from)
	return rest, nil
}

// number reads the digits that text begins with; what follows them does not
// count, and without any the number is 0.
func (r *replacer) number(text string) int {
	line := syntax.NewLine(text)
	digits := line.While(func(c byte) bool { return c >= '0' && c <= '9' })
	if line.Rest() != "" {
		r.ignored = append(r.ignored, line.Rest())
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return max(0, n) // none, or more than an int holds
	}
	return n
}

// parseField reads ",delimiter,from" behind F; the number of the field is the next part.
func (r *replacer) parseField(text string) error {
	r.fieldSet, r.delimiter = true, '\t'
	if text == "" {
		return nil
	}
	parts := strings.Split(strings.TrimPrefix(text, ","), ",")
	n, err := strconv.Atoi(parts[0])
	if err != nil || n < 0 || n > 255 {
		return fmt.Errorf("want the decimal code of the byte between fields, found %q", parts[0])
	}
	r.delimiter = byte(n)
	if len(parts) > 1 {
		if r.pos.from, err = strconv.Atoi(parts[1]); err != nil {
			return fmt.Errorf("want a position in the field, found %q", parts[1])
		}
		r.pos.on = true
	}
	return nil
}

// parseTo reads the third part: a position, or with F the number of the field.
func (r *replacer) parseTo(text string) error {
	if r.fieldSet {
		number, to, more := strings.Cut(text, ",")
		if number == "" {
			return fmt.Errorf("want the number of a field, found %q", "")
		}
		r.field = r.number(number)
		text = to
		if !more {
			return nil
		}
	}
	switch text {
	case "":
		return nil
	case "$":
		r.pos.on, r.pos.to = true, toEnd
		return nil
	}
	r.pos.on, r.pos.to = true, r.number(text)
	return nil
}

// parseRegex reads ",type,submatch,nomatch,match:expression--end" behind R and
// returns what follows; the parts from and to are then empty.
func (r *replacer) parseRegex(text string) (string, error) {
	head, rest, found := strings.Cut(text, ":")
	end := strings.Index(rest, "--end")
	if !found || end < 0 {
		return "", errors.New(`want a regular expression that ends with "--end"`)
	}
	expr, rest := rest[:end], rest[end+len("--end"):]
	flavor := posix.Basic
	parts := strings.Split(strings.TrimPrefix(head, ","), ",")
	for i, v := range parts {
		var err error
		switch i {
		case 0:
			flavor, err = regexFlavor(v)
		case 1:
			r.group, err = digit(v)
		case 2:
			r.noMatch, err = noMatchNamed(v)
		case 3:
			r.match, err = digit(v)
		}
		if err != nil {
			return "", err
		}
	}
	return rest, r.compileRegex(expr, flavor)
}

func (r *replacer) compileRegex(expr string, flavor posix.Flavor) error {
	re, err := r.regexps.Compile(expr, flavor, false)
	if err != nil {
		r.badRE = true
		return &optionError{text: err.Error(), effect: "the value is " + badRegexText}
	}
	r.regex = re
	return nil
}

func regexFlavor(v string) (posix.Flavor, error) {
	switch v {
	case "", "BRE":
		return posix.Basic, nil
	case "ERE":
		return posix.Extended, nil
	}
	return 0, fmt.Errorf("want BRE or ERE, found %q", v)
}

func digit(v string) (int, error) {
	if v == "" {
		return 0, nil
	}
	if len(v) != 1 || v[0] < '0' || v[0] > '9' {
		return 0, fmt.Errorf("want a digit, found %q", v)
	}
	return int(v[0] - '0'), nil
}

func noMatchNamed(v string) (noMatch, error) {
	switch v {
	case "", "DFLT":
		return noMatchDefault, nil
	case "BLANK":
		return noMatchBlank, nil
	case "FIELD":
		return noMatchField, nil
	case "ZERO":
		return noMatchZero, nil
	}
	return 0, fmt.Errorf("want DFLT, BLANK, FIELD or ZERO, found %q", v)
}

// options are the words of the fourth part.
var options = map[string]func(*replacer){
	"uppercase":        func(r *replacer) { r.caseMode = upperCase },
	"lowercase":        func(r *replacer) { r.caseMode = lowerCase },
	"drop-cc":          func(r *replacer) { r.controls(dropControl) },
	"space-cc":         func(r *replacer) { r.controls(spaceControl) },
	"escape-cc":        func(r *replacer) { r.controls(escapeControl) },
	"compressspace":    func(r *replacer) { r.compressSpace = true },
	"sp-if-no-1st-sp":  func(r *replacer) { r.spaceIfNone = true },
	"drop-last-lf":     func(r *replacer) { r.dropLF = true },
	"secpath-drop":     func(r *replacer) { r.secure = dropSlash },
	"secpath-replace":  func(r *replacer) { r.secure = replaceSlash },
	"mandatory-field":  func(r *replacer) { r.onEmpty = emptyKeep },
	"pos-end-relative": func(r *replacer) { r.pos.relative = true },
	"fixed-width":      func(r *replacer) { r.pos.fixed = true; r.pos.on = true },
	"date-utc":         func(r *replacer) { r.utc = true },
	"":                 func(*replacer) {},
}

// controls sets what becomes of control characters. If several are given, to
// drop them goes before to replace them, and that before to escape them.
func (r *replacer) controls(c controlMode) {
	if r.control == keepControl || c < r.control {
		r.control = c
	}
}

var formats = map[string]format{"csv": csv, "json": jsonText, "jsonr": jsonRaw, "jsonf": jsonField, "jsonfr": jsonFieldRaw}

// parseOptions reads the fourth part. A word that is unknown is left out, the
// others hold, as in rsyslogd.
func (r *replacer) parseOptions(text string) error {
	var first error
	for _, word := range strings.Split(text, ",") {
		if err := r.option(strings.ToLower(word)); err != nil && first == nil {
			first = err
		}
	}
	return first
}

func (r *replacer) option(word string) error {
	if set := options[word]; set != nil {
		set(r)
		return nil
	}
	if f, ok := formats[word]; ok {
		if r.format != plain {
			return &optionError{text: fmt.Sprintf("only one of csv, json, jsonf, jsonr and jsonfr can be used, %q is too much", word)}
		}
		r.format = f
		return nil
	}
	if d, ok := dateNamed(strings.TrimPrefix(word, "date-")); ok && strings.HasPrefix(word, "date-") {
		r.date = d
		return nil
	}
	var known []string
	for k := range options {
		known = append(known, k)
	}
	for k := range formats {
		known = append(known, k)
	}
	for _, d := range dateNames {
		known = append(known, "date-"+d)
	}
	err := &optionError{text: fmt.Sprintf("unknown option %q", word)}
	if s := diag.Suggest(word, known); s != "" {
		err.hint = fmt.Sprintf("did you mean %q?", s)
	}
	return err
}

// fill sets r from a property() entry of a list template.
func (c *entry) fill(r *replacer) error {
	r.date, _ = dateNamed(c.DateFormat)
	r.utc, r.dropLF, r.compressSpace, r.spaceIfNone, r.omitZero = c.UTC, c.DropLF, c.Compress, c.SpaceIfNone, c.OmitZero
	r.caseMode = map[string]caseMode{"upper": upperCase, "lower": lowerCase}[c.Case]
	r.control = map[string]controlMode{"escape": escapeControl, "space": spaceControl, "drop": dropControl, "escape-octal": escapeControlOctal}[c.Control]
	r.secure = map[string]secureMode{"drop": dropSlash, "replace": replaceSlash}[c.Secure]
	r.format = formats[c.Format]
	r.dataType = map[string]dataType{"number": typeNumber, "bool": typeBool, "auto": typeAuto}[c.DataType]
	r.onEmpty = map[string]onEmpty{"skip": emptySkip, "null": emptyNull}[c.OnEmpty]
	if c.fieldGiven {
		r.fieldSet, r.field, r.delimiter = true, c.Field, byte(c.Delimiter)
	}
	if err := c.fillPosition(&r.pos); err != nil {
		return err
	}
	if c.Regex == "" {
		return nil
	}
	flavor, _ := regexFlavor(c.RegexType)
	r.noMatch, _ = noMatchNamed(c.RegexNoMatch)
	r.group, r.match = c.RegexSub, c.RegexMatch
	return r.compileRegex(c.Regex, flavor)
}

// positionError says that positions contradict each other.
type positionError struct {
	text string
	at   string // the parameter, in lower case
}

func (e *positionError) Error() string { return e.text }

func (c *entry) fillPosition(p *position) error {
	if !c.fromGiven && !c.toGiven && !c.Fixed {
		return nil
	}
	*p = position{on: true, from: c.From, to: c.To, relative: c.Relative, fixed: c.Fixed}
	if !c.toGiven {
		p.to = toEnd
	}
	switch {
	case c.Fixed && c.To > maxWidth:
		return &positionError{fmt.Sprintf("want at most %d bytes for fixedWidth, found %d", maxWidth, c.To), "position.to"}
	case c.Relative && !c.toGiven:
		return &positionError{"position.relativeToEnd needs position.to", "position.relativetoend"}
	case c.Relative && c.From < c.To:
		return &positionError{fmt.Sprintf("position.to is %d, position.from is %d: counted from the end, it must not be greater", c.To, c.From), "position.to"}
	case !c.Relative && c.To > 0 && c.To < c.From:
		return &positionError{fmt.Sprintf("position.to is %d, position.from is %d: it must not be less", c.To, c.From), "position.to"}
	}
	return nil
}
