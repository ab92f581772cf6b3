package listener

import "syslogd/metrics"

// streamLosses are the ways in which connections lose messages, or the wholeness of one.
type streamLosses struct {
	cut        *metrics.Loss // the end of one that is too long is thrown away
	split      *metrics.Loss // one that is too long comes as several
	incomplete *metrics.Loss // the connection ended within one
	memory     *metrics.Loss // the connection held too much, its beginning is thrown away
	broken     *metrics.Loss // what follows can not be decompressed
	panic      *metrics.Loss // what the connection brought caused one
}

func newStreamLosses(all *metrics.Losses, input string) streamLosses {
	return streamLosses{
		cut: all.Of("message_cut", input), split: all.Of("message_split", input),
		incomplete: all.Of("frame_incomplete", input), memory: all.Of("inputs_memory", input),
		broken: all.Of("stream_broken", input), panic: all.Of("panic", input),
	}
}
