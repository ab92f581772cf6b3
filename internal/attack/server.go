package main

import (
	"debug/buildinfo"
	"io"
	"net/http"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"time"

	"syslogd/internal/process"
)

// patience is how long something that must happen may take.
const patience = process.Patience

// server is the program under attack in the directory of an attack.
type server struct {
	process.Server
	process.Metrics
	// ports are those of its configurations by their names there.
	ports map[string]string
}

// newServer writes conf as the server's configuration. In conf @DIR@ is the directory and
// each other @NAME@ a port; @METRICS@ is that of the page of metrics.
func (a *attack) newServer(conf string) (*server, error) {
	s := &server{ports: map[string]string{}}
	s.Server = process.Server{Dir: a.dir, Command: []string{a.bin}, KeepOutput: true}
	a.servers = append(a.servers, s)
	if err := s.configure(conf); err != nil {
		return nil, err
	}
	s.Address = "127.0.0.1:" + s.ports["METRICS"]
	return s, nil
}

var placeholder = regexp.MustCompile(`@([A-Z]+)@`)

// configure writes another configuration. Its ports keep their numbers.
func (s *server) configure(conf string) error {
	var failed error
	conf = placeholder.ReplaceAllStringFunc(conf, func(place string) string {
		name := place[1 : len(place)-1]
		if name == "DIR" {
			return s.Dir
		}
		if s.ports[name] == "" {
			port, err := process.FreePort()
			if err != nil {
				failed = err
			}
			s.ports[name] = port
		}
		return s.ports[name]
	})
	if failed != nil {
		return failed
	}
	return s.Configure(conf)
}

// end ends a server that still runs, without a warning.
func (s *server) end() {
	if s.Process != nil {
		s.Kill()
	}
}

// saveHeap keeps a profile of what the server's memory is used for.
func (s *server) saveHeap() error {
	resp, err := http.Get("http://" + s.Address + "/debug/pprof/heap")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	profile, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(s.Path("heap.pprof"), profile, 0o600)
}

// hasRaceDetector reports whether the binary was built with it.
func (a *attack) hasRaceDetector() bool {
	info, err := buildinfo.ReadFile(a.bin)
	return err == nil && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "-race" && s.Value == "true" })
}

// busy is the part of a processor that the server takes for the next second.
func (s *server) busy() float64 {
	before := s.CPU()
	time.Sleep(time.Second)
	return (s.CPU() - before).Seconds()
}
