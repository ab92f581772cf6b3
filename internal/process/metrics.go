package process

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Metrics is the page of a server's metrics at an address, host:port.
type Metrics struct{ Address string }

// Get asks for the page. The caller closes it.
func (m Metrics) Get() (io.ReadCloser, error) {
	client := http.Client{Timeout: Patience}
	resp, err := client.Get("http://" + m.Address + "/metrics")
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
	return nil, fmt.Errorf("/metrics answers %s: %s", resp.Status, text)
}

// Sum adds up the series of a metric whose labels hold with, "" for all. The name is without
// the prefix that all have.
func (m Metrics) Sum(name, with string) (float64, error) {
	page, err := m.Get()
	if err != nil {
		return 0, err
	}
	defer page.Close()
	return sum(page, "syslogd_"+name, with)
}

func sum(page io.Reader, name, with string) (total float64, err error) {
	lines := bufio.NewScanner(page)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		rest, found := strings.CutPrefix(line, name)
		if !found || rest == "" || rest[0] != '{' && rest[0] != ' ' || !strings.Contains(rest, with) {
			continue
		}
		value, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("/metrics: %q: %w", line, err)
		}
		total += value
	}
	return total, lines.Err()
}
