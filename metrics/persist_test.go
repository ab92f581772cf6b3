package metrics

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/internal/vfs"
)

// kept returns a bucket in dir with its keeper.
func kept(dir string, p Persistence, log *strings.Builder) (*Dynamic, *Keeper) {
	p.Path = filepath.Join(dir, StateFileName("hosts"))
	d := &Dynamic{Name: "hosts", MaxKeys: 2, Life: time.Hour, Persist: p}
	b := &Buckets{Counters: map[string]*Dynamic{"hosts": d, "other": {Name: "other"}}}
	return d, b.NewKeeper(vfs.OS{}, slog.New(slog.NewTextHandler(log, nil)), time.Now)
}

func counts(d *Dynamic, keys ...string) {
	for _, k := range keys {
		d.Inc([]byte(k), time.Now())
	}
}

func saved(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "dynstats-state:hosts"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

func TestCountersOutliveTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var log strings.Builder
	d, k := kept(dir, Persistence{Counts: 100}, &log)
	k.Restore()
	counts(d, "web", "db", "web", "one too many")
	k.Close()
	if got, want := saved(t, dir), `{"name":"hosts","values":{"db":1,"web":2}}`; got != want {
		t.Errorf("saved %s, want %s", got, want)
	}
	// As rsyslogd writes it, and with more keys than there may be.
	path := filepath.Join(dir, "dynstats-state:hosts")
	if err := os.WriteFile(path, []byte(`{ "name": "hosts", "values": { "web": 42, "db": 17, "z": 1 } }`), 0o600); err != nil {
		t.Fatal(err)
	}
	d, k = kept(dir, Persistence{Counts: 100}, &log)
	k.Restore()
	counts(d, "web")
	k.Close()
	if got, want := saved(t, dir), `{"name":"hosts","values":{"db":17,"web":43}}`; got != want {
		t.Errorf("saved %s, want %s", got, want)
	}
	if d.Flushes.Value() != 1 || d.FlushErrors.Value() != 0 || log.Len() > 0 {
		t.Errorf("%d saved, %d not, log %s", d.Flushes.Value(), d.FlushErrors.Value(), &log)
	}
}

func TestCountersAreSavedWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		var log strings.Builder
		d, k := kept(dir, Persistence{Counts: 3, Interval: time.Minute}, &log)
		k.Restore()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{}) // closed when Run has ended
		go func() { defer close(done); k.Run(ctx) }()
		counts(d, "a", "a")
		synctest.Wait()
		if got := saved(t, dir); got != "" {
			t.Errorf("saved too early: %s", got)
		}
		counts(d, "a")
		synctest.Wait()
		if got := saved(t, dir); !strings.Contains(got, `"a":3`) {
			t.Errorf("after three counts: %s", got)
		}
		counts(d, "a")
		<-time.After(62 * time.Second)
		synctest.Wait()
		if got := saved(t, dir); !strings.Contains(got, `"a":4`) {
			t.Errorf("after a minute: %s", got)
		}
		<-time.After(5 * time.Minute)
		if n := d.Flushes.Value(); n != 2 {
			t.Errorf("saved %d times, want 2: nothing was counted since", n)
		}
		cancel()
		<-done
	})
}

func TestAFileThatIsBrokenOrCanNotBeWrittenIsReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "dynstats-state:hosts")
	if err := os.WriteFile(path, []byte(`{ broken`), 0o600); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	d, k := kept(dir, Persistence{Counts: 1}, &log)
	k.Restore()
	if err := os.Mkdir(path+".tmp", 0o700); err != nil {
		t.Fatal(err)
	}
	counts(d, "a")
	k.Close()
	k.Close()
	for _, want := range []string{"can not be restored", "can not be saved"} {
		if strings.Count(log.String(), want) != 1 {
			t.Errorf("the log should have %q once:\n%s", want, &log)
		}
	}
	if d.FlushErrors.Value() != 2 || saved(t, dir) != "{ broken" {
		t.Errorf("%d errors, the file has %q", d.FlushErrors.Value(), saved(t, dir))
	}
}

func TestTheFileOfABucketStaysInItsDirectory(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"msg_per host": "dynstats-state:msg_per host", "../%x": "dynstats-state:..%2F%25x"} {
		if got := StateFileName(name); got != want {
			t.Errorf("%q: %s", name, got)
		}
	}
}
