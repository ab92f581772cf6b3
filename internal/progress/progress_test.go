package progress

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAStepThatDoesNotEndIsReportedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		var hangs, works, rests Beat
		w := New(slog.New(slog.NewTextHandler(&log, nil)), 10*time.Second, nil)
		w.Add(Stage{Name: "hanging", Sample: hangs.Sample, Detail: func() string { return "why" }},
			Stage{Name: "working", Sample: works.Sample}, Stage{Name: "resting", Sample: rests.Sample})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { w.Run(ctx); close(done) }()
		hangs.Begin()
		begin := time.Now()
		problems := func() string {
			var texts []string
			for _, err := range w.Problems() {
				texts = append(texts, err.Error())
			}
			return strings.Join(texts, "; ")
		}
		for range 30 {
			works.Begin()
			time.Sleep(time.Second)
			synctest.Wait()
			works.End()
			// It is seen at the first look, a second later, and again 10 s after that.
			if hung := time.Since(begin) >= 11*time.Second; hung != (problems() != "") {
				t.Fatalf("after %v: %q", time.Since(begin), problems())
			}
		}
		if want := "hanging makes no progress since " + begin.Add(time.Second).Format(time.RFC3339) + ": why"; problems() != want {
			t.Errorf("got %q, want %q", problems(), want)
		}
		hangs.End()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if problems() != "" {
			t.Errorf("got %q", problems())
		}
		if n, m := strings.Count(log.String(), "no progress"), strings.Count(log.String(), "progress again"); n != 1 || m != 1 {
			t.Errorf("%d times hanging, %d times over in: %s", n, m, &log)
		}
		cancel()
		<-done
	})
}
