package lookup

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"syslogd/internal/posix"
)

func table(t *testing.T, text string) *Index {
	t.Helper()
	idx, err := Parse([]byte(text), &posix.Compiler{})
	if err != nil {
		t.Fatal(err)
	}
	return idx
}

// The wants are those of rsyslogd 8.2302, but for the type regex, which it has not.
func TestLookup(t *testing.T) {
	t.Parallel()
	strs := table(t, `{"version":1,"nomatch":"unk","table":[{"index":"web","value":"front"},{"index":"","value":"empty"},{"index":7,"value":8}]}`)
	for key, want := range map[string]string{"web": "front", "": "empty", "WEB": "unk", "7": "8", "x": "unk"} {
		if got := string(strs.Text([]byte(key))); got != want || strs.Numeric() {
			t.Errorf("string table: %q gives %q, want %q", key, got, want)
		}
	}
	array := table(t, `{"nomatch":"n","type":"array","table":[{"index":5,"value":"five"},{"index":4,"value":"four"}]}`)
	for key, want := range map[int64]string{3: "n", 4: "four", 5: "five", 6: "n", -1: "n"} {
		if got := string(array.Number(key)); got != want || !array.Numeric() {
			t.Errorf("array: %d gives %q, want %q", key, got, want)
		}
	}
	sparse := table(t, `{"nomatch":"n","type":"sparseArray","table":[{"index":"20","value":"twenty"},{"index":10,"value":"ten"}]}`)
	for key, want := range map[int64]string{0: "n", 9: "n", 10: "ten", 19: "ten", 20: "twenty", 1 << 60: "twenty"} {
		if got := string(sparse.Number(key)); got != want {
			t.Errorf("sparse array: %d gives %q, want %q", key, got, want)
		}
	}
	re := table(t, `{"nomatch":"n","type":"regex","table":[{"regex":"^web[0-9]+$","tag":"front"},{"regex":"b","tag":"has b"},{"regex":"^(.)-\\1$","tag":"pair"}]}`)
	for key, want := range map[string]string{"web12": "front", "web": "has b", "x": "n", "7-7": "pair", "7-8": "n"} {
		if got := string(re.Text([]byte(key))); got != want {
			t.Errorf("regex table: %q gives %q, want %q", key, got, want)
		}
	}
}

func TestATableThatIsBrokenIsRefusedWithThePlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{ broken":                             "1:3: ",
		"{\n \"version\": \"x\"\n}":            "2:15: ",
		"{}":                                   `there is no "table"`,
		`{"type":"list","table":[]}`:           `found "list"`,
		`{"table":[{"index":"a"}]}`:            `row 1 of the table needs "index" and "value"`,
		`{"table":[{"index":"a","value":{}}]}`: "want a string or a number",
		`{"type":"array","table":[{"index":4,"value":"a"},{"index":6,"value":"b"}]}`: "6 follows 4",
		`{"type":"array","table":[{"index":4,"value":"a"},{"index":4,"value":"b"}]}`: "4 follows 4",
		`{"type":"sparseArray","table":[{"index":"x","value":"a"}]}`:                 `found "x"`,
		`{"type":"sparseArray","table":[{"index":-1,"value":"a"}]}`:                  `found "-1"`,
		`{"type":"regex","table":[{"regex":"(","tag":"a"}]}`:                         "row 1",
		`{"type":"regex","table":[{"index":"a","value":"a"}]}`:                       `needs "regex" and "tag"`,
	} {
		if _, err := Parse([]byte(text), &posix.Compiler{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestATableIsReadAgain(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	set := &Set{Log: slog.New(slog.NewTextHandler(&log, nil))}
	path := filepath.Join(t.TempDir(), "t.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tab := &Table{Name: "t", File: path, ReloadOnHUP: true}
	if !set.Add(tab) || set.Add(&Table{Name: "t"}) || set.Lookup("t") != tab || set.Lookup("T") != nil {
		t.Fatal("tables are not found by their name")
	}
	if err := tab.Load(); err == nil || tab.Current() != nil {
		t.Errorf("a file that is not there: %v", err)
	}
	holds := func(when, want string) {
		t.Helper()
		set.Wait()
		if got := string(tab.Current().Text([]byte("k"))); got != want {
			t.Errorf("%s: got %q, want %q", when, got, want)
		}
	}
	write(`{"table":[{"index":"k","value":"one"}]}`)
	set.HUP()
	holds("HUP", "one")
	write("{ broken")
	set.HUP()
	holds("HUP with a broken file", "one")
	stub := "stub"
	set.Reload(tab, &stub)
	holds("a broken file with a stub", "stub")
	write(`{"table":[{"index":"k","value":"two"}]}`)
	for range 100 {
		set.Reload(tab, nil)
	}
	holds("many requests", "two")
	tab.ReloadOnHUP = false
	write(`{"table":[{"index":"k","value":"three"}]}`)
	set.HUP()
	holds("reloadOnHUP off", "two")
	for _, want := range []string{"lookup table 't' reloaded from file", "could not be reloaded", "stubbed with value 'stub'"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not have %q:\n%s", want, log.String())
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestALookupCostsNoMemory(t *testing.T) {
	strs := table(t, `{"table":[{"index":"web","value":"front"}]}`)
	key := []byte("web")
	if n := testing.AllocsPerRun(100, func() { strs.Text(key) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"type":"array","table":[{"index":4,"value":"a"}]}`, `{"type":"regex","table":[{"regex":"a|b","tag":"x"}]}`, "{ broken", `{"table":null}`} {
		f.Add([]byte(s), int64(4))
	}
	f.Fuzz(func(t *testing.T, text []byte, n int64) {
		if idx, err := Parse(text, &posix.Compiler{}); err == nil {
			idx.Text(text)
			idx.Number(n)
		}
	})
}
