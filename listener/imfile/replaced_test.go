package imfile

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"syslogd/internal/vfs"
)

// eventsOnly switches the scan off that comes by the clock: what is not noticed is not read.
func eventsOnly(o options) options {
	o.mod = func(m *ModuleConfig) { m.FallbackInterval = 0 }
	return o
}

// sh does what administrators and deployments do: mkdir, mv, ln (in place), rm, rmdir, and > to
// append a line. Names are below the directory of the rig.
func (r *rig) sh(command string) {
	r.t.Helper()
	words := strings.Fields(command)
	path := func(i int) string { return r.path(words[i]) }
	var err error
	switch words[0] {
	case "mkdir":
		err = os.MkdirAll(path(1), 0o700)
	case "mv":
		err = os.Rename(path(1), path(2))
	case "ln":
		if err = os.Symlink(words[2], path(1)+".new"); err == nil {
			err = os.Rename(path(1)+".new", path(1))
		}
	case "link":
		err = os.Link(path(1), path(2))
	case "rm":
		err = os.RemoveAll(path(1))
	case "unread": // until it was noticed that there is no file
		poll(func() bool { return r.known() == 0 })
	case "want":
		poll(func() bool { return len(r.queue.got()) >= len(words)-1 })
		if got := strings.Join(r.queue.got(), " "); got != strings.Join(words[1:], " ") {
			r.t.Fatalf("got %q, want %q\nlog: %s", got, words[1:], r.log)
		}
	default: // > file text
		r.write(words[1], words[2]+"\n")
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// Whatever changes on the way to a file is noticed by its event.
func TestEveryComponentOfAPathIsWatched(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, before, after string }{
		{"a link is set to another release", "app/current/log/*.log",
			"mkdir app/r1/log; mkdir app/r2/log; ln app/current r1; > app/r1/log/a.log one",
			"want one; > app/r2/log/a.log two; ln app/current r2; want one two; > app/r2/log/a.log three; want one two three"},
		{"a link in a chain", "app/current/a.log",
			"mkdir app/r1; mkdir store/r2; ln app/stable r1; ln app/current stable; > app/r1/a.log one",
			"want one; > store/r2/a.log two; ln app/stable ../store/r2; want one two; > store/r2/a.log three; want one two three"},
		{"a link to a file", "a.log", "mkdir d; > d/1.log one; ln a.log d/1.log",
			"want one; > d/2.log two; ln a.log d/2.log; want one two; > d/2.log three; want one two three"},
		{"a link that leads nowhere yet", "current/a.log", "mkdir store; ln current store/x/y",
			"mkdir store/x/y; > store/x/y/a.log one; want one; > store/x/y/a.log two; want one two"},
		{"a directory above is renamed and made again", "svc/log/a.log", "mkdir svc/log; > svc/log/a.log one",
			"want one; mv svc svc.old; mkdir svc/log; > svc/log/a.log two; want one two; > svc/log/a.log three; want one two three"},
		{"a directory far above is renamed and made again", "x/y/svc/log/a.log", "mkdir x/y/svc/log; > x/y/svc/log/a.log one",
			"want one; mv x x.old; mkdir x/y/svc/log; > x/y/svc/log/a.log two; want one two"},
		{"a directory above is removed and made again", "svc/log/a.log", "mkdir svc/log; > svc/log/a.log one",
			"want one; rm svc; mkdir svc/log; > svc/log/a.log two; want one two; rm svc/log; mkdir svc/log; > svc/log/a.log three; want one two three"},
		{"a directory comes back", "svc/log/a.log", "mkdir svc/log; > svc/log/a.log one",
			"want one; mv svc svc.old; mv svc.old svc; > svc/log/a.log two; want one two"},
		{"a directory and a link change places", "svc/log/a.log", "mkdir svc/log; > svc/log/a.log one",
			"want one; mv svc svc.old; ln svc svc.old; > svc/log/a.log two; want one two; > svc.old/log/a.log three; want one two three"},
		{"directories come one by one", "p/q/r/a.log", "",
			"mkdir p; mkdir p/q; mkdir p/q/r; > p/q/r/a.log one; want one; > p/q/r/a.log two; want one two"},
		{"a wildcard in a directory", "srv/*/log/a.log", "mkdir srv/x/log; > srv/x/log/a.log one",
			"want one; mkdir srv/y; mkdir srv/y/log; > srv/y/log/a.log two; want one two; mv srv/x srv/z; > srv/z/log/a.log three; want one two three"},
		{"a link that a wildcard finds", "srv/*/a.log", "mkdir r1; mkdir r2; mkdir srv; ln srv/x ../r1; > r1/a.log one",
			"want one; > r2/a.log two; ln srv/x ../r2; want one two; > r2/a.log three; want one two three"},
		{"a file behind a link that a wildcard finds is away for a while", "links/*.log",
			"mkdir pods; mkdir links; > pods/0.log one; ln links/c.log ../pods/0.log",
			"want one; mv pods/0.log pods/0.log.1; unread; > pods/0.log two; want one two; > pods/0.log three; want one two three"},
		{"a directory behind a link that a wildcard finds is away for a while", "srv/*/a.log",
			"mkdir rel/r1; mkdir srv; > rel/r1/a.log one; ln srv/x ../rel/r1",
			"want one; mv rel/r1 rel/r0; unread; mkdir rel/r1; > rel/r1/a.log two; want one two"},
		{"a wildcard finds a link to a link that leads nowhere yet", "srv/*.log", "mkdir srv; mkdir d; ln srv/x.log ../d/y; ln d/y z",
			"> d/z one; want one; > d/z two; want one two"},
		{"dots and slashes", ".//d/../d/./a.log", "mkdir d; > d/a.log one", "want one; > d/a.log two; want one two; mv d e; mkdir d; > d/a.log three; want one two three"},
		{"two dots behind a link", "current/../a.log", "mkdir app/r1; ln current app/r1; > app/a.log one",
			"want one; > app/a.log two; want one two; mkdir b/r2; > b/a.log three; ln current b/r2; want one two three; > b/a.log four; want one two three four"},
		{"another name of the file elsewhere", "d/a.log", "mkdir d; mkdir e; > d/a.log one; link d/a.log e/b.log",
			"want one; > e/b.log two; want one two"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			r := newRig(t, dir, c.file, eventsOnly(options{conf: func(conf *Config) { conf.File = dir + "/" + c.file }})) // as it stands
			for _, command := range strings.Split(c.before, ";") {
				if command != "" {
					r.sh(command)
				}
			}
			r.run()
			if !strings.HasPrefix(c.after, "want") { // the first scan is over
				poll(func() bool { return r.watches() > 0 })
			}
			for _, command := range strings.Split(c.after, ";") {
				r.sh(command)
			}
		})
	}
}

