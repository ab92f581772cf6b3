package main

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/process"
	"syslogd/internal/witness"
)

// mortal is a server that is ended in all ways, and started again on its directory.
type mortal struct {
	t    *testing.T
	name string
	dir  string
	run  *process.Process
	peak int64 // of its memory, bytes
}

// newMortal makes a server in a directory. @DIR@ in conf is that.
func newMortal(t *testing.T, name, dir, conf string) *mortal {
	t.Helper()
	m := &mortal{t: t, name: name, dir: dir}
	conf = "global(workDirectory=\"@DIR@\")\n" + conf
	if err := os.WriteFile(filepath.Join(dir, "test.conf"), []byte(strings.ReplaceAll(conf, "@DIR@", dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	m.start()
	t.Cleanup(func() { m.end(syscall.SIGKILL) })
	return m
}

func (m *mortal) start() {
	m.t.Helper()
	log, err := os.OpenFile(filepath.Join(m.dir, "output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		m.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command("syslogd", "-n", "-C", "-f", filepath.Join(m.dir, "test.conf"), "-i", "NONE")
	cmd.Stdout, cmd.Stderr = log, log
	if m.run, err = process.Start(cmd); err != nil {
		m.t.Fatal(err)
	}
}

func (m *mortal) end(sig syscall.Signal) {
	_, peak := m.run.Memory()
	m.peak = max(m.peak, peak)
	m.run.Signal(syscall.SIGCONT)
	m.run.Stop(sig, process.Patience)
}

func (m *mortal) restart(sig syscall.Signal) {
	m.end(sig)
	m.start()
}

// scratch is a small disk of its own for the receiver, so that it can be filled.
// Without the right to mount one, the disk is not filled.
func scratch(t *testing.T) (dir string, mayFill bool) {
	dir = t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Logf("the disk is not filled in this test: %v", err)
		return dir, false
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir, true
}

// stall is how long messages are waited for that may have nowhere to go at the moment: the
// receiver stands still, or a disk is full.
const stall = 10 * time.Second

// Two servers in a chain with queues on disk, a sender that knows what it was
// promised, and everything that happens to machines: what was acknowledged is in
// the file at the end. CHAOS_SEED repeats a run.
func TestNothingIsLostInAChainWhateverHappens(t *testing.T) {
	const count, events, memory = 12000, 10, 200 << 20
	for _, tt := range []struct {
		name, forward, receive string
		// gentle: the receiver itself acknowledges nothing. What its system has
		// acknowledged is gone when it is killed before it has read that, so it is
		// only stopped.
		gentle bool
		// room is more parameters of all queues.
		room string
	}{
		{"RELP", `module(load="omrelp")
action(type="omrelp" target="127.0.0.1" port="PORT" action.resumeRetryCount="-1" action.resumeInterval="1")`,
			`module(load="imrelp")
input(type="imrelp" address="127.0.0.1" port="PORT")`, false, ""},
		{"TCP", `action(type="omfwd" target="127.0.0.1" port="PORT" protocol="tcp" action.resumeRetryCount="-1" action.resumeInterval="1"
  queue.type="Disk" queue.fileName="forward" ROOM)`,
			`module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="PORT")`, true, ""},
		{"TCP with little room on disk", `action(type="omfwd" target="127.0.0.1" port="PORT" protocol="tcp" action.resumeRetryCount="-1" action.resumeInterval="1"
  queue.type="Disk" queue.fileName="forward" queue.timeoutEnqueue="3600000" ROOM)`,
			`module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="PORT")`, true, `queue.maxDiskSpace="50k"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			if v := os.Getenv("CHAOS_SEED"); v != "" {
				seed, _ = strconv.ParseUint(v, 10, 64)
			}
			t.Logf("seed %d", seed)
			chance := rand.New(rand.NewPCG(seed, 0))
			in, between := freePort(t), freePort(t)
			disk, mayFill := scratch(t)
			receiver := newMortal(t, "receiver", disk, `main_queue(queue.type="Disk" queue.fileName="main" `+tt.room+`)
template(name="line" type="string" string="%msg:2:$%\n")
`+strings.ReplaceAll(tt.receive, "PORT", between)+`
action(type="omfile" file="@DIR@/out.log" template="line" action.resumeRetryCount="-1" action.resumeInterval="1")
`)
			relay := newMortal(t, "relay", t.TempDir(), `main_queue(queue.type="Disk" queue.fileName="main" `+tt.room+`)
module(load="imrelp")
input(type="imrelp" address="127.0.0.1" port="`+in+`")
`+strings.NewReplacer("PORT", between, "ROOM", tt.room).Replace(tt.forward)+"\n")
			w := &witness.Sender{Port: in, Count: count}
			done := make(chan struct{})
			go func() {
				defer close(done)
				if err := w.Run(); err != nil {
					t.Error(err)
				}
			}()

			filler := filepath.Join(disk, "filler")
			happen := []struct {
				name string
				do   func()
			}{
				{"the relay is killed", func() { relay.restart(syscall.SIGKILL) }},
				{"the relay is stopped", func() { relay.restart(syscall.SIGTERM) }},
				{"the receiver stalls", func() {
					receiver.run.Signal(syscall.SIGSTOP)
					w.Allowed.Add(count / events / 2)
					process.Poll(stall, func() bool { return w.Acked.Load() >= min(w.Allowed.Load(), count) })
					receiver.run.Signal(syscall.SIGCONT)
				}},
				{"the sender is killed", func() { w.Drop.Store(true) }},
				{"the receiver is stopped", func() { receiver.restart(syscall.SIGTERM) }},
			}
			if !tt.gentle {
				happen = append(happen, struct {
					name string
					do   func()
				}{"the receiver is killed", func() { receiver.restart(syscall.SIGKILL) }})
			}
			if mayFill {
				happen = append(happen, struct {
					name string
					do   func()
				}{"the disk of the receiver is full", func() { fill(filler) }})
			}
			order := chance.Perm(len(happen)) // each once, and then as it comes
			for i := range events {
				w.Allowed.Add(count / events)
				process.Poll(stall, func() bool { return w.Acked.Load() >= min(w.Allowed.Load()-count/events/2, count) })
				e := happen[chance.IntN(len(happen))]
				if i < len(order) {
					e = happen[order[i]]
				}
				t.Logf("at %d: %s", w.Acked.Load(), e.name)
				os.Remove(filler)
				e.do()
			}
			os.Remove(filler)
			w.Allowed.Store(count)
			<-done
			out := filepath.Join(disk, "out.log")
			poll(func() bool { n, _ := witness.Numbers(out, count); return n == count })
			relay.end(syscall.SIGTERM)
			receiver.end(syscall.SIGTERM)
			distinct, twice := witness.Numbers(out, count)
			t.Logf("%d of %d messages, %d came twice; memory of the relay %d KiB, of the receiver %d KiB", distinct, count, twice, relay.peak>>10, receiver.peak>>10)
			if distinct != count {
				seen, _ := witness.Seen(out, count)
				t.Errorf("%d messages are missing:%s", count-distinct, witness.Gaps(seen))
			}
			for _, m := range []*mortal{relay, receiver} {
				if m.peak > memory {
					t.Errorf("the %s took %d KiB of memory, want %d at most", m.name, m.peak>>10, memory>>10)
				}
				if t.Failed() {
					log, _ := os.ReadFile(filepath.Join(m.dir, "output"))
					files, _ := exec.Command("sh", "-c", "ls -l "+m.dir+" "+m.dir+"/*.queue; syslogd queue "+m.dir+"/*.queue").CombinedOutput()
					t.Logf("output of the %s:\n%s\nits files:\n%s", m.name, log, files)
				}
			}
		})
	}
}

// fill writes a file until there is no room for a byte.
func fill(file string) {
	f, err := os.Create(file)
	if err != nil {
		return
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
}

// What a server has acknowledged before a stop is in its file, also from a queue
// in memory, and nothing has to be sent twice.
func TestAStopKeepsWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	const count, stops = 20000, 5
	port, dir := freePort(t), t.TempDir()
	s := newMortal(t, "receiver", dir, `module(load="imrelp")
input(type="imrelp" address="127.0.0.1" port="`+port+`")
template(name="line" type="string" string="%msg:2:$%\n")
action(type="omfile" file="@DIR@/out.log" template="line")
`)
	w := &witness.Sender{Port: port, Count: count}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := w.Run(); err != nil {
			t.Error(err)
		}
	}()
	for range stops {
		w.Allowed.Add(count / stops)
		poll(func() bool { return w.Acked.Load() > w.Allowed.Load()-count/stops/2 })
		s.restart(syscall.SIGTERM)
	}
	<-done
	s.end(syscall.SIGTERM)
	seen, twice := witness.Seen(filepath.Join(dir, "out.log"), count)
	if missing := witness.Gaps(seen); missing != "" || twice > 0 {
		t.Errorf("missing:%s, %d came twice", missing, twice)
	}
}
