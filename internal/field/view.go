package main

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// view is what a daemon did, without what must differ from run to run.
type view struct {
	c       *testCase
	masks   []mask
	drops   []*regexp.Regexp
	facts   []string
	outputs map[string]*output
}

type mask struct {
	re *regexp.Regexp
	to string
}

// output is a file, a directory or what a receiver got.
type output struct {
	access string // mode and owner, "" for receivers
	lines  []string
}

var (
	// mark is in every message that is sent, see feed.go.
	mark = regexp.MustCompile(`[tuzf]q\d{3}`)
	// own are messages of the daemons about themselves.
	own   = regexp.MustCompile(`rsyslog|syslogd|origin software=|impstats`)
	state = regexp.MustCompile(`/imfile-state:|/imfile-|\.lock$|/lock$|\.pid$`)
	queue = regexp.MustCompile(`^(.*/[^/]+?)(?:\.qi(?:\.tmp)?|\.\d{8}|\.queue/.*)$`)
)

func newView(c *testCase, r *report) *view {
	v := &view{c: c, masks: timeMasks(r.Began, r.Ended), outputs: map[string]*output{}}
	for _, text := range c.options["mask"] {
		pattern, to, _ := strings.Cut(text, " => ")
		v.masks = append(v.masks, mask{regexp.MustCompile(pattern), strings.TrimSpace(to)})
	}
	for _, d := range c.options["drop"] {
		v.drops = append(v.drops, regexp.MustCompile(d))
	}
	v.facts = append(v.facts, "exit "+r.Exit)
	if r.Check != "" {
		v.facts = append(v.facts, "exit of -N1 "+r.Check)
	}
	for _, s := range r.Listening {
		v.facts = append(v.facts, "listening "+s)
	}
	v.files(r)
	for name, datagrams := range r.Datagrams {
		var lines []string
		for _, d := range datagrams {
			lines = append(lines, string(inflated(d)))
		}
		v.add(name, "", lines)
	}
	for name, streams := range r.Streams {
		var lines []string
		for _, s := range streams {
			lines = append(lines, frames(string(s))...)
		}
		v.add(name, "", lines)
	}
	return v
}

// files adds files and those directories that have some.
func (v *view) files(r *report) {
	queues := map[string]bool{}
	for name, f := range r.Files {
		shown := v.mask(name)
		if m := queue.FindStringSubmatch(shown); m != nil {
			queues[m[1]] = true
			continue
		}
		if !state.MatchString(shown) {
			v.add(shown, f.access(), strings.Split(string(f.Data), "\n"))
		}
	}
	for name := range queues {
		v.facts = append(v.facts, "queue on disk "+name)
	}
	for name, f := range r.Directories {
		shown := v.mask(name)
		for file := range v.outputs {
			if strings.HasPrefix(file, shown+"/") && !strings.HasSuffix(file, "/") {
				v.outputs[shown+"/"] = &output{access: f.access()}
				break
			}
		}
	}
}

// add adds an output without the lines that the daemon wrote about itself; one with
// nothing else is left out.
func (v *view) add(name, access string, lines []string) {
	var keep []string
	wrote := false // about itself
	for _, line := range lines {
		if own.MatchString(line) && !mark.MatchString(line) {
			wrote = true
			continue
		}
		if !slices.ContainsFunc(v.drops, func(d *regexp.Regexp) bool { return d.MatchString(line) }) {
			keep = append(keep, v.mask(line))
		}
	}
	for _, text := range v.c.options["only"] {
		glob, wanted, _ := strings.Cut(text, " ")
		if re := regexp.MustCompile(strings.TrimSpace(wanted)); matches(glob, name) {
			keep = slices.DeleteFunc(keep, func(line string) bool { return !re.MatchString(line) })
		}
	}
	if v.has("sort", name) || v.has("unique", name) {
		sort.Strings(keep)
	}
	if v.has("unique", name) {
		keep = slices.DeleteFunc(slices.Compact(keep), func(line string) bool { return line == "" })
	}
	for len(keep) > 0 && keep[len(keep)-1] == "" {
		keep = keep[:len(keep)-1]
	}
	if !v.has("ignore", name) && (len(keep) > 0 || !wrote) {
		v.outputs[name] = &output{access, keep}
	}
}

