package queue

import (
	"strings"
	"testing"
	"testing/synctest"

	"syslogd/internal/vfs"
	"syslogd/message"
)

func TestADamagedQueueIsRepaired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := spooled(t, 40)
		names := segments(t, fsys)
		text, _ := vfs.ReadFile(fsys, names[1])
		text[segmentHeader+recordHeader+3] ^= 1
		put(t, fsys, names[1], text)
		last := names[len(names)-1]
		text, _ = vfs.ReadFile(fsys, last)
		put(t, fsys, last, text[:len(text)-3])
		before := inspected(t, fsys)
		if !before.Damaged() || before.Waiting != 38 {
			t.Errorf("damaged %v, %d messages", before.Damaged(), before.Waiting)
		}
		did, err := Repair(fsys, "/q")
		if err != nil || len(did) != 2 {
			t.Errorf("repair: %q, %v", did, err)
		}
		after := inspected(t, fsys)
		if after.Damaged() || after.Waiting != 38 || len(after.SetAside) != 1 {
			t.Errorf("after the repair: %+v", after)
		}
		var out strings.Builder
		after.Print(&out)
		if !strings.Contains(out.String(), "waiting 38 messages") {
			t.Errorf("printed: %s", out.String())
		}
		if did, err := Repair(fsys, "/q"); err != nil || len(did) != 0 {
			t.Errorf("a second repair: %q, %v", did, err)
		}
		got, _ := delivered(t, fsys)
		if len(got) != 38 {
			t.Errorf("%d messages delivered after the repair", len(got))
		}
	})
}

func inspected(t testing.TB, fsys vfs.FS) *Report {
	t.Helper()
	n := 0
	r, err := Inspect(fsys, "/q", func(*message.Message, string) error { n++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if n != r.Waiting {
		t.Errorf("%d messages exported, %d wait", n, r.Waiting)
	}
	return r
}
