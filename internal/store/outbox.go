package store

import (
	"database/sql"
	"time"
)

// Outgoing is a message on its way out. Its content is sealed.
type Outgoing struct {
	PoolID    string
	ID        string
	Sub       string // of the user
	Medium    string // EMAIL or SMS
	SealedDoc string
	Runner    string    // the node that has it; "" for none
	Attempts  int       // how often a node took it
	LastError string    // why the newest attempt failed
	DueAt     time.Time // when a node may take it; zero: never again, it is dead
	CreatedAt time.Time
	ExpiresAt time.Time // what it says is worth nothing then
}

const outgoingColumns = `pool_id, id, sub, medium, sealed_doc, runner, attempts, last_error, due_at, created_at, expires_at`

func scanOutgoing(row interface{ Scan(...any) error }) (*Outgoing, error) {
	var o Outgoing
	var due, created, expires int64
	if err := row.Scan(&o.PoolID, &o.ID, &o.Sub, &o.Medium, &o.SealedDoc, &o.Runner, &o.Attempts, &o.LastError,
		&due, &created, &expires); err != nil {
		return nil, notFound(err)
	}
	o.DueAt, o.CreatedAt, o.ExpiresAt = fromMillis(due), fromMillis(created), fromMillis(expires)
	return &o, nil
}

// InsertOutgoing adds a message.
func (tx *Tx) InsertOutgoing(o *Outgoing) error {
	_, err := tx.exec(`INSERT INTO outbox (`+outgoingColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		o.PoolID, o.ID, o.Sub, o.Medium, o.SealedDoc, o.Runner, o.Attempts, o.LastError,
		millis(o.DueAt), millis(o.CreatedAt), millis(o.ExpiresAt))
	return err
}

// OutgoingDue says whether a message is due.
func (tx *Tx) OutgoingDue() (bool, error) {
	return tx.exists(`SELECT 1 FROM outbox WHERE due_at > 0 AND due_at <= $1 LIMIT 1`, millis(tx.Now()))
}

// TakeOutgoing gives up to limit messages that are due to a runner until a time,
// those first that have been due longest, and counts an attempt of each.
func (tx *Tx) TakeOutgoing(runner string, until time.Time, limit int) ([]*Outgoing, error) {
	rows, err := tx.query(`UPDATE outbox SET runner = $1, due_at = $2, attempts = attempts + 1 WHERE (pool_id, id) IN
		(SELECT pool_id, id FROM outbox WHERE due_at > 0 AND due_at <= $3 ORDER BY due_at, created_at, id LIMIT $4)
		RETURNING `+outgoingColumns, runner, millis(until), millis(tx.Now()), limit)
	return collect(rows, err, func(r *sql.Rows) (*Outgoing, error) { return scanOutgoing(r) })
}

// DeleteOutgoing removes a message that the runner still has, in the attempt that
// it took; otherwise ErrNotFound.
func (tx *Tx) DeleteOutgoing(o *Outgoing) error {
	return mustAffect(tx.exec(`DELETE FROM outbox WHERE pool_id = $1 AND id = $2 AND runner = $3 AND attempts = $4`,
		o.PoolID, o.ID, o.Runner, o.Attempts))
}

// ReleaseOutgoing gives back a message that the runner still has, with its new
// DueAt and LastError; otherwise ErrNotFound.
func (tx *Tx) ReleaseOutgoing(o *Outgoing) error {
	return mustAffect(tx.exec(`UPDATE outbox SET runner = '', due_at = $5, last_error = $6
		WHERE pool_id = $1 AND id = $2 AND runner = $3 AND attempts = $4`,
		o.PoolID, o.ID, o.Runner, o.Attempts, millis(o.DueAt), o.LastError))
}

// ListDeadOutgoing returns up to limit messages that nobody will try again, the
// oldest first, behind the one of that time and id. poolID may be "".
func (tx *Tx) ListDeadOutgoing(poolID string, after time.Time, id string, limit int) ([]*Outgoing, error) {
	rows, err := tx.query(`SELECT `+outgoingColumns+` FROM outbox
		WHERE due_at = 0 AND (created_at, id) > ($1, $2) AND ($3 = '' OR pool_id = $3)
		ORDER BY created_at, id LIMIT $4`, millis(after), id, poolID, limit)
	return collect(rows, err, func(r *sql.Rows) (*Outgoing, error) { return scanOutgoing(r) })
}

// ReviveOutgoing makes a dead message due, with its attempts counted anew, or
// returns ErrNotFound.
func (tx *Tx) ReviveOutgoing(poolID, id string) error {
	return mustAffect(tx.exec(`UPDATE outbox SET due_at = $3, attempts = 0 WHERE pool_id = $1 AND id = $2 AND due_at = 0`,
		poolID, id, millis(tx.Now())))
}

// DropDeadOutgoing removes a dead message, or returns ErrNotFound.
func (tx *Tx) DropDeadOutgoing(poolID, id string) error {
	return mustAffect(tx.exec(`DELETE FROM outbox WHERE pool_id = $1 AND id = $2 AND due_at = 0`, poolID, id))
}

// TrimDeadOutgoing removes up to step dead messages that were made before a time,
// and returns how many there were.
func (tx *Tx) TrimDeadOutgoing(before time.Time, step int) (int64, error) {
	return tx.exec(`DELETE FROM outbox WHERE (pool_id, id) IN
		(SELECT pool_id, id FROM outbox WHERE due_at = 0 AND created_at < $1 ORDER BY created_at LIMIT $2)`,
		millis(before), step)
}

// OutgoingQueue counts the messages that wait or are being sent, and those that
// are dead, up to limit of each, and tells when the oldest that waits was made
// (zero: none does).
func (tx *Tx) OutgoingQueue(limit int) (waiting, dead int, oldest time.Time, err error) {
	var made int64
	err = tx.queryRow(`SELECT
		(SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE due_at > 0 LIMIT $1) w),
		(SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE due_at = 0 LIMIT $1) d),
		(SELECT COALESCE(MIN(created_at), 0) FROM (SELECT created_at FROM outbox WHERE due_at > 0 LIMIT $1) o)`,
		limit).Scan(&waiting, &dead, &made)
	return waiting, dead, fromMillis(made), err
}
