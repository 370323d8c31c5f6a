package backchannel

import (
	"sync"
	"time"
)

const (
	// perHost is how many notices are on their way to one host.
	perHost = 2

	// slowAfter is what makes a host that fails a slow one.
	slowAfter = time.Second

	// slowPause is how long a slow host is left alone, and then asked one notice at a
	// time until it answers.
	slowPause = 5 * time.Second

	// busyPause is how long a notice is put off that is one too many for its host.
	busyPause = time.Second

	// mostBlocked is how many clients are left out when notices are taken. Notices to
	// others whose hosts are busy are put off one by one.
	mostBlocked = 500
)

// hosts are those that this node posts to, or leaves alone for a while. The zero
// value is empty.
type hosts struct {
	mu     sync.Mutex
	byName map[string]*host
}

type host struct {
	active  int
	till    time.Time       // it was slow, and is left alone until then; zero: it was not
	clients map[string]bool // that have notices for it
}

// pause is how long nothing may be sent to a host, 0 if something may now.
func (h *host) pause(now time.Time) time.Duration {
	switch {
	case now.Before(h.till):
		return h.till.Sub(now)
	case h.active >= perHost, h.active > 0 && !h.till.IsZero():
		return busyPause
	}
	return 0
}

// enter takes one of the places of a host for a notice to a client. Otherwise it
// returns how long to put the notice off.
func (s *hosts) enter(name, client string) (pause time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.byName[name]
	if h == nil {
		h = &host{clients: make(map[string]bool)}
		if s.byName == nil {
			s.byName = make(map[string]*host)
		}
		s.byName[name] = h
	}
	h.clients[client] = true
	if pause := h.pause(time.Now()); pause > 0 {
		return pause
	}
	h.active++
	return 0
}

// leave gives a place back, and takes note of whether the host failed and after what
// time.
func (s *hosts) leave(name string, failed bool, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.byName[name]
	h.active--
	switch {
	case failed && took >= slowAfter:
		h.till = time.Now().Add(slowPause)
	case !failed:
		h.till = time.Time{}
	}
	if h.active == 0 && h.till.IsZero() {
		delete(s.byName, name)
	}
}

// blocked are the clients that cannot be told now.
func (s *hosts) blocked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	var clients []string
	for name, h := range s.byName {
		switch {
		case h.active == 0 && now.Sub(h.till) > time.Minute: // nobody has asked for it since
			delete(s.byName, name)
		case h.pause(now) > 0:
			for client := range h.clients {
				if len(clients) < mostBlocked {
					clients = append(clients, client)
				}
			}
		}
	}
	return clients
}
