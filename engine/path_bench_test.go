package engine_test

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"syslogd/config"
	"syslogd/engine"
	"syslogd/internal/diag"
)

// The way of a message from a connection to its file, in CPU time of the whole
// process. What sends is in it, too: one write for 64 KiB of text made before.
// `make pgo` takes the profile for the compiler from it.
func BenchmarkFromConnectionToFile(b *testing.B) {
	const (
		traditional = `%TIMESTAMP% %HOSTNAME% %syslogtag%%msg:::sp-if-no-1st-sp%%msg:::drop-last-lf%\n`
		protocol23  = `<%PRI%>1 %TIMESTAMP:::date-rfc3339% %HOSTNAME% %APP-NAME% %PROCID% %MSGID% %STRUCTURED-DATA% %msg%\n`
		oneFile     = `action(type="omfile" file="@DIR@/all.log" template="line")`
	)
	rfc3164 := func(i int) string {
		return fmt.Sprintf("<%d>Oct 11 22:14:15 host%d app%d[%d]: %s\n", 8+i%100, i%10, i%5, 100+i, strings.Repeat("some text ", 10))
	}
	rules := ""
	for i := range 20 {
		rules += fmt.Sprintf("if $msg contains 'word%d ' then action(type=\"omfile\" file=\"@DIR@/%d.log\" template=\"line\")\n", i, i)
	}
	for name, bench := range map[string]struct {
		template, rules string
		line            func(i int) string
	}{
		"RFC3164": {traditional, oneFile, rfc3164},
		"RFC5424": {protocol23, oneFile, func(i int) string {
			text := fmt.Sprintf("<%d>1 2026-10-11T22:14:15.003+02:00 host%d app%d %d ID%d [x@32473 a=\"%d\" b=\"value\"] %s", 8+i%100, i%10, i%5, 100+i, i%7, i, strings.Repeat("some text ", 20))
			return fmt.Sprintf("%d %s", len(text), text)
		}},
		"files": {traditional, `template(name="file" type="string" string="@DIR@/%HOSTNAME%/%PROGRAMNAME%.log")
action(type="omfile" dynaFile="file" template="line")
` + oneFile, rfc3164},
		"rules": {traditional, rules + oneFile, rfc3164},
	} {
		b.Run(name, func(b *testing.B) {
			var text []byte
			lines := 0
			for ; len(text) < 64<<10; lines++ {
				text = append(text, bench.line(lines)...)
			}
			addr, file := pathServer(b, bench.template, bench.rules)
			c, err := net.Dial("tcp", addr)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			user, system := cpu()
			b.ResetTimer()
			written := 0
			for ; written < b.N; written += lines {
				if _, err := c.Write(text); err != nil {
					b.Fatal(err)
				}
			}
			size := int64(0)
			for tick := time.NewTicker(time.Millisecond); ; <-tick.C { // until all is in the file
				info, err := os.Stat(file)
				if err == nil && info.Size() == size && size >= int64(written/lines)*int64(len(text))*9/10 {
					break
				}
				if err == nil {
					size = info.Size()
				}
			}
			b.StopTimer()
			u, s := cpu()
			b.ReportMetric(float64(u-user)/float64(written), "user-ns/msg")
			b.ReportMetric(float64(s-system)/float64(written), "sys-ns/msg")
		})
	}
}

// pathServer starts a server that writes all that comes over TCP to a file.
func pathServer(b *testing.B, template, rules string) (addr, file string) {
	b.Helper()
	dir := b.TempDir()
	cfg, diags, err := config.Load("bench.conf", []byte(`
module(load="imptcp")
input(type="imptcp" address="127.0.0.1" port="0")
template(name="line" type="string" string="`+template+`")
`+strings.ReplaceAll(rules, "@DIR@", dir)), engine.Modules(), config.Options{})
	if err != nil || diags.Count(diag.Error) > 0 {
		b.Fatal(err, diags.All())
	}
	e := engine.New(cfg, engine.Env{Log: slog.New(slog.DiscardHandler)}, diags)
	if err := e.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { e.Stop(b.Context()) })
	return e.Listening()[0].Addr.String(), filepath.Join(dir, "all.log")
}

// cpu is the CPU time of the process so far, in ns.
func cpu() (user, system int64) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, 0
	}
	return r.Utime.Nano(), r.Stime.Nano()
}
