package store

import (
	"database/sql"
	"time"
)

// AuthEvent is a record of something that a user did, or that was tried in the
// user's name. Doc and Feedback are as userpool writes them.
type AuthEvent struct {
	PoolID    string
	Sub       string
	ID        string // a UUID that sorts by time
	Type      string // EventType of the Cognito API
	Response  string // EventResponseType: Pass, Fail or InProgress
	Doc       string
	Feedback  string // "" for none
	CreatedAt time.Time
	ExpiresAt time.Time
}

const authEventColumns = `pool_id, sub, id, type, response, doc, feedback, created_at, expires_at`

func scanAuthEvent(row interface{ Scan(...any) error }) (*AuthEvent, error) {
	var e AuthEvent
	var created, expires int64
	if err := row.Scan(&e.PoolID, &e.Sub, &e.ID, &e.Type, &e.Response, &e.Doc, &e.Feedback, &created, &expires); err != nil {
		return nil, notFound(err)
	}
	e.CreatedAt, e.ExpiresAt = fromMillis(created), fromMillis(expires)
	return &e, nil
}

// PutAuthEvent adds an event, or says how one went on that is there: its response
// and doc are replaced, but never those of one that has passed. Nothing is kept
// of a user who is gone.
func (tx *Tx) PutAuthEvent(e *AuthEvent) error {
	there, err := tx.exists(`SELECT 1 FROM users WHERE pool_id = $1 AND sub = $2`, e.PoolID, e.Sub)
	if err != nil || !there {
		return err
	}
	_, err = tx.exec(`INSERT INTO auth_events (`+authEventColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (pool_id, sub, id) DO UPDATE SET response = excluded.response, doc = excluded.doc
		WHERE auth_events.response <> 'Pass'`,
		e.PoolID, e.Sub, e.ID, e.Type, e.Response, e.Doc, e.Feedback, millis(e.CreatedAt), millis(e.ExpiresAt))
	return err
}

// AuthEvent returns an event of a user, or ErrNotFound.
func (tx *Tx) AuthEvent(poolID, sub, id string) (*AuthEvent, error) {
	return scanAuthEvent(tx.queryRow(`SELECT `+authEventColumns+` FROM auth_events
		WHERE pool_id = $1 AND sub = $2 AND id = $3 AND expires_at > $4`, poolID, sub, id, millis(tx.Now())))
}

// ListAuthEvents returns up to limit events of a user, newest first, that are
// older than the one called before; "" begins.
func (tx *Tx) ListAuthEvents(poolID, sub, before string, limit int) ([]*AuthEvent, error) {
	if before == "" {
		before = "g" // behind every UUID
	}
	rows, err := tx.query(`SELECT `+authEventColumns+` FROM auth_events
		WHERE pool_id = $1 AND sub = $2 AND id < $3 AND expires_at > $4 ORDER BY id DESC LIMIT $5`,
		poolID, sub, before, millis(tx.Now()), limit)
	return collect(rows, err, func(r *sql.Rows) (*AuthEvent, error) { return scanAuthEvent(r) })
}

// PassedSignIns returns up to limit events of a user's sign-ins that passed,
// newest first.
func (tx *Tx) PassedSignIns(poolID, sub string, limit int) ([]*AuthEvent, error) {
	rows, err := tx.query(`SELECT `+authEventColumns+` FROM auth_events
		WHERE pool_id = $1 AND sub = $2 AND type = 'SignIn' AND response = 'Pass' AND expires_at > $3
		ORDER BY id DESC LIMIT $4`, poolID, sub, millis(tx.Now()), limit)
	return collect(rows, err, func(r *sql.Rows) (*AuthEvent, error) { return scanAuthEvent(r) })
}

// SetAuthEventFeedback writes what was said of an event, or returns ErrNotFound.
func (tx *Tx) SetAuthEventFeedback(poolID, sub, id, feedback string) error {
	return mustAffect(tx.exec(`UPDATE auth_events SET feedback = $4 WHERE pool_id = $1 AND sub = $2 AND id = $3`,
		poolID, sub, id, feedback))
}

// TrimAuthEvents removes all but the newest events of a user.
func (tx *Tx) TrimAuthEvents(poolID, sub string, keep int) error {
	_, err := tx.exec(`DELETE FROM auth_events WHERE pool_id = $1 AND sub = $2 AND id <=
		(SELECT id FROM auth_events WHERE pool_id = $1 AND sub = $2 ORDER BY id DESC LIMIT 1 OFFSET $3)`, poolID, sub, keep)
	return err
}
