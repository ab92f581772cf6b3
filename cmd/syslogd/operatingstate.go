package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"
)

// operatingState is the file of global(operatingStateFile=): a line at the start
// and one at the end, in rsyslogd's words. The zero value records nothing.
type operatingState struct {
	file *os.File
	name string
	log  *slog.Logger
	// unclean is set when the time before did not end in order.
	unclean bool
}

const cleanClose = "CLEAN CLOSE"

// openOperatingState opens the file. The record of a run that did not end in
// order is kept with ".previous" behind its name; started reports it.
func openOperatingState(name string, log *slog.Logger) operatingState {
	if name == "" {
		return operatingState{}
	}
	last, found := lastBytes(name, len(cleanClose))
	unclean := found && last != cleanClose
	if unclean {
		if err := os.Rename(name, name+".previous"); err != nil {
			log.Error("the operating state of the time before can not be kept", "err", err)
		}
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		log.Error("the operating state is not recorded", "err", err)
		return operatingState{}
	}
	s := operatingState{f, name, log, unclean}
	s.write("STATE", "INITIALIZING "+version)
	return s
}

// lastBytes returns the last n bytes of a file but for a line feed; false if
// there is no such file or nothing in it.
func lastBytes(name string, n int) (string, bool) {
	f, err := os.Open(name)
	if err != nil {
		return "", false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return "", false
	}
	tail := make([]byte, min(info.Size(), int64(n)+1))
	if _, err := f.ReadAt(tail, info.Size()-int64(len(tail))); err != nil && err != io.EOF {
		return "", false
	}
	tail = bytes.TrimSuffix(tail, []byte("\n"))
	return string(tail[max(0, len(tail)-n):]), true
}

func (s *operatingState) write(tag, text string) {
	if s.file == nil {
		return
	}
	line := fmt.Sprintf("%s: %-5s %s\n", time.Now().Format("20060102-150405"), tag, text)
	if _, err := s.file.WriteString(line); err != nil {
		s.log.Error("the operating state is not recorded any more", "err", err)
		s.file.Close()
		s.file = nil
	}
}

// started and close are the ends of a run.
func (s *operatingState) started() {
	if s.unclean {
		s.log.Warn("the server did not end in order the time before: the operating state does not end with '"+cleanClose+"'", "file", s.name, "code", 2027)
	}
	s.write("MSG", "rsyslogd fully started up and initialized - begin actual processing")
}

func (s *operatingState) close() {
	s.write("MSG", "rsyslogd shutting down")
	s.write("STATE", cleanClose)
	if s.file != nil {
		s.file.Close()
	}
}
