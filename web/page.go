package web

import (
	"bytes"
	"net/http"
	"strings"
	"time"
)

const (
	// restFor is how many times as long as it took to make a page it is shown: all
	// readers together cost at most a tenth of one processor, however many they are. A
	// page that is made in a millisecond is a hundredth of a second old at most.
	restFor = 10
	// oldest is how old a page may be at most: Prometheus asks every few seconds.
	oldest = 5 * time.Second
	// pagePatience is how long a reader waits for another one's page to be made.
	pagePatience = 10 * time.Second
)

// shared is a page that is made once for all who ask for it in a short time. The bytes
// are sent from the same memory to all, so a slow reader holds up nobody.
type shared struct {
	make http.Handler
	// turn holds one token: who has it may read and change what follows.
	turn  chan struct{}
	page  *rendered
	until time.Time
}

// rendered is an answer in memory.
type rendered struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *rendered) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *rendered) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter.
func (r *rendered) Write(p []byte) (int, error) { return r.body.Write(p) }

func newShared(h http.Handler) *shared {
	s := &shared{make: h, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s
}

// ServeHTTP sends the page, a new one if the last one is too old.
func (s *shared) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	patience := time.NewTimer(pagePatience)
	defer patience.Stop()
	select {
	case <-s.turn:
	case <-r.Context().Done():
		return
	case <-patience.C:
		http.Error(w, "the page takes long to be made for another reader", http.StatusServiceUnavailable)
		return
	}
	page := s.current(r)
	for k, v := range page.header {
		w.Header()[k] = v
	}
	w.WriteHeader(page.status)
	w.Write(page.body.Bytes()) // an error is the reader's
}

// current returns the page. It gives the token back.
func (s *shared) current(r *http.Request) *rendered {
	defer func() { s.turn <- struct{}{} }()
	begin := time.Now()
	if s.page != nil && begin.Before(s.until) {
		return s.page
	}
	page := &rendered{status: http.StatusOK, header: http.Header{}}
	s.make.ServeHTTP(page, r)
	s.page = page
	now := time.Now()
	s.until = now.Add(min(restFor*now.Sub(begin), oldest))
	return page
}

// inBothForms serves h compressed to those who ask for that, from two shared pages. What
// else a request asks for (formats, parts) must not have an effect on the page that
// others get, so h sees none of it.
func inBothForms(h http.Handler) http.Handler {
	form := func(encoding string) *shared {
		return newShared(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			plain := (&http.Request{Method: http.MethodGet, URL: r.URL, Header: http.Header{}}).
				WithContext(r.Context())
			if encoding != "" {
				plain.Header.Set("Accept-Encoding", encoding)
			}
			plain.URL.RawQuery = ""
			h.ServeHTTP(w, plain)
		}))
	}
	plain, packed := form(""), form("gzip")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			packed.ServeHTTP(w, r)
			return
		}
		plain.ServeHTTP(w, r)
	})
}
