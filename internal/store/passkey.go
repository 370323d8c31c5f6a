package store

import (
	"database/sql"
	"strings"
	"time"
)

// Passkey is a WebAuthn credential of a user.
type Passkey struct {
	PoolID     string
	Sub        string
	ID         string // of the credential, base64url; unique in a pool
	RPID       string // the domain it is for
	Name       string
	Attachment string // platform, cross-platform or ""
	Transports []string
	PublicKey  string // in COSE, base64url
	SignCount  uint32 // of the newest use
	CreatedAt  time.Time
}

const passkeyColumns = `pool_id, sub, id, rp_id, name, attachment, transports, public_key, sign_count, created_at`

func scanPasskey(row interface{ Scan(...any) error }) (*Passkey, error) {
	var p Passkey
	var transports string
	var created int64
	if err := row.Scan(&p.PoolID, &p.Sub, &p.ID, &p.RPID, &p.Name, &p.Attachment, &transports, &p.PublicKey,
		&p.SignCount, &created); err != nil {
		return nil, notFound(err)
	}
	p.Transports, p.CreatedAt = strings.Fields(transports), fromMillis(created)
	return &p, nil
}

// Passkeys returns the passkeys of a user, who has few, in the order in which
// they were made.
func (tx *Tx) Passkeys(poolID, sub string) ([]*Passkey, error) {
	rows, err := tx.query(`SELECT `+passkeyColumns+` FROM passkeys
		WHERE pool_id = $1 AND sub = $2 ORDER BY created_at, id`, poolID, sub)
	return collect(rows, err, func(r *sql.Rows) (*Passkey, error) { return scanPasskey(r) })
}

// InsertPasskey adds a passkey; an id in use in the pool gives ErrExists.
func (tx *Tx) InsertPasskey(p *Passkey) error {
	n, err := tx.exec(`INSERT INTO passkeys (`+passkeyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT DO NOTHING`, p.PoolID, p.Sub, p.ID, p.RPID, p.Name, p.Attachment, strings.Join(p.Transports, " "),
		p.PublicKey, int64(p.SignCount), millis(p.CreatedAt))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrExists
	}
	return nil
}

// AdvancePasskey stores the counter of a use that was made after the stored
// count was read as seen. If another use was faster, or the passkey is gone, it
// returns ErrNotFound.
func (tx *Tx) AdvancePasskey(p *Passkey, seen uint32) error {
	return mustAffect(tx.exec(`UPDATE passkeys SET sign_count = $4 WHERE pool_id = $1 AND sub = $2 AND id = $3 AND sign_count = $5`,
		p.PoolID, p.Sub, p.ID, int64(p.SignCount), int64(seen)))
}

// DeletePasskey removes a passkey of a user.
func (tx *Tx) DeletePasskey(poolID, sub, id string) error {
	return mustAffect(tx.exec(`DELETE FROM passkeys WHERE pool_id = $1 AND sub = $2 AND id = $3`, poolID, sub, id))
}
