package dpop

import (
	"sync"
	"time"
)

// Seen remembers in memory which proofs were used, each for Kept at least.
type Seen struct {
	half int

	mu         sync.Mutex
	young, old map[string]struct{}
	turned     time.Time // when the young ones began
}

// NewSeen remembers size proofs at most, which take about 100 bytes each.
func NewSeen(size int) *Seen {
	return &Seen{half: max(size/2, 1), young: make(map[string]struct{})}
}

// Spend notes a proof and says whether it is the first with its ID. full says that
// as many as may be were used within Kept: nothing is known of the proof then, and
// it must not be accepted.
func (s *Seen) Spend(id string, now time.Time) (first, full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// When the young ones have become Kept old, the ones before them are forgotten.
	switch age := now.Sub(s.turned); {
	case age >= 2*Kept:
		s.young, s.old, s.turned = make(map[string]struct{}), nil, now
	case age >= Kept:
		s.young, s.old, s.turned = make(map[string]struct{}), s.young, now
	}
	_, young := s.young[id]
	if _, old := s.old[id]; young || old {
		return false, false
	}
	if len(s.young) >= s.half {
		return false, true
	}
	s.young[id] = struct{}{}
	return true, false
}
