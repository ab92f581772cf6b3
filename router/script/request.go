package script

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"syslogd/config/syntax"
	"syslogd/message"
	"syslogd/router/property"
)

// Bounds of http_request(), which holds up the worker that waits for it.
const (
	requestTimeout    = 5 * time.Second
	maxRequestBody    = 1 << 20
	maxResponseHeader = 64 << 10
	// requestQuiet is the time between two reports on requests that failed.
	requestQuiet = time.Minute
)

// Requests sends the requests of http_request(). The zero Requests is ready to
// use, by any number of workers.
type Requests struct {
	// Log is told of requests that failed. It is set before the first one.
	Log *slog.Logger
	// DryRun sends nothing; each request is worth "". It is set before the first one.
	DryRun bool
	// Permitted are the addresses that requests may go to; empty is every one but those
	// of this host and of its links. It is set before the first one.
	Permitted []netip.Prefix

	mu       sync.Mutex // guards what follows
	client   *http.Client
	reported time.Time
	since    int // requests that failed since the last report
}

// httpRequest is http_request(url) of fmhttp. Without Requests nothing is sent.
func (c *compiler) httpRequest(_ *syntax.FuncCall, args []node) node {
	requests := c.env.Requests
	return node{eval: func(m *message.Message, ctx *property.Context) Value {
		target := args[0].eval(m, ctx).String()
		if requests == nil || requests.DryRun {
			return Value{}
		}
		body, err := requests.get(ctx.Wait, target)
		if err != nil {
			requests.failed(target, err)
			return Value{}
		}
		return text(body)
	}}
}

// get returns the body of target, whatever the status, as fmhttp does. ctx ends
// it early; nil is context.Background().
func (r *Requests) get(ctx context.Context, target string) ([]byte, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if !strings.Contains(target, "://") { // as curl reads it
		target = "http://" + target
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	if s := req.URL.Scheme; s != "http" && s != "https" || req.URL.Host == "" {
		return nil, errors.New("want a URL with http or https and a host")
	}
	req.Header.Set("User-Agent", "syslogd")
	resp, err := r.http().Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxRequestBody+1))
	if err == nil && len(body) > maxRequestBody {
		err = fmt.Errorf("the body is longer than %d bytes", maxRequestBody)
	}
	return body, err
}

// http returns the client. Like fmhttp's it follows no redirection. No
// connection outlives its request: nothing has to be closed when the server stops.
func (r *Requests) http() *http.Client {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client == nil {
		r.client = &http.Client{
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, DisableCompression: true,
				DialContext:            (&net.Dialer{Control: r.control}).DialContext,
				MaxResponseHeaderBytes: maxResponseHeader,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return r.client
}

// control refuses connections to addresses that are not permitted. It is asked with
// the address that is connected to, so that no name that changes what it means and no
// way of writing an address gets past it.
func (r *Requests) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !r.permits(to.Addr().WithZone("").Unmap()) {
		return fmt.Errorf("requests to %s are not permitted, see global(httpRequest.permitted)", to.Addr())
	}
	return nil
}

// nat64 are addresses that stand for IPv4 ones (RFC 6052), translators lead back by them.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// metadata is where clouds answer with secrets, beside link-local addresses.
var metadata = netip.MustParseAddr("fd00:ec2::254")

// permits reports whether requests may go to the address. By default a message whose text
// gets into a URL reaches nothing that trusts this host or its link.
func (r *Requests) permits(a netip.Addr) bool {
	if len(r.Permitted) > 0 {
		return slices.ContainsFunc(r.Permitted, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	return !a.IsLoopback() && !a.IsUnspecified() && !a.IsMulticast() && !a.IsLinkLocalUnicast() && a != metadata &&
		!(a.Is4() && a.As4()[0] == 0)
}

// failed reports the first request that failed and then one a minute. What may
// be secret in a URL, and all behind its path, is not shown.
func (r *Requests) failed(target string, err error) {
	var u *url.Error
	if errors.As(err, &u) { // whose text has the whole URL
		err = u.Err
	}
	shown := ""
	if p, perr := url.Parse(target); perr == nil {
		shown = (&url.URL{Scheme: p.Scheme, Host: p.Host, Path: p.Path}).String()
		shown = strings.ToValidUTF8(shown[:min(len(shown), 200)], "?")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.since++
	if r.Log == nil || !r.reported.IsZero() && time.Since(r.reported) < requestQuiet {
		return
	}
	r.Log.Error("http_request() failed, its value is empty", "url", shown, "err", err, "count", r.since)
	r.reported, r.since = time.Now(), 0
}
