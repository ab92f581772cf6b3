package web_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"syslogd/metrics"
	"syslogd/web"
)

type server struct {
	set metrics.Set
	err error
}

func (s *server) Metrics() *metrics.Set { return &s.set }
func (s *server) Health() error         { return s.err }

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
	body, err := io.ReadAll(rec.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return rec.Code, string(body)
}

func object(label, name string, c *metrics.Counter, extra ...[2]string) *metrics.Object {
	return &metrics.Object{Label: label, Name: name, Extra: extra, Numbers: []metrics.Number{metrics.Of("input_messages_received_total", "Messages.", c)}}
}

func TestMetricsCountPerObject(t *testing.T) {
	t.Parallel()
	var s server
	var a, b, c metrics.Counter
	s.set.Register(object("input", "imudp", &a, [2]string{"listener", "*:514"}))
	s.set.Register(object("input", "imtcp", &b, [2]string{"listener", "*:514"}))
	s.set.Register(object("input", "imtcp", &c, [2]string{"listener", "*:514"}))
	a.Add(3)
	b.Add(4)
	c.Add(5)
	h := web.Page(&s, web.Options{Version: "1.2"})
	code, body := get(t, h, "/metrics")
	if code != 200 {
		t.Fatalf("status %d: %s", code, body)
	}
	for _, want := range []string{
		`syslogd_input_messages_received_total{input="imudp",listener="*:514"} 3`,
		`syslogd_input_messages_received_total{input="imtcp",listener="*:514"} 9`,
		"# TYPE syslogd_input_messages_received_total counter",
		`syslogd_build_info{version="1.2"} 1`,
		"go_goroutines", "process_cpu_seconds_total",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not in the page", want)
		}
	}
}

func TestHealthNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := server{}
	h := web.Page(&s, web.Options{Version: "1"})
	if code, body := get(t, h, "/healthz"); code != 200 || body != "ok\n" {
		t.Errorf("healthy: %d %q", code, body)
	}
	s.err = errors.New("action a is suspended")
	if code, body := get(t, h, "/healthz"); code != 503 || body != "action a is suspended\n" {
		t.Errorf("suspended: %d %q", code, body)
	}
}

func TestUnknownPagesAndMethods(t *testing.T) {
	t.Parallel()
	h := web.Page(&server{}, web.Options{Version: "1"})
	if code, _ := get(t, h, "/etc/passwd"); code != 404 {
		t.Errorf("unknown page: %d", code)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("POST", "/metrics", nil))
	if rec.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", rec.Code)
	}
}

func TestProfilesAreServedOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	const page = "/debug/pprof/goroutine?debug=1"
	if code, _ := get(t, web.Page(&server{}, web.Options{Version: "1"}), page); code != 404 {
		t.Errorf("not asked for: %d", code)
	}
	code, body := get(t, web.Page(&server{}, web.Options{Version: "1", Profiles: true}), page)
	if code != 200 || !strings.Contains(body, "goroutine profile") {
		t.Errorf("asked for: %d %q", code, body)
	}
}

func TestServiceStopsWithItsContext(t *testing.T) {
	t.Parallel()
	s, err := web.Listen("127.0.0.1:0", web.Page(&server{}, web.Options{Version: "1"}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	resp, err := http.Get("http://" + s.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
