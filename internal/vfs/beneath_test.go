package vfs

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// tree makes data/ with a file, beside it secret/ with another one, links in data/, and
// log, the administrator's link to data/.
func tree(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	for _, err := range []error{
		os.MkdirAll(filepath.Join(root, "data/host"), 0o755),
		os.MkdirAll(filepath.Join(root, "secret"), 0o755),
		os.WriteFile(filepath.Join(root, "data/host/a"), []byte("a"), 0o644),
		os.WriteFile(filepath.Join(root, "secret/s"), []byte("s"), 0o644),
		os.Symlink("data", filepath.Join(root, "log")),
		os.Symlink("../secret", filepath.Join(root, "data/out")),
		os.Symlink(filepath.Join(root, "secret"), filepath.Join(root, "data/abs")),
		os.Symlink("../secret/s", filepath.Join(root, "data/file")),
		os.Symlink("../secret/none", filepath.Join(root, "data/dangling")),
		os.Symlink("host", filepath.Join(root, "data/in")),
		os.Symlink("host/a", filepath.Join(root, "data/infile")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestNothingLeadsOutOfADirectory(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(base string) FS{
		"openat2":  func(base string) FS { return Beneath(OS{}, base, false) },
		"no links": func(base string) FS { return Beneath(OS{}, base, true) },
		"by hand":  func(base string) FS { return beneath{base: base, walk: true} },
	} {
		root := tree(t)
		b := make(filepath.Join(root, "log"))
		refused := func(what string, err error) {
			t.Helper()
			if !LeadsOut(err) && !errors.Is(err, unix.ENOTDIR) {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
		for _, path := range []string{"out/s", "abs/s", "file", "dangling", "out/new", "../secret/s", "host/../../secret/s", "host/../out/s"} {
			f, err := b.OpenFile(path, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC, 0o644)
			if err == nil {
				f.Close()
			}
			refused("open "+path, err)
		}
		refused("stat", second(b.Stat("out/s")))
		refused("mkdir", b.Mkdir("out/d", 0o755))
		refused("chown", b.Chown("out/s", -1, -1))
		refused("chmod", b.Chmod("out/s", 0o600))
		refused("rename", b.Rename("host/a", "out/a"))
		refused("rename", b.Rename("out/s", "host/s"))
		refused("remove", b.Remove("out/s"))
		refused("readdir", second(b.ReadDir("out")))
		if text := read(OS{}, filepath.Join(root, "secret/s")); text != "s" {
			t.Errorf("%s: the file outside holds %q", name, text)
		}
		if names, _ := (OS{}).ReadDir(filepath.Join(root, "secret")); len(names) != 1 {
			t.Errorf("%s: outside are %q", name, names)
		}

		if read(b, "host/a") != "a" {
			t.Errorf("%s: the administrator's link to the directory is not followed", name)
		}
		for _, path := range []string{"in/a", "infile"} {
			if got := read(b, path); (got == "a") != (name == "openat2") {
				t.Errorf("%s: %s holds %q", name, path, got)
			}
		}
		for _, err := range []error{
			b.Mkdir("host/d", 0o755), b.Chown("host/d", -1, -1), b.Chmod("host/d", 0o700), b.Remove("host/d"),
			b.Rename("host/a", "host/b"), second(b.Stat(".")), second(b.Stat("host/b")), second(b.Lstat("out")), b.Remove("out"),
		} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
