package ratelimit

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"syslogd/internal/vfs"
	"syslogd/message"
)

// policyFile is the content of a policy file.
type policyFile struct {
	Scope     string      `yaml:"scope"`
	Mode      string      `yaml:"mode"`
	Interval  *int        `yaml:"interval"`
	Burst     *int        `yaml:"burst"`
	Severity  string      `yaml:"severity"`
	PerSource *sourceFile `yaml:"perSource"`
}

// sourceFile is its section perSource, or the content of a file for that alone.
type sourceFile struct {
	Enabled     *bool        `yaml:"enabled"`
	KeyTemplate string       `yaml:"keyTemplate"`
	MaxStates   int          `yaml:"maxStates"`
	TopN        int          `yaml:"topN"`
	Default     *sourceEntry `yaml:"default"`
	Overrides   []struct {
		Key         string `yaml:"key"`
		sourceEntry `yaml:",inline"`
	} `yaml:"overrides"`
}

type sourceEntry struct {
	Max    *int   `yaml:"max"`
	Window string `yaml:"window"`
}

// maxPolicyFile bounds a policy file, in bytes.
const maxPolicyFile = 16 << 20

func readYAML(path string, into any) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() > maxPolicyFile {
		return fmt.Errorf("%s: has %d bytes, want at most %d", path, info.Size(), maxPolicyFile)
	}
	text, err := vfs.ReadRegular(path, maxPolicyFile)
	if err != nil {
		return err
	}
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	dec.KnownFields(true)
	err = dec.Decode(into)
	var mistyped *yaml.TypeError
	switch {
	case errors.As(err, &mistyped):
		return fmt.Errorf("%s: %s", path, strings.Join(mistyped.Errors, "; "))
	case err != nil && !errors.Is(err, io.EOF): // an empty file sets nothing
		return fmt.Errorf("%s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	return nil
}

func (p *Policy) readPolicy(a *Allowance) error {
	var f policyFile
	if err := readYAML(p.File, &f); err != nil {
		return err
	}
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%s: %s", p.File, fmt.Sprintf(format, args...))
	}
	if f.Interval != nil {
		a.Interval = time.Duration(*f.Interval) * time.Second
	}
	if f.Burst != nil {
		a.Burst = *f.Burst
	}
	if f.Severity != "" {
		s, ok := message.SeverityNamed(strings.ToLower(f.Severity))
		if n, err := strconv.Atoi(f.Severity); err == nil && n >= 0 && n < 8 {
			s, ok = message.Severity(n), true
		}
		if !ok {
			return fail("there is no severity %q", f.Severity)
		}
		a.From = s
	}
	if a.Interval < 0 || a.Burst < 0 {
		return fail("interval and burst can not be negative")
	}
	switch f.Scope {
	case "", "input":
		if f.Mode != "" {
			return fail("mode needs scope: output")
		}
	case "output":
		a.Output, a.Pace = true, f.Mode == "pace"
		if f.Mode != "drop" && f.Mode != "pace" {
			return fail("scope: output needs mode: drop or pace")
		}
		if f.Severity != "" || f.PerSource != nil {
			return fail("scope: output has neither severity nor perSource")
		}
	default:
		return fail("want scope: input or output, found %q", f.Scope)
	}
	if f.PerSource == nil || f.PerSource.Enabled != nil && !*f.PerSource.Enabled {
		return nil
	}
	if p.PerSource {
		return fail("perSource stands in the file and in ratelimit(); keep one")
	}
	var err error
	a.Sources, err = p.limits(p.File, f.PerSource)
	return err
}

func (p *Policy) readSources(a *Allowance) error {
	var f sourceFile
	if err := readYAML(p.SourceFile, &f); err != nil {
		return err
	}
	var err error
	a.Sources, err = p.limits(p.SourceFile, &f)
	return err
}

// limits checks the limits of sources that stand in the file path.
func (p *Policy) limits(path string, f *sourceFile) (*SourceLimits, error) {
	s := &SourceLimits{MaxStates: p.MaxStates, TopN: p.TopN, Overrides: map[string]SourceLimit{}}
	if f.MaxStates > 0 {
		s.MaxStates = f.MaxStates
	}
	if f.TopN > 0 {
		s.TopN = f.TopN
	}
	key := p.KeyName
	if f.KeyTemplate != "" {
		key = f.KeyTemplate
	}
	if s.Key = p.Template(key); s.Key == nil {
		return nil, fmt.Errorf("%s: there is no template %q", path, key)
	}
	if f.Default == nil {
		return nil, fmt.Errorf("%s: want a default with max and window", path)
	}
	var err error
	if s.Default, err = f.Default.limit(); err != nil {
		return nil, fmt.Errorf("%s: default: %w", path, err)
	}
	for _, o := range f.Overrides {
		if s.Overrides[o.Key], err = o.limit(); err != nil {
			return nil, fmt.Errorf("%s: override of %q: %w", path, o.Key, err)
		}
	}
	return s, nil
}

func (e *sourceEntry) limit() (SourceLimit, error) {
	if e.Max == nil || *e.Max < 0 {
		return SourceLimit{}, errors.New("want max, a number from 0")
	}
	window, err := ParseWindow(e.Window)
	if err != nil || window == 0 {
		return SourceLimit{}, fmt.Errorf("want window, a time such as 10s, found %q", e.Window)
	}
	return SourceLimit{*e.Max, window}, nil
}

// ParseWindow reads a time such as 500ms, 10s, 5m or 1h; a bare number is seconds.
func ParseWindow(s string) (time.Duration, error) {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return time.Duration(n) * time.Second, nil
	}
	d, err := time.ParseDuration(s)
	if err == nil && d < 0 {
		err = errors.New("negative")
	}
	return d, err
}
