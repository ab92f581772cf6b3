package omusrmsg

import (
	"encoding/binary"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"syslogd/module"
	"syslogd/output"
)

// session makes a utmp record.
func session(kind uint16, user, line string) []byte {
	rec := make([]byte, utmpSize)
	binary.NativeEndian.PutUint16(rec, kind)
	copy(rec[utmpLine:], line)
	copy(rec[utmpUser:], user)
	return rec
}

func TestMessagesReachTheTerminalsOfTheUsers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		users    string
		a, b     string
		template string
	}{
		{"*", "hel#033lo\n", "hel#033lo\n", " WallFmt"},
		{"bob", "", "hel#033lo\n", " StdUsrMsgFmt"},
		{"ann,bob", "hel#033lo\n", "hel#033lo\n", " StdUsrMsgFmt"},
		{"nobody", "", "", " StdUsrMsgFmt"},
	} {
		dir := t.TempDir()
		var utmp []byte
		utmp = append(utmp, session(userProcess, "ann", "tty1")...)
		utmp = append(utmp, session(8, "bob", "gone")...) // ended
		utmp = append(utmp, session(userProcess, "bob", "pts1")...)
		utmp = append(utmp, session(userProcess, "bob", "../escape")...)
		for name, data := range map[string][]byte{"utmp": utmp, "tty1": nil, "pts1": nil, "gone": nil} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		out, err := New(Config{Users: tt.users}, module.Env{Log: slog.New(slog.DiscardHandler), Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		o := out.(*terminals)
		o.utmp, o.dev = filepath.Join(dir, "utmp"), dir
		if got := o.Templates()[0]; got != tt.template {
			t.Errorf("%s: template %q, want %q", tt.users, got, tt.template)
		}
		b := &output.Batch{Parts: []output.Part{{Data: []byte("hel\x1blo\n"), Ends: []int{7}}}}
		if err := o.Write(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"tty1": tt.a, "pts1": tt.b, "gone": ""} {
			if got, _ := os.ReadFile(filepath.Join(dir, name)); string(got) != want {
				t.Errorf("users %s: %s got %q, want %q", tt.users, name, got, want)
			}
		}
	}
}
