package param

import "syslogd/config/syntax"

// ObjectOf prepares the parameters of o for decoding. title and effect are for
// errors; see Object. config.enabled, which every object has, counts as used.
func ObjectOf(o *syntax.Object, title, effect string) *Object {
	out := &Object{Title: title, Effect: effect, Range: o.Range()}
	for i := range o.Params {
		p := &o.Params[i]
		a := &Arg{Name: p.Name, Spelling: p.Spelling, Array: p.Value.Array, Range: p.Range(), ValueRange: p.Value.Range()}
		for _, it := range p.Value.Items {
			a.Items = append(a.Items, it.Text)
		}
		a.Used = p.Name == "config.enabled"
		out.Args = append(out.Args, a)
	}
	return out
}
