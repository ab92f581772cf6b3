package web_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"syslogd/metrics"
	"syslogd/web"
)

func TestWhatTheMetricsAreNamedDoesNotBreakThePage(t *testing.T) {
	t.Parallel()
	bucket := func(key string) *metrics.Object {
		return &metrics.Object{Label: "bucket", Name: "b", Extra: [][2]string{{"key", key}}, Numbers: []metrics.Number{
			{Name: "dynstats_total", Help: "Counts.", Kind: metrics.Count, Read: func() float64 { return 1 }},
		}}
	}
	broken := bucket("broken")
	broken.Numbers[0].Read = func() float64 { panic("broken") }
	twice := bucket("twice")
	twice.Extra = append(twice.Extra, [2]string{"key", "again"})
	gauge, otherHelp := bucket("gauge"), bucket("other help")
	gauge.Numbers[0].Kind, otherHelp.Numbers[0].Help = metrics.Gauge, "Something else."
	var many []*metrics.Object
	for i := range 20000 {
		many = append(many, bucket(fmt.Sprintf("many\x80%d", i)))
	}
	tests := []struct {
		name    string
		objects []*metrics.Object
		unshown int
		want    []string
	}{
		{"byte that is no UTF-8", []*metrics.Object{bucket("a\xffb")}, 0, []string{`key="a\\xffb"} 1`}},
		{"half a character", []*metrics.Object{bucket("gr\xc3"), bucket("gr\xc3\xbc")}, 0, []string{`key="gr\\xc3"} 1`, `key="grü"} 1`}},
		{"two that differ in such bytes", []*metrics.Object{bucket("\xfe"), bucket("\xff")}, 0, []string{`key="\\xfe"} 1`, `key="\\xff"} 1`}},
		{"the same when it is valid", []*metrics.Object{bucket("\xff"), bucket(`\xff`)}, 0, []string{`key="\\xff"} 2`}},
		{"replacement character", []*metrics.Object{bucket("\uFFFD")}, 0, []string{"key=\"\uFFFD\"} 1"}},
		{"control characters", []*metrics.Object{bucket("a\n\x00\"\\")}, 0, []string{`key="a\n` + "\x00" + `\"\\"} 1`}},
		{"empty", []*metrics.Object{bucket("")}, 0, []string{`key=""} 1`}},
		{"invalid name of an object", []*metrics.Object{{Label: "input", Name: "\xc0", Numbers: bucket("").Numbers}}, 0, []string{`{input="\\xc0"} 1`}},
		{"as long as a message", []*metrics.Object{bucket(strings.Repeat("ü", 64<<10))}, 0, []string{`ü..."} 1`}},
		{"the same twice", []*metrics.Object{bucket("a"), bucket("a")}, 0, []string{`key="a"} 2`}},
		{"reading that panics", []*metrics.Object{broken}, 1, nil},
		{"a label twice", []*metrics.Object{twice}, 1, nil},
		{"another kind", []*metrics.Object{bucket("a"), gauge}, 1, []string{`key="a"} 1`}},
		{"another help", []*metrics.Object{bucket("a"), otherHelp}, 0, []string{`key="a"} 1`, `key="other help"} 1`}},
		{"very many", many, 0, []string{`key="many\\x8019999"} 1`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var s server
			var good metrics.Counter
			good.Add(3)
			s.set.Register(object("input", "good", &good))
			s.set.RegisterDynamic(func() []*metrics.Object { return tt.objects })
			code, body := get(t, web.Page(&s, web.Options{}), "/metrics")
			if code != 200 || !utf8.ValidString(body) {
				t.Fatalf("status %d, valid UTF-8 %v", code, utf8.ValidString(body))
			}
			for _, want := range append(tt.want, `{input="good"} 3`, "go_goroutines", "process_cpu_seconds_total",
				fmt.Sprintf("syslogd_metrics_unshown_total %d\n", tt.unshown)) {
				if !strings.Contains(body, want) {
					t.Errorf("%q is not in the page:\n%.2000s", want, body)
				}
			}
		})
	}
}

func TestObjectsThatCanNotBeListedLeaveTheOthers(t *testing.T) {
	t.Parallel()
	var s server
	var good metrics.Counter
	s.set.RegisterDynamic(func() []*metrics.Object { panic("broken") })
	s.set.Register(object("input", "good", &good))
	code, body := get(t, web.Page(&s, web.Options{}), "/metrics")
	if code != 200 || !strings.Contains(body, `{input="good"} 0`) || !strings.Contains(body, "syslogd_metrics_unshown_total 1") {
		t.Errorf("%d: %.1000s", code, body)
	}
}

// flooded is a server whose page takes a while to be made, and counts how often it is.
func flooded(t *testing.T, took time.Duration) (addr string, made *atomic.Int64) {
	t.Helper()
	made = &atomic.Int64{}
	s := &server{}
	s.set.RegisterDynamic(func() []*metrics.Object {
		made.Add(1)
		end := time.Now().Add(took)
		for time.Now().Before(end) {
		}
		return []*metrics.Object{{Label: "big", Name: strings.Repeat("x", 1000), Numbers: []metrics.Number{
			{Name: "big", Help: "Big.", Kind: metrics.Gauge, Read: func() float64 { return 1 }},
		}}}
	})
	srv, err := web.Listen("127.0.0.1:0", web.Page(s, web.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return srv.Addr().String(), made
}

func TestAFloodOfReadersMakesThePageSeldom(t *testing.T) {
	t.Parallel()
	const took = 20 * time.Millisecond
	addr, made := flooded(t, took)
	begin := time.Now()
	var ok, refused atomic.Int64
	var readers sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: 30 * time.Second}
	for range 16 {
		readers.Go(func() {
			for range 50 {
				resp, err := client.Get("http://" + addr + "/metrics")
				if err != nil {
					continue
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				switch resp.StatusCode {
				case http.StatusOK:
					ok.Add(1)
				case http.StatusTooManyRequests:
					refused.Add(1)
				}
			}
		})
	}
	readers.Wait()
	spent := time.Duration(made.Load()) * took
	if most := time.Since(begin)/10 + 2*took; spent > most {
		t.Errorf("the page was made %d times in %v", made.Load(), time.Since(begin))
	}
	if ok.Load() == 0 || refused.Load() == 0 {
		t.Errorf("%d answered, %d refused", ok.Load(), refused.Load())
	}
}

func TestConnectionsThatSayNothingDoNotShutThePort(t *testing.T) {
	t.Parallel()
	addr, _ := flooded(t, 0)
	var idle []net.Conn
	for range 300 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		idle = append(idle, c)
	}
	resp, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("status %d", resp.StatusCode)
	}
	// The oldest ones had to go.
	idle[0].SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := idle[0].Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("the first of 300 connections is still open: %v", err)
	}
}

func TestSlowReadersDoNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	addr, _ := flooded(t, time.Millisecond)
	for range 40 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.(*net.TCPConn).SetReadBuffer(1)
		fmt.Fprintf(c, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	for range 3 {
		resp, err := (&http.Client{Timeout: 20 * time.Second}).Get("http://" + addr + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
}
