package listener_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"syslogd/listener"
)

// springs is a log handler that panics at a text: it stands for what a connection may
// come upon while its bytes are taken apart.
type springs struct {
	slog.Handler
	at string
}

func (h springs) Handle(ctx context.Context, r slog.Record) error {
	if strings.Contains(r.Message, h.at) {
		panic("sprung")
	}
	return h.Handler.Handle(ctx, r)
}

func (h springs) WithAttrs(attrs []slog.Attr) slog.Handler {
	return springs{h.Handler.WithAttrs(attrs), h.at}
}

// TestAPanicClosesOneConnection has a connection panic while another one is open, plain
// and with TLS: those are read by one goroutine for all, and by one for each.
func TestAPanicClosesOneConnection(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, func(o *listener.StreamOptions) {
				if secure {
					withTLS(t)(o)
				}
				o.Log = slog.New(springs{o.Log.Handler(), "incomplete frame"})
			})
			var good, bad interface {
				Write([]byte) (int, error)
				Close() error
			}
			if good, bad = s.dial(), s.dial(); secure {
				good, bad = s.dialTLS(), s.dialTLS()
			}
			write := func(c interface{ Write([]byte) (int, error) }, text string) {
				if _, err := c.Write([]byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			write(good, "<13>one\n")
			write(bad, "20 <13>torn")
			bad.Close()
			s.until("the panic", func() bool { return s.Crashed.Value() == 1 })
			write(good, "<13>two\n")
			s.wants("<13>one", "<13>two")
			s.logs("panic=sprung", "springs.Handle")
		})
	}
}
