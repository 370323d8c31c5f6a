package store

import (
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// LogoutNotice is what a client must be told: that a session is over.
type LogoutNotice struct {
	PoolID    string
	SID       string // of the client's session; there is one notice for each
	ClientID  string
	Sub       string    // of the user, who may be gone
	Runner    string    // the node that has it; "" for none
	Attempts  int       // how often a node took it
	LastError string    // why the newest attempt failed
	DueAt     time.Time // when a node may take it; zero: never again, it is dead
	CreatedAt time.Time // when the session ended
}

const noticeColumns = `pool_id, sid, client_id, sub, runner, attempts, last_error, due_at, created_at`

func scanNotice(row interface{ Scan(...any) error }) (*LogoutNotice, error) {
	var n LogoutNotice
	var due, created int64
	if err := row.Scan(&n.PoolID, &n.SID, &n.ClientID, &n.Sub, &n.Runner, &n.Attempts, &n.LastError, &due, &created); err != nil {
		return nil, notFound(err)
	}
	n.DueAt, n.CreatedAt = fromMillis(due), fromMillis(created)
	return &n, nil
}

// LogoutNoticeDue says whether a notice is due.
func (tx *Tx) LogoutNoticeDue() (bool, error) {
	return tx.exists(`SELECT 1 FROM logout_notices WHERE due_at > 0 AND due_at <= $1 LIMIT 1`, millis(tx.Now()))
}

// TakeLogoutNotices gives up to limit notices that are due to a runner until a time,
// those first that have been due longest, and counts an attempt of each. Those to
// some clients, of which there must be few, stay where they are.
func (tx *Tx) TakeLogoutNotices(runner string, until time.Time, except []string, limit int) ([]*LogoutNotice, error) {
	args := []any{runner, millis(until), millis(tx.Now()), limit}
	places := make([]string, len(except))
	for i, client := range except {
		args = append(args, client)
		places[i] = fmt.Sprintf("$%d", len(args))
	}
	but := ""
	if len(except) > 0 {
		but = ` AND client_id NOT IN (` + strings.Join(places, ", ") + `)`
	}
	rows, err := tx.query(`UPDATE logout_notices SET runner = $1, due_at = $2, attempts = attempts + 1 WHERE (pool_id, sid) IN
		(SELECT pool_id, sid FROM logout_notices WHERE due_at > 0 AND due_at <= $3`+but+` ORDER BY due_at, created_at, sid LIMIT $4)
		RETURNING `+noticeColumns, args...)
	return collect(rows, err, func(r *sql.Rows) (*LogoutNotice, error) { return scanNotice(r) })
}

// DeleteLogoutNotice removes a notice that the runner still has; otherwise
// ErrNotFound.
func (tx *Tx) DeleteLogoutNotice(n *LogoutNotice) error {
	return mustAffect(tx.exec(`DELETE FROM logout_notices WHERE pool_id = $1 AND sid = $2 AND runner = $3`, n.PoolID, n.SID, n.Runner))
}

// ReleaseLogoutNotice gives back a notice that the runner still has, with its
// Attempts, DueAt and LastError; otherwise ErrNotFound.
func (tx *Tx) ReleaseLogoutNotice(n *LogoutNotice) error {
	return mustAffect(tx.exec(`UPDATE logout_notices SET runner = '', attempts = $4, due_at = $5, last_error = $6
		WHERE pool_id = $1 AND sid = $2 AND runner = $3`, n.PoolID, n.SID, n.Runner, n.Attempts, millis(n.DueAt), n.LastError))
}

// LogoutNoticeQueue counts the notices that wait or are being sent, and those that
// are dead, up to limit of each.
func (tx *Tx) LogoutNoticeQueue(limit int) (waiting, dead int, err error) {
	err = tx.queryRow(`SELECT
		(SELECT COUNT(*) FROM (SELECT 1 FROM logout_notices WHERE due_at > 0 LIMIT $1) w),
		(SELECT COUNT(*) FROM (SELECT 1 FROM logout_notices WHERE due_at = 0 LIMIT $1) d)`, limit).Scan(&waiting, &dead)
	return waiting, dead, err
}
