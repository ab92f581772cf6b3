package syntax

import "syslogd/internal/diag"

func sourceOf(text string) *diag.Source { return &diag.Source{Name: "x", Text: []byte(text)} }
