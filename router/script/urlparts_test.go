package script

import (
	"strconv"
	"strings"
	"testing"

	"syslogd/router/internal/testmsg"
)

// The first want is that of rsyslog's documentation, which spells / as \/.
func TestFaup(t *testing.T) {
	t.Parallel()
	m, ctx := testmsg.Parse(userInfo), newContext()
	p := compile(t, `faup("https://user:pass@www.rsyslog.com:443/doc/mo-faup.html?param=value#faup")`)
	want := `json { "scheme": "https", "credential": "user:pass", "subdomain": "www", "domain": "rsyslog.com", "domain_without_tld": "rsyslog",` +
		` "host": "www.rsyslog.com", "tld": "com", "port": "443", "resource_path": "/doc/mo-faup.html", "query_string": "?param=value", "fragment": "#faup" }`
	if got := strings.ReplaceAll(show(p.Eval(m, ctx)), `\/`, "/"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	names := []string{"scheme", "credential", "subdomain", "domain", "domain_without_tld", "host", "tld", "port", "resource_path", "query_string", "fragment"}
	for _, tt := range []struct{ url, want string }{
		{"https://user:pass@www.rsyslog.com:443/doc?param=value#faup", "https|user:pass|www|rsyslog.com|rsyslog|www.rsyslog.com|com|443|/doc|?param=value|#faup"},
		{"http://a.b.Testing.CO.uk", "http||a.b|Testing.CO.uk|Testing|a.b.Testing.CO.uk|CO.uk||||"},
		{"rsyslog.com", "|||rsyslog.com|rsyslog|rsyslog.com|com||||"},
		{"www.example.test:80/", "||www|example.test|example|www.example.test|test|80|/||"},
		{"co.uk", "|||co.uk||co.uk|co.uk||||"},
		{"localhost", "|||localhost|localhost|localhost|||||"},
		{"www.example.com.", "||www|example.com|example|www.example.com.|com||||"},
		{"http://127.0.0.1/", "http|||127.0.0.1|127.0.0.1|127.0.0.1|||/||"},
		{"ftp://login@[2001:db8::1]:21/x", "ftp|login||[2001:db8::1]|[2001:db8::1]|[2001:db8::1]||21|/x||"},
		{"2001:db8::1", "|||2001:db8::1|2001:db8::1|2001:db8::1|||||"},
		{"//cdn.example.org/x", "||cdn|example.org|example|cdn.example.org|org||/x||"},
		{"http:///vars?=test", "http||||||||/vars|?=test|"},
		{"http://h.example.com?u=http://x@y:1/z#a?b#c", "http||h|example.com|example|h.example.com|com|||?u=http://x@y:1/z|#a?b#c"},
		{"/a//b", "||||||||/a//b||"},
		{"http://a@b@c.example.com", "http|a@b|c|example.com|example|c.example.com|com||||"},
		{"https://wwd\u00e9g.google.com/x%20", "https||wwd\u00e9g|google.com|google|wwd\u00e9g.google.com|com||/x%20||"},
		{"", "||||||||||"},
	} {
		set(t, m, ctx, "!u", strconv.Quote(tt.url))
		var got []string
		for _, n := range names {
			got = append(got, compile(t, "faup_"+n+"($!u)").Eval(m, ctx).String())
		}
		if got := strings.Join(got, "|"); got != tt.want {
			t.Errorf("%q:\ngot  %s\nwant %s", tt.url, got, tt.want)
		}
	}
}

// FuzzFaup splits any text. Its parts lie in it.
func FuzzFaup(f *testing.F) {
	for _, s := range []string{"https://u:p@www.rsyslog.com:443/d?p=v#f", "co.uk", "[::1]:1", "...", "a..b", "http://@:/?#", "\xff.\u00e9", "//", ":"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u := splitURL(s)
		for _, p := range urlPartList() {
			if !strings.Contains(s, p.of(u)) {
				t.Errorf("%q: the %s %q is no part of it", s, p.name, p.of(u))
			}
		}
		if !strings.HasSuffix(u.domain, u.tld) || !strings.HasPrefix(u.domain, u.withoutTLD) || !strings.Contains(u.host, u.domain) {
			t.Errorf("%q: %+v", s, u)
		}
	})
}
