package web

import (
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// When there are too many connections the source that has most of them loses its oldest,
// however long others have been there.
func TestTheSourceWithMostConnectionsLosesItsOldest(t *testing.T) {
	t.Parallel()
	d := newDoorkeeper(nil)
	enter := func(source string) (v, victim *visit) {
		v = &visit{keeper: d, source: netip.MustParseAddr(source)}
		return v, d.enter(v)
	}
	enter("192.0.2.1") // a scraper
	oldest, _ := enter("192.0.2.66")
	for range maxConnections - 2 {
		if _, victim := enter("192.0.2.66"); victim != nil {
			t.Fatal("one has to go although there is room")
		}
	}
	if _, victim := enter("192.0.2.2"); victim != oldest {
		t.Errorf("%v has to go, want the oldest of the source with most", victim)
	}
}

// ready is a listener at which somebody always waits.
type ready struct{ net.Listener }

func (ready) Accept() (net.Conn, error) {
	c, _ := net.Pipe()
	return c, nil
}

func TestConnectionsAreTakenAtAPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDoorkeeper(ready{})
		begin := time.Now()
		for range 5*maxAccepts + 1 {
			c, err := d.Accept()
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
		}
		if took := time.Since(begin); took < 4*acceptWindow {
			t.Errorf("%d connections were taken within %v, want %v at least", 5*maxAccepts+1, took, 4*acceptWindow)
		}
	})
}
