package syntax

// NewParam returns a parameter with one value, for trees that are not parsed.
func NewParam(name string, items ...string) Param {
	p := Param{Name: name, Value: Value{Array: len(items) > 1}}
	for _, text := range items {
		p.Value.Items = append(p.Value.Items, Item{Text: text})
	}
	return p
}

// NewTemplate returns a template without entries.
func NewTemplate(params ...Param) *Template {
	return &Template{Object: Object{Kind: "template", Params: params}}
}

// Comment is lines that mean nothing, for trees that are not parsed: the parser
// does not keep comments.
type Comment struct {
	at
	Lines []string
}

func (*Comment) stmt() {}
