package engine_test

import (
	"strings"
	"testing"

	"syslogd/engine"
)

// lostFor is how many messages are lost for a reason, in all places.
func lostFor(e *engine.Engine, reason string) (n float64) {
	for _, o := range e.Metrics().Objects() {
		for _, number := range o.Numbers {
			if number.Name == "messages_lost_total" && o.Name == reason {
				n += number.Read()
			}
		}
	}
	return n
}

// Each way of losing messages has a counter with its reason, a line in the log when it
// begins, and one with its sum at the end; no line for each message.
func TestEachWayOfLosingMessagesTellsItsStory(t *testing.T) {
	t.Parallel()
	const (
		tcp  = "module(load=\"imtcp\")\ninput(type=\"imtcp\" address=\"127.0.0.1\" port=\"0\")\n"
		ptcp = "module(load=\"imptcp\")\n"
		file = "action(type=\"omfile\" file=\"@DIR@/out\")\n"
	)
	port := refusing(t)
	long := "<13>" + strings.Repeat("long ", 3000) + "\n"
	few := strings.Repeat("<13>Oct 11 22:14:15 h app: text\n", 20)
	for reason, test := range map[string]struct {
		conf, send string
		atStop     bool   // it happens when the server stops
		again      bool   // it happens to those that come when others were lost
		begin      string // the line of its begin, if it has one of its own
	}{
		"message_split":    {conf: tcp + file, send: long, begin: "received oversize message"},
		"message_cut":      {conf: "module(load=\"imtcp\" discardTruncatedMsg=\"on\")\n" + tcp[strings.Index(tcp, "\n")+1:] + file, send: long, begin: "received oversize message"},
		"frame_incomplete": {conf: tcp + file, send: "200 <13>the beginning", begin: "incomplete frame"},
		"stream_broken": {conf: ptcp + "input(type=\"imptcp\" address=\"127.0.0.1\" port=\"0\" compression.mode=\"stream:always\")\n" + file,
			send: strings.Repeat("this is no zlib ", 10), begin: "compressed stream is broken"},
		"action_given_up":  {conf: tcp + `action(type="omfwd" target="127.0.0.1" port="` + port + `" protocol="tcp" action.resumeRetryCount="0")`, send: few},
		"action_suspended": {conf: tcp + `action(type="omfwd" target="127.0.0.1" port="` + port + `" protocol="tcp" action.resumeRetryCount="0")`, send: few, again: true},
		"queue_full": {conf: tcp + `action(type="omfwd" target="127.0.0.1" port="` + port + `" protocol="tcp" action.resumeRetryCount="-1"
			queue.type="FixedArray" queue.size="5" queue.timeoutEnqueue="0" queue.timeoutShutdown="10" queue.timeoutActionCompletion="10")`, send: strings.Repeat(few, 1000)},
		"stop": {conf: tcp + `action(type="omfwd" target="127.0.0.1" port="` + port + `" protocol="tcp" action.resumeRetryCount="-1"
			queue.type="FixedArray" queue.size="500" queue.timeoutShutdown="10" queue.timeoutActionCompletion="10")`, send: few, atStop: true},
		"target_refused": {conf: tcp + `action(type="omfwd" target="127.0.0.1" port="` + port + `" protocol="udp")`, send: strings.Repeat(few, 20)},
		"file_not_written": {conf: tcp + `template(name="f" type="string" string="@DIR@/%hostname%")
			action(type="omfile" file="@DIR@/h/file") action(type="omfile" dynaFile="f")`, send: few, atStop: true},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			e, _, log := start(t, test.conf)
			lost := func() float64 { return lostFor(e, reason) }
			if send(t, e.Listening()[0].Addr, test.send); test.again {
				waitFor(t, "the first ones", func() bool { return lostFor(e, "action_given_up") > 0 })
				send(t, e.Listening()[0].Addr, test.send)
			}
			if !test.atStop {
				waitFor(t, reason, func() bool { return lost() > 0 })
			} else {
				waitFor(t, "messages", func() bool { return numbers(e, "input_messages_received_total")["imtcp"] > 0 })
			}
			e.Stop(t.Context())
			if lost() == 0 {
				t.Errorf("nothing is counted; log:\n%s", log)
			}
			begin := test.begin
			if begin == "" {
				begin = `"messages are lost" reason=` + reason
			}
			for _, line := range []string{begin, `"no more messages are lost; in all" reason=` + reason} {
				if n := strings.Count(log.String(), line); n != 1 {
					t.Errorf("%q is logged %d times, want once:\n%s", line, n, log)
				}
			}
		})
	}
}
