package param

import (
	"net"
	"time"
)

// KeepAlive is the part of a module's configuration that lets TCP find out whether the
// other side of a silent connection is still there.
type KeepAlive struct {
	Enable   bool
	Probes   int // unanswered ones before the connection is dropped, 0 for the system's
	Time     int // idle seconds before the first probe, 0 for the system's
	Interval int // seconds between probes, 0 for the system's
}

// Settings are what the net package wants.
func (k *KeepAlive) Settings() net.KeepAliveConfig {
	return net.KeepAliveConfig{
		Enable:   k.Enable,
		Idle:     time.Duration(k.Time) * time.Second,
		Interval: time.Duration(k.Interval) * time.Second,
		Count:    k.Probes,
	}
}

// KeepAliveParams are the parameters of a KeepAlive. Their legacy directives begin with
// legacy; there are none if it is empty.
func KeepAliveParams[C any](legacy string, field func(*C) *KeepAlive) Table[C] {
	t := Table[C]{
		Bool("keepAlive", func(c *C) *bool { return &field(c).Enable }).Default("off").
			Doc("TCP keep-alive."),
		NonNegInt("keepAlive.probes", func(c *C) *int { return &field(c).Probes }).
			Doc("Unanswered probes before the connection is dropped; 0 is the system's."),
		NonNegInt("keepAlive.time", func(c *C) *int { return &field(c).Time }).
			Doc("Idle seconds before the first probe; 0 is the system's."),
		NonNegInt("keepAlive.interval", func(c *C) *int { return &field(c).Interval }).
			Doc("Seconds between probes; 0 is the system's."),
	}
	if legacy != "" {
		for i, end := range []string{"", "_probes", "_time", "_intvl"} {
			t[i].Legacy(legacy + end)
		}
	}
	return t
}
