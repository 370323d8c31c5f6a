package message

import (
	"sync"

	"github.com/poolhouse/poolhouse/internal/store"
)

// held are the messages that this node is sending. If the clock jumps a lease may
// look as if it were over while its message is on its way: the node takes the
// message again, and must not send it beside itself. The zero value is empty.
type held struct {
	mu       sync.Mutex
	attempts map[[2]string]int // the newest that was taken, by pool and id
}

// add notes a message that was taken, and reports whether it is not on its way yet.
func (h *held) add(row *store.Outgoing) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.attempts == nil {
		h.attempts = make(map[[2]string]int)
	}
	key := [2]string{row.PoolID, row.ID}
	_, known := h.attempts[key]
	h.attempts[key] = row.Attempts
	return !known
}

// refresh makes a row that of the newest attempt, which is what may be written
// down, and reports whether there was a newer one.
func (h *held) refresh(row *store.Outgoing) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	newest, ok := h.attempts[[2]string{row.PoolID, row.ID}]
	if !ok || newest == row.Attempts {
		return false
	}
	row.Attempts = newest
	return true
}

// drop forgets a message of which everything is written down. It reports whether it
// was taken once more since, of which nothing has come: the row is of that attempt
// then.
func (h *held) drop(row *store.Outgoing) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := [2]string{row.PoolID, row.ID}
	newest := h.attempts[key]
	delete(h.attempts, key)
	again := newest != row.Attempts
	row.Attempts = newest
	return again
}
