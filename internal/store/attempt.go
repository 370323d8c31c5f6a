package store

import (
	"errors"
	"time"
)

// Attempts is a counter of something that may be tried only so often.
type Attempts struct {
	Count     int
	LastAt    time.Time
	ExpiresAt time.Time // from then on the count is 0
}

// Attempts returns the counter of an action; one that expired or never was is
// zero.
func (tx *Tx) Attempts(poolID, subject, action string) (Attempts, error) {
	var a Attempts
	var last, expires int64
	err := notFound(tx.queryRow(`SELECT count, last_at, expires_at FROM attempts
		WHERE pool_id = $1 AND subject = $2 AND action = $3`, poolID, subject, action).Scan(&a.Count, &last, &expires))
	if errors.Is(err, ErrNotFound) {
		return Attempts{}, nil
	}
	if err != nil {
		return Attempts{}, err
	}
	a.LastAt, a.ExpiresAt = fromMillis(last), fromMillis(expires)
	if !a.ExpiresAt.After(tx.Now()) {
		return Attempts{}, nil
	}
	return a, nil
}

// PutAttempts stores a counter.
func (tx *Tx) PutAttempts(poolID, subject, action string, a Attempts) error {
	_, err := tx.exec(`INSERT INTO attempts (pool_id, subject, action, count, last_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (pool_id, subject, action) DO UPDATE SET count = excluded.count, last_at = excluded.last_at,
		expires_at = excluded.expires_at`, poolID, subject, action, a.Count, millis(a.LastAt), millis(a.ExpiresAt))
	return err
}

// CountAttempt adds one to a counter that starts anew every window, and returns
// the count with it.
func (tx *Tx) CountAttempt(poolID, subject, action string, window time.Duration) (int, error) {
	a, err := tx.Attempts(poolID, subject, action)
	if err != nil {
		return 0, err
	}
	if a.Count == 0 {
		a.ExpiresAt = tx.Now().Add(window)
	}
	a.Count++
	a.LastAt = tx.Now()
	return a.Count, tx.PutAttempts(poolID, subject, action, a)
}
