package syntax

import "syslogd/internal/diag"

// File is one parsed configuration text. Included files hang below their
// Include statement (or $IncludeConfig Directive), at the place of the include.
type File struct {
	Source *diag.Source
	// Stmts is what takes effect. A syntax error ends a configuration, as in
	// rsyslogd: what stands behind it is not here, but in Unused.
	Stmts []Stmt
	// Unused is what has no effect because of errors in this text or in one that it
	// includes: what stands behind one that ends the configuration, and the parts
	// that a dropped statement guards. It is there to be checked. Only the File that
	// Parse returns has it.
	Unused []Stmt
	// Dropped are the places of statements that could not be understood. What they
	// would define may be missed elsewhere. Only the File that Parse returns has it.
	Dropped []Lines
	// Stopped is set when such an error ended the configuration, in this file
	// or in one that it includes.
	Stopped bool
	// Continues is set when an & in it goes on with a rule in front of it.
	Continues bool
	// Missing is set when that was an included file that is not there, and no mistake
	// in the text: to rsyslogd the configuration is complete then. Only the File that
	// Parse returns has it.
	Missing bool
	// Abort is set when include(mode="abort-if-missing") found no file: the
	// server must not start (exit status 1).
	Abort bool
}

// Lines are lines of a text, from First to Last.
type Lines struct {
	Src         *diag.Source
	First, Last int
}

// Node is anything with a place in the source.
type Node interface {
	// Range is the first line of the construct, for a caret.
	Range() diag.Range
}

// Stmt is a construct that may stand in a file, a ruleset or a block.
type Stmt interface {
	Node
	stmt()
}

// at is embedded in every node. The range is the word or token to point at:
// the keyword of a statement or object, the text of a filter or legacy action,
// the extent of an expression.
type at struct{ rng diag.Range }

func (a at) Range() diag.Range { return a.rng }

// Value is a parameter's value: one string or an array of strings.
type Value struct {
	at
	// Items holds the string, or the elements of the array, unescaped.
	Items []Item
	Array bool
}

// Item is one string of a Value. Its range includes the quotes.
type Item struct {
	at
	Text string
	// Backtick is the source of a value written in backticks, as it stood
	// between them; Text then is what it evaluated to. Empty otherwise.
	Backtick string
}

// Param is name="value" in an object.
type Param struct {
	at              // of the name
	Name     string // lower case
	Spelling string // as written
	Value    Value
	// Note is a comment on it, for trees that are not parsed.
	Note string
}

// Object is keyword(name="value" ...): global, module, input, main_queue,
// parser, timezone, lookup_table, dyn_stats, percentile_stats, ratelimit, and
// action. Where other statements hang below it there is a node of its own
// (Template, Ruleset, Include).
type Object struct {
	at
	Kind   string // lower case keyword
	Params []Param
}

// Param returns the first parameter with the lower-case name, or nil.
func (o *Object) Param(name string) *Param {
	for i := range o.Params {
		if o.Params[i].Name == name {
			return &o.Params[i]
		}
	}
	return nil
}

// Template is template(...) with its list entries, if it has any.
type Template struct {
	Object
	// Entries are property(...) and constant(...) objects of a list template.
	Entries []*Object
	// HasList is true when braces were written.
	HasList bool
}

// Ruleset is ruleset(...) { ... }.
type Ruleset struct {
	Object
	Body *Block
}

// Include is include(file= | text=, mode=) with the texts it brought in.
type Include struct {
	Object
	Files []*File
	// Abort is set when the mode is abort-if-missing and the file is; see File.Abort.
	Abort bool
}

// Directive is a legacy line $Name value. For $IncludeConfig, Files holds what
// it brought in.
type Directive struct {
	at
	Name     string // lower case, without the $
	Spelling string
	// Value is the rest of the line, without surrounding blanks.
	Value      string
	ValueRange diag.Range
	Files      []*File
}

// BSDBlock is a line such as !prog or +host, which rsyslogd recognises and
// refuses. The parser has reported it; it has no effect.
type BSDBlock struct {
	at
	Text string
}

// Block is a sequence of statements, in braces or a single one.
type Block struct {
	at
	Stmts  []Stmt
	Braces bool
}

// If is if Cond then Then [else Else].
type If struct {
	at
	Cond Expr
	Then *Block
	Else *Block // nil if there is none
}

// Foreach is foreach ($.i in In) do Body.
type Foreach struct {
	at
	Var  *Variable
	In   Expr
	Body *Block
}

