package listener

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestALoopWhoseWorkLastsIsRelieved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var relieved atomic.Int64
		r := NewRelief(reliefAfter, func() { relieved.Add(1) })
		for range 3 {
			if !r.Do(func() { time.Sleep(reliefAfter - time.Millisecond) }) {
				t.Fatal("relieved too early")
			}
		}
		begin := time.Now()
		if r.Do(func() {
			for relieved.Load() == 0 && time.Since(begin) < time.Minute {
				time.Sleep(time.Millisecond)
				synctest.Wait()
			}
		}) {
			t.Error("the loop was not relieved")
		}
		if d := time.Since(begin); d < reliefAfter || d > 2*reliefAfter+10*time.Millisecond {
			t.Errorf("relieved after %v", d)
		}
		if !r.Do(func() {}) {
			t.Error("the next one was relieved of nothing")
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := relieved.Load(); n != 1 || r.watched.Load() {
			t.Errorf("relieved %d times, want once; watched in idle times: %v", n, r.watched.Load())
		}
		if r.Do(func() { time.Sleep(3 * reliefAfter) }) { // after the rest, too
			t.Error("the loop was not relieved again")
		}
		time.Sleep(time.Hour)
	})
}

func TestALoopIsRelievedAtOnceOnRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var relieved atomic.Bool
		r := NewRelief(reliefAfter, func() { relieved.Store(true) })
		r.Now()
		synctest.Wait()
		if relieved.Load() {
			t.Error("relieved while it did nothing")
		}
		if r.Do(func() { r.Now(); synctest.Wait() }) || !relieved.Load() {
			t.Error("not relieved")
		}
		time.Sleep(time.Hour)
	})
}
