package metrics

import (
	"log/slog"
	"sort"
	"sync"
	"time"
)

// lossPause is how long a way of losing messages is silent in the log after it was
// reported, and how long nothing must be lost for its episode to be over.
const lossPause = time.Minute

// Losses are all ways in which the server lost messages, by reason and place. Each is
// a counter (messages_lost_total) and a story in the log: a line when it begins, one a
// minute at most while it goes on, and one with the sum when nothing has been lost for
// a minute or the server ends.
//
// What a rule of the configuration discards and what a rate limit holds back is not
// lost. A nil *Losses counts nowhere that can be read and logs nothing.
type Losses struct {
	log *slog.Logger

	mu   sync.Mutex
	ways map[lossKey]*Loss
}

type lossKey struct{ reason, where string }

// NewLosses returns a book of losses that tells log. It is to be closed.
func NewLosses(log *slog.Logger) *Losses {
	return &Losses{log: log, ways: map[lossKey]*Loss{}}
}

// Of returns the way to lose messages for reason ("queue_full") at where (the queue's,
// action's or input's name). Both become labels: neither may come from a message. The
// same names give the same Loss; ask once, when the module is built.
func (l *Losses) Of(reason, where string) *Loss {
	if l == nil {
		return &Loss{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	k := lossKey{reason, where}
	w := l.ways[k]
	if w == nil {
		w = &Loss{log: l.log, reason: reason, where: where}
		l.ways[k] = w
	}
	return w
}

// Objects returns the counters, for Set.RegisterDynamic. A way that lost nothing is
// shown, too, so that an alert can watch it.
func (l *Losses) Objects() []*Object {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]*Object, 0, len(l.ways))
	for k, w := range l.ways {
		list = append(list, &Object{Label: "reason", Name: k.reason, Extra: [][2]string{{"where", k.where}}, Numbers: []Number{
			Of("messages_lost_total", "Messages that the server had received or held and lost, by reason and place.", &w.count),
		}})
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].Name != list[j].Name {
			return list[i].Name < list[j].Name
		}
		return list[i].Extra[0][1] < list[j].Extra[0][1]
	})
	return list
}

// Total is the number of messages lost in all ways.
func (l *Losses) Total() uint64 {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var n uint64
	for _, w := range l.ways {
		n += w.count.Value()
	}
	return n
}

// Close ends all episodes: each logs its sum.
func (l *Losses) Close() {
	if l == nil {
		return
	}
	l.mu.Lock()
	ways := make([]*Loss, 0, len(l.ways))
	for _, w := range l.ways {
		ways = append(ways, w)
	}
	l.mu.Unlock()
	for _, w := range ways {
		w.end()
	}
}

// Loss is one way of losing messages. The zero Loss counts and logs nothing.
//
// It logs without its lock: a line is one of the server's own messages, and a queue that
// does not take that one loses a message, too.
type Loss struct {
	count         Counter
	log           *slog.Logger
	reason, where string

	mu sync.Mutex
	// timer runs during an episode: from the first loss on until none has come for
	// lossPause. began, told are the counts when it began and when it was last logged;
	// attrs are those of its first loss.
	timer       *time.Timer
	began, told uint64
	attrs       []any
	closed      bool // the book is: nothing is logged any more
}

// Count is how many messages were lost.
func (w *Loss) Count() uint64 { return w.count.Value() }

// Add counts n lost messages. attrs say more of the first loss of an episode ("err",
// "file", "peer"); they are logged at its begin, and should be bounded in size.
func (w *Loss) Add(n int, attrs ...any) {
	if w.Begins(n, attrs...) {
		w.say("messages are lost", uint64(n), attrs)
	}
}

// Begins is Add for a caller that has words of his own for the begin of an episode: it
// reports whether he is to log them. What follows is logged as that of any Loss.
func (w *Loss) Begins(n int, attrs ...any) bool {
	if n <= 0 {
		return false
	}
	w.count.Add(uint64(n))
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil || w.closed {
		return false
	}
	w.attrs = attrs
	w.told = w.count.Value()
	w.began = w.told - uint64(n)
	w.timer = time.AfterFunc(lossPause, w.tick)
	return true
}

// tick looks whether messages were lost since the last line: the episode goes on, or
// it is over.
func (w *Loss) tick() {
	w.mu.Lock()
	if w.timer == nil {
		w.mu.Unlock()
		return
	}
	n := w.count.Value()
	if n == w.told {
		w.finish()
		return
	}
	fresh, attrs := n-w.told, w.attrs
	w.told = n
	w.timer.Reset(lossPause)
	w.mu.Unlock()
	w.say("messages are still lost", fresh, attrs)
}

func (w *Loss) end() {
	w.mu.Lock()
	w.closed = true
	if w.timer == nil {
		w.mu.Unlock()
		return
	}
	w.timer.Stop()
	w.finish()
}

// finish ends the episode. It takes over the lock.
func (w *Loss) finish() {
	all, attrs := w.count.Value()-w.began, w.attrs
	w.timer, w.attrs = nil, nil
	w.mu.Unlock()
	w.say("no more messages are lost; in all", all, attrs)
}

func (w *Loss) say(text string, n uint64, attrs []any) {
	if w.log == nil {
		return
	}
	w.log.Error(text, append([]any{"reason", w.reason, "where", w.where, "count", n}, attrs...)...)
}
