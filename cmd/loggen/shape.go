package main

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"time"
)

// shape says what messages look like. Message n has the text
//
//	loggen seq=N size=S filler end=N
//
// of S bytes in all, header included, and the host and program that N decides.
type shape struct {
	format   string
	size     int
	hosts    int
	programs int
}

func (s *shape) flags(f *flag.FlagSet) {
	f.StringVar(&s.format, "format", "rfc3164", "rfc3164 or rfc5424")
	f.IntVar(&s.size, "size", 150, "bytes of a message, without framing")
	f.IntVar(&s.hosts, "hosts", 1, "host names")
	f.IntVar(&s.programs, "programs", 1, "programs of a host")
}

// leastSize is room for the longest header and the numbers.
func (s *shape) leastSize() int {
	if s.format == "rfc5424" {
		return 128
	}
	return 100
}

func (s *shape) check() error {
	switch {
	case s.format != "rfc3164" && s.format != "rfc5424":
		return fmt.Errorf("-format: want rfc3164 or rfc5424, found %q", s.format)
	case s.size < s.leastSize() || s.size > 1<<20:
		return fmt.Errorf("-size: want %d to %d, found %d", s.leastSize(), 1<<20, s.size)
	case s.hosts < 1 || s.programs < 1:
		return errors.New("-hosts and -programs: want 1 or more")
	}
	return nil
}

func (s *shape) host(n int) string    { return fmt.Sprintf("host%04d", n%s.hosts) }
func (s *shape) program(n int) string { return fmt.Sprintf("prog%02d", n/s.hosts%s.programs) }

// now is the time in the headers: any time does.
var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// append appends message n.
func (s *shape) append(dst []byte, n int) []byte {
	start := len(dst)
	dst = append(dst, "<134>"...)
	if s.format == "rfc5424" {
		dst = append(now.AppendFormat(append(dst, "1 "...), time.RFC3339), ' ')
	} else {
		dst = append(now.AppendFormat(dst, time.Stamp), ' ')
	}
	dst = append(append(dst, s.host(n)...), ' ')
	dst = append(dst, s.program(n)...)
	if s.format == "rfc5424" {
		dst = append(dst, " 42 - - "...)
	} else {
		dst = append(dst, "[42]: "...)
	}
	return s.appendText(dst, n, s.size-(len(dst)-start))
}

// appendText appends the text of message n, size bytes.
func (s *shape) appendText(dst []byte, n, size int) []byte {
	start := len(dst)
	number := strconv.Itoa(n)
	dst = append(append(dst, "loggen seq="...), number...)
	dst = append(strconv.AppendInt(append(dst, " size="...), int64(size), 10), ' ')
	end := " end=" + number
	for left, i := size-len(end)-(len(dst)-start), n%len(filler); left > 0; i = 0 {
		piece := filler[i:min(len(filler), i+left)]
		dst = append(dst, piece...)
		left -= len(piece)
	}
	return append(dst, end...)
}

const filler = "accepted publickey for deploy from 192.0.2.7 port 54321, session opened; GET /index.html 200 1532 ms; retry 3 of 5 "
