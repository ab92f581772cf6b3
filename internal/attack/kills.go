package main

import (
	"errors"
	"time"

	"syslogd/internal/process"
	"syslogd/internal/witness"
)

const killsConf = `global(workDirectory="@DIR@" metrics.listen="127.0.0.1:@METRICS@")
module(load="imrelp")
main_queue(queue.type="Disk" queue.fileName="main")
input(type="imrelp" address="127.0.0.1" port="@RELP@")
action(type="omfile" file="@DIR@/witness.log")
`

// kills ends the server at any time, and sometimes properly. What it acknowledged is in its
// file at the end.
func kills(a *attack) error {
	s, err := a.newServer(killsConf)
	if err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return err
	}
	w := &witness.Sender{Port: s.ports["RELP"], Count: 1 << 30}
	told := make(chan error, 1)
	go func() { told <- w.Run() }()
	for a.more() {
		w.Allowed.Store(w.Acked.Load() + 3000) // more would make the file large, not the attack
		select {
		case err := <-told:
			return errors.Join(err, s.Alive())
		case <-time.After(time.Duration(a.rand.IntN(300)) * time.Millisecond):
		}
		switch a.rand.IntN(5) {
		case 0:
			if err := s.Stop(); err != nil {
				return err
			}
			a.count("stops", 1)
		case 1:
			w.Drop.Store(true)
			a.count("cut connections", 1)
			continue
		default:
			s.Kill()
			a.count("kills", 1)
		}
		if err := s.Start(); err != nil {
			return err
		}
	}
	n := int(w.Allowed.Load())
	if !process.Await(func() bool { return int(w.Acked.Load()) >= n || s.Alive() != nil }) {
		return errors.New("the server does not acknowledge what is left")
	}
	a.count("messages acknowledged", n)
	if !process.Await(func() bool { return arrived(a.path("witness.log"), n) == nil }) {
		return errors.Join(arrived(a.path("witness.log"), n), s.Alive())
	}
	return s.Stop()
}
