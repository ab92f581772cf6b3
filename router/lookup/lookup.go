// Package lookup holds lookup tables: files that give a value for a key, read at
// start and again when asked.
package lookup

import (
	"errors"
	"fmt"
	"log/slog"
	"sort"
	"sync"
	"sync/atomic"

	"syslogd/internal/barrier"
	"syslogd/internal/posix"
	"syslogd/internal/vfs"
)

// maxFile bounds the file of a table, in bytes.
const maxFile = 1 << 30

// Table is a lookup_table(). It may be read by any number of workers while it is
// reloaded.
type Table struct {
	Name, File  string
	ReloadOnHUP bool

	regexps *posix.Compiler // of the set
	current atomic.Pointer[Index]
	reload  sync.Mutex // one reload at a time
	waiting atomic.Int32
}

// Load reads the file. The table is unchanged when that fails.
func (t *Table) Load() error {
	text, err := vfs.ReadRegular(t.File, maxFile)
	if err != nil {
		return err
	}
	idx, err := Parse(text, t.regexps)
	if err != nil {
		return fmt.Errorf("%s: %w", t.File, err)
	}
	t.current.Store(idx)
	return nil
}

// Current returns the table's content; nil while no file could be read.
func (t *Table) Current() *Index { return t.current.Load() }

// Set is the tables of a configuration.
type Set struct {
	tables  map[string]*Table
	running sync.WaitGroup
	// Log is told of reloads.
	Log *slog.Logger
	// Regexps compiles the expressions of tables; with nil, back-references are refused.
	Regexps *posix.Compiler
	// Barrier catches a panic in what a file has that is read again.
	Barrier *barrier.Barrier
}

// Add adds a table; false means that there is one of the name.
func (s *Set) Add(t *Table) bool {
	if s.tables[t.Name] != nil {
		return false
	}
	if s.tables == nil {
		s.tables = map[string]*Table{}
	}
	s.tables[t.Name] = t
	t.regexps = s.Regexps
	return true
}

// Lookup returns the table of that name, or nil.
func (s *Set) Lookup(name string) *Table { return s.tables[name] }

// Names returns the names of all tables.
func (s *Set) Names() []string {
	var out []string
	for n := range s.tables {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// HUP reloads the tables that ask for it, in the background.
func (s *Set) HUP() {
	for _, name := range s.Names() {
		if t := s.tables[name]; t.ReloadOnHUP {
			s.Reload(t, nil)
		}
	}
}

// Reload reads a table's file again, in the background. When that fails the old
// content stays or, with a stub, every key gives the stub. Of several requests
// that come while a reload runs one is enough.
func (s *Set) Reload(t *Table, stub *string) {
	if t.waiting.Add(1) > 2 { // one runs, one waits
		t.waiting.Add(-1)
		return
	}
	s.running.Go(func() {
		t.reload.Lock()
		defer t.reload.Unlock()
		defer t.waiting.Add(-1)
		err := s.load(t)
		switch {
		case err == nil:
			s.Log.Info(fmt.Sprintf("lookup table '%s' reloaded from file '%s'", t.Name, t.File))
		case stub != nil:
			t.current.Store(&Index{nomatch: []byte(*stub)})
			s.Log.Error(fmt.Sprintf("lookup table '%s' could not be reloaded from file '%s', it is stubbed with value '%s'", t.Name, t.File, *stub), "err", err)
		default:
			s.Log.Error(fmt.Sprintf("lookup table '%s' could not be reloaded from file '%s'", t.Name, t.File), "err", err)
		}
	})
}

// load is Table.Load; a panic in what the file has is an error.
func (s *Set) load(t *Table) (err error) {
	defer s.Barrier.Catch(&err, "a lookup table could not be read", "file", t.File)
	return t.Load()
}

// Wait waits for reloads under way.
func (s *Set) Wait() { s.running.Wait() }

// Kind is the type of a table.
type Kind uint8

// The types. A string table has text for keys, an array consecutive numbers, a
// sparse array any numbers, each of which stands for those up to the next; a
// regular expression table gives the value of the first expression that matches.
const (
	String Kind = iota
	Array
	SparseArray
	Regex
)

// Index is the content of a table. Values must not be changed.
type Index struct {
	kind    Kind
	nomatch []byte
	text    map[string][]byte
	numbers []number // sorted
	regexes []expression
}

type number struct {
	key   uint64
	value []byte
}

type expression struct {
	re    *posix.Regexp
	value []byte
}

// Numeric reports whether keys are numbers.
func (x *Index) Numeric() bool { return x.kind == Array || x.kind == SparseArray }

// Text returns the value for a key that is text.
func (x *Index) Text(key []byte) []byte {
	if x.kind == Regex {
		for i := range x.regexes {
			if x.regexes[i].re.Match(key) {
				return x.regexes[i].value
			}
		}
		return x.nomatch
	}
	if v, ok := x.text[string(key)]; ok {
		return v
	}
	return x.nomatch
}

// Number returns the value for a number. One below 0 counts as above all, as in
// rsyslogd.
func (x *Index) Number(n int64) []byte {
	key := uint64(n)
	i := sort.Search(len(x.numbers), func(i int) bool { return x.numbers[i].key > key })
	if i == 0 || x.kind == Array && x.numbers[i-1].key != key {
		return x.nomatch
	}
	return x.numbers[i-1].value
}

var errNoTable = errors.New("there is no \"table\"")
