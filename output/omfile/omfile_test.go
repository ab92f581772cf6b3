package omfile_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/config"
	"syslogd/internal/diag"
	"syslogd/internal/vfs"
	"syslogd/module"
	"syslogd/output"
	"syslogd/output/omfile"
	"syslogd/store"
)

// file is an output with its surroundings.
type file struct {
	output.Output
	t     *testing.T
	dir   string
	store *store.Store
	// attended is of the batches that are written.
	attended bool
}

// load reads a configuration, in which @DIR@ is a new directory, with omfile as
// the only module.
func load(t *testing.T, conf string) (*config.Config, string, *diag.List) {
	t.Helper()
	dir := t.TempDir()
	reg := &module.Registry{}
	reg.AddOutput(omfile.Module)
	cfg, diags, err := config.Load("test.conf", []byte(strings.ReplaceAll(conf, "@DIR@", dir)), reg, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return cfg, dir, diags
}

// open builds and starts the last action of a configuration.
func open(t *testing.T, conf string) *file {
	t.Helper()
	return openAt(t, conf, time.Now)
}

// openAt is open with a clock.
func openAt(t *testing.T, conf string, now func() time.Time) *file {
	t.Helper()
	cfg, dir, diags := load(t, conf)
	for _, d := range diags.All() {
		t.Errorf("%s: %s", d.Range.Start, d.Text)
	}
	if len(cfg.Actions) == 0 {
		t.Fatal("there is no action")
	}
	f := &file{t: t, dir: dir, store: store.New(vfs.OS{}, slog.New(slog.DiscardHandler), now)}
	a := cfg.Actions[len(cfg.Actions)-1]
	out, err := a.Module.Build(a.Conf, module.Env{
		Log: slog.New(slog.DiscardHandler), Store: f.store, Now: time.Now,
		TemplatePrefix: func(name string) string { return cfg.Templates.Lookup(name).Prefix() },
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Output = out
	if err := out.(output.Starter).Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		out.Close()
		f.store.Close()
	})
	return f
}

// write writes records: text, and for dynamic files the name behind a bar.
func (f *file) write(records ...string) error {
	f.t.Helper()
	var text, name, from output.Part
	for _, r := range records {
		t, n, _ := strings.Cut(r, "|")
		text.Data, name.Data = append(text.Data, t...), append(name.Data, strings.ReplaceAll(n, "@DIR@", f.dir)...)
		text.Ends, name.Ends = append(text.Ends, len(text.Data)), append(name.Ends, len(name.Data))
		from.Data = append(from.Data, "192.0.2.1"...)
		from.Ends = append(from.Ends, len(from.Data))
	}
	return f.Write(context.Background(), &output.Batch{Parts: []output.Part{text, name, from}, Attended: f.attended})
}

func (f *file) mustWrite(records ...string) {
	f.t.Helper()
	if err := f.write(records...); err != nil {
		f.t.Fatal(err)
	}
}

// holds compares a file, after all has been written.
func (f *file) holds(name, want string) {
	f.t.Helper()
	if err := f.store.Flush(); err != nil {
		f.t.Fatal(err)
	}
	f.hasNow(name, want)
}

func (f *file) hasNow(name, want string) {
	f.t.Helper()
	got, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil && want != "" || string(got) != want {
		f.t.Errorf("%s has %q (%v), want %q", name, got, err, want)
	}
}

const template = `template(name="path" type="string" string="@DIR@/%hostname%/%programname%.log")` + "\n"

func TestAFileOfAFixedName(t *testing.T) {
	t.Parallel()
	f := open(t, `action(type="omfile" file="@DIR@/new/all.log")`)
	if got := f.Output.(output.Templated).Templates(); len(got) != 1 || got[0] != "RSYSLOG_FileFormat" {
		t.Errorf("its templates are %q", got)
	}
	f.mustWrite("one\n", "two\n")
	f.mustWrite("without line feed")
	f.mustWrite(" three\n")
	f.holds("new/all.log", "one\ntwo\nwithout line feed three\n")
}

func TestDynamicFiles(t *testing.T) {
	t.Parallel()
	f := open(t, template+`action(type="omfile" dynaFile="path" template="RSYSLOG_TraditionalFileFormat")`)
	if got := f.Output.(output.Templated).Templates(); len(got) != 3 || got[0] != "RSYSLOG_TraditionalFileFormat" || got[1] != "path" {
		t.Errorf("its templates are %q", got)
	}
	f.mustWrite("a\n|@DIR@/h1/p.log", "b\n|@DIR@/h2/p.log", "c\n|@DIR@/h1/p.log")
	f.holds("h1/p.log", "a\nc\n")
	f.holds("h2/p.log", "b\n")
}

func TestANameCanNotLeaveTheDirectoryOfItsTemplate(t *testing.T) {
	t.Parallel()
	f := open(t, template+`action(type="omfile" dynaFile="path")`)
	for _, name := range []string{"@DIR@/../../etc/cron.d/x", "/etc/cron.d/x", "@DIR@/a\x00b/c"} {
		f.mustWrite("evil\n|" + name)
	}
	if err := f.store.Flush(); err != nil {
		t.Fatal(err)
	}
	outside, _ := filepath.Glob(filepath.Join(filepath.Dir(f.dir), "*"))
	for _, path := range outside {
		if path != f.dir && strings.Contains(path, "cron") {
			t.Errorf("%s was made", path)
		}
	}
	found := 0
	filepath.WalkDir(f.dir, func(_ string, d fs.DirEntry, _ error) error {
		if !d.IsDir() {
			found++
		}
		return nil
	})
	if found != 3 {
		t.Errorf("%d of 3 records are below the directory", found)
	}
	where, text := f.Output.(output.Explainer).Explain(&output.Batch{Parts: []output.Part{
		{Data: []byte("x"), Ends: []int{1}}, {Data: []byte(f.dir + "/../../etc/x"), Ends: []int{len(f.dir + "/../../etc/x")}},
	}}, 0)
	if where != f.dir+"/__/__/etc/x" || string(text) != "x" {
		t.Errorf("it explains %q to %s", text, where)
	}
	free := open(t, template+`action(type="omfile" dynaFile="path" dynafile.dangerousPermitPathEscape="on")`)
	free.mustWrite("x\n|@DIR@/sub/f")
	free.mustWrite("x\n|@DIR@/sub/../elsewhere.log")
	free.holds("elsewhere.log", "x\n")
}

func TestModesOfWhatIsCreated(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, conf string
		file, dir  fs.FileMode
	}{
		{"the defaults", `action(type="omfile" file="@DIR@/d/f")`, 0o644, 0o700},
		{"parameters", `action(type="omfile" file="@DIR@/d/f" fileCreateMode="0640" dirCreateMode="0750")`, 0o640, 0o750},
		{"of the module", `module(load="builtin:omfile" fileCreateMode="0600" dirCreateMode="0711")` + "\n" + `action(type="omfile" file="@DIR@/d/f")`, 0o600, 0o711},
		{"directives hold for selector lines", "$FileCreateMode 0604\n$DirCreateMode 0705\n*.* @DIR@/d/f\n", 0o604, 0o705},
		{"directives do not hold for action()", "$FileCreateMode 0604\n" + `action(type="omfile" file="@DIR@/d/f")`, 0o644, 0o700},
		{"the module's do not hold for selector lines", `module(load="builtin:omfile" fileCreateMode="0600")` + "\n*.* @DIR@/d/f\n", 0o644, 0o700},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := open(t, test.conf)
			f.mustWrite("x\n")
			f.holds("d/f", "x\n")
			for path, want := range map[string]fs.FileMode{"d": test.dir, "d/f": test.file} {
				info, err := os.Stat(filepath.Join(f.dir, path))
				if err != nil {
					t.Fatal(err)
				}
				if got := info.Mode().Perm(); got != want&^umask {
					t.Errorf("%s has mode %o, want %o", path, got, want&^umask)
				}
			}
		})
	}
}

