package modify

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/message"
	"syslogd/router/property"
)

// every second message fails.
type alternating struct{ n int }

func (a *alternating) Modify(*message.Message, *property.Context) error {
	if a.n++; a.n%2 == 1 {
		return errors.New("odd")
	}
	return nil
}

func TestFailuresAreToldOnceAMinuteAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		i := NewInstance(&alternating{}, slog.New(slog.NewTextHandler(&out, nil)))
		m := &message.Message{}
		for range 150 {
			for range 10 {
				i.Apply(m, nil)
			}
			time.Sleep(time.Second)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		want := []string{`goes on as it is" err=odd`, `still not be modified`, `still not be modified`,
			`still not be modified`, `modified again" failed=750`}
		if len(lines) != len(want) {
			t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), out.String())
		}
		for k := range want {
			if !strings.Contains(lines[k], want[k]) {
				t.Errorf("line %d: %s, want %q", k+1, lines[k], want[k])
			}
		}
	})
}
