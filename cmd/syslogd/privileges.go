package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"strconv"
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

// dropPrivileges becomes the user and group that the configuration names, in the
// order and with the groups of rsyslogd: the group, then the groups of the user,
// then the user, who could change neither.
func dropPrivileges(g *config.Global, log *slog.Logger) error {
	if g.DropGroup != param.NoID {
		if err := becomeGroup(g.DropGroup, g.KeepSupplemental); err != nil {
			return err
		}
		log.Info(fmt.Sprintf("rsyslogd's groupid changed to %d", g.DropGroup))
	}
	if g.DropUser == param.NoID {
		return nil
	}
	if err := initGroups(g.DropUser, g.KeepSupplemental); err != nil {
		log.Warn("the groups of the user can not be taken on", "uid", g.DropUser, "err", err)
	}
	if err := syscall.Setuid(g.DropUser); err != nil {
		return fmt.Errorf("become user %d: %w", g.DropUser, err)
	}
	log.Info(fmt.Sprintf("rsyslogd's userid changed to %d", g.DropUser))
	return nil
}

func becomeGroup(gid int, keepSupplemental bool) error {
	if !keepSupplemental {
		if err := syscall.Setgroups(nil); err != nil {
			return fmt.Errorf("drop supplementary groups: %w", err)
		}
	}
	if err := syscall.Setgid(gid); err != nil {
		return fmt.Errorf("become group %d: %w", gid, err)
	}
	return nil
}

// initGroups is initgroups(3) with the group of the process: the groups that the user
// is a member of, so that syslog may write what belongs to adm. They replace the others,
// with privDrop.group.keepSupplemental, too, as in rsyslogd. A process that is not
// root's keeps the groups that it was started with.
func initGroups(uid int, keepSupplemental bool) error {
	if os.Geteuid() != 0 {
		return nil
	}
	groups, err := groupsOf(uid)
	if err != nil && keepSupplemental {
		return err
	}
	// Unlike rsyslogd, a user without a name does not keep the groups of root.
	return errors.Join(err, syscall.Setgroups(groups))
}

func groupsOf(uid int) ([]int, error) {
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return nil, err
	}
	u.Gid = strconv.Itoa(syscall.Getgid()) // not the one of /etc/passwd
	names, err := u.GroupIds()
	if err != nil {
		return nil, err
	}
	groups := make([]int, len(names))
	for i, name := range names {
		if groups[i], err = strconv.Atoi(name); err != nil {
			return nil, err
		}
	}
	return groups, nil
}
