package queue

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/internal/receipt"
	"syslogd/message"
)

// sizes is a Handler that notes how many messages come at a time, and when.
type sizes struct {
	got   []int
	texts []string
	at    []time.Duration
	start time.Time
}

func (s *sizes) Run(b *message.Batch) int {
	defer b.Release()
	s.got, s.at = append(s.got, b.Len()), append(s.at, time.Since(s.start))
	for i := range b.Msgs {
		s.texts = append(s.texts, string(b.Msgs[i].Raw()))
	}
	return b.Len()
}

func (s *sizes) Idle(bool) {}

// shapedQueue starts a queue with one worker.
func shapedQueue(conf Config) (*Queue, *sizes) {
	conf.WorkerThreads, conf.MaxBytes, conf.TimeoutShutdown = 1, DefaultMaxBytes, 100000
	if conf.Size == 0 {
		conf.Size = DefaultSize
	}
	if conf.TimeEnd == 0 {
		conf.TimeEnd = noHours
	}
	q := New("test", conf, Env{})
	s := &sizes{start: time.Now()}
	return q, s
}

func TestBatchesAreCutAndJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := shapedQueue(Config{BatchSize: 10, ForAction: true})
		f := &message.Flow{}
		var back []receipt.Outcome
		asked := func(texts []string) *message.Batch {
			b := batch(f, texts...)
			b.Receipt = receipt.New(func(o receipt.Outcome) { back = append(back, o) })
			return b
		}
		q.Enqueue(context.Background(), asked(numbered(0, 25)))
		for i := 25; i < 37; i++ {
			q.Enqueue(context.Background(), asked(numbered(i, i+1)))
		}
		q.Start([]Handler{s})
		q.Stop()
		if fmt.Sprint(s.got) != "[10 10 5 10 2]" {
			t.Errorf("messages at a time: %v", s.got)
		}
		same(t, s.texts, numbered(0, 37))
		if q.Len() != 0 || q.bytes != 0 {
			t.Errorf("%d messages, %d bytes", q.Len(), q.bytes)
		}
		if !slices.Equal(back, make([]receipt.Outcome, 13)) {
			t.Errorf("receipts came back as %v, want 13 stored", back)
		}
	})
}

func TestAWorkerWaitsForEnoughMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := shapedQueue(Config{MinBatch: 3, MinBatchTimeout: 500, BatchSize: 3})
		q.Start([]Handler{s})
		for i := range 4 {
			q.Enqueue(context.Background(), batch(nil, strconv.Itoa(i)))
			synctest.Wait()
		}
		time.Sleep(time.Second)
		q.Stop()
		if fmt.Sprint(s.got) != "[3 1]" || s.at[0] != 0 || s.at[1] != 500*time.Millisecond {
			t.Errorf("messages at a time: %v, at %v", s.got, s.at)
		}
	})
}

func TestAPauseForEachMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := shapedQueue(Config{SlowDown: 1000, BatchSize: 10})
		q.Enqueue(context.Background(), batch(nil, numbered(0, 30)...))
		q.Start([]Handler{s})
		synctest.Wait()
		q.Stop()
		if fmt.Sprint(s.at) != "[0s 10ms 20ms]" {
			t.Errorf("batches of 10 at %v", s.at)
		}
	})
}

func TestHoursOfProcessing(t *testing.T) {
	t.Parallel()
	at := func(hour, min int) time.Time { return time.Date(2026, 3, 5, hour, min, 0, 0, time.UTC) }
	for _, tt := range []struct {
		begin, end int
		now        time.Time
		want       time.Duration
	}{
		{0, 25, at(12, 0), 0},
		{9, 17, at(9, 0), 0},
		{9, 17, at(16, 59), 0},
		{9, 17, at(17, 0), 16 * time.Hour},
		{9, 17, at(8, 30), 30 * time.Minute},
		{22, 6, at(23, 0), 0},
		{22, 6, at(5, 59), 0},
		{22, 6, at(6, 0), 16 * time.Hour},
		{0, 6, at(7, 0), 17 * time.Hour},
	} {
		c := Config{TimeBegin: tt.begin, TimeEnd: tt.end}
		if got := c.untilHours(tt.now); got != tt.want {
			t.Errorf("%d to %d at %v: wait %v, want %v", tt.begin, tt.end, tt.now, got, tt.want)
		}
	}
}

func TestAQueueRestsOutsideItsHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock begins at midnight UTC
		now := time.Now()
		begin := now.Add(2 * time.Hour).Hour()
		q, s := shapedQueue(Config{TimeBegin: begin, TimeEnd: (begin + 1) % 24})
		q.Start([]Handler{s})
		q.Enqueue(context.Background(), batch(nil, "x"))
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if len(s.at) != 1 || s.at[0] < time.Hour || s.at[0] > 2*time.Hour+time.Second {
			t.Errorf("processed at %v", s.at)
		}
		q.Enqueue(context.Background(), batch(nil, "y"))
		q.Stop() // there is nowhere to keep it
		same(t, s.texts, []string{"x", "y"})
	})
}

func TestMessagesAreDiscardedBySeverity(t *testing.T) {
	t.Parallel()
	q, s := shapedQueue(Config{Size: 10, DiscardMark: 4, DiscardSeverity: message.Notice})
	texts := []string{"<11>error", "<13>notice", "<14>info", "no pri"}
	q.Enqueue(context.Background(), batch(nil, texts...))
	q.Enqueue(context.Background(), batch(nil, texts...))
	q.TryEnqueue(batch(nil, "<15>debug"))
	parsed := batch(nil, "anything")
	parsed.Msgs[0].Flags, parsed.Msgs[0].PRI = message.Parsed, 3
	q.TryEnqueue(parsed)
	q.Start([]Handler{s})
	q.Stop()
	same(t, s.texts, append(texts, "<11>error", "anything"))
	if q.Discarded.Value() != 4 || q.Dropped.Value() != 0 {
		t.Errorf("%d discarded, %d dropped", q.Discarded.Value(), q.Dropped.Value())
	}
}

func TestSampling(t *testing.T) {
	t.Parallel()
	q, s := shapedQueue(Config{Sampling: 3, DiscardSeverity: 8})
	for i := 1; i < 12; i += 2 {
		q.Enqueue(context.Background(), batch(nil, strconv.Itoa(i), strconv.Itoa(i+1)))
	}
	q.Start([]Handler{s})
	q.Stop()
	same(t, s.texts, []string{"3", "6", "9", "12"})
}

// A queue of an action holds a ruleset up once, not for every message.
func TestAFullActionQueueLosesPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(Config{WorkerThreads: 1, Size: 4, ForAction: true, TimeoutEnqueue: 2000, TimeoutShutdown: 10000}, true)
		start := time.Now()
		for i := range 8 {
			b.q.Enqueue(context.Background(), batch(nil, strconv.Itoa(i)))
		}
		if waited := time.Since(start); waited != 2*time.Second {
			t.Errorf("a ruleset was held up for %v", waited)
		}
		if b.q.Dropped.Value() != 4 {
			t.Errorf("%d dropped, want 4", b.q.Dropped.Value())
		}
		close(b.gate)
		synctest.Wait()
		if b.q.Enqueue(context.Background(), batch(nil, "8")) != nil {
			t.Error("there is room, and the message was dropped")
		}
		b.q.Stop()
		same(t, b.seen, []string{"0", "1", "2", "3", "8"})
	})
}
