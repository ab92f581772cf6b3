package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"

	"syslogd/internal/process"
	"syslogd/internal/witness"
)

// A queue on disk that nobody reads, and one that is read.
const (
	fillConf = `global(workDirectory="@DIR@" metrics.listen="127.0.0.1:@METRICS@")
module(load="imtcp")
main_queue(queue.type="Disk" queue.fileName="main" queue.maxFileSize="64k")
input(type="imtcp" address="127.0.0.1" port="@TCP@")
action(type="omfwd" target="127.0.0.1" port="@SINK@" protocol="tcp" action.resumeRetryCount="-1" queue.type="Direct")
`
	drainConf = `global(workDirectory="@DIR@" metrics.listen="127.0.0.1:@METRICS@")
module(load="imtcp")
main_queue(queue.type="Disk" queue.fileName="main" queue.maxFileSize="64k")
input(type="imtcp" address="127.0.0.1" port="@TCP@")
action(type="omfile" file="@DIR@/witness.log")
`
)

// damage is one thing that happens to the files of a queue. It is given its segments, oldest
// first.
type damage struct {
	name string
	do   func(a *attack, segments []string) error
	// end is set when the end of the last segment is missing: nothing tells then how many
	// messages it had.
	end bool
}

var damages = []damage{
	{name: "a segment is cut", do: func(a *attack, s []string) error { return cut(a, pick(a, s)) }},
	{name: "the last segment is cut", do: func(a *attack, s []string) error { return cut(a, s[len(s)-1]) }, end: true},
	{name: "a segment is empty", do: func(a *attack, s []string) error { return os.Truncate(pick(a, s), 0) }},
	{name: "a segment is gone", do: func(a *attack, s []string) error { return os.Remove(pick(a, s)) }},
	{name: "the first segment is gone", do: func(a *attack, s []string) error { return os.Remove(s[0]) }},
	{name: "the last segment is gone", do: func(a *attack, s []string) error { return os.Remove(s[len(s)-1]) }, end: true},
	{name: "all segments but the last are gone", do: func(a *attack, s []string) error {
		var err error
		for _, f := range s[:len(s)-1] {
			err = errors.Join(err, os.Remove(f))
		}
		return err
	}},
	{name: "a segment is copied", do: func(a *attack, s []string) error {
		text, err := os.ReadFile(pick(a, s))
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(filepath.Dir(s[0]), "0000000000000001.seg"), text, 0o600)
	}},
	{name: "bits are flipped", do: flipBits},
	{name: "a page is zero", do: func(a *attack, s []string) error { return overwrite(a, pick(a, s), make([]byte, 4096)) }},
	{name: "the end of the last segment is zero", do: func(a *attack, s []string) error { return grow(s[len(s)-1], make([]byte, 4096)) }},
	{name: "rubbish behind the last record", do: func(a *attack, s []string) error { return grow(s[len(s)-1], a.noise(3000)) }},
	{name: "a segment is rubbish", do: func(a *attack, s []string) error { return os.WriteFile(pick(a, s), a.noise(70000), 0o600) }},
	{name: "the head of a segment is rubbish", do: func(a *attack, s []string) error { return overwriteAt(pick(a, s), 0, a.noise(64)) }},
	{name: "huge lengths", do: func(a *attack, s []string) error {
		return overwrite(a, pick(a, s), []byte(strings.Repeat("\xff\xff\xff\x7f", 8)))
	}},
	{name: "a segment is a directory", do: func(a *attack, s []string) error {
		f := pick(a, s)
		return errors.Join(os.Remove(f), os.Mkdir(f, 0o700))
	}},
	{name: "a segment is a pipe", do: func(a *attack, s []string) error {
		f := pick(a, s)
		return errors.Join(os.Remove(f), syscall.Mkfifo(f, 0o600))
	}},
	{name: "a segment is a link", do: func(a *attack, s []string) error {
		f := pick(a, s)
		return errors.Join(os.Remove(f), os.Symlink("/etc/passwd", f))
	}},
	{name: "two segments are exchanged", do: func(a *attack, s []string) error {
		x, y := s[0], s[len(s)-1]
		return errors.Join(os.Rename(x, x+".t"), os.Rename(y, x), os.Rename(x+".t", y))
	}},
	{name: "the position is gone", do: func(a *attack, s []string) error { return others(s[0], os.Remove) }},
	{name: "the position is rubbish", do: func(a *attack, s []string) error {
		return others(s[0], func(f string) error { return os.WriteFile(f, a.noise(100), 0o600) })
	}},
	{name: "the position is empty", do: func(a *attack, s []string) error {
		return others(s[0], func(f string) error { return os.Truncate(f, 0) })
	}},
}

// damagedQueues fills a queue on disk, kills the server, damages the files and starts it
// again: it starts, what can be read is delivered, and the rest is counted.
func damagedQueues(a *attack) error {
	return a.rounds(func(round int) error {
		d := damages[round%len(damages)]
		if err := a.damagedQueue(d); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		a.count("damaged queues", 1)
		return nil
	})
}

