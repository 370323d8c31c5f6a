package store

import "time"

// Code is a one-time code that was sent to a user: one a purpose at a time.
type Code struct {
	PoolID    string
	Sub       string
	Purpose   string // what it is for, see userpool
	Hash      string // keyed hash of the digits
	Target    string // sealed; what the code decides about, such as a new address
	Attempts  int    // wrong guesses
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Code returns the live or expired code of a purpose, or ErrNotFound.
func (tx *Tx) Code(poolID, sub, purpose string) (*Code, error) {
	c := Code{PoolID: poolID, Sub: sub, Purpose: purpose}
	var created, expires int64
	err := tx.queryRow(`SELECT hash, target, attempts, created_at, expires_at FROM codes
		WHERE pool_id = $1 AND sub = $2 AND purpose = $3`, poolID, sub, purpose).
		Scan(&c.Hash, &c.Target, &c.Attempts, &created, &expires)
	if err != nil {
		return nil, notFound(err)
	}
	c.CreatedAt, c.ExpiresAt = fromMillis(created), fromMillis(expires)
	return &c, nil
}

// PutCode stores a code in place of any older one of the same purpose.
func (tx *Tx) PutCode(c *Code) error {
	_, err := tx.exec(`INSERT INTO codes (pool_id, sub, purpose, hash, target, attempts, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, 0, $6, $7)
		ON CONFLICT (pool_id, sub, purpose) DO UPDATE SET hash = excluded.hash, target = excluded.target, attempts = 0,
		created_at = excluded.created_at, expires_at = excluded.expires_at`,
		c.PoolID, c.Sub, c.Purpose, c.Hash, c.Target, millis(c.CreatedAt), millis(c.ExpiresAt))
	return err
}

// CountCodeGuess adds one to the wrong guesses of a code.
func (tx *Tx) CountCodeGuess(c *Code) error {
	return mustAffect(tx.exec(`UPDATE codes SET attempts = attempts + 1 WHERE pool_id = $1 AND sub = $2 AND purpose = $3`,
		c.PoolID, c.Sub, c.Purpose))
}

// DeleteCode removes a code, for it was used or is no longer wanted. A code that
// is not there gives ErrNotFound, so that a use counts once.
func (tx *Tx) DeleteCode(poolID, sub, purpose string) error {
	return mustAffect(tx.exec(`DELETE FROM codes WHERE pool_id = $1 AND sub = $2 AND purpose = $3`, poolID, sub, purpose))
}
