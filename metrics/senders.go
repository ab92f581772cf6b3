package metrics

import (
	"sync"
	"time"
)

// Senders counts the messages of each sender (senders.keepTrack). Their number is
// bounded, and those that have been silent for long are forgotten.
type Senders struct {
	// Life is how long a sender may be silent before it counts as gone.
	Life time.Duration
	// Max bounds the senders; what comes from further ones is not counted for one.
	Max int
	// Appeared and Gone, if not nil, are told of senders; both are called without a lock.
	Appeared func(name string)
	Gone     func(name string, last time.Time)

	// Untracked counts messages of senders beyond Max.
	Untracked Counter

	mu      sync.Mutex // guards what follows
	senders map[string]*sender
}

type sender struct {
	messages Counter
	last     time.Time
}

// Count adds n messages of a sender, received at the time now.
func (s *Senders) Count(name []byte, n int, now time.Time) {
	s.mu.Lock()
	one := s.senders[string(name)]
	fresh := one == nil && len(s.senders) < s.Max
	if fresh {
		if s.senders == nil {
			s.senders = map[string]*sender{}
		}
		one = &sender{}
		s.senders[string(name)] = one
	}
	if one != nil {
		one.messages.Add(uint64(n))
		one.last = now
	} else {
		s.Untracked.Add(uint64(n))
	}
	s.mu.Unlock()
	if fresh && s.Appeared != nil {
		s.Appeared(string(name))
	}
}

// Expire forgets the senders that have been silent for Life at the time now.
func (s *Senders) Expire(now time.Time) {
	gone := map[string]time.Time{}
	s.mu.Lock()
	for name, one := range s.senders {
		if now.Sub(one.last) > s.Life {
			gone[name] = one.last
			delete(s.senders, name)
		}
	}
	s.mu.Unlock()
	if s.Gone == nil {
		return
	}
	for _, name := range sortedKeys(gone) {
		s.Gone(name, gone[name])
	}
}

// Stats shows a line for each sender.
func (s *Senders) Stats() []*Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*Stats
	for _, name := range sortedKeys(s.senders) {
		out = append(out, &Stats{Name: "_sender_stat", Origin: "impstats", Sender: name, Counters: []Stat{StatOf("messages", &s.senders[name].messages)}})
	}
	return out
}

// Objects describes the table, not each sender, to a page of metrics: a label for
// every host would be too many.
func (s *Senders) Objects() []*Object {
	return []*Object{{Numbers: []Number{
		{Name: "senders", Help: "Senders that are tracked.", Kind: Gauge, Read: func() float64 {
			s.mu.Lock()
			defer s.mu.Unlock()
			return float64(len(s.senders))
		}},
		Of("senders_untracked_messages_total", "Messages of senders beyond those that can be tracked.", &s.Untracked),
	}}}
}
