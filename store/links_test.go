package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

// linked is a log directory, itself behind a link of the administrator's, with a
// directory outside that a link leads to.
func linked(t *testing.T) (log, outside string) {
	t.Helper()
	root := t.TempDir()
	outside = filepath.Join(root, "outside")
	for _, err := range []error{
		os.MkdirAll(filepath.Join(root, "data"), 0o755), os.Mkdir(outside, 0o755),
		os.WriteFile(filepath.Join(outside, "f"), []byte("precious\n"), 0o644),
		os.Symlink("data", filepath.Join(root, "log")),
		os.Symlink(outside, filepath.Join(root, "data/dir")),
		os.Symlink(filepath.Join(outside, "f"), filepath.Join(root, "data/file.log")),
		os.Symlink(filepath.Join(outside, "new"), filepath.Join(root, "data/dangling.log")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(root, "log") + "/", outside
}

// untouched checks that nothing came to the outside.
func untouched(t *testing.T, outside string) {
	t.Helper()
	list, err := os.ReadDir(outside)
	if err != nil || len(list) != 1 || readAll(t, filepath.Join(outside, "f")) != "precious\n" {
		t.Errorf("outside: %v (%v)", list, err)
	}
}

func TestALinkDoesNotLeadOutOfTheTreeOfDynamicNames(t *testing.T) {
	t.Parallel()
	for _, links := range []Links{LinksInside, NoLinks} {
		log, outside := linked(t)
		s, _ := newOSStore(t, nil)
		c := s.Cache(&Options{Links: links}, log, 0)
		for _, name := range []string{"dir/f", "dir/new", "dir/sub/new", "file.log", "dangling.log"} {
			var open *OpenError
			if err := appendTo(c, []byte(log+name), []byte("x\n")); !errors.As(err, &open) || !vfs.LeadsOut(err) && !errors.Is(err, unix.ENOTDIR) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := appendTo(c, []byte(log+"host/app.log"), []byte("x\n")); err != nil {
			t.Errorf("behind the administrator's link: %v", err)
		}
		untouched(t, outside)
	}
	log, outside := linked(t)
	s, _ := newOSStore(t, nil)
	c := s.Cache(&Options{Links: AllLinks}, log, 0)
	if err := appendTo(c, []byte(log+"dir/f"), []byte("x\n")); err != nil || s.Flush() != nil {
		t.Errorf("with all links: %v", err)
	}
	if text := readAll(t, filepath.Join(outside, "f")); text != "precious\nx\n" {
		t.Errorf("with all links: %q", text)
	}
}

func TestALinkThatIsPutInTheWayLater(t *testing.T) {
	t.Parallel()
	log, outside := linked(t)
	clock := newClock()
	s, _ := newOSStore(t, clock)
	c := s.Cache(&Options{Isolate: true, Rotation: Rotation{Size: 100, MaxBackups: 1, Compress: Gzip}}, log, 0)
	key := []byte(log + "host/app.log")
	line := []byte(strings.Repeat("x", 59) + "\n")
	write := func() {
		t.Helper()
		if err := appendTo(c, key, line); err != nil {
			t.Fatal(err)
		}
		_ = s.Flush()
		s.keeper.work(t.Context())
		clock.Add(2e9)
	}
	write()
	write() // rotates
	if n := len(backups(t, log+"host", "app.log")); n != 1 {
		t.Errorf("%d backups", n)
	}
	// The file becomes a link, then its directory: whoever may write there does so.
	for _, swap := range []func() error{
		func() error {
			return errors.Join(os.Remove(log+"host/app.log"), os.Symlink(filepath.Join(outside, "f"), log+"host/app.log"))
		},
		func() error { return errors.Join(os.Rename(log+"host", log+"old"), os.Symlink(outside, log+"host")) },
	} {
		if err := swap(); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			write()
		}
		untouched(t, outside)
	}
	// The keeper does not go through the link either.
	name := filepath.Join(outside, "app-2020-01-01T00-00-00.000.log")
	if err := os.WriteFile(name, []byte("not ours\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.keeper.later(vfs.Beneath(s.fs, log, false), "host/app.log", &Rotation{Size: 1, MaxBackups: 1, Compress: Gzip})
	s.keeper.work(t.Context())
	if text := readAll(t, name); text != "not ours\n" {
		t.Errorf("%s: %q", name, text)
	}
}