// umask is that of the process, which only setting it tells.
var umask = func() fs.FileMode {
	old := syscall.Umask(0)
	syscall.Umask(old)
	return fs.FileMode(old)
}()

func TestOwnersOfWhatIsCreated(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	f := open(t, `action(type="omfile" file="@DIR@/d/f" fileOwnerNum="1234" fileGroupNum="1235" dirOwnerNum="1236" dirGroupNum="1237")`)
	f.mustWrite("x\n")
	f.holds("d/f", "x\n")
	for path, want := range map[string][2]uint32{"d/f": {1234, 1235}, "d": {1236, 1237}} {
		info, err := os.Stat(filepath.Join(f.dir, path))
		if err != nil {
			t.Fatal(err)
		}
		st := info.Sys().(*syscall.Stat_t)
		if got := [2]uint32{st.Uid, st.Gid}; got != want {
			t.Errorf("%s belongs to %v, want %v", path, got, want)
		}
	}
}

func TestADirectoryThatIsMissingIsNotMadeWithoutCreateDirs(t *testing.T) {
	t.Parallel()
	f := open(t, `action(type="omfile" file="@DIR@/none/f" createDirs="off")`)
	err := errors.Join(f.write("x\n"), f.store.Flush())
	if err == nil || !strings.Contains(err.Error(), "none/f") {
		t.Errorf("the error is %v, want one that names the file", err)
	}
	var suspended *output.Suspended
	if err := f.write("y\n"); !errors.As(err, &suspended) {
		t.Errorf("a file that can not be opened gives %v, want a suspension", err)
	}
}

