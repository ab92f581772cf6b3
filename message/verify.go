package message

import (
	"bytes"
	"fmt"
)

// spanNames are those of the fields that spans returns.
var spanNames = [8]string{"text part", "host", "tag", "program", "app-name", "procid", "msgid", "structured data"}

// Check returns what of m contradicts itself: a field outside the text, or one that is
// said to stand where it does not. Whatever changes a message keeps it nil.
func (m *Message) Check() error {
	if int(m.rawLen) > len(m.buf) {
		return fmt.Errorf("message: the text has %d bytes of %d", m.rawLen, len(m.buf))
	}
	if uint32(m.AfterPRI) > m.rawLen {
		return fmt.Errorf("message: the PRI ends at %d of %d bytes", m.AfterPRI, m.rawLen)
	}
	for i, s := range m.spans() {
		if uint64(s.Off)+uint64(s.Len) > uint64(len(m.buf)) {
			return fmt.Errorf("message: the %s has %d bytes at %d of %d", spanNames[i], s.Len, s.Off, len(m.buf))
		}
	}
	return m.checkTime()
}

// checkTime looks whether the time stamp stands in front of the host name, if that is
// said. It counts only where the host name follows the PRI, the version and a time
// stamp of that length.
func (m *Message) checkTime() error {
	if m.Flags&TimeAsSent == 0 || m.Flags&HasHostname == 0 {
		return nil
	}
	begin := int(m.AfterPRI)
	var memory [64]byte
	want := memory[:0]
	if m.Reported.Form&FromRFC3164 != 0 {
		want = append(m.Reported.AppendRFC3164(want, false), ' ')
	} else {
		want = append(m.Reported.AppendRFC3339(want), ' ')
		begin += len("1 ")
	}
	if int(m.Host.Off) != begin+len(want) {
		return nil
	}
	if got := m.buf[begin:m.Host.Off]; !bytes.Equal(got, want) {
		return fmt.Errorf("message: the time stamp is %q, and said to be %q", string(got), string(want))
	}
	return nil
}

// Verify is Check in builds with the race detector: it panics there when who has left
// m in contradiction with itself. In others it costs nothing.
func (m *Message) Verify(who string) {
	if poison {
		m.mustBeRight(who)
	}
}

func (m *Message) mustBeRight(who string) {
	if err := m.Check(); err != nil {
		panic(fmt.Sprintf("%s: %v", who, err))
	}
}
