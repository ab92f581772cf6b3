package queue

import (
	"bufio"
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"syslogd/internal/vfs"
	"syslogd/message"
)

// rsyslogFiles puts the files that an rsyslogd 8.2302 has left into a file system.
func rsyslogFiles(t testing.TB, prefix string) *vfs.Mem {
	t.Helper()
	mem := vfs.NewMem()
	if err := mem.Mkdir("/spool", 0o700); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("testdata/rsyslog")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix+".") {
			text, err := os.ReadFile("testdata/rsyslog/" + e.Name())
			if err != nil {
				t.Fatal(err)
			}
			put(t, mem, "/spool/"+e.Name(), text)
		}
	}
	return mem
}

// upgraded starts a queue where rsyslogd's was, and returns its messages as export lines.
func upgraded(t testing.TB, mem *vfs.Mem, prefix string) ([]string, *diskBench) {
	t.Helper()
	conf := diskConf(LinkedList)
	conf.Classic, conf.Dir = "/spool/"+prefix, "/spool/"+prefix+dirSuffix
	b := newDiskBench(t, mem, conf)
	b.start(true)
	b.q.Stop()
	var lines []string
	if _, err := mem.Stat(conf.Dir); err != nil {
		return nil, b
	}
	_, err := Inspect(mem, conf.Dir, func(m *message.Message, ruleset string) error {
		line, err := ExportLine(m, ruleset)
		lines = append(lines, string(line))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines, b
}

func TestAnRsyslogQueueIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := rsyslogFiles(t, "fwd")
		lines, _ := upgraded(t, mem, "fwd")
		if len(lines) != 22 {
			t.Fatalf("%d messages, want 22", len(lines))
		}
		const first = `{"rawmsg":"\u003c13\u003eOct 11 22:14:15 host1 app: msg number 1","parsed":true,"pri":13,"timereported":"2026-10-11T22:14:15+00:00","timegenerated":"2026-11-25T15:56:32.606390+00:00","hostname":"host1","syslogtag":"app:","msg":" msg number 1","app-name":"app","procid":"-","msgid":"-","structured-data":"-","inputname":"imtcp","fromhost":"localhost","fromhost-ip":"127.0.0.1","$!":{"a":"x y"},"$.":{"loc":5}}` + "\n"
		if lines[0] != first {
			t.Errorf("the first message is\n%swant\n%s", lines[0], first)
		}
		const last = `"syslogtag":"evntslog","msg":"An application event","app-name":"evntslog","procid":"-","msgid":"ID47","structured-data":"[exampleSDID@32473 iut=\"3\"]"`
		if !strings.Contains(lines[21], last) {
			t.Errorf("the last message is\n%s", lines[21])
		}
		if names, _ := mem.ReadDir("/spool"); !slices.Equal(names, []string{"fwd.queue"}) {
			t.Errorf("left are %v", names)
		}
	})
}

func TestAnRsyslogMainQueueGoesOnWhereItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines, _ := upgraded(t, rsyslogFiles(t, "mq"), "mq")
		if len(lines) != 4 { // the first was processed
			t.Fatalf("%d messages, want 4: %s", len(lines), lines)
		}
		if !strings.HasPrefix(lines[0], `{"ruleset":"rs","rawmsg":"\u003c13\u003eOct 11 22:14:15 host2 app: main number 2","parsed":false`) {
			t.Errorf("the first message is %s", lines[0])
		}
		if !strings.Contains(lines[3], `"syslogtag":"locl:","msg":" hello"`) {
			t.Errorf("the last message is %s", lines[3])
		}
		// Without its state all there is comes.
		mem := rsyslogFiles(t, "mq")
		mem.Remove("/spool/mq.qi")
		if lines, _ := upgraded(t, mem, "mq"); len(lines) != 5 {
			t.Errorf("%d messages without the state, want 5", len(lines))
		}
	})
}

func TestADamagedRsyslogFileIsKeptAndTheRestTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := rsyslogFiles(t, "fwd")
		text, _ := vfs.ReadFile(mem, "/spool/fwd.00000002")
		at := bytes.Index(text, []byte("pszRawMsg"))
		text[at+12] = 'x'
		put(t, mem, "/spool/fwd.00000002", text)
		lines, b := upgraded(t, mem, "fwd")
		if len(lines) != 21 {
			t.Errorf("%d messages, want 21", len(lines))
		}
		if names, _ := mem.ReadDir("/spool"); !slices.Contains(names, "fwd.00000002"+badSuffix) || len(names) != 2 {
			t.Errorf("left are %v", names)
		}
		if !strings.Contains(b.logged(), "damaged") {
			t.Errorf("nothing was logged: %s", b.logged())
		}
	})
}

func FuzzClassic(f *testing.F) {
	for _, name := range []string{"fwd.00000003", "mq.00000001", "mq.qi"} {
		text, err := os.ReadFile("testdata/rsyslog/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		mem := vfs.NewMem()
		put(t, mem, "/x.00000001", text)
		conf := diskConf(Disk)
		sp, _, err := openSpool(mem, "/q", &conf, discard)
		if err != nil {
			t.Fatal(err)
		}
		im := classicImport{spool: sp}
		n, bad, err := im.file(mem, "/x.00000001", 0)
		if err != nil || bad > int64(len(text)) || sp.stored != n {
			t.Fatalf("%d messages, %d stored, %d bad bytes, %v", n, sp.stored, bad, err)
		}
		readClassic(bufio.NewReader(bytes.NewReader(text)))
		if err := shut(sp); err != nil {
			t.Fatal(err)
		}
	})
}
