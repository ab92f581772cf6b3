package rewrite

import (
	"strings"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/internal/posix"
	"syslogd/router/property"
	"syslogd/router/selector"
	"syslogd/router/template"
)

func modern(value string) *syntax.Template { return template.Modern(value) }

// selector converts mail.info ... to if prifilt("mail.info") then ...
func (c *converter) selector(s *syntax.PRIFilter) []syntax.Stmt {
	text := understood(strings.TrimSpace(s.Text))
	if text == "" {
		return []syntax.Stmt{note("not converted, it was in error: " + s.Text)}
	}
	body := c.guarded(s.Body)
	if text == "*.*" {
		return body.Stmts
	}
	return guarded(&syntax.FuncCall{Name: "prifilt", Args: []syntax.Expr{&syntax.String{Value: text}}}, body)
}

// understood is the part of a PRI filter that has a meaning: what stands before
// a mistake.
func understood(text string) string {
	for text != "" {
		diags := &diag.List{}
		if selector.Parse(text, diag.Range{}, diags); diags.Len() == 0 {
			break
		}
		text = text[:max(strings.LastIndexAny(text, ";,"), 0)]
	}
	return text
}

func guarded(cond syntax.Expr, body *syntax.Block) []syntax.Stmt {
	return []syntax.Stmt{&syntax.If{Cond: cond, Then: body}}
}

// filter converts :property, operation, "value" where an expression says the same.
func (c *converter) filter(s *syntax.PropFilter) []syntax.Stmt {
	if _, err := property.CompileFilter(s.Property, s.Op, s.Value, s.Negate, &posix.Compiler{}); s.Broken || err != nil {
		return []syntax.Stmt{note("not converted, it was in error: the filter on line " + s.Range().Start.String())}
	}
	body := c.guarded(s.Body)
	cond := condition(s)
	if cond == nil {
		kept := *s
		kept.Body = body
		return []syntax.Stmt{&kept}
	}
	return guarded(cond, body)
}

// condition is the expression for a filter, nil if there is none: expressions
// have no basic regular expressions, and compare variables as JSON.
func condition(s *syntax.PropFilter) syntax.Expr {
	name := strings.TrimPrefix(s.Property, "$")
	if strings.ContainsAny(name[:min(1, len(name))], "!./") {
		return nil
	}
	if strings.HasPrefix(s.Property, "$") {
		name = s.Property
	}
	v, text := &syntax.Variable{Name: name}, &syntax.String{Value: s.Value}
	var cond syntax.Expr
	switch s.Op {
	case "contains", "contains_i", "startswith", "startswith_i", "endswith":
		cond = &syntax.Binary{Op: s.Op, X: v, Y: text}
	case "isequal":
		cond = &syntax.Binary{Op: "==", X: v, Y: text}
	case "isempty":
		cond = &syntax.Binary{Op: "==", X: v, Y: &syntax.String{}}
	case "ereregex":
		cond = &syntax.FuncCall{Name: "re_match", Args: []syntax.Expr{v, text}}
	default:
		return nil
	}
	if !s.Negate {
		return cond
	}
	if _, binary := cond.(*syntax.Binary); binary { // not binds tighter
		cond = &syntax.Paren{X: cond}
	}
	return &syntax.Unary{Op: "not", X: cond}
}
