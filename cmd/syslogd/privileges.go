package main

import (
	"fmt"
	"log/slog"
	"os"
	"syscall"

	"syslogd/config"
	"syslogd/config/param"
)

// enterRoot is -T.
func enterRoot(dir string) error {
	if dir == "" {
		return nil
	}
	if err := syscall.Chroot(dir); err != nil {
		return fmt.Errorf("chroot to %s: %w", dir, err)
	}
	return os.Chdir("/")
}

// dropPrivileges becomes the user and group that the configuration names. The
// group comes first: afterwards it could not be changed.
func dropPrivileges(g *config.Global, log *slog.Logger) error {
	if g.DropGroup != param.NoID {
		if !g.KeepSupplemental {
			if err := syscall.Setgroups([]int{g.DropGroup}); err != nil {
				return fmt.Errorf("drop supplementary groups: %w", err)
			}
		}
		if err := syscall.Setgid(g.DropGroup); err != nil {
			return fmt.Errorf("become group %d: %w", g.DropGroup, err)
		}
		log.Info(fmt.Sprintf("rsyslogd's groupid changed to %d", g.DropGroup))
	}
	if g.DropUser == param.NoID {
		return nil
	}
	if g.DropGroup == param.NoID && !g.KeepSupplemental && os.Geteuid() == 0 {
		if err := syscall.Setgroups(nil); err != nil {
			return fmt.Errorf("drop supplementary groups: %w", err)
		}
	}
	if err := syscall.Setuid(g.DropUser); err != nil {
		return fmt.Errorf("become user %d: %w", g.DropUser, err)
	}
	log.Info(fmt.Sprintf("rsyslogd's userid changed to %d", g.DropUser))
	return nil
}
