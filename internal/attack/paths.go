package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"syslogd/internal/process"
)

const pathsConf = `global(workDirectory="@DIR@/work" metrics.listen="127.0.0.1:@METRICS@" parser.devices="on")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="@TCP@")
template(name="composed" type="string" string="@DIR@/tree/composed/%$.path%.log")
template(name="program" type="string" string="@DIR@/tree/program/%HOSTNAME%/%PROGRAMNAME%.log")
template(name="host" type="string" string="@DIR@/tree/host/%HOSTNAME%")
template(name="tag" type="string" string="@DIR@/tree/tag/x%syslogtag%y%msgid%/%app-name%%procid%.log")
template(name="text" type="string" string="@DIR@/tree/text/%msg:F,32:2%/%msg:R,ERE,1,BLANK:user=([^ ]+)--end%.log")
template(name="variable" type="list") {
  constant(value="@DIR@/tree/variable/") property(name="$!device!vendor") constant(value="/") property(name="$!user" caseConversion="lower") constant(value=".log")
}
if $programname == "witness" then { action(type="omfile" file="@DIR@/witness.log") stop }
set $.path = "a/" & $programname & "/" & $hostname;
set $!user = field($msg, 61, 2);
action(type="omfile" dynaFile="composed")
action(type="omfile" dynaFile="program")
action(type="omfile" dynaFile="host")
action(type="omfile" dynaFile="tag")
action(type="omfile" dynaFile="text")
action(type="omfile" dynaFile="variable")
`

// evil are names that lead elsewhere, hide, or look like something else.
var evil = []string{
	".", "..", "...", "./", "../", "../..", "../../../../../../../../tmp/escaped", "/", "//", "/etc/passwd", "a/b", "a/../../b", "..\\..\\b", "a\\b",
	".hidden", "..hidden", "-rf", "~", "~root", "$HOME", "`id`", "$(id)", "a b", "a\tb", "a\x1b[2Jb", "a\x7fb", "a\x00b", "a\u0085b", "a\u009bb", "a\u202eb", "a\u200bb",
	"a\xffb", "\xc0\xae\xc0\xae\xc0\xaf", "%2e%2e%2f", "CON", "aux.log", "a:b", "a|b", "a;b", "*", "?", "[a]", "", " ", "link", "link/escaped", "file.log", "file.log/x",
	strings.Repeat("a", 255), strings.Repeat("a", 256), strings.Repeat("é", 200), strings.Repeat("a/", 200), strings.Repeat("../", 50),
}

// hostilePaths sends names that lead elsewhere, in every field that stands in a file name.
// Afterwards nothing lies or has changed outside of the tree, and no name in it hides or
// holds what a terminal would obey.
func hostilePaths(a *attack) error {
	s, err := a.newServer(pathsConf)
	if err != nil {
		return err
	}
	if err := a.prepareTree(); err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return err
	}
	n := 0
	for a.more() {
		var messages [][]byte
		for range 40 {
			messages = append(messages, a.hostileMessage())
		}
		messages = append(messages, fmt.Appendf(nil, "<13>Mar  1 10:00:00 h witness: number %d of many, and that is all.", n))
		c, err := dial("tcp", s.ports["TCP"])
		if err != nil {
			return errors.Join(err, s.Alive())
		}
		_, err = c.Write(lines(messages))
		c.Close()
		if err != nil {
			return errors.Join(err, s.Alive())
		}
		n++
		a.count("messages with hostile names", len(messages)-1)
		if !process.Await(func() bool { return s.Alive() != nil || arrived(a.path("witness.log"), n) == nil }) {
			return errors.New("the server is held up: a message does not arrive")
		}
	}
	return errors.Join(s.Stop(), arrived(a.path("witness.log"), n), empty(a.path("outside")), a.decentTree())
}

// prepareTree makes the tree, with a link in it as somebody with an account on the machine
// could make it.
func (a *attack) prepareTree() error {
	for _, dir := range []string{"work", "outside", "tree/host", "tree/program", "tree/composed/a"} {
		if err := os.MkdirAll(a.path(dir), 0o755); err != nil {
			return err
		}
		if !strings.HasPrefix(dir, "tree/") {
			continue
		}
		if err := os.Symlink(a.path("outside"), filepath.Join(a.path(dir), "link")); err != nil {
			return err
		}
	}
	return nil
}

// hostileMessage has evil names where one of the formats has names.
func (a *attack) hostileMessage() []byte {
	name := func() string {
		e := evil[a.rand.IntN(len(evil))]
		if a.rand.IntN(3) == 0 {
			e += evil[a.rand.IntN(len(evil))]
		}
		return e
	}
	host, tag, text := name(), name(), name()
	switch a.rand.IntN(4) {
	case 0:
		return fmt.Appendf(nil, "<13>1 2024-03-01T10:00:00Z %s %s %s %s - x user=%s", host, tag, name(), name(), text)
	case 1:
		return fmt.Appendf(nil, "<13>Mar  1 10:00:00 %s %s[%s]: %s user=%s", host, tag, name(), text, name())
	case 2:
		return fmt.Appendf(nil, "<13>date=2024-03-01 time=10:00:00 devname=%q devid=%q logid=\"1\" type=%s user=%s", host, tag, text, name())
	}
	return fmt.Appendf(nil, "%s %s: %s user=%s", host, tag, text, name())
}

// empty fails when something lies in a directory.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s was written to: %v", dir, entries)
	}
	return err
}

// decentTree fails on a name that hides, that holds control characters, or that should not
// be there at all.
func (a *attack) decentTree() error {
	known := map[string]bool{"work": true, "tree": true, "outside": true, "witness.log": true, "test.conf": true, "output": true, "notify": true}
	entries, err := os.ReadDir(a.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !known[e.Name()] {
			return fmt.Errorf("%q was made outside of the tree", e.Name())
		}
	}
	files := 0
	err = filepath.WalkDir(a.path("tree"), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := e.Name()
		bad := strings.IndexFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) })
		// .log is the template's own, of a message without a program: as in rsyslogd, where
		// check notes it. ....log is what rsyslogd makes of the program "...".
		hidden := strings.HasPrefix(name, ".") && strings.TrimLeft(name, ".") != "log"
		if hidden || bad >= 0 || !utf8.ValidString(name) {
			return fmt.Errorf("a sender made %q", path)
		}
		files++
		return nil
	})
	a.count("files and directories", files)
	return err
}
