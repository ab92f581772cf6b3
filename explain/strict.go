package explain

import (
	"regexp"
	"strconv"

	"github.com/leodido/go-syslog/v4/rfc3164"
	"github.com/leodido/go-syslog/v4/rfc5424"
)

// conformant is the verdict on a message that keeps to the standard.
const conformant = "conformant"

func verdict5424(text []byte) string {
	_, err := rfc5424.NewMachine().Parse(text)
	return verdict(err)
}

func verdict3164(text []byte) string {
	_, err := rfc3164.NewMachine().Parse(text)
	return verdict(err)
}

var column = regexp.MustCompile(`^(.*) \[col (\d+)\]$`)

// verdict puts the strict parser's error, which counts columns from 0, into words.
func verdict(err error) string {
	if err == nil {
		return conformant
	}
	if m := column.FindStringSubmatch(err.Error()); m != nil {
		if n, err := strconv.Atoi(m[2]); err == nil {
			return "not conformant, at column " + strconv.Itoa(n+1) + ": " + m[1]
		}
	}
	return "not conformant: " + err.Error()
}
