package syntax

import (
	"bytes"
	"fmt"
	"io"
)

// WriteExpanded writes the text of f and, behind the line of each include, what
// it brought in, each framed as rsyslogd -o frames it.
func WriteExpanded(w io.Writer, f *File) {
	fmt.Fprintf(w, "##### BEGIN CONFIG: %s (put on stack)\n", f.Source.Name)
	byLine := map[int][]*File{}
	InspectFile(f, func(n Node) bool {
		var files []*File
		switch n := n.(type) {
		case *Include:
			files = n.Files
		case *Directive:
			files = n.Files
		default:
			return true
		}
		for _, inc := range files {
			line := n.Range().Start.Line
			byLine[line] = append(byLine[line], inc)
		}
		return false
	})
	for i, line := range bytes.SplitAfter(f.Source.Text, []byte{'\n'}) {
		w.Write(line)
		if inc := byLine[i+1]; len(inc) > 0 {
			if !bytes.HasSuffix(line, []byte{'\n'}) {
				io.WriteString(w, "\n")
			}
			for _, x := range inc {
				WriteExpanded(w, x)
			}
		}
	}
	fmt.Fprintf(w, "\n##### END   CONFIG: %s\n\n", f.Source.Name)
}
