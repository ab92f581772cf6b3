package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestSendersAreCountedAndForgotten(t *testing.T) {
	t.Parallel()
	var said []string
	s := &Senders{Life: time.Minute, Max: 2,
		Appeared: func(name string) { said = append(said, "new "+name) },
		Gone:     func(name string, last time.Time) { said = append(said, fmt.Sprint("gone ", name, " ", last.Unix())) },
	}
	at := func(sec int64) time.Time { return time.Unix(sec, 0) }
	s.Count([]byte("web"), 2, at(0))
	s.Count([]byte("db"), 1, at(10))
	s.Count([]byte("web"), 3, at(20))
	s.Count([]byte("one too many"), 4, at(20))
	var got []string
	for _, st := range s.Stats() {
		got = append(got, fmt.Sprint(st.Sender, "=", st.Counters[0].Read()))
	}
	if strings.Join(got, " ") != "db=1 web=5" || s.Untracked.Value() != 4 {
		t.Errorf("counted %q, %d untracked", got, s.Untracked.Value())
	}
	s.Expire(at(70))
	s.Expire(at(71))
	s.Count([]byte("mail"), 1, at(72))
	if want := "new web, new db, gone db 10, new mail"; strings.Join(said, ", ") != want {
		t.Errorf("said %q, want %q", said, want)
	}
}
