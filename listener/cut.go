package listener

import (
	"syslogd/internal/characters"
	"syslogd/metrics"
)

// CutMessages are the datagrams of an input that were longer than a message may be. The
// kernel has cut them.
type CutMessages struct {
	Count metrics.Counter
	// Lost counts and reports them; the zero Loss with oversizemsg.report="off".
	Lost *metrics.Loss
	// File records them; nil if that is not wanted. Limit is maxMessageSize, Input the
	// input's name.
	File  *OversizeFile
	Limit int
	Input string
}

// NewCutMessages is for an input of that name; with report, as oversizemsg.report says,
// they are reported.
func NewCutMessages(losses *metrics.Losses, report bool, input string, limit int, file *OversizeFile) *CutMessages {
	c := &CutMessages{Lost: &metrics.Loss{}, File: file, Limit: limit, Input: input}
	if report {
		c.Lost = losses.Of("message_cut", input)
	}
	return c
}

// Take counts a datagram of which text is left, and that had sent bytes. It returns the
// text without the character that the cut went through.
func (c *CutMessages) Take(text []byte, sent int, peer []byte) []byte {
	text = text[:characters.Whole(text)]
	c.Count.Add(1)
	c.Lost.Add(1, "peer", string(peer), "size", sent, "limit", c.Limit)
	c.File.Record(text, c.Input)
	return text
}
