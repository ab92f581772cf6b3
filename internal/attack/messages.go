package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"strings"
	"time"

	"syslogd/internal/process"
	"syslogd/internal/witness"
)

//go:embed rich.conf
var richConf string

// roundTime is how long one server is attacked before the books are done and the next one is
// started: its files grow by some megabytes a second.
const roundTime = time.Minute

// batch is how many mutated messages go over one input at a time.
const batch = 60

// mutatedMessages sends messages like nothing that a device sends, over every input, through
// a configuration that uses most modules. Between them come messages that must arrive. At the
// end what was received is what is in the file, and what is in the counters of losses.
func mutatedMessages(a *attack) error {
	return a.rounds(func(int) error { return a.throughRichConfiguration("", true) })
}

// repeatedMessages is the same with messages that the server holds back to compare them.
func repeatedMessages(a *attack) error {
	return a.rounds(func(int) error { return a.throughRichConfiguration("$RepeatedMsgReduction on\n", false) })
}

func (a *attack) throughRichConfiguration(extra string, counted bool) error {
	s, err := a.newServer(strings.ReplaceAll(richConf, "@EXTRA@", extra))
	if err != nil {
		return err
	}
	sink, err := listenSink(s.ports["SINK"])
	if err != nil {
		return err
	}
	defer sink.Close()
	if err := os.WriteFile(a.path("in.log"), nil, 0o644); err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return err
	}
	w := &witness.Sender{Port: s.ports["RELP"], Count: 1 << 30}
	told := make(chan error, 1)
	go func() { told <- w.Run() }()
	all := ways(s.ports, a.path("socket"), a.path("in.log"))
	var failed error
	for end := time.Now().Add(roundTime); failed == nil && a.more() && time.Now().Before(end); {
		way := all[a.rand.IntN(len(all))]
		var messages [][]byte
		for range batch {
			messages = append(messages, a.mutate())
		}
		err := way.send(messages)
		a.count("messages over "+way.name, batch)
		// One that must arrive, also for the pace: nothing is to be dropped for want of room.
		n := w.Allowed.Add(1)
		if !process.Await(func() bool { return w.Acked.Load() >= n || s.Alive() != nil }) {
			err = errors.Join(err, errors.New("the server takes no more messages"))
		}
		failed = errors.Join(s.Alive(), err)
	}
	if failed != nil {
		return failed
	}
	return errors.Join(a.settled(s, counted), s.Stop(), arrived(a.path("witness.log"), int(w.Acked.Load())), validJSON(a.path("json.log")), s.Raced())
}

// listenSink takes whatever is forwarded.
func listenSink(port string) (net.Listener, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 64<<10)
				for {
					if _, err := c.Read(buf); err != nil {
						return
					}
				}
			}()
		}
	}()
	return ln, nil
}

// drained waits until the queues are empty. As long as what waits becomes less the machine is
// only slow.
func drained(s *server) error {
	for least := math.Inf(1); ; {
		waiting := -1.0
		if !process.Await(func() bool {
			n, err := s.Sum("queue_messages", "")
			waiting = n
			return err == nil && n < least
		}) {
			return fmt.Errorf("%v messages wait for ever", waiting)
		}
		if waiting == 0 {
			return nil
		}
		least = waiting
	}
}

// settled waits until the queues are empty, and does the books: every message that an input
// counted is a line of the file, or was counted as lost.
func (a *attack) settled(s *server, counted bool) error {
	if err := drained(s); err != nil {
		return err
	}
	panics, err := s.Sum("messages_lost_total", `reason="panic"`)
	if err != nil {
		return err
	}
	if panics > 0 {
		return fmt.Errorf("%v messages made a module panic:\n%s", panics, s.LastWords())
	}
	if !counted {
		return nil
	}
	received, lost, written := 0.0, 0.0, 0
	if !process.Await(func() bool {
		got, err1 := s.Sum("input_messages_received_total", "")
		missing, err2 := s.Sum("messages_lost_total", "")
		err = errors.Join(err1, err2)
		received, lost, written = got, missing, lineCount(a.path("all.log"))+lineCount(a.path("witness.log"))
		return err == nil && float64(written)+lost >= received
	}) {
		return errors.Join(err, fmt.Errorf("of %v messages received %d are in the files and %v are counted as lost", received, written, lost))
	}
	a.count("messages received", int(received))
	a.count("messages counted as lost", int(lost))
	return nil
}

func lineCount(file string) int {
	text, _ := os.ReadFile(file)
	return bytes.Count(text, []byte("\n"))
}

// arrived fails unless messages 0 to n-1 of a witness are in the file.
func arrived(file string, n int) error {
	seen, _ := witness.Seen(file, n+1)
	if missing := witness.Gaps(seen[:n]); missing != "" {
		return fmt.Errorf("acknowledged messages are missing in %s:%s", file, missing)
	}
	return nil
}

// validJSON fails when a line of the file is not a JSON value.
func validJSON(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for line := range bytes.Lines(text) {
		if !json.Valid(line) {
			return fmt.Errorf("%s: not JSON: %q", file, line[:min(len(line), 500)])
		}
	}
	return nil
}
