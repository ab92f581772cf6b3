package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bare runs "syslogd" without any word where it has processes, /dev, /etc and /run of its own.
// It prints the exit status, what there is in /dev and /run, and whether a process is left; all
// of them end with it.
const bare = `mount --bind /dev/null dev/null && mount --rbind dev /dev && mount -t tmpfs none /etc && mount -t tmpfs none /run || exit 77
if [ -f conf ]; then cp conf /etc/rsyslog.conf; fi
syslogd
echo "status $?"
ls /dev /run
if kill -s 0 -- -1 2>/dev/null; then echo "a process is left"; fi`

// runBare returns what bare prints with a configuration at the default place, "" for none.
func runBare(t *testing.T, conf string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "dev"), 0o755); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"dev/null": ""}
	if conf != "" {
		files["conf"] = conf
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "unshare", "-rmp", "--fork", "--kill-child", "sh", "-c", bare)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState.ExitCode() == 77 {
		t.Skipf("%s: not run, nothing can be mounted here: %s", t.Name(), out)
	}
	return string(out)
}

// TestWithoutArguments: whoever only tries the program learns what it has done, and has no server
// in the background, and no /dev/log of it, unless there was a configuration that wanted it.
func TestWithoutArguments(t *testing.T) {
	t.Parallel()
	need(t, "unshare")
	if out, err := exec.Command("unshare", "-rmp", "--fork", "true").CombinedOutput(); err != nil {
		t.Skipf("%s: not run, no namespaces can be made: %v %s", t.Name(), err, out)
	}
	const works = "module(load=\"imuxsock\")\n*.* /dev/null\n"
	const nothing = "syslogd: nothing was started; -f names another configuration than /etc/rsyslog.conf, --default-config needs none"
	for name, c := range map[string]struct {
		conf   string
		says   []string
		starts bool
	}{
		"no configuration": {says: []string{"could not open config file '/etc/rsyslog.conf'", nothing}},
		"an empty one":     {conf: "\n", says: []string{"there are no active actions", nothing}},
		"no action":        {conf: "module(load=\"imuxsock\")\n", says: []string{"there are no active actions", nothing}},
		"not clean":        {conf: "global(abortOnUncleanConfig=\"on\") rubbish(x=\"y\")\n" + works, says: []string{"rubbish", nothing}},
		"one that works":   {conf: works, says: []string{"syslogd: started in the background with /etc/rsyslog.conf, pid file /run/rsyslogd.pid"}, starts: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := runBare(t, c.conf)
			for _, text := range c.says {
				if !strings.Contains(out, text) {
					t.Errorf("no %q in:\n%s", text, out)
				}
			}
			for _, trace := range []string{"\nstatus 0\n", "\nlog\n", "\nrsyslogd.pid\n", "\na process is left\n", "started in the background"} {
				if strings.Contains(out, trace) != c.starts {
					t.Errorf("%q, but started is %v:\n%s", trace, c.starts, out)
				}
			}
		})
	}
}
