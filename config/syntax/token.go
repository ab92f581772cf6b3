package syntax

// kind is the kind of a token.
type kind uint8

const (
	tEOF kind = iota
	tBad      // nothing the state knows; problem says why

	// Where a statement may begin.
	tIf
	tForeach
	tReloadTable
	tStop
	tElse
	tCall
	tCallIndirect
	tSet
	tReset
	tUnset
	tContinue
	tAmp
	tLBrace
	tRBrace
	tObject     // keyword and its opening parenthesis; text is the keyword, lower case
	tPropFilter // :property, as far as the colon; the parser reads on
	tPRIFilter
	tLegacy
	tDirective
	tBSD

	// In objects and expressions.
	tName // parameter, function, or a word that is nothing else; text as written
	tString
	tBacktick // text is what stands between the backticks
	tNumber
	tVar // text is what follows the first $
	tOp  // text is the operator as in Binary.Op
	tNot
	tLParen
	tRParen
	tLBracket
	tRBracket
	tComma
	tAssign
	tSemi
	tThen
	tDo
	tIn
	tExists
)

// token is a piece of source text. Strings are unescaped in text.
type token struct {
	kind       kind
	start, end int
	text       string
	// problem is set when the token is not as it should be. The kind still
	// tells what was meant, so that parsing can go on.
	problem *problem
}

// problem is what a scanner found wrong. Scanners do not report: a token may be
// looked at more than once.
type problem struct {
	start, end int
	text, hint string
	// fatal: rsyslogd ends with a syntax error here.
	fatal bool
	// stray: it is a character that no statement begins with.
	stray bool
	// cut: the token is a string with no end; what follows it is a guess.
	cut bool
}

// statementKeywords are the words that begin or join statements.
var statementKeywords = map[string]kind{
	"if": tIf, "foreach": tForeach, "reload_lookup_table": tReloadTable, "stop": tStop,
	"else": tElse, "call": tCall, "call_indirect": tCallIndirect, "set": tSet,
	"reset": tReset, "unset": tUnset, "continue": tContinue,
}

// objectKeywords are the words that begin an object when a parenthesis follows.
var objectKeywords = map[string]bool{
	"main_queue": true, "timezone": true, "parser": true, "global": true, "template": true,
	"ruleset": true, "property": true, "constant": true, "input": true, "module": true,
	"lookup_table": true, "dyn_stats": true, "percentile_stats": true, "ratelimit": true,
	"include": true, "action": true,
}

// wordOperators are the operators and joints of expressions that are words.
var wordOperators = map[string]kind{
	"and": tOp, "or": tOp, "contains": tOp, "contains_i": tOp, "startswith": tOp,
	"startswith_i": tOp, "endswith": tOp, "not": tNot, "then": tThen, "do": tDo, "in": tIn,
	"exists": tExists,
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isOctal(c byte) bool  { return c >= '0' && c <= '7' }
func isBlank(c byte) bool  { return c == ' ' || c == '\t' }

func isHex(c byte) bool {
	return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// lower folds ASCII letters only, as rsyslogd does.
func lower(b []byte) string {
	out := make([]byte, len(b))
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		out[i] = c
	}
	return string(out)
}
