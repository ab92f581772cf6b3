// Package omrelp forwards messages over RELP, in plain text or TLS. A message is
// delivered when the server has acknowledged it; what was not acknowledged when
// a session ends is sent again in the next one.
package omrelp

import (
	"context"
	stdtls "crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"syslogd/internal/barrier"
	"syslogd/module"
	"syslogd/output"
	"syslogd/parser/frame/relp"
	"syslogd/tls"
)

// Module describes omrelp to the registry.
var Module = describe()

func describe() *module.Output {
	m := module.NewOutput("omrelp", moduleParams, params, nil, New)
	m.OwnQueue = func(any) bool { return true }
	return module.WithLegacy(m, parseLegacy)
}

// New checks the TLS settings and remembers the rest. The first message connects.
func New(c Config, env module.Env) (output.Output, error) {
	s := &sender{Config: c, log: env.Log, guard: env.Barrier}
	o, err := c.TLS.RELP(false)
	if err != nil {
		return nil, err
	}
	if s.tls, err = tls.Client(o, c.host(), env.Log); err != nil {
		return nil, err
	}
	s.dialer = net.Dialer{KeepAlive: -1, KeepAliveConfig: c.KeepAlive.Settings()}
	if c.LocalClientIP != "" {
		s.dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(c.LocalClientIP)}
	}
	return s, nil
}

// sender sends over one session at a time.
type sender struct {
	Config
	log    *slog.Logger
	guard  *barrier.Barrier
	tls    *stdtls.Config
	dialer net.Dialer
	ses    *session
	// refusals counts how often the server has refused the first message of what
	// is to be sent, in a row.
	refusals int
}

// maxRefusals is how often a message is sent until it is given up: a server may
// refuse because of itself, but a message that it never takes must not hold up
// all others.
const maxRefusals = 3

// Templates is the text.
func (s *sender) Templates() []string { return []string{s.Template} }

// Path is where messages go, for people.
func (s *sender) Path() string { return "relp " + s.address() }

// Explain is where a record would go, without its framing.
func (s *sender) Explain(b *output.Batch, i int) (where string, text []byte) {
	return s.Path(), b.Parts[0].At(i)
}

// Write sends the batch and waits until the server has acknowledged all of it. A
// session that ends in between is followed by another at once, as long as the
// server takes something.
func (s *sender) Write(ctx context.Context, b *output.Batch) error {
	part := &b.Parts[0]
	for done := 0; done < len(part.Ends); {
		fresh := s.ses == nil || s.ses.ended()
		n, err := s.deliver(ctx, part, done)
		done += n
		b.Done = done
		if n > 0 {
			s.refusals = 0
		}
		if err == nil {
			continue
		}
		s.drop()
		var no *refusedError
		var long *longError
		switch {
		case errors.As(err, &no):
			if s.refusals++; s.refusals >= maxRefusals {
				s.refusals = 0
				return &output.Rejected{Index: done, Err: s.errorf(err)}
			}
		case errors.As(err, &long):
			return &output.Rejected{Index: done, Err: s.errorf(err)}
		case (n > 0 || !fresh) && ctx.Err() == nil:
			s.log.Debug("session ended, what was not acknowledged is sent again", "err", err)
			continue
		}
		return &output.Suspended{Done: done, Err: s.errorf(err)}
	}
	return nil
}

func (s *sender) errorf(err error) error { return fmt.Errorf("relp %s: %w", s.address(), err) }

// deliver sends records from the given one on, over one session. It returns how
// many were acknowledged; without an error there may be more to do.
func (s *sender) deliver(ctx context.Context, part *output.Part, from int) (int, error) {
	if s.ses != nil && (s.ses.ended() || s.Rebind > 0 && s.ses.sent >= s.Rebind) {
		s.ses.close(ctx)
		s.ses = nil
	}
	if s.ses == nil {
		ses, err := s.connect(ctx)
		if err != nil {
			return 0, err
		}
		s.ses = ses
	}
	to := len(part.Ends)
	if s.Rebind > 0 {
		to = min(to, from+s.Rebind-s.ses.sent)
	}
	if s.refusals > 0 {
		to = from + 1 // those behind it would be sent again with it
	}
	return s.ses.exchange(ctx, part, from, to)
}

// drop gives the session up.
func (s *sender) drop() {
	if s.ses != nil {
		s.ses.abort()
		s.ses = nil
	}
}

// Close ends the session in order. All messages in it are acknowledged.
func (s *sender) Close() error {
	if s.ses != nil {
		s.ses.close(context.Background())
		s.ses = nil
	}
	return nil
}

// connect opens a session.
func (s *sender) connect(ctx context.Context) (*session, error) {
	dialCtx, cancel := context.WithTimeout(ctx, seconds(s.ConnTimeout))
	defer cancel()
	conn, err := s.dialer.DialContext(dialCtx, "tcp", s.address())
	if err != nil {
		return nil, fmt.Errorf("cannot connect: %w", err)
	}
	if s.tls != nil {
		secured := stdtls.Client(conn, s.tls)
		if err := secured.HandshakeContext(dialCtx); err != nil {
			conn.Close()
			var alert stdtls.AlertError
			if errors.As(err, &alert) && s.TLS.CertFile == "" {
				err = fmt.Errorf("%w (the server may want a certificate, or may have none itself: anonymous key exchange is not available)", err)
			}
			return nil, fmt.Errorf("TLS with %s: %w", conn.RemoteAddr(), err)
		}
		conn = secured
	}
	ses := newSession(conn, s.window(), seconds(s.Timeout), s.guard)
	if err := ses.open(ctx); err != nil {
		ses.abort()
		return nil, err
	}
	return ses, nil
}

// longError is a message that no frame holds.
type longError struct{ size int }

func (e *longError) Error() string {
	return fmt.Sprintf("the message has %d bytes, a RELP frame holds at most %d", e.size, relp.MaxData)
}

// refusedError is a message that the server does not take.
type refusedError struct {
	code int
	text string
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("the server refuses the message: %d %s", e.code, e.text)
}
