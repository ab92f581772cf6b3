package queue

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/message"
)

// diary is a Handler that notes what is asked of it, and when.
type diary struct {
	begin  time.Time
	events []string
}

func (d *diary) note(what string) {
	d.events = append(d.events, fmt.Sprintf("%s at %v", what, time.Since(d.begin)))
}

func (d *diary) Run(b *message.Batch) int {
	n := b.Len()
	d.note(fmt.Sprintf("run %d", n))
	b.Release()
	return n
}

func (d *diary) Idle(last bool) { d.note(fmt.Sprintf("idle %v", last)) }

// TestAWorkerThatWaitsSaysSo before it does: outputs may hold something that somebody
// must look after.
func TestAWorkerThatWaitsSaysSo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		conf Config
		want []string
	}{
		{"to be slow", Config{SlowDown: 1000}, []string{"run 2 at 0s", "idle false at 0s", "idle true at 2ms"}},
		{"between the pieces of a batch", Config{SlowDown: 1000, BatchSize: 1}, []string{"run 1 at 0s", "idle false at 0s", "run 1 at 1ms", "idle false at 1ms", "idle true at 2ms"}},
		{"for more messages", Config{MinBatch: 3, MinBatchTimeout: 5}, []string{"idle false at 0s", "run 2 at 5ms", "idle true at 5ms"}},
		{"for no more messages", Config{MinBatch: 2, MinBatchTimeout: 5}, []string{"run 2 at 0s", "idle true at 0s"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				conf := tt.conf
				conf.WorkerThreads, conf.Size, conf.MaxBytes, conf.TimeoutShutdown, conf.TimeEnd = 1, DefaultSize, DefaultMaxBytes, 1000, noHours
				q, d := New("test", conf, Env{}), &diary{begin: time.Now()}
				q.Start([]Handler{d})
				synctest.Wait()
				d.events = nil
				q.Enqueue(t.Context(), batch(nil, "1", "2"))
				time.Sleep(time.Second)
				synctest.Wait()
				if !slices.Equal(d.events, tt.want) {
					t.Errorf("got %s", strings.Join(d.events, ", "))
				}
				q.Stop()
			})
		})
	}
}

func TestAWorkerThatWaitsForItsHoursSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hour := time.Now().Hour()
		conf := Config{WorkerThreads: 1, Size: DefaultSize, MaxBytes: DefaultMaxBytes, TimeoutShutdown: 1000, TimeBegin: (hour + 1) % 24, TimeEnd: (hour + 2) % 24}
		q, d := New("test", conf, Env{}), &diary{begin: time.Now()}
		q.Start([]Handler{d})
		synctest.Wait()
		d.events = nil
		q.Enqueue(t.Context(), batch(nil, "1"))
		synctest.Wait()
		if !slices.Equal(d.events, []string{"idle false at 0s"}) {
			t.Errorf("got %s", strings.Join(d.events, ", "))
		}
		q.Stop()
	})
}
