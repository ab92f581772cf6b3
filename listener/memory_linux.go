package listener

import "golang.org/x/sys/unix"

// physical is the memory of the machine, in bytes.
func physical() int64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	return int64(info.Totalram) * int64(info.Unit)
}
