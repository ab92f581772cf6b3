package listener

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Device is a character device, or a pipe, that a program reads as it grows.
type Device struct{ file *os.File }

// OpenDevice opens it for reading.
func OpenDevice(path string) (*Device, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return &Device{f}, nil
}

// SeekEnd goes to the end: only what comes from now on is read.
func (d *Device) SeekEnd() error {
	_, err := d.file.Seek(0, 2)
	return err
}

// Close closes it.
func (d *Device) Close() error { return d.file.Close() }

// Read calls take with the result of each read(2) that has one, and idle when
// there is nothing more at the moment. It ends when ctx is done, or with an
// error that take returns.
func (d *Device) Read(ctx context.Context, buf []byte, take func(p []byte, err error) error, idle func()) error {
	raw, err := d.file.SyscallConn()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { d.file.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	for ctx.Err() == nil {
		var failed error
		err := raw.Read(func(fd uintptr) bool {
			for ctx.Err() == nil {
				n, err := unix.Read(int(fd), buf)
				switch {
				case errors.Is(err, unix.EINTR):
					continue
				case errors.Is(err, unix.EAGAIN):
					idle()
					return false
				}
				if failed = take(buf[:max(n, 0)], err); failed != nil {
					return true
				}
			}
			return true
		})
		if failed != nil {
			return failed
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// Uptime is the kernel's clock that stamps its messages: it stands still while
// the machine sleeps.
func Uptime() time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
