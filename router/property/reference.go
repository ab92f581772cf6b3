package property

import "sort"

// Names returns the names of all properties, for documentation.
func Names() []string {
	var out []string
	for n := range names {
		out = append(out, n)
	}
	for n := range clocks {
		out = append(out, "$"+n)
	}
	sort.Strings(out)
	return out
}
