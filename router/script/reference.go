package script

import "sort"

// Functions returns the names of the functions, for documentation.
func Functions() []string {
	var names []string
	for n := range functions() {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}
