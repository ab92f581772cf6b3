// Package web serves what a running server shows of itself over HTTP: /metrics
// for Prometheus, /healthz for load balancers and probes, a page that names
// both, and profiles if they are asked for. It reaches the server through the small interface Server.
package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"syslogd/metrics"
)

// Server is what the pages are about.
type Server interface {
	Metrics() *metrics.Set
	// Health returns nil, or what is wrong, one error a line.
	Health() error
}

// Options say what the pages show.
type Options struct {
	Version string
	// Profiles adds /debug/pprof/: where the process spends time and memory.
	Profiles bool
}

// Page answers requests about s.
func Page(s Server, o Options) http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(&collector{set: s.Metrics()}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), buildInfo(o.Version))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", inBothForms(promhttp.HandlerFor(reg, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { health(w, s) })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><title>syslogd</title><h1>syslogd %s</h1>\n"+
			"<p><a href=\"/healthz\">health</a>, <a href=\"/metrics\">metrics</a></p>\n", o.Version)
	})
	if o.Profiles {
		addProfiles(mux)
	}
	return mux
}

// addProfiles serves what `go tool pprof` reads.
func addProfiles(mux *http.ServeMux) {
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
}

// health answers 200 when everything works, else 503 with the reasons.
func health(w http.ResponseWriter, s Server) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := s.Health(); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, err)
		return
	}
	fmt.Fprintln(w, "ok")
}

func buildInfo(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "syslogd_build_info", Help: "1, labelled with the version.", ConstLabels: prometheus.Labels{"version": version},
	}, func() float64 { return 1 })
}

// Service is a listening web server.
type Service struct {
	ln  net.Listener
	srv *http.Server
}

// Listen binds addr, for instance 127.0.0.1:8514. However many ask at once, answering
// them takes a bounded part of the machine.
func Listen(addr string, h http.Handler) (*Service, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	door := newDoorkeeper(ln)
	return &Service{ln: door, srv: &http.Server{
		Handler: door.limited(h), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}}, nil
}

// Addr is where the service listens.
func (s *Service) Addr() net.Addr { return s.ln.Addr() }

// Run answers requests until ctx is done, and then finishes those under way.
func (s *Service) Run(ctx context.Context) error {
	stopped := context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if s.srv.Shutdown(end) != nil {
			s.srv.Close()
		}
	})
	defer stopped()
	if err := s.srv.Serve(s.ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
