package omprog

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"syslogd/internal/barrier"
)

// capture writes what the program writes to a file, which can be moved away: HUP
// opens it again. Its methods do nothing on nil.
type capture struct {
	path string
	mode fs.FileMode
	log  *slog.Logger
	// guard is for the goroutine that copies.
	guard *barrier.Barrier

	in    *os.File // the program's end of the pipe
	out   *os.File
	ended sync.WaitGroup

	mu   sync.Mutex // guards file
	file *os.File
}

// start returns what the program writes to.
func (c *capture) start() (*os.File, error) {
	if c == nil || c.in != nil {
		return c.pipe(), nil
	}
	if err := c.reopen(); err != nil {
		return nil, err
	}
	var err error
	if c.out, c.in, err = os.Pipe(); err != nil {
		return nil, err
	}
	c.ended.Go(c.copy)
	return c.in, nil
}

func (c *capture) pipe() *os.File {
	if c == nil {
		return nil
	}
	return c.in
}

// copy runs until the pipe is closed.
func (c *capture) copy() {
	buf := make([]byte, 32<<10)
	failed := false
	for {
		n, err := c.out.Read(buf)
		if n > 0 {
			writeErr := c.write(buf[:n])
			if writeErr != nil && !failed {
				c.log.Error("output of the program can not be written", "file", c.path, "err", writeErr)
			}
			failed = writeErr != nil
		}
		if err != nil {
			return
		}
	}
}

// write appends to the file. What a panic keeps from it is lost, the program goes on.
func (c *capture) write(p []byte) (err error) {
	defer c.guard.Catch(&err, "output of a program is lost", "file", c.path)
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err = c.file.Write(p)
	return err
}

func (c *capture) reopen() error {
	if c == nil {
		return nil
	}
	file, err := os.OpenFile(c.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, c.mode)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file != nil {
		c.file.Close()
	}
	c.file = file
	return nil
}

// lastOutput is how long output of a program is waited for that was left to itself.
const lastOutput = 100 * time.Millisecond

// close ends the capture when the program has ended. One that was left to itself
// can write no more.
func (c *capture) close() error {
	if c == nil || c.in == nil {
		return nil
	}
	err := c.in.Close()
	c.out.SetReadDeadline(time.Now().Add(lastOutput))
	c.ended.Wait()
	err = errors.Join(err, c.out.Close(), c.file.Close())
	c.in, c.out, c.file = nil, nil, nil
	return err
}
