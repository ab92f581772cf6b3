package docs

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every reason for which the server counts lost messages is a row of the table in
// operations.md, and the table has no others.
func TestAllReasonsOfLossesAreDocumented(t *testing.T) {
	t.Parallel()
	const root = "../.."
	text, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Lost messages\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(section, -1) {
		rows[m[1]] = true
	}
	reasons := reasonsOfLosses(t, root)
	if len(reasons) < 15 {
		t.Errorf("only %d reasons are found in the source", len(reasons))
	}
	if got, want := slices.Sorted(maps.Keys(rows)), slices.Sorted(maps.Keys(reasons)); !slices.Equal(got, want) {
		t.Errorf("docs/operations.md, Lost messages: the table has\n%v, the source\n%v", got, want)
	}
}

// reasonsOfLosses are the first arguments of Losses.Of, and of the functions that stand for
// it, in all files that are not tests.
func reasonsOfLosses(t *testing.T, root string) map[string]bool {
	t.Helper()
	literal := regexp.MustCompile(`(?:\b[lL]osses|\ball|\bl)\.Of\("([a-z_]+)"|\blost\("([a-z_]+)"\)|return "(message_[a-z_]+)"`)
	reasons := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range literal.FindAllSubmatch(source, -1) {
			reasons[string(m[1])+string(m[2])+string(m[3])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return reasons
}
