package engine

import (
	"net"
	"testing"
)

func TestTheAddressOfAnInterface(t *testing.T) {
	t.Parallel()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback == 0 || i.Flags&net.FlagUp == 0 {
			continue
		}
		if ip, err := interfaceIP(i.Name); err != nil || !net.ParseIP(ip).IsLoopback() {
			t.Errorf("%s: %q, %v", i.Name, ip, err)
		}
	}
	if ip, err := interfaceIP("no such interface"); err == nil || ip != "" {
		t.Errorf("an interface that does not exist has %q", ip)
	}
}
