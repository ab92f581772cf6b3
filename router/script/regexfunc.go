package script

import (
	"syslogd/config/syntax"
	"syslogd/internal/posix"
	"syslogd/message"
	"syslogd/router/property"
)

// regexFunctions are those of regular expressions.
func regexFunctions() map[string]function {
	return map[string]function{
		"re_match":     {min: 2, max: 2, compile: func(c *compiler, e *syntax.FuncCall, a []node) node { return c.reMatch(e, a, false) }},
		"re_match_i":   {min: 2, max: 2, compile: func(c *compiler, e *syntax.FuncCall, a []node) node { return c.reMatch(e, a, true) }},
		"re_extract":   {min: 5, max: 5, compile: func(c *compiler, e *syntax.FuncCall, a []node) node { return c.reExtract(e, a, false) }},
		"re_extract_i": {min: 5, max: 5, compile: func(c *compiler, e *syntax.FuncCall, a []node) node { return c.reExtract(e, a, true) }},
		"pcre_match":   {min: 2, max: 2, compile: (*compiler).pcreMatch},
	}
}

func (c *compiler) regex(e *syntax.FuncCall, args []node, fold bool) *posix.Regexp {
	expr, ok := c.constantArg(e, args, 1)
	if !ok {
		return nil
	}
	re, err := c.env.Regexps.Compile(expr, posix.Extended, fold)
	if err != nil {
		c.diags.Errorf(e.Args[1].Range(), "%v", err).Effect = "the call evaluates to 0"
		return nil
	}
	if re.Backtracks() {
		c.diags.Notef(e.Args[1].Range(), "%s", posix.Slow)
	}
	return re
}

func (c *compiler) reMatch(e *syntax.FuncCall, args []node, fold bool) node {
	re := c.regex(e, args, fold)
	if re == nil {
		return constant(number(0))
	}
	n := ofCond(func(m *message.Message, ctx *property.Context) bool { return re.Match(args[0].eval(m, ctx).Bytes()) })
	n.needs = property.NeedsText(args[0].prop, false, re.Literals()...)
	return n
}

// pcreMatch is pcre_match(text, expression) of fmpcre.
func (c *compiler) pcreMatch(e *syntax.FuncCall, args []node) node {
	expr, ok := c.constantArg(e, args, 1)
	if !ok {
		return constant(number(0))
	}
	regexps := c.env.Regexps
	if regexps == nil {
		regexps = &posix.Compiler{}
	}
	re, err := regexps.CompilePerl(expr)
	if err != nil {
		c.diags.Errorf(e.Args[1].Range(), "%v", err).Effect = "the call evaluates to 0"
		return constant(number(0))
	}
	return ofCond(func(m *message.Message, ctx *property.Context) bool { return re.Match(args[0].eval(m, ctx).Bytes()) })
}

func (c *compiler) reExtract(e *syntax.FuncCall, args []node, fold bool) node {
	re := c.regex(e, args, fold)
	if re == nil {
		return constant(Value{})
	}
	return node{eval: func(m *message.Message, ctx *property.Context) Value {
		v := args[0].eval(m, ctx)
		s := v.Bytes()
		match, _ := args[2].eval(m, ctx).Int()
		group, _ := args[3].eval(m, ctx).Int()
		if found, ok := extract(re, s, match, group); ok {
			return v.piece(found)
		}
		return args[4].eval(m, ctx)
	}}
}

// maxGroup is the number of groups that rsyslogd looks at.
const maxGroup = 50

func extract(re *posix.Regexp, s []byte, match, group int64) ([]byte, bool) {
	if match < 0 || group < 0 || group >= maxGroup {
		return nil, false
	}
	for ; ; match-- {
		loc := re.Find(s)
		if loc == nil {
			return nil, false
		}
		// The search goes on where the match ends: one that ends where it
		// began is found again and again.
		if match == 0 || loc[1] == 0 {
			i := int(group) * 2
			if i+1 >= len(loc) || loc[i] < 0 {
				return nil, false
			}
			return s[loc[i]:loc[i+1]], true
		}
		s = s[loc[1]:]
	}
}
