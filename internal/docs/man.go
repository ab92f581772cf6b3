package docs

import (
	"embed"
	"fmt"
	"slices"
	"sort"
	"strings"

	"syslogd/config"
	"syslogd/config/param"
	"syslogd/engine"
	"syslogd/queue"
	"syslogd/router/property"
	"syslogd/router/script"
)

// handWritten are the pages as a person wrote them, with marks where lists of
// what the program knows stand.
//
//go:embed man
var handWritten embed.FS

// Man returns the pages of the manual by file name, in roff.
func Man() (map[string]string, error) {
	pages := map[string]string{}
	files, err := handWritten.ReadDir("man")
	if err != nil {
		return nil, err
	}
	marks := strings.NewReplacer("@FUNCTIONS@", functionList(), "@PROPERTIES@", propertyList(), "@REFERENCE@", reference())
	for _, f := range files {
		text, err := handWritten.ReadFile("man/" + f.Name())
		if err != nil {
			return nil, err
		}
		pages[f.Name()] = marks.Replace(".\\\" Written by make docs, do not edit.\n" + string(text))
	}
	return pages, nil
}

func functionList() string { return ".PP\nFunctions:\n" + bold(script.Functions()) }

func propertyList() string { return "Names:\n" + bold(property.Names()) }

// bold is a list of words with commas between them.
func bold(words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i == len(words)-1 {
			b.WriteString(".BR " + roff(w) + " .")
		} else {
			b.WriteString(".BR " + roff(w) + " ,\n")
		}
	}
	return b.String()
}

// reference is the parameters of all objects.
func reference() string {
	reg := engine.Modules()
	var b strings.Builder
	part := func(title, name string, infos []param.Info) {
		if len(infos) > 0 {
			fmt.Fprintf(&b, ".SS %s\n", roff(title))
			if name != "" && intro[name] != "" {
				b.WriteString(roff(strings.ReplaceAll(intro[name], "`", "")) + "\n")
			}
			parameters(&b, infos)
		}
	}
	part("global(...)", "global", config.GlobalParams())
	part("main_queue(...), and queues of rulesets and actions", "queue", queue.Params.Infos())
	part("action(...) of any type", "action", config.ActionParams())
	objects := config.ObjectParams()
	for _, name := range sorted(objects) {
		part(name+"(...)", name, objects[name])
	}
	for _, name := range sorted(reg.Inputs) {
		part(fmt.Sprintf("module(load=%q ...)", name), "", reg.Inputs[name].Module.Infos)
		part(fmt.Sprintf("input(type=%q ...)", name), name, reg.Inputs[name].Instance.Infos)
	}
	for _, name := range sorted(reg.Outputs) {
		part(fmt.Sprintf("module(load=%q ...)", loadName(reg.Outputs[name])), "", reg.Outputs[name].Module.Infos)
		part(fmt.Sprintf("action(type=%q ...)", name), name, reg.Outputs[name].Instance.Infos)
	}
	for _, name := range sorted(reg.Parsers) {
		part(fmt.Sprintf("parser(type=%q ...)", name), name, reg.Parsers[name].Instance.Infos)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func sorted[T any](m map[string]T) []string {
	var names []string
	for n := range m {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// parameters are the entries of one table. Those that have no effect or are
// refused stand in one line at the end.
func parameters(b *strings.Builder, infos []param.Info) {
	var refused []string
	for _, i := range infos {
		if i.Refused != "" {
			if !strings.HasPrefix(i.Name, "$") {
				refused = append(refused, i.Name)
			}
			continue
		}
		b.WriteString(".TP\n")
		var names []string
		if !strings.HasPrefix(i.Name, "$") {
			names = append(names, i.Name)
		}
		for _, d := range i.Directives {
			names = append(names, "$"+d)
		}
		fmt.Fprintf(b, ".BR %s\n", strings.Join(mapped(names, roff), ` ", " `))
		notes := []string{fmt.Sprint(i.Kind)}
		switch def := i.DefaultText; {
		case i.IsRequired:
			notes = append(notes, "required")
		case i.DefaultDoc != "":
			notes = append(notes, "default: "+i.DefaultDoc)
		case def != "":
			notes = append(notes, "default "+def)
		}
		fmt.Fprintf(b, "%s\n.RI ( %s )\n", text(i.Text), quote(strings.Join(notes, "; ")))
	}
	if len(refused) > 0 {
		b.WriteString(".PP\nKnown to rsyslogd, without effect or refused here: " + roff(strings.Join(refused, ", ")) + ".\n")
	}
}

func mapped(words []string, f func(string) string) []string {
	out := slices.Clone(words)
	for i := range out {
		out[i] = f(out[i])
	}
	return out
}

// text is a sentence that may begin with any byte.
func text(s string) string {
	s = roff(strings.ReplaceAll(strings.ReplaceAll(s, "\n", " "), "`", ""))
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	if s == "" {
		s = `\&`
	}
	return s
}

// roff escapes what roff(7) would understand.
func roff(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "^", `\(ha`, "~", `\(ti`, `"`, `\(dq`).Replace(s)
}

// quote is an argument of a macro with blanks in it.
func quote(s string) string { return `"` + roff(s) + `"` }