// has reports whether an option with a pattern covers an output.
func (v *view) has(option, name string) bool {
	return slices.ContainsFunc(v.c.options[option], func(glob string) bool { return matches(glob, name) })
}

// matches is a pattern in which * covers slashes, too.
func matches(glob, name string) bool {
	if ok, _ := path.Match(glob, name); ok {
		return true
	}
	re := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(glob))
	return regexp.MustCompile("^" + re + "$").MatchString(name)
}

func (v *view) mask(text string) string {
	for _, m := range v.masks {
		text = m.re.ReplaceAllString(text, m.to)
	}
	return text
}

// render is the view as text: facts, then each output with its lines.
func (v *view) render() string {
	var b strings.Builder
	sort.Strings(v.facts)
	for _, f := range v.facts {
		fmt.Fprintln(&b, f)
	}
	names := make([]string, 0, len(v.outputs))
	for name := range v.outputs {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		o := v.outputs[name]
		fmt.Fprintln(&b, strings.TrimSpace(name+" "+o.access))
		for _, line := range o.lines {
			q := strconv.Quote(line)
			fmt.Fprintf(&b, "\t%s\n", strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`))
		}
	}
	return b.String()
}

var counted = regexp.MustCompile(`^(\d{1,7}) <`)

// frames are the lines of a stream, or its frames with a length in front.
func frames(s string) (out []string) {
	switch {
	case strings.HasPrefix(s, "\x16\x03"):
		return []string{"a session of TLS"}
	case regexp.MustCompile(`^\d+ open \d+ relp_version`).MatchString(s):
		return []string{"a session of RELP"}
	}
	for {
		m := counted.FindStringSubmatch(s)
		if m == nil {
			break
		}
		n, _ := strconv.Atoi(m[1])
		end := min(len(m[1])+1+n, len(s))
		out, s = append(out, s[:end]), s[end:]
	}
	if s != "" {
		out = append(out, strings.Split(strings.TrimSuffix(s, "\n"), "\n")...)
	}
	return out
}

// inflated is a datagram that omfwd has compressed ("z", then zlib) as it was.
func inflated(d []byte) []byte {
	if bytes.HasPrefix(d, []byte("z\x78")) {
		if z, err := zlib.NewReader(bytes.NewReader(d[1:])); err == nil {
			if text, err := io.ReadAll(z); err == nil {
				return append([]byte("z "), text...)
			}
		}
	}
	return d
}

// timeMasks are for the times of the run, from a minute before to a minute behind it.
func timeMasks(began, ended time.Time) []mask {
	var iso, bsd, packed, hours, seconds []string
	for _, t := range []time.Time{began.Add(-time.Minute), ended.Add(time.Minute)} {
		t = t.UTC()
		iso, packed = append(iso, t.Format("2006-01-02")), append(packed, t.Format("20060102"))
		bsd = append(bsd, t.Format("Jan")+" [ 0]?"+t.Format("2"))
		hours = append(hours, t.Format("15"))
		unix := strconv.FormatInt(t.Unix(), 10)
		seconds = append(seconds, unix[:len(unix)-3])
	}
	any := func(list []string) string { return "(?:" + strings.Join(list, "|") + ")" }
	clock := any(hours) + `:[0-5]\d:[0-5]\d`
	var masks []mask
	for _, expr := range []string{any(iso) + `[T ]` + clock + `(\.\d+)?(Z|[+-]\d\d:\d\d)?`, any(bsd) + " " + clock,
		any(packed) + any(hours) + `[0-5]\d[0-5]\d`, `\b` + any(seconds) + `\d{3}(\.\d+)?\b`, clock + `(\.\d+)?\b`,
		`\b` + any(hours) + `-[0-5]\d\b`} {
		masks = append(masks, mask{regexp.MustCompile(expr), "{time}"})
	}
	return masks
}
