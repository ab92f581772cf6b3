package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func measured() ([]series, [][]point) {
	list := []series{
		{key: "a", title: "things & more", axis: "things", points: []int{1, 10, 50_000}},
		{key: "b", title: "rules", axis: "rules", points: []int{1, 1000}, per: "ns a rule", div: func(n int) float64 { return float64(n) / 1000 }},
	}
	return list, [][]point{
		{{n: 1, cost: 0.8, peak: 30}, {n: 10, cost: 1.25, peak: 31}, {n: 50_000, note: "the limit of open files is too low"}},
		{{n: 1, cost: 0.9, peak: 30}, {n: 1000, cost: 32, peak: 40.4}},
	}
}

func TestScaleTable(t *testing.T) {
	t.Parallel()
	list, points := measured()
	var out bytes.Buffer
	printScale(&out, list, points, 3)
	_, table, _ := strings.Cut(out.String(), "\n\n")
	want := `| what grows | to | µs a message | | peak memory, MB |
|---|---:|---:|---:|---:|
| things & more | 1 | 0.80 |  | 30 |
| things & more | 10 | 1.25 |  | 31 |
| things & more | 50000 | the limit of open files is too low | | |
| rules | 1 | 0.90 | 900.0 ns a rule | 30 |
| rules | 1000 | 32.00 | 32.0 ns a rule | 40 |
`
	if table != want {
		t.Errorf("got\n%s\nwant\n%s", table, want)
	}
}

// The picture is well formed, everything lies inside it, and each point that was
// measured has a dot, the dearer the higher.
func TestScalePicture(t *testing.T) {
	t.Parallel()
	list, points := measured()
	picture := drawScale(list, points)
	var box []string
	var dots []float64
	for d := xml.NewDecoder(bytes.NewReader(picture)); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, picture)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		at := map[string]string{}
		for _, a := range e.Attr {
			at[a.Name.Local] = a.Value
		}
		switch e.Name.Local {
		case "svg":
			box = strings.Fields(at["viewBox"])
		case "circle":
			x, y := at["cx"], at["cy"]
			if inside(t, x, box[2]); inside(t, y, box[3]) {
				f, _ := strconv.ParseFloat(y, 64)
				dots = append(dots, f)
			}
		case "text":
			inside(t, at["x"], box[2])
			inside(t, at["y"], box[3])
		}
	}
	if len(dots) != 4 || dots[0] <= dots[1] || dots[2] <= dots[3] {
		t.Errorf("dots at the heights %v in %s", dots, picture)
	}
}

func inside(t *testing.T, at, limit string) bool {
	t.Helper()
	a, errA := strconv.ParseFloat(at, 64)
	l, errL := strconv.ParseFloat(limit, 64)
	ok := errA == nil && errL == nil && a >= 0 && a <= l
	if !ok {
		t.Errorf("%q is not between 0 and %s", at, limit)
	}
	return ok
}

// The commands measure the server as it is built now.
func TestCommandsMeasureTheServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bin, svg := filepath.Join(dir, "syslogd"), filepath.Join(dir, "x.svg")
	if out, err := exec.Command("go", "build", "-o", bin, "../syslogd").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"scale", "-bin", bin, "-rounds", "1", "-scale", "0.01", "-only", "connections", "-svg", svg}, "| TCP connections | 1000 | "},
		{[]string{"bench", "-bin", bin, "-rounds", "1", "-scale", "0.01", "-only", "tcp", "-rsyslogd", "none", "-syslog-ng", "none"}, "all verified"},
		{[]string{"memory", "-bin", bin, "-only", "just started"}, "| just started | "},
		{[]string{"bench", "-bin", filepath.Join(dir, "none")}, ""},
		{[]string{"scale", "-bin", filepath.Join(dir, "none")}, ""},
		{[]string{"memory", "-bin", filepath.Join(dir, "none")}, ""},
		{[]string{"scale", "-bin", bin, "-only", "what"}, ""},
		{[]string{"scale", "-bin", bin, "-rounds", "0"}, ""},
		{[]string{"scale", "-bin", "/bin/false"}, ""},
	} {
		t.Run(strings.Join(tc.args[:1], " "), func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			status := run(t.Context(), tc.args, &out, &errs)
			if (status == 0) != (tc.want != "") || !strings.Contains(out.String(), tc.want) {
				t.Errorf("%q: status %d: %s%s", tc.args, status, out.String(), errs.String())
			}
		})
	}
	t.Cleanup(func() {
		if text, err := os.ReadFile(svg); err != nil || !bytes.Contains(text, []byte("TCP connections")) {
			t.Errorf("the picture: %v", err)
		}
	})
}