func (a *attack) damagedQueue(d damage) error {
	s, err := a.newServer(fillConf)
	if err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return err
	}
	n := 3000 + a.rand.IntN(4000)
	if err := a.fillQueue(s, s.ports["TCP"], n); err != nil {
		return err
	}
	s.Kill()
	if err := a.damageQueue(d); err != nil {
		return err
	}
	if err := s.configure(drainConf); err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return err
	}
	if err := a.drained(s, d, n); err != nil {
		return err
	}
	if busy := s.busy(); busy > 0.5 {
		err = fmt.Errorf("the server has nothing to do and takes %.0f %% of a processor", 100*busy)
	}
	return errors.Join(err, a.goesOn(s, n), s.Stop())
}

// damageQueue damages the files of the queue.
func (a *attack) damageQueue(d damage) error {
	segments, err := filepath.Glob(a.path("main.queue/*"))
	if err != nil {
		return err
	}
	segments = keep(segments, isSegment)
	sort.Strings(segments)
	if len(segments) < 2 {
		return fmt.Errorf("the queue has %d segments", len(segments))
	}
	return d.do(a, segments)
}

// drained waits until each of n messages is delivered or counted as lost.
func (a *attack) drained(s *server, d damage, n int) (err error) {
	distinct, lost := 0, 0.0
	if !process.Await(func() bool {
		distinct, _ = witness.Numbers(a.path("witness.log"), n)
		lost, err = s.Sum("messages_lost_total", "")
		return s.Alive() != nil || distinct+int(lost) >= n || d.end && distinct > 0
	}) {
		return fmt.Errorf("of %d messages %d were delivered and %v are counted as lost: %v\n%s", n, distinct, lost, err, s.LastWords())
	}
	a.count("messages counted as lost", int(lost))
	a.count("messages delivered", distinct)
	if distinct+int(lost) > n+100 {
		return fmt.Errorf("of %d messages %d were delivered, yet %v are counted as lost", n, distinct, lost)
	}
	return nil
}

// goesOn sends message n, which must arrive.
func (a *attack) goesOn(s *server, n int) error {
	c, err := dial("tcp", s.ports["TCP"])
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Fprintf(c, "<13>Mar  1 10:00:00 h witness: number %d of many, and that is all.\n", n)
	if !process.Await(func() bool { seen, _ := witness.Seen(a.path("witness.log"), n+1); return seen[n] || s.Alive() != nil }) {
		return errors.New("a new message does not get through")
	}
	return nil
}

// fillQueue sends n messages, and waits until all of them are on disk.
func (a *attack) fillQueue(s *server, port string, n int) error {
	c, err := dial("tcp", port)
	if err != nil {
		return err
	}
	defer c.Close()
	var out []byte
	for i := range n {
		out = fmt.Appendf(out, "<13>Mar  1 10:00:00 h witness: number %d of many, and that is all.\n", i)
	}
	if _, err := c.Write(out); err != nil {
		return err
	}
	if !process.Await(func() bool {
		got, err := s.Sum("input_messages_received_total", "")
		return err == nil && int(got) == n || s.Alive() != nil
	}) {
		return errors.New("the queue does not take all messages")
	}
	return s.Alive()
}

// isSegment tells the files with records from those with positions and locks.
func isSegment(path string) bool { return strings.HasSuffix(path, ".seg") }

func keep(list []string, ok func(string) bool) (kept []string) {
	for _, s := range list {
		if ok(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// others does something to the files of the queue that are no segments.
func others(segment string, do func(file string) error) error {
	files, err := filepath.Glob(filepath.Join(filepath.Dir(segment), "*"))
	for _, f := range files {
		if !isSegment(f) && !strings.HasSuffix(f, "lock") {
			err = errors.Join(err, do(f))
		}
	}
	return err
}

// pick chooses a segment that is not the last one.
func pick(a *attack, segments []string) string { return segments[a.rand.IntN(len(segments)-1)] }

func (a *attack) noise(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(a.rand.Uint32())
	}
	return b
}

func cut(a *attack, file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	return os.Truncate(file, a.rand.Int64N(info.Size()+1))
}

func flipBits(a *attack, segments []string) error {
	for range 1 + a.rand.IntN(5) {
		file := pick(a, segments)
		text, err := os.ReadFile(file)
		if err != nil || len(text) == 0 {
			return err
		}
		text[a.rand.IntN(len(text))] ^= 1 << a.rand.IntN(8)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// overwrite puts bytes somewhere into a file, without making it longer.
func overwrite(a *attack, file string, b []byte) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	room := max(info.Size()-int64(len(b)), 0)
	return overwriteAt(file, a.rand.Int64N(room+1), b[:min(int64(len(b)), info.Size())])
}

func overwriteAt(file string, at int64, b []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, at)
	return errors.Join(err, f.Close())
}

func grow(file string, b []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}