func TestADynamicFileThatCanNotBeOpenedHoldsNoOtherUp(t *testing.T) {
	t.Parallel()
	f := open(t, template+`action(type="omfile" dynaFile="path")`)
	if err := os.WriteFile(filepath.Join(f.dir, "taken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.mustWrite("b\n|@DIR@/taken/b.log", "a\n|@DIR@/h/a.log")
	f.holds("h/a.log", "a\n")
	strict := open(t, template+`action(type="omfile" dynaFile="path" dynafile.doNotSuspend="off")`)
	if err := os.WriteFile(filepath.Join(strict.dir, "taken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var suspended *output.Suspended
	if err := strict.write("a\n|@DIR@/h/a.log", "b\n|@DIR@/taken/b.log"); !errors.As(err, &suspended) || suspended.Done != 1 {
		t.Errorf("got %v, want a suspension after one record", err)
	}
}

func TestALineFeedIsAddedOnRequest(t *testing.T) {
	t.Parallel()
	f := open(t, `action(type="omfile" file="@DIR@/f" addLF="on")`)
	f.mustWrite("one", "two\n", "")
	f.holds("f", "one\ntwo\n\n")
	d := open(t, template+`module(load="builtin:omfile" addLF="on")`+"\n"+`action(type="omfile" dynaFile="path")`)
	d.mustWrite("one|@DIR@/h/f", "two\n|@DIR@/h/f")
	d.holds("h/f", "one\ntwo\n")
}

func TestWhatIsHeldBackIsWrittenAtTheEndOrWhenTheBufferIsFull(t *testing.T) {
	t.Parallel()
	f := open(t, `action(type="omfile" file="@DIR@/f" flushOnTXEnd="off" ioBufferSize="64k")`)
	f.mustWrite("held\n")
	f.store.FlushIdle()
	f.hasNow("f", "")
	f.mustWrite(strings.Repeat("x", 1<<17) + "\n")
	if info, err := os.Stat(filepath.Join(f.dir, "f")); err != nil || info.Size() < 1<<16 {
		t.Errorf("a full buffer was not written: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	f.hasNow("f", "held\n"+strings.Repeat("x", 1<<17)+"\n")
	on := open(t, `action(type="omfile" file="@DIR@/f")`)
	on.mustWrite("at once\n")
	on.store.FlushIdle()
	on.hasNow("f", "at once\n")
}

func TestABatchIsWrittenByItselfUnlessTheCallerAttends(t *testing.T) {
	t.Parallel()
	for _, conf := range []string{`action(type="omfile" file="@DIR@/f")`, template + `action(type="omfile" dynaFile="path")`} {
		synctest.Test(t, func(t *testing.T) {
			f := open(t, conf)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); f.store.Run(ctx) }()
			write := func(text string, attended bool) {
				f.attended = attended
				f.mustWrite(text + "|@DIR@/f")
				time.Sleep(time.Second)
			}
			write("1\n", false)
			f.hasNow("f", "1\n")
			write("2\n", true)
			f.hasNow("f", "1\n")
			write("3\n", false)
			f.hasNow("f", "1\n2\n3\n")
			cancel()
			<-done
		})
	}
}

// TestWhatStandsBeforeAnErrorIsWritten although the caller attends: it waits now, to try
// again.
func TestWhatStandsBeforeAnErrorIsWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := open(t, template+`action(type="omfile" dynaFile="path" dynafile.doNotSuspend="off")`)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); f.store.Run(ctx) }()
		f.mustWrite("1\n|@DIR@/f")
		time.Sleep(time.Second)
		f.attended = true
		if err := f.write("2\n|@DIR@/f", "3\n|@DIR@/f/none"); err == nil {
			t.Error("a file was made below a file")
		}
		time.Sleep(time.Second)
		f.hasNow("f", "1\n2\n")
		cancel()
		<-done
	})
}

func TestACompressedFile(t *testing.T) {
	t.Parallel()
	for _, robust := range []string{"on", "off"} {
		f := open(t, `action(type="omfile" file="@DIR@/f.gz" zipLevel="6" veryRobustZip="`+robust+`")`)
		want := ""
		for i := range 100 {
			line := fmt.Sprintf("line %d\n", i)
			f.mustWrite(line)
			want += line
		}
		if err := errors.Join(f.Close(), f.store.Close()); err != nil {
			t.Fatal(err)
		}
		data, err := os.Open(filepath.Join(f.dir, "f.gz"))
		if err != nil {
			t.Fatal(err)
		}
		defer data.Close()
		zip, err := gzip.NewReader(data)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(zip); err != nil || string(got) != want {
			t.Errorf("veryRobustZip=%s: %d bytes (%v), want %d", robust, len(got), err, len(want))
		}
	}
}

