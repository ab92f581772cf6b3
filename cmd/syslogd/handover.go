package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"syslogd/config"
	"syslogd/config/param"
	"syslogd/engine"
)

// handover gives what the server writes to the user that it becomes, before it does:
// what root made at an earlier start, or would have to make because the directory above
// is root's. Only what is root's changes hands.
type handover struct {
	uid, gid int // gid -1: unchanged
	log      *slog.Logger
}

// handOver gives the places to the user of privDrop.user.
func handOver(g *config.Global, p engine.Places, log *slog.Logger) {
	if g.DropUser == param.NoID || g.DropUser == 0 || os.Geteuid() != 0 {
		return
	}
	h := handover{g.DropUser, g.DropGroup, log}
	for _, dir := range p.Dirs {
		h.tell(dir, h.dir(dir))
	}
	for _, dir := range p.Shared {
		h.tell(dir, h.sharedDir(dir, p))
	}
	for _, pattern := range p.Files {
		names, err := filepath.Glob(pattern)
		if err != nil { // no pattern
			names = []string{pattern}
		}
		for _, name := range names {
			h.tell(name, h.give(unix.AT_FDCWD, name))
		}
	}
}

func (h *handover) tell(name string, err error) {
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		h.log.Warn("this can not be given to the user of privDrop.user", "file", name, "err", err)
	}
}

// dir makes a directory that is the server's own, if it is missing, and gives it with
// the files in it.
func (h *handover) dir(name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	d, err := os.OpenFile(name, unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer d.Close()
	entries, err := d.Readdirnames(-1)
	errs := []error{err, h.give(int(d.Fd()), ".")}
	for _, e := range entries {
		errs = append(errs, h.give(int(d.Fd()), e))
	}
	return errors.Join(errs...)
}

// sharedDir makes a directory if it is missing, and gives it if it holds nothing but what
// the server has made: the work directory may be /tmp or /var/lib.
func (h *handover) sharedDir(name string, p engine.Places) error {
	if err := os.MkdirAll(name, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return err
	}
	foreign := slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !p.Own(filepath.Join(name, e.Name())) })
	if foreign {
		return nil
	}
	return h.give(unix.AT_FDCWD, name)
}

// give changes the owner of a directory or regular file that is root's. A link may lead
// where the user must not write, and a second name may have been made by the user.
func (h *handover) give(at int, name string) error {
	fd, err := unix.Openat(at, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	kind := st.Mode & unix.S_IFMT
	if st.Uid != 0 || kind != unix.S_IFDIR && (kind != unix.S_IFREG || st.Nlink != 1) {
		return nil
	}
	if err := unix.Fchownat(fd, "", h.uid, h.gid, unix.AT_EMPTY_PATH); err != nil {
		return fmt.Errorf("chown to %d: %w", h.uid, err)
	}
	return nil
}
