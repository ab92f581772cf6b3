package queue

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"syslogd/internal/vfs"
)

// ErrInUse says that another process has a queue's directory.
var ErrInUse = errors.New("the directory is in use")

// lockName is the file that is locked while a process uses the directory.
const lockName = "lock"

const (
	// lockWait is how long a server that is just ending is waited for.
	lockWait  = time.Second
	lockRetry = 20 * time.Millisecond
)

// lock keeps other processes away from dir, which mkdir makes. It is nil where
// files can not be locked.
func lock(fsys vfs.FS, dir string, mkdir func() error, log *slog.Logger) (io.Closer, error) {
	locker, ok := fsys.(vfs.Locker)
	if !ok {
		return nil, mkdir()
	}
	for until := time.Now().Add(lockWait); ; time.Sleep(lockRetry) {
		if err := mkdir(); err != nil {
			return nil, err
		}
		l, err := locker.Lock(filepath.Join(dir, lockName))
		var locked *vfs.LockedError
		switch {
		case err == nil:
			return l, nil
		case errors.As(err, &locked):
			err = inUse(dir, locked.PID)
		case !errors.Is(err, fs.ErrNotExist): // else it was removed by who had it
			log.Warn("the directory of a queue can not be locked, a second server would not be kept away", "file", dir, "err", err)
			return nil, nil
		}
		if time.Now().After(until) {
			return nil, err
		}
	}
}

func inUse(dir string, pid int) error {
	who := "another server"
	if pid > 0 {
		who = fmt.Sprintf("the server with pid %d", pid)
	}
	return fmt.Errorf("%s is used by %s: each server needs a workDirectory or queue.spoolDirectory of its own: %w", dir, who, ErrInUse)
}
