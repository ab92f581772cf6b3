package queue

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

// shown is what impstats shows of a queue: its names, and what they count.
func shown(q *Queue) string {
	var lines []string
	for _, s := range q.stats() {
		line := s.Name + ":"
		for _, c := range s.Counters {
			line += fmt.Sprintf(" %s=%d", c.Name, c.Read())
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// As rsyslogd: a queue in memory that has files is two, and the one of the files comes first.
func TestTheNumbersOfAQueueWithFiles(t *testing.T) {
	t.Parallel()
	for typ, want := range map[Type][3]string{
		LinkedList: {
			"test[DA]: size=0 enqueued=0 full=0 discarded.full=0 discarded.nf=0 maxqsize=0\n" +
				"test: size=0 enqueued=0 full=0 discarded.full=0 discarded.nf=0 maxqsize=0",
			"test[DA]: size=42 enqueued=42 full=0 discarded.full=0 discarded.nf=0 maxqsize=42\n" +
				"test: size=18 enqueued=60 full=0 discarded.full=0 discarded.nf=0 maxqsize=18",
			"test[DA]: size=0 enqueued=42 full=0 discarded.full=0 discarded.nf=0 maxqsize=42\n" +
				"test: size=0 enqueued=60 full=0 discarded.full=0 discarded.nf=0 maxqsize=18",
		},
		Disk: {
			"test: size=0 enqueued=0 full=0 discarded.full=0 discarded.nf=0 maxqsize=0",
			"test: size=60 enqueued=60 full=0 discarded.full=0 discarded.nf=0 maxqsize=60",
			"test: size=0 enqueued=60 full=0 discarded.full=0 discarded.nf=0 maxqsize=60",
		},
	} {
		t.Run(fmt.Sprint(typ), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLedger(t, typ)
				l.conf.High, l.conf.Low = 18, 5
				is := func(want string) {
					t.Helper()
					synctest.Wait()
					if got := shown(l.q); got != want {
						t.Errorf("got\n%s\nwant\n%s", got, want)
					}
				}
				l.start(true)
				is(want[0])
				l.sends(60)
				is(want[1])
				l.to.works()
				l.settle()
				is(want[2])
				l.q.Stop()
			})
		})
	}
}
