package store

import (
	"database/sql"
	"time"
)

// Message is an email or text message to a user. Its content, which holds codes
// and passwords, is sealed.
type Message struct {
	ID        string
	PoolID    string
	Username  string
	Recipient string // address or number
	SealedDoc string
	CreatedAt time.Time
}

// InsertMessage adds a message.
func (tx *Tx) InsertMessage(m *Message) error {
	_, err := tx.exec(`INSERT INTO messages (id, pool_id, username, recipient, sealed_doc, created_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, m.ID, m.PoolID, m.Username, m.Recipient, m.SealedDoc, millis(m.CreatedAt))
	return err
}

// MessageFilter narrows a list of messages; an empty field matches all.
type MessageFilter struct{ PoolID, Username, Recipient string }

// ListMessages returns up to limit messages, newest first.
func (tx *Tx) ListMessages(f MessageFilter, limit int) ([]*Message, error) {
	rows, err := tx.query(`SELECT id, pool_id, username, recipient, sealed_doc, created_at FROM messages
		WHERE ($1 = '' OR pool_id = $1) AND ($2 = '' OR username = $2) AND ($3 = '' OR recipient = $3)
		ORDER BY created_at DESC, id DESC LIMIT $4`, f.PoolID, f.Username, f.Recipient, limit)
	return collect(rows, err, func(r *sql.Rows) (*Message, error) {
		var m Message
		var created int64
		err := r.Scan(&m.ID, &m.PoolID, &m.Username, &m.Recipient, &m.SealedDoc, &created)
		m.CreatedAt = fromMillis(created)
		return &m, err
	})
}

// TrimMessages removes all but the newest keep messages, up to step of them.
func (tx *Tx) TrimMessages(keep, step int) error {
	_, err := tx.exec(`DELETE FROM messages WHERE id IN
		(SELECT id FROM messages ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $1)`, keep, step)
	return err
}
