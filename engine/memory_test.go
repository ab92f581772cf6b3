package engine_test

import (
	"net"
	"strings"
	"testing"

	"syslogd/engine"
)

// refusing returns a port on which nobody listens.
func refusing(t *testing.T) (port string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	_, port, _ = net.SplitHostPort(ln.Addr().String())
	return port
}

// numbers returns the values of a metric by object.
func numbers(e *engine.Engine, name string) map[string]float64 {
	found := map[string]float64{}
	for _, o := range e.Metrics().Objects() {
		for _, n := range o.Numbers {
			if n.Name == name {
				found[o.Name] = n.Read()
			}
		}
	}
	return found
}

// A destination that takes nothing fills the queues up to their limits in bytes
// and no further, for short and for long messages; all senders are held up then,
// so that nothing more can come. The queues count what message.Batch.Bytes does.
func TestQueuesOfABlockedDestinationHoldNoMoreThanTheirLimits(t *testing.T) {
	t.Parallel()
	const limit, senders = 1 << 20, 4
	for name, test := range map[string]struct {
		action string
		text   int
		full   int // queues that are full then
	}{
		"main queue, short messages":            {`queue.type="Direct"`, 100, 1},
		"main queue, long messages":             {`queue.type="Direct"`, 7000, 1},
		"main and action queue, short messages": {`queue.type="LinkedList" queue.size="1000000" queue.maxBytes="1m" queue.timeoutEnqueue="1000000" queue.timeoutShutdown="1" queue.timeoutActionCompletion="1"`, 100, 2},
		"main and action queue, long messages":  {`queue.type="LinkedList" queue.size="1000000" queue.maxBytes="1m" queue.timeoutEnqueue="1000000" queue.timeoutShutdown="1" queue.timeoutActionCompletion="1"`, 7000, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, _, _ := start(t, `
main_queue(queue.size="1000000" queue.maxBytes="1m" queue.timeoutShutdown="1" queue.timeoutActionCompletion="1")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0")
action(type="omfwd" target="127.0.0.1" port="`+refusing(t)+`" protocol="tcp" action.resumeRetryCount="-1" `+test.action+`)
`)
			for range senders {
				c, err := net.Dial("tcp", e.Listening()[0].Addr.String())
				if err != nil {
					t.Fatal(err)
				}
				stopped := make(chan struct{})
				t.Cleanup(func() { c.Close(); <-stopped })
				go func() {
					defer close(stopped)
					line := []byte("<13>Oct 11 22:14:15 h app: " + strings.Repeat("x", test.text) + "\n")
					for {
						if _, err := c.Write(line); err != nil {
							return
						}
					}
				}()
			}
			most := map[string]float64{}
			waitFor(t, "all senders to be held up", func() bool {
				full := 0
				for q, bytes := range numbers(e, "queue_bytes") {
					most[q] = max(most[q], bytes)
					if bytes > limit/4 { // a batch may be more than half of the limit
						full++
					}
				}
				waits := 0.0
				for _, n := range numbers(e, "queue_full_total") {
					waits = max(waits, n)
				}
				return full == test.full && waits > 0
			})
			for q, bytes := range most {
				if bytes > limit {
					t.Errorf("the queue %q held %.0f bytes, its limit is %d", q, bytes, limit)
				}
			}
			for q, n := range numbers(e, "queue_dropped_total") {
				if n > 0 {
					t.Errorf("the queue %q has dropped %.0f messages of senders that can wait", q, n)
				}
			}
		})
	}
}