// known is the number of files that are read.
func (r *rig) known() int {
	r.in.box.mu.Lock()
	defer r.in.box.mu.Unlock()
	return len(r.in.box.known)
}

// watches is the number of paths that are watched.
func (r *rig) watches() int {
	r.in.hub.mu.Lock()
	defer r.in.hub.mu.Unlock()
	return len(r.in.hub.byPath)
}

// What is no longer on the way is not watched any more.
func TestWatchesOfTheOldWayEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), "app/current/log/*.log", eventsOnly(options{}))
	for _, command := range []string{"mkdir app/r0/log", "> app/r0/log/a.log 0", "ln app/current r0"} {
		r.sh(command)
	}
	r.run()
	r.sh("want 0")
	before, want := r.watches(), "want 0"
	for _, n := range strings.Fields("1 2 3 4 5") {
		r.sh("mkdir app/r" + n + "/log")
		r.sh("> app/r" + n + "/log/a.log " + n)
		r.sh("ln app/current r" + n)
		want += " " + n
		r.sh(want)
	}
	if !poll(func() bool { return r.watches() <= before }) {
		t.Errorf("%d paths are watched, %d before", r.watches(), before)
	}
}

// Relative paths hold in the directory that the server was started in.
func TestRelativePathsAreWatched(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, file := range []string{"in1.log", "./in2.log", "d/../in3.log", ".//in4.log", "d/in5.log", "../" + filepath.Base(dir) + "/in6.log"} {
		r := newRig(t, dir, "unused", eventsOnly(options{conf: func(c *Config) { c.File = file }}))
		r.sh("mkdir d")
		path := strings.TrimPrefix(filepath.Clean(file), "../"+filepath.Base(dir)+"/")
		r.write(path, "one\n")
		r.run()
		r.sh("want one")
		r.write(path, "two\n")
		r.sh("want one two")
		r.stop()
	}
}

// afterStat calls then when a file was looked at, before anything else is done.
type afterStat struct {
	vfs.FS
	then func(vfs.Info)
}

func (f afterStat) Stat(path string) (vfs.Info, error) {
	info, err := f.FS.Stat(path)
	f.then(info)
	return info, err
}

// A file that has got another name is watched itself. What is written by that name after it was
// looked at, and before it is watched, has no event.
func TestWhatIsWrittenBeforeTheWatchIsRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), "d/a.log", eventsOnly(options{}))
	for _, command := range []string{"mkdir d", "mkdir e", "> d/a.log one"} {
		r.sh(command)
	}
	var once sync.Once
	r.in.fs = afterStat{r.in.fs, func(info vfs.Info) {
		if !info.Mode.IsDir() && info.Nlink > 1 {
			once.Do(func() { r.write("e/b.log", "two\n") })
		}
	}}
	r.run()
	r.sh("want one")
	r.sh("link d/a.log e/b.log")
	if err := os.Chmod(r.path("d/a.log"), 0o640); err != nil { // the link itself has no event in d
		t.Fatal(err)
	}
	r.sh("want one two")
}
