package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"
)

// testCase is one file of testdata/field.
type testCase struct {
	name, path, note, config string
	options                  map[string][]string
	messages                 [][]byte
	// files are there at the start; appended are written to afterwards.
	files, appended map[string]string
}

// optionNames are those that a case may have.
var optionNames = strings.Fields(`run args check convert stop messages silent inputs closed late fifo receiver directory mode
	symlink user member quiet ignore only drop mask sort unique`)

// option returns the last value of an option, or "".
func (c *testCase) option(name string) string { return last(c.options[name]) }

func last(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}

// recorded is where what rsyslogd did is written down.
func (c *testCase) recorded() string { return strings.TrimSuffix(c.path, ".txtar") + ".want" }

// loadCases reads the cases of a directory, those with one of the names if there are any.
func loadCases(dir string, names []string) ([]*testCase, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		return nil, err
	}
	var cases []*testCase
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		c, err := loadCase(name, path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		cases = append(cases, c)
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("no cases in %s", dir)
	}
	return cases, nil
}

func loadCase(name, path string) (*testCase, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c := &testCase{name: name, path: path, options: map[string][]string{}, files: map[string]string{}, appended: map[string]string{}}
	for _, f := range txtar.Parse(text).Files {
		kind, file, _ := strings.Cut(f.Name, " ")
		switch {
		case kind == "note":
			c.note = strings.Join(strings.Fields(string(f.Data)), " ")
		case kind == "config":
			c.config = string(f.Data)
		case kind == "options":
			err = c.readOptions(string(f.Data))
		case kind == "messages":
			for _, line := range strings.Split(strings.TrimSuffix(string(f.Data), "\n"), "\n") {
				c.messages = append(c.messages, unescape(line))
			}
		case kind == "file" && strings.HasPrefix(file, "/"):
			c.files[file] = string(f.Data)
		case kind == "append" && strings.HasPrefix(file, "/"):
			c.appended[file] = string(f.Data)
		default:
			err = fmt.Errorf("unknown section %q", f.Name)
		}
		if err != nil {
			return nil, err
		}
	}
	if c.config == "" {
		return nil, fmt.Errorf("no section config")
	}
	return c, nil
}

func (c *testCase) readOptions(text string) error {
	for _, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		key, value, found := strings.Cut(line, ":")
		if key = strings.TrimSpace(key); !found || !slices.Contains(optionNames, key) {
			return fmt.Errorf("unknown option %q", line)
		}
		c.options[key] = append(c.options[key], strings.TrimSpace(value))
	}
	return nil
}

var escape = regexp.MustCompile(`\\(x[0-9a-fA-F]{2}|[ntr\\])`)

// unescape understands \xHH, \n, \t, \r and \\ in a message.
func unescape(line string) []byte {
	return escape.ReplaceAllFunc([]byte(line), func(e []byte) []byte {
		switch e[1] {
		case 'x':
			n, _ := strconv.ParseUint(string(e[2:]), 16, 8)
			return []byte{byte(n)}
		case 'n':
			return []byte{'\n'}
		case 't':
			return []byte{'\t'}
		case 'r':
			return []byte{'\r'}
		}
		return []byte{'\\'}
	})
}
