// Package omusrmsg writes messages to the terminals of users who are logged in.
package omusrmsg

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/internal/terminal"
	"syslogd/module"
	"syslogd/output"
	"syslogd/ratelimit"
)

// Module describes omusrmsg to the registry.
var Module = builtin()

func builtin() *module.Output {
	m := module.NewOutput[module.None]("omusrmsg", nil, params, nil, New)
	m.Builtin = true
	return module.WithLegacy(m, parseLegacy)
}

// parseLegacy takes names that commas separate, or *. Unlike in rsyslogd, whose
// last name then is the comment, too, white space ends the list.
func parseLegacy(c *Config, line *syntax.Line) error {
	if line.Skip('*') {
		c.Users = "*"
		return nil
	}
	var names []string
	for more := true; more; more = line.Skip(',') {
		line.SkipSpace()
		if name := line.Until(",; \t"); name != "" {
			names = append(names, name)
		}
	}
	if c.Users = strings.Join(names, ","); c.Users == "" {
		return errors.New("the action names no user")
	}
	return nil
}

// Config is action(type="omusrmsg").
type Config struct {
	ratelimit.Config
	// Users is a list of names, separated by commas, or * for all.
	Users    string
	Template string
}

var params = param.Join(param.Table[Config]{
	param.String("users", func(c *Config) *string { return &c.Users }).Doc("Names of users, separated by commas; * is all."),
	param.Template("template", func(c *Config) *string { return &c.Template }).Inherits("a wall message for *, else a line").Doc("Template of the text."),
}, ratelimit.Params(ratelimit.Named("rateLimit.", "10000"), func(c *Config) *ratelimit.Config { return &c.Config }))

const (
	maxUsers = 100 // as in rsyslogd
	maxName  = 31
)

// Check reports users that cannot be.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	names := c.names()
	if len(names) == 0 {
		diags.Errorf(o.Range, `%s needs the parameter "users"`, o.Title).Effect = o.Effect
		return false
	}
	if len(names) > maxUsers {
		diags.Errorf(o.Range, "users: want at most %d names, found %d", maxUsers, len(names)).Effect = o.Effect
		return false
	}
	for _, n := range names {
		if len(n) > maxName {
			diags.Errorf(o.Range, "users: want names of at most %d bytes, found %q", maxName, n).Effect = o.Effect
			return false
		}
	}
	return true
}

func (c *Config) names() []string {
	return strings.FieldsFunc(c.Users, func(r rune) bool { return r == ',' || r == ' ' })
}

func (c *Config) all() bool { return strings.TrimSpace(c.Users) == "*" }

// New returns an output that writes to terminals.
func New(c Config, env module.Env) (output.Output, error) {
	return &terminals{conf: c, users: c.names(), log: env.Log, utmp: "/var/run/utmp", dev: "/dev", now: env.Now,
		limit: c.Limit(env.Policies, "omusrmsg", env.Log)}, nil
}

type terminals struct {
	conf      Config
	users     []string
	log       *slog.Logger
	utmp, dev string
	now       func() time.Time
	limit     *ratelimit.Limit
}

// Templates is the text: the template given, or rsyslogd's default for a wall
// message or for one to users.
func (o *terminals) Templates() []string {
	switch {
	case o.conf.Template != "":
		return []string{o.conf.Template}
	case o.conf.all():
		return []string{" WallFmt"}
	}
	return []string{" StdUsrMsgFmt"}
}

// Write writes the batch to each terminal. A terminal that does not take it is
// passed over: it must not hold up logging.
func (o *terminals) Write(_ context.Context, b *output.Batch) error {
	n := o.limit.Take(b.Len(), o.now())
	if n == 0 {
		return nil
	}
	part := b.Parts[0]
	part.Ends = part.Ends[:n]
	lines, err := o.loggedIn()
	if err != nil {
		return &output.Rejected{Index: 0, Err: err}
	}
	if len(lines) == 0 {
		return nil
	}
	text := terminal.Append(nil, part.All())
	for _, line := range lines {
		if err := write(filepath.Join(o.dev, line), text); err != nil {
			o.log.Debug("terminal can not be written", "file", line, "err", err)
		}
	}
	return nil
}

func (*terminals) Close() error { return nil }

// write writes text to a terminal without waiting.
func write(path string, text []byte) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, text)
	return err
}

// The layout of a record of utmp(5) on Linux, the same on all 64-bit machines.
const (
	utmpSize    = 384
	userProcess = 7
	utmpLine    = 8
	utmpUser    = 44
	utmpText    = 32
)

// loggedIn returns the terminals of the wanted users. A host without utmp has nobody logged in.
func (o *terminals) loggedIn() ([]string, error) {
	data, err := os.ReadFile(o.utmp)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var lines []string
	for ; len(data) >= utmpSize; data = data[utmpSize:] {
		rec := data[:utmpSize]
		if binary.NativeEndian.Uint16(rec) != userProcess {
			continue
		}
		line, user := text(rec[utmpLine:]), text(rec[utmpUser:])
		if line == "" || strings.Contains(line, "..") || !o.conf.all() && !slices.Contains(o.users, user) {
			continue
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func text(field []byte) string {
	s, _, _ := bytes.Cut(field[:utmpText], []byte{0})
	return string(s)
}
