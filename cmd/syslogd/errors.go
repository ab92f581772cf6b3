package main

import "fmt"

// codedError is an error with one of rsyslogd's numbers, which scripts look for.
type codedError struct {
	code int
	text string
}

func coded(code int, format string, args ...any) error {
	return &codedError{code, fmt.Sprintf(format, args...)}
}

func (e *codedError) Error() string {
	return fmt.Sprintf("%s\nrun failed with error -%d, a number of rsyslogd", e.text, e.code)
}
