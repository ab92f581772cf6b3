package message

import "unsafe"

// prefetch fetches what Add writes of prefetched messages, from p on, for writing. It
// is a hint to the processor.
//
//go:noescape
func prefetch(p *Message)

// The size that prefetch knows.
var _ = [1]struct{}{}[unsafe.Sizeof(Message{})-192]
