package main

import (
	"fmt"
	"math"
	"strings"
)

// A panel shows one series; all have the same scale of costs, so that they can
// be compared.
const (
	panelWidth  = 300
	panelHeight = 220
	panelLeft   = 46
	panelTop    = 34
	panelRight  = 14
	panelBottom = 40
	panelsInRow = 3
)

// svgStyle follows the reader's choice of a light or dark page.
const svgStyle = `<style>
text { font: 11px sans-serif; fill: #333 }
.title { font-weight: bold }
.grid { stroke: #999; stroke-opacity: .35; stroke-width: 1 }
.line { stroke: #0969da; stroke-width: 2; fill: none }
.dot { fill: #0969da }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .line { stroke: #58a6ff } .dot { fill: #58a6ff } }
</style>
`

// drawScale draws the series with logarithmic axes.
func drawScale(list []series, points [][]point) []byte {
	low, high := costDecades(points)
	rows := (len(list) + panelsInRow - 1) / panelsInRow
	width, height := min(len(list), panelsInRow)*panelWidth, rows*panelHeight
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`+"\n", width, height, width, height)
	b.WriteString("<title>Microseconds of CPU time a message as one thing grows</title>\n" + svgStyle)
	for i, x := range list {
		drawPanel(&b, x, points[i], i%panelsInRow*panelWidth, i/panelsInRow*panelHeight, low, high)
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

// costDecades are the powers of ten around all costs.
func costDecades(points [][]point) (low, high int) {
	least, most := math.Inf(1), 0.0
	for _, row := range points {
		for _, p := range row {
			if p.note == "" {
				least, most = min(least, p.cost), max(most, p.cost)
			}
		}
	}
	if most == 0 {
		return 0, 1
	}
	low, high = decade(least, math.Floor), decade(most, math.Ceil)
	return low, max(high, low+1)
}

func decade(x float64, round func(float64) float64) int { return int(round(math.Log10(x))) }

// drawPanel draws one series with its upper left corner at x0, y0.
func drawPanel(b *strings.Builder, s series, points []point, x0, y0, low, high int) {
	first, last := decade(float64(s.points[0]), math.Floor), decade(float64(s.points[len(s.points)-1]), math.Ceil)
	left, right := float64(x0+panelLeft), float64(x0+panelWidth-panelRight)
	top, bottom := float64(y0+panelTop), float64(y0+panelHeight-panelBottom)
	atX := func(v float64) float64 {
		return left + (math.Log10(v)-float64(first))/float64(last-first)*(right-left)
	}
	atY := func(v float64) float64 {
		return bottom - (math.Log10(v)-float64(low))/float64(high-low)*(bottom-top)
	}
	fmt.Fprintf(b, `<text class="title" x="%.0f" y="%d">%s</text>`+"\n", left, y0+16, escape(s.title))
	fmt.Fprintf(b, `<text x="%.0f" y="%d">µs a message</text>`+"\n", left, y0+29)
	for d := first; d <= last; d++ {
		x := atX(math.Pow10(d))
		fmt.Fprintf(b, `<path class="grid" d="M%.1f %.1fV%.1f"/><text text-anchor="middle" x="%.1f" y="%.1f">%s</text>`+"\n", x, top, bottom, x, bottom+14, power(d))
	}
	for d := low; d <= high; d++ {
		y := atY(math.Pow10(d))
		fmt.Fprintf(b, `<path class="grid" d="M%.1f %.1fH%.1f"/><text text-anchor="end" x="%.1f" y="%.1f">%s</text>`+"\n", left, y, right, left-5, y+4, power(d))
	}
	fmt.Fprintf(b, `<text text-anchor="middle" x="%.1f" y="%.1f">%s</text>`+"\n", (left+right)/2, bottom+29, escape(s.axis))
	line, dots := "", ""
	for _, p := range points {
		if p.note != "" {
			continue
		}
		x, y := atX(float64(p.n)), atY(p.cost)
		step := "L"
		if line == "" {
			step = "M"
		}
		line += fmt.Sprintf("%s%.1f %.1f", step, x, y)
		dots += fmt.Sprintf(`<circle class="dot" cx="%.1f" cy="%.1f" r="3"><title>%d: %.2f µs</title></circle>`, x, y, p.n, p.cost)
	}
	if line != "" {
		fmt.Fprintf(b, `<path class="line" d="%s"/>%s`+"\n", line, dots)
	}
}

func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// power is a power of ten as people write it.
func power(d int) string {
	switch {
	case d < 0:
		return fmt.Sprintf("%.*f", -d, math.Pow10(d))
	case d >= 3:
		return fmt.Sprintf("%.0fk", math.Pow10(d-3))
	}
	return fmt.Sprintf("%.0f", math.Pow10(d))
}
