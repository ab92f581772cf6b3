package store

import (
	"path/filepath"
	"strings"
	"testing"
)

var containCases = []struct{ name, base, path, want string }{
	{"plain", "/var/log/h/", "/var/log/h/web1.log", "/var/log/h/web1.log"},
	{"slash makes a directory", "/var/log/h/", "/var/log/h/postfix/smtpd.log", "/var/log/h/postfix/smtpd.log"},
	{"up and out", "/var/log/h/", "/var/log/h/../../etc/cron.d/x", "/var/log/h/__/__/etc/cron.d/x"},
	{"up in the middle", "/var/log/h/", "/var/log/h/a/../../b", "/var/log/h/a/__/__/b"},
	{"up to a neighbour", "/var/log/h/", "/var/log/h/a/../b", "/var/log/h/a/__/b"},
	{"up at the end", "/var/log/h/", "/var/log/h/..", "/var/log/h/__"},
	{"three dots are a name", "/var/log/h/", "/var/log/h/....log", "/var/log/h/....log"},
	{"part of the last name is constant", "/var/log/h/", "/var/log/h/x../y", "/var/log/h/x../y"},
	{"absolute name under a base", "/var/log/h/", "/abs", "/var/log/h/abs"},
	{"other directory", "/var/log/h/", "/etc/passwd", "/var/log/h/etc/passwd"},
	{"double slash", "/var/log/h/", "/var/log/h//abs.log", "/var/log/h/abs.log"},
	{"dot elements", "/var/log/h/", "/var/log/h/./a/./b", "/var/log/h/a/b"},
	{"NUL and controls", "/var/log/h/", "/var/log/h/a\x00b\n\x7fc\x1b[m", "/var/log/h/a_b__c_[m"},
	{"hidden by NUL", "/var/log/h/", "/var/log/h/.\x00./x", "/var/log/h/._./x"},
	{"odd but harmless", "/var/log/h/", "/var/log/h/%x '(q)' a\\b é\xff", "/var/log/h/%x '(q)' a\\b é\xff"},
	{"empty name", "/var/log/h/", "/var/log/h/", "/var/log/h/_"},
	{"name is a directory", "/var/log/h/", "/var/log/h/a/", "/var/log/h/a/_"},
	{"name is a dot", "/var/log/h/", "/var/log/h/a/.", "/var/log/h/a/_"},
	{"root as base", "/", "/../etc/x", "/__/etc/x"},
	{"no base, relative", "", "web1/../../x.log", "web1/__/__/x.log"},
	{"no base, absolute", "", "/tmp/x/../y.log", "/tmp/x/__/y.log"},
	{"nothing at all", "", "", "_"},
	{"base with up in the configuration", "/var/log/../srv/", "/var/log/../srv/../x", "/var/log/../srv/__/x"},
}

func TestDynamicNamesStayBelowTheirBase(t *testing.T) {
	t.Parallel()
	for _, c := range containCases {
		if got := Contain(c.base, c.path); got != c.want {
			t.Errorf("%s: Contain(%q, %q)\n got %q\nwant %q", c.name, c.base, c.path, got, c.want)
		}
	}
}

func TestLongNamesAreCutAndStayDifferent(t *testing.T) {
	t.Parallel()
	const base = "/var/log/h/"
	long := strings.Repeat("é", 2500)
	a, b := Contain(base, base+long+"1.log"), Contain(base, base+long+"2.log")
	if a == b {
		t.Errorf("two names became one: %q", a)
	}
	if a != Contain(base, base+long+"1.log") {
		t.Error("one name became two")
	}
	name := strings.TrimPrefix(a, base)
	if len(name) > maxName || !strings.HasSuffix(name, ".log") || !strings.HasPrefix(name, "éé") {
		t.Errorf("5000-byte element became %q (%d bytes)", name, len(name))
	}
	deep := base + strings.Repeat(strings.Repeat("d", 200)+"/", 30)
	c, d := Contain(base, deep+"x.log"), Contain(base, deep+"/y/x.log")
	if len(c) > maxPath || c == d || !strings.HasPrefix(c, base) || !strings.HasSuffix(c, ".log") {
		t.Errorf("6000-byte path became %q (%d bytes); another one %q", c, len(c), d)
	}
	withLongBase := "/" + strings.Repeat("b", 200)
	withLongBase = strings.Repeat(withLongBase, 19) + "/"
	if p := Contain(withLongBase, withLongBase+strings.Repeat("x/", 300)+strings.Repeat("y", 255)); len(p) > maxPath {
		t.Errorf("path of %d bytes with a base of %d", len(p), len(withLongBase))
	}
}

func TestBaseIsTheDirectoryOfTheConstantPrefix(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ prefix, want string }{
		{"/var/log/h/", "/var/log/h/"}, {"/var/log/h/x-", "/var/log/h/"}, {"/", "/"}, {"", ""}, {"x", ""}, {"a/x", "a/"},
	} {
		if got := Base(c.prefix); got != c.want {
			t.Errorf("Base(%q) = %q, want %q", c.prefix, got, c.want)
		}
	}
}

func TestNamesThatLookRotatedAreChanged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, want string }{
		{"/l/sshd-2099-01-01T00-00-00.000.log", "/l/sshd-2099-01-01_00-00-00.000.log"},
		{"/l/sshd-2099-01-01T00-00-00.000.log.gz", "/l/sshd-2099-01-01_00-00-00.000.log.gz"},
		{"/l/a-2020-01-01T00-00-00.000-2021-01-01T00-00-00.000", "/l/a-2020-01-01_00-00-00.000-2021-01-01_00-00-00.000"},
		{"/l-2020-01-01T00-00-00.000/x.log", "/l-2020-01-01T00-00-00.000/x.log"},
		{"/l/sshd-2020-01-01.log", "/l/sshd-2020-01-01.log"},
	} {
		got := notBackup(c.path)
		if got != c.want {
			t.Errorf("notBackup(%q) = %q, want %q", c.path, got, c.want)
		}
	}
}

func FuzzContain(f *testing.F) {
	for _, c := range containCases {
		f.Add(c.base, c.path)
	}
	f.Fuzz(func(t *testing.T, base, name string) {
		base = Base(base)
		if len(base) > 2000 || strings.ContainsAny(base, "\x00") {
			return
		}
		got := Contain(base, name)
		root := filepath.Clean(base)
		if base != "" && root != "/" {
			if rel, err := filepath.Rel(root, got); err != nil || rel == "." || rel == ".." || strings.HasPrefix(rel, "../") {
				t.Fatalf("Contain(%q, %q) = %q leaves the base", base, name, got)
			}
		}
		if len(got) > maxPath {
			t.Fatalf("%d bytes", len(got))
		}
		rest := strings.TrimPrefix(got, base)
		for e := range strings.SplitSeq(rest, "/") {
			if len(e) > maxName && !strings.Contains(base, e) {
				t.Fatalf("element of %d bytes", len(e))
			}
			if strings.IndexFunc(e, isControl) >= 0 && base == "" {
				t.Fatalf("control byte in %q", e)
			}
		}
		if again := Contain(base, name); again != got {
			t.Fatalf("%q, then %q", got, again)
		}
		if file, _, ok := origin(filepath.Base(notBackup(got))); ok {
			t.Fatalf("%q looks like a backup of %q", notBackup(got), file)
		}
	})
}
