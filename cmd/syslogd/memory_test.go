package main

import (
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestGCPercent(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int
	}{
		{0, 800},
		{3 << 20, 800},
		{8 << 20, 300},
		{11 << 20, gcPercent},
		{64 << 20, gcPercent},
		{100 << 20, 128},
		{256 << 20, 50},
		{1 << 30, 50},
	} {
		if got := gcPercentFor(c.live); got != c.want {
			t.Errorf("%d MiB in use: %d, want %d", c.live>>20, got, c.want)
		}
	}
}

func TestAfterEachCollection(t *testing.T) {
	calls := make(chan struct{}, 100) // never full: the test makes fewer collections
	afterEachCollection(func() { calls <- struct{}{} })
	for range 3 {
		runtime.GC()
		<-calls
	}
}

func TestCleanMappings(t *testing.T) {
	smaps := strings.Join([]string{
		"00400000-00d1e000 r-xp 00000000 fe:00 99  /sbin/syslogd", "Size: 1 kB", "Anonymous:             0 kB", "AnonHugePages:         0 kB",
		"00d1e000-016db000 r--p 0091e000 fe:00 99  /sbin/syslogd", "Anonymous:             4 kB",
		"016db000-01757000 rw-p 012db000 fe:00 99  /sbin/syslogd", "Anonymous:             0 kB",
		"02000000-03000000 r--p 012db000 fe:00 99  /lib/libc.so", "Anonymous:             0 kB",
		"125860400000-125860c00000 rw-p 00000000 00:00 0 ", "Anonymous:             0 kB",
		"7f0000000000-7f0000001000 r--p 012db000 fe:00 99  /sbin/syslogd", "Anonymous:             0 kB",
	}, "\n")
	want := []mapping{{0x400000, 0xd1e000}, {0x7f0000000000, 0x7f0000001000}}
	if got := cleanMappings(strings.NewReader(smaps), "/sbin/syslogd"); !slices.Equal(got, want) {
		t.Errorf("%x", got)
	}
}