func TestAFileThatWasRenamedIsMadeAgainOnHUP(t *testing.T) {
	t.Parallel()
	f := open(t, `action(type="omfile" file="@DIR@/f")`)
	f.mustWrite("before\n")
	f.holds("f", "before\n")
	if err := os.Rename(filepath.Join(f.dir, "f"), filepath.Join(f.dir, "f.1")); err != nil {
		t.Fatal(err)
	}
	f.store.HUP()
	f.mustWrite("after\n")
	f.holds("f", "after\n")
	f.holds("f.1", "before\n")
}

func TestTheServerRotatesAFile(t *testing.T) {
	t.Parallel()
	f := open(t, `action(type="omfile" file="@DIR@/f" rotation.sizeLimit="100")`)
	rotated := func() []string {
		files, _ := filepath.Glob(filepath.Join(f.dir, "f*"))
		return files
	}
	// Rotations of one file are some time apart, so it takes a few lines more.
	n := 0
	for ; len(rotated()) < 4 && n < 10000; n++ {
		f.mustWrite(fmt.Sprintf("line %04d %s\n", n, strings.Repeat("x", 70)))
		if err := f.store.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[int]int{}
	for _, name := range rotated() {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var i int
			if _, err := fmt.Sscanf(line, "line %d x", &i); err != nil || len(line) != 81 {
				t.Fatalf("%s has a torn line %q", name, line)
			}
			seen[i]++
		}
	}
	if len(rotated()) < 4 || len(seen) != n {
		t.Errorf("%d files have %d of %d lines", len(rotated()), len(seen), n)
	}
	for i, times := range seen {
		if times != 1 {
			t.Errorf("line %d is there %d times", i, times)
		}
	}
}

func TestAnOutputChannelRunsItsCommandAtItsSize(t *testing.T) {
	t.Parallel()
	f := open(t, "$outchannel chan,@DIR@/f,100,/bin/rm @DIR@/f\n*.* :omfile:$chan\n")
	for i := range 4 {
		f.mustWrite(strings.Repeat(fmt.Sprint(i), 79) + "\n")
		if err := f.store.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(filepath.Join(f.dir, "f"))
	if err != nil || info.Size() > 160 {
		t.Errorf("the command did not run: %v, %v", info, err)
	}
}

func TestContradictionsAreErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ conf, want string }{
		{`action(type="omfile")`, `needs either "file" or "dynaFile"`},
		{template + `action(type="omfile" file="/f" dynaFile="path")`, `has both "file" and "dynaFile"`},
		{`action(type="omfile" dynaFile="none")`, `there is no template "none"`},
		{`action(type="omfile" file="/f" template="none")`, `there is no template "none"`},
		{`action(type="omfile" file="/f" rotation.sizeLimitCommand="/bin/true" rotation.maxBackups="3")`, "exclude each other"},
		{`action(type="omfile" file="/f" zipLevel="10")`, "zipLevel: want"},
		{`action(type="omfile" file="/f" fileCreateMode="9")`, "fileCreateMode: want"},
		{`action(type="omfile" file="/f" fileOwner="nobody-of-that-name")`, "fileOwner: "},
		{`action(type="omfile" file="/f" dynaFileCacheSize="0")`, "dynaFileCacheSize: want"},
		{`action(type="omfile" file="/f" cry.provider="gcry")`, "encryption of files is not available"},
	} {
		cfg, _, diags := load(t, test.conf)
		if len(cfg.Actions) > 0 {
			t.Errorf("%s makes an action", test.conf)
		}
		found := false
		for _, d := range diags.All() {
			found = found || strings.Contains(d.Text, test.want) && d.Severity == diag.Error && d.Effect == "this action is ignored"
		}
		if !found {
			t.Errorf("%s: want %q in %+v", test.conf, test.want, diags.All())
		}
	}
}

func TestADirectoryThatCanNotBeMadeCostsTheRecordAlsoWithEndlessRetry(t *testing.T) {
	t.Parallel()
	f := open(t, `action(type="omfile" file="@DIR@/plain/all.log" action.resumeRetryCount="-1")`)
	if err := os.WriteFile(filepath.Join(f.dir, "plain"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var rejected *output.Rejected
	if err := f.write("lost\n", "lost, too\n"); !errors.As(err, &rejected) || rejected.Index != 0 {
		t.Errorf("got %v, want the first record rejected", err)
	}
	if err := os.Remove(filepath.Join(f.dir, "plain")); err != nil {
		t.Fatal(err)
	}
	f.mustWrite("kept\n")
	f.holds("plain/all.log", "kept\n")
}
