package store

import "golang.org/x/sys/unix"

// RaiseFileLimit raises the number of files that the process may open to the
// hard limit, and returns the limit in force. The Go runtime has usually done
// so; programs that the server starts get the limit it was started with.
func RaiseFileLimit() (uint64, error) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 0, err
	}
	if r.Cur < r.Max {
		r.Cur = r.Max
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
			return 0, err
		}
	}
	return r.Cur, nil
}

// FileBudget is how many output files may be open: the process's limit less a
// quarter of it, at least 256, for sockets and everything else. At most
// 262,144, at least 16.
func FileBudget() int64 {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 16
	}
	return budgetOf(r.Cur)
}

func budgetOf(limit uint64) int64 {
	const least, most = 16, 256 << 10
	n := int64(min(limit, 2*most))
	return min(max(n-max(n/4, 256), least), most)
}
