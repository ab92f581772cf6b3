package lookup

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"syslogd/internal/posix"
)

// file is the JSON of a table.
type file struct {
	Version int     `json:"version"`
	NoMatch scalar  `json:"nomatch"`
	Type    *string `json:"type"`
	Table   []row   `json:"table"`
}

type row struct {
	Index *scalar `json:"index"`
	Value *scalar `json:"value"`
	Regex *string `json:"regex"`
	Tag   *scalar `json:"tag"`
}

// scalar is a JSON string, number or boolean as text.
type scalar string

func (s *scalar) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case '{', '[':
		return fmt.Errorf("want a string or a number, found %.20s", b)
	case '"':
		return json.Unmarshal(b, (*string)(s))
	}
	*s = scalar(b)
	return nil
}

// SyntaxError is a mistake at a known place of a table's text. Line and Col
// count from 1, Col in bytes.
type SyntaxError struct {
	Line, Col int
	Err       error
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%d:%d: %v", e.Line, e.Col, e.Err) }
func (e *SyntaxError) Unwrap() error { return e.Err }

// Parse reads a table whose expressions, if it has any, regexps compiles. The
// error is a *SyntaxError where the place is known.
func Parse(text []byte, regexps *posix.Compiler) (*Index, error) {
	var f file
	dec := json.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&f); err != nil {
		return nil, positioned(text, dec, err)
	}
	idx := &Index{nomatch: []byte(f.NoMatch)}
	if f.Table == nil {
		return nil, errNoTable
	}
	kind := "string"
	if f.Type != nil {
		kind = *f.Type
	}
	var err error
	switch kind {
	case "string":
		err = idx.strings(f.Table)
	case "array":
		idx.kind = Array
		err = idx.array(f.Table)
	case "sparseArray":
		idx.kind = SparseArray
		err = idx.sparse(f.Table)
	case "regex":
		idx.kind = Regex
		err = idx.expressions(f.Table, regexps)
	default:
		err = fmt.Errorf("want the type string, array, sparseArray or regex, found %q", kind)
	}
	if err != nil {
		return nil, err
	}
	return idx, nil
}

// positioned finds the place of an error in text.
func positioned(text []byte, dec *json.Decoder, err error) error {
	at := dec.InputOffset()
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset - 1
	case errors.As(err, &kind):
		at = kind.Offset - 1
	}
	at = min(max(at, 0), int64(len(text)))
	before := text[:at]
	line := bytes.Count(before, []byte{'\n'}) + 1
	col := len(before) - bytes.LastIndexByte(before, '\n')
	return &SyntaxError{line, col, err}
}

func (r *row) check(i int) error {
	if r.Index == nil || r.Value == nil {
		return fmt.Errorf(`row %d of the table needs "index" and "value"`, i+1)
	}
	return nil
}

func (x *Index) strings(rows []row) error {
	x.text = make(map[string][]byte, len(rows))
	for i := range rows {
		if err := rows[i].check(i); err != nil {
			return err
		}
		x.text[string(*rows[i].Index)] = []byte(*rows[i].Value)
	}
	return nil
}

func (x *Index) sparse(rows []row) error {
	for i := range rows {
		if err := rows[i].check(i); err != nil {
			return err
		}
		key, err := strconv.ParseUint(string(*rows[i].Index), 10, 64)
		if err != nil {
			return fmt.Errorf("row %d of the table: want a number from 0 as index, found %q", i+1, *rows[i].Index)
		}
		x.numbers = append(x.numbers, number{key, []byte(*rows[i].Value)})
	}
	slices.SortStableFunc(x.numbers, func(a, b number) int { return cmp.Compare(a.key, b.key) })
	return nil
}

func (x *Index) array(rows []row) error {
	if err := x.sparse(rows); err != nil {
		return err
	}
	for i := 1; i < len(x.numbers); i++ {
		if x.numbers[i].key != x.numbers[i-1].key+1 {
			return fmt.Errorf("an array must have consecutive numbers, %d follows %d; use the type sparseArray", x.numbers[i].key, x.numbers[i-1].key)
		}
	}
	return nil
}

func (x *Index) expressions(rows []row, regexps *posix.Compiler) error {
	for i, r := range rows {
		if r.Regex == nil || r.Tag == nil {
			return fmt.Errorf(`row %d of the table needs "regex" and "tag"`, i+1)
		}
		re, err := regexps.Compile(*r.Regex, posix.Extended, false)
		if err != nil {
			return fmt.Errorf("row %d of the table: %w", i+1, err)
		}
		x.regexes = append(x.regexes, expression{re, []byte(*r.Tag)})
	}
	return nil
}
