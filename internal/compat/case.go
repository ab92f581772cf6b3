package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"
)

// testCase is one file of testdata/compat/cases; the format is described in
// testdata/compat/README.md.
type testCase struct {
	name, area string
	conf       string
	steps      []string
	files      map[string][]byte
	want       map[string][]byte
	wantMode   map[string]string
	wantExit   *int
	options    map[string][]string
	masks      []mask
	drops      []*regexp.Regexp
	sorts      map[string]bool
	uniques    map[string]bool
}

type mask struct {
	re *regexp.Regexp
	to string
}

func loadCases(dir string) ([]*testCase, error) {
	var out []*testCase
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".txtar") {
			return err
		}
		c, err := loadCase(dir, path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, c)
		return nil
	})
	sort.Slice(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out, err
}

var optionLine = regexp.MustCompile(`^# ([a-z-]+): (.*)$`)

func loadCase(dir, path string) (*testCase, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return nil, err
	}
	c := &testCase{name: strings.TrimSuffix(rel, ".txtar"), files: map[string][]byte{}, want: map[string][]byte{},
		wantMode: map[string]string{}, options: map[string][]string{}, sorts: map[string]bool{}, uniques: map[string]bool{}}
	c.area, _, _ = strings.Cut(c.name, "/")
	archive := txtar.Parse(text)
	for _, line := range strings.Split(string(archive.Comment), "\n") {
		if m := optionLine.FindStringSubmatch(line); m != nil {
			c.options[m[1]] = append(c.options[m[1]], strings.TrimSpace(m[2]))
		}
	}
	for _, f := range archive.Files {
		if err := c.section(f.Name, f.Data); err != nil {
			return nil, err
		}
	}
	if c.conf == "" {
		return nil, fmt.Errorf("no section rsyslog.conf")
	}
	return c, c.compile()
}

func (c *testCase) section(name string, data []byte) error {
	kind, path, _ := strings.Cut(name, "/")
	var err error
	switch {
	case name == "rsyslog.conf":
		c.conf = string(data)
	case name == "input":
		for _, line := range strings.Split(string(data), "\n") {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				c.steps = append(c.steps, line)
			}
		}
	case name == "want/exit":
		n, err := strconv.Atoi(strings.TrimSpace(string(data)))
		c.wantExit = &n
		return err
	case name == "want/mode":
		for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
			mode, path, _ := strings.Cut(line, " ")
			c.wantMode[strings.TrimSpace(path)] = mode
		}
	case kind == "file":
		c.files[path] = data
	case kind == "file-q":
		c.files[path], err = unquoteLines(data)
	case kind == "want":
		c.want[path] = data
	case kind == "want-q":
		c.want[path], err = unquoteLines(data)
	default:
		err = fmt.Errorf("unknown section %q", name)
	}
	return err
}

func (c *testCase) compile() error {
	for _, m := range c.options["mask"] {
		pattern, to, found := strings.Cut(m, " => ")
		if !found {
			return fmt.Errorf("mask without =>: %s", m)
		}
		re, err := regexp.Compile("(?m)" + pattern)
		if err != nil {
			return err
		}
		// The cases write references as \1, Go as ${1}.
		c.masks = append(c.masks, mask{re, regexp.MustCompile(`\\(\d)`).ReplaceAllString(strings.ReplaceAll(to, "$", "$$"), "$${$1}")})
	}
	for _, d := range c.options["drop"] {
		re, err := regexp.Compile(d)
		if err != nil {
			return err
		}
		c.drops = append(c.drops, re)
	}
	for _, p := range c.options["sort"] {
		c.sorts[p] = true
	}
	for _, p := range c.options["unique"] {
		c.sorts[p], c.uniques[p] = true, true
	}
	return nil
}

// option returns the last value of an option.
func (c *testCase) option(name, def string) string {
	if v := c.options[name]; len(v) > 0 {
		return v[len(v)-1]
	}
	return def
}

// words returns all words of all values of an option.
func (c *testCase) words(name string) []string {
	return strings.Fields(strings.Join(c.options[name], " "))
}

func unquoteLines(data []byte) ([]byte, error) {
	var out []byte
	for _, line := range strings.Split(string(data), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		s, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
		out = append(out, s...)
	}
	return out, nil
}

// normalise makes an output comparable: directory, masks, order of lines.
func (c *testCase) normalise(path string, data []byte, dir string) []byte {
	data = bytes.ReplaceAll(data, []byte(dir), []byte("@DIR@"))
	data = bytes.ReplaceAll(data, []byte(strings.ReplaceAll(dir, "/", `\/`)), []byte("@DIR@"))
	if len(c.drops) > 0 {
		var kept []byte
		for _, line := range bytes.SplitAfter(data, []byte{'\n'}) {
			if !c.dropped(line) {
				kept = append(kept, line...)
			}
		}
		data = kept
	}
	for _, m := range c.masks {
		data = m.re.ReplaceAll(data, []byte(m.to))
	}
	if c.sorts[path] || c.sorts["*"] {
		lines := strings.SplitAfter(string(data), "\n")
		sort.Strings(lines)
		if c.uniques[path] {
			lines = compact(lines)
		}
		data = []byte(strings.Join(lines, ""))
	}
	return data
}

func (c *testCase) dropped(line []byte) bool {
	for _, re := range c.drops {
		if re.Match(line) {
			return true
		}
	}
	return false
}

func compact(sorted []string) []string {
	out := sorted[:0]
	for i, s := range sorted {
		if i == 0 || s != sorted[i-1] {
			out = append(out, s)
		}
	}
	return out
}