// Set is set $x = v; or, with Reset, reset $x = v;
type Set struct {
	at
	Reset bool
	Var   *Variable
	Value Expr
}

// Unset is unset $x;
type Unset struct {
	at
	Var *Variable
}

// PRIFilter is a selector (mail.info;user.none) with what it guards.
type PRIFilter struct {
	at
	Text string
	Body *Block
}

// PropFilter is :property, [!]op, "value" with what it guards.
type PropFilter struct {
	at
	Property      string // as written, without a leading $ removed
	PropertyRange diag.Range
	Negate        bool
	Op            string // lower case
	OpRange       diag.Range
	Value         string // unescaped
	ValueRange    diag.Range
	Body          *Block
	// Broken is set when the line looks like a property filter that cannot be
	// understood; the parser reported it. Unlike rsyslogd, such a filter
	// disables what it guards instead of making it unconditional.
	Broken bool
}

// ActionList is one action or several chained with &. A Directive may stand
// between actions; it takes effect for the actions behind it.
type ActionList struct {
	at
	Actions []Action
	// unguarded is set when no filter is in front of it: then & adds nothing.
	unguarded bool
}

// Action is what may stand in an ActionList.
type Action interface {
	Node
	action()
}

// ActionObject is action(...).
type ActionObject struct {
	Object
}

// LegacyAction is an action in the syntax of selector lines: a file name,
// ?template, @host, :omusrmsg:*, a user list, $channel, ...; Text is as written, without
// surrounding blanks.
type LegacyAction struct {
	at
	Text string
}

// Stop is stop, or ~ with Tilde.
type Stop struct {
	at
	Tilde bool
}

// Continue is the no-operation statement continue.
type Continue struct{ at }

// Call is call Name.
type Call struct {
	at
	Name      string
	NameRange diag.Range
}

// CallIndirect is call_indirect Name;
type CallIndirect struct {
	at
	Name Expr
}

// ReloadLookupTable is reload_lookup_table("table" [, "stub"]).
type ReloadLookupTable struct {
	at
	Args []Expr
}

func (*Object) stmt()            {}
func (*Template) stmt()          {}
func (*Ruleset) stmt()           {}
func (*Include) stmt()           {}
func (*Directive) stmt()         {}
func (*BSDBlock) stmt()          {}
func (*If) stmt()                {}
func (*Foreach) stmt()           {}
func (*Set) stmt()               {}
func (*Unset) stmt()             {}
func (*PRIFilter) stmt()         {}
func (*PropFilter) stmt()        {}
func (*ActionList) stmt()        {}
func (*ReloadLookupTable) stmt() {}

func (*Directive) action()    {}
func (*ActionObject) action() {}
func (*LegacyAction) action() {}
func (*Stop) action()         {}
func (*Continue) action()     {}
func (*Call) action()         {}
func (*CallIndirect) action() {}

// Expr is a RainerScript expression.
type Expr interface {
	Node
	expr()
}

// Binary is X Op Y. Op is the lower-case operator as rsyslogd knows it: and or
// == != <= >= < > contains contains_i startswith startswith_i endswith + - * / % &.
// <> is stored as !=.
type Binary struct {
	at
	Op      string
	OpRange diag.Range
	X, Y    Expr
}

// Unary is Op X; Op is "not" or "-".
type Unary struct {
	at
	Op string
	X  Expr
}

// Paren is (X). It is kept for the printer and for lints.
type Paren struct {
	at
	X Expr
}

// Number is an integer constant.
type Number struct {
	at
	Value int64
	Text  string // as written
}

// String is a string constant.
type String struct {
	at
	Value    string // unescaped
	Backtick string // as in Item
}

// Variable is $name, $!path, $.path or $/path.
type Variable struct {
	at
	// Name is the text after the first $: "msg", "$now", "!a!b", ".x", "/g".
	Name string
}

// FuncCall is a function call Name(Args...).
type FuncCall struct {
	at
	Name string // lower case
	Args []Expr
}

// Exists is exists($!path).
type Exists struct {
	at
	Var *Variable
}

// ArrayLit is ["a", "b"].
type ArrayLit struct {
	at
	Items []*String
}

func (*Binary) expr()   {}
func (*Unary) expr()    {}
func (*Paren) expr()    {}
func (*Number) expr()   {}
func (*String) expr()   {}
func (*Variable) expr() {}
func (*FuncCall) expr() {}
func (*Exists) expr()   {}
func (*ArrayLit) expr() {}
