package script

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/router/internal/testmsg"
)

// loopback is where the servers of tests are.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func request(t *testing.T, url string, r *Requests) *Program {
	t.Helper()
	e, err := syntax.ParseExpr("http_request(" + strconv.Quote(url) + ")")
	if err != nil {
		t.Fatal(err)
	}
	diags := &diag.List{}
	p := Compile(e, Env{Requests: r}, diags)
	if p == nil || diags.Len() > 0 {
		t.Fatal(diags.All())
	}
	return p
}

func TestHTTPRequest(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Method+" "+r.URL.RawQuery+"\n") })
	mux.HandleFunc("/full", func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte("a"), maxRequestBody)) })
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte("a"), maxRequestBody+1)) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok", http.StatusFound) })
	mux.HandleFunc("/short", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "abc")
	})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked.Add(1); mux.ServeHTTP(w, r) }))
	defer srv.Close()

	m, ctx := testmsg.Parse(userInfo), newContext()
	for _, tt := range []struct{ url, want, log string }{
		{srv.URL + "/ok?a=b", "GET a=b\n", ""},
		{strings.TrimPrefix(srv.URL, "http://") + "/ok?", "GET \n", ""},
		{srv.URL + "/full", strings.Repeat("a", maxRequestBody), ""},
		{srv.URL + "/missing", "404 page not found\n", ""},
		{srv.URL + "/moved", "<a href=\"/ok\">Found</a>.\n\n", ""},
		{srv.URL + "/long?secret", "", "the body is longer than 1048576 bytes"},
		{srv.URL + "/short", "", "unexpected EOF"},
		{"file:///etc/hostname", "", "want a URL with http or https and a host"},
		{"ftp://127.0.0.1/", "", "want a URL with http or https and a host"},
		{"http://user:secret@127.0.0.1:0/?secret", "", "127.0.0.1:0"},
		{"http://secret%zz", "", "invalid URL escape"},
		{"", "", "want a URL with http or https and a host"},
	} {
		var log bytes.Buffer
		p := request(t, tt.url, &Requests{Permitted: loopback, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if got := p.Eval(m, ctx).String(); got != tt.want {
			t.Errorf("%s: got %.80q, want %.80q", tt.url, got, tt.want)
		}
		if got := log.String(); !strings.Contains(got, tt.log) || tt.log == "" && got != "" || strings.Contains(got, "secret") {
			t.Errorf("%s: the log is %q, want %q", tt.url, got, tt.log)
		}
	}
	before := asked.Load()
	for _, r := range []*Requests{nil, {DryRun: true}} {
		if got := show(request(t, srv.URL+"/ok", r).Eval(m, ctx)); got != `""` {
			t.Errorf("got %s", got)
		}
	}
	request(t, srv.URL+"/ok", &Requests{Permitted: loopback}) // compiled only
	if n := asked.Load(); n != before {
		t.Errorf("%d requests were sent that must not be", n-before)
	}
}

// Of many failures one is logged.
func TestFailedRequestsAreLoggedOnceAMinute(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := &Requests{Permitted: loopback, Log: slog.New(slog.NewTextHandler(&log, nil))}
	p := request(t, "gopher://h/", r)
	for range 10 {
		p.Eval(testmsg.Parse(userInfo), newContext())
	}
	r.reported = r.reported.Add(-requestQuiet)
	p.Eval(testmsg.Parse(userInfo), newContext())
	if got := log.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "count=1\n") || !strings.Contains(got, "count=10\n") {
		t.Errorf("got %s", got)
	}
}

// The stop of the server ends a request that waits.
func TestRequestsEndWithTheServer(t *testing.T) {
	t.Parallel()
	stop, cancel := context.WithCancel(context.Background())
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer srv.Close()
	var log bytes.Buffer
	ctx := newContext()
	ctx.Wait = stop
	p := request(t, srv.URL, &Requests{Permitted: loopback, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if got := show(p.Eval(testmsg.Parse(userInfo), ctx)); got != `""` || !strings.Contains(log.String(), "context canceled") {
		t.Errorf("got %s, %s", got, log.String())
	}
}

// A message whose text gets into a URL reaches nothing on this host or its link,
// however the address is written.
func TestRequestsToThisHostAreRefused(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer srv.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(srv.URL, "http://"), ":")
	m, ctx := testmsg.Parse(userInfo), newContext()
	for _, host := range []string{"127.0.0.1", "localhost", "127.1", "0.0.0.0", "[::ffff:127.0.0.1]", "[::]", "127.9.9.9", "2130706433", "0x7f000001"} {
		if got := request(t, "http://"+host+":"+port+"/", &Requests{}).Eval(m, ctx).String(); got != "" || asked.Load() > 0 {
			t.Errorf("%s was asked: %q", host, got)
		}
	}
	var some Requests
	for text, want := range map[string]bool{
		"127.0.0.1": false, "::1": false, "0.0.0.0": false, "0.1.2.3": false, "::": false, "169.254.169.254": false, "fe80::1": false,
		"fd00:ec2::254": false, "64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false, "224.0.0.1": false, "ff02::1": false,
		"10.0.0.1": true, "192.0.2.1": true, "2001:db8::1": true, "64:ff9b::c000:201": true,
	} {
		if got := some.permits(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	few := Requests{Permitted: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), {}}}
	if few.permits(netip.MustParseAddr("10.0.0.1")) || !few.permits(netip.MustParseAddr("192.0.2.9")) {
		t.Error("the list is not what is permitted")
	}
}
