package store

import (
	"database/sql"
	"time"
)

// DataKey is one of the keys that seal everything else, itself sealed under the
// master key. The highest id is the active one.
type DataKey struct {
	ID        uint32
	SealedKey string
	CreatedAt time.Time
}

// DataKeys returns all data keys, oldest first.
func (tx *Tx) DataKeys() ([]DataKey, error) {
	rows, err := tx.query(`SELECT id, sealed_key, created_at FROM data_keys ORDER BY id`)
	return collect(rows, err, func(r *sql.Rows) (DataKey, error) {
		var k DataKey
		var created int64
		err := r.Scan(&k.ID, &k.SealedKey, &created)
		k.CreatedAt = fromMillis(created)
		return k, err
	})
}

// InsertDataKey adds a data key; an id in use gives ErrExists.
func (tx *Tx) InsertDataKey(k DataKey) error {
	n, err := tx.exec(`INSERT INTO data_keys (id, sealed_key, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`,
		int64(k.ID), k.SealedKey, millis(k.CreatedAt))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrExists
	}
	return tx.changeConfig()
}

// ResealDataKey replaces the ciphertext of a data key, for a new master key.
func (tx *Tx) ResealDataKey(id uint32, sealedKey string) error {
	return mustAffect(tx.exec(`UPDATE data_keys SET sealed_key = $2 WHERE id = $1`, int64(id), sealedKey))
}

// SigningKey is an RSA key of a pool. It signs tokens of its use from ActiveAt
// until a newer one is active, and is published until RetireAt (zero: not yet
// decided).
type SigningKey struct {
	PoolID        string
	KeyID         string
	TokenUse      string // "id" or "access"
	SealedPrivate string
	CreatedAt     time.Time
	ActiveAt      time.Time
	RetireAt      time.Time
}

// SigningKeys returns the keys of a pool, oldest first.
func (tx *Tx) SigningKeys(poolID string) ([]SigningKey, error) {
	rows, err := tx.query(`SELECT pool_id, kid, token_use, sealed_private, created_at, active_at, retire_at
		FROM signing_keys WHERE pool_id = $1 ORDER BY active_at, created_at, kid`, poolID)
	return collect(rows, err, func(r *sql.Rows) (SigningKey, error) {
		var k SigningKey
		var created, active, retire int64
		err := r.Scan(&k.PoolID, &k.KeyID, &k.TokenUse, &k.SealedPrivate, &created, &active, &retire)
		k.CreatedAt, k.ActiveAt, k.RetireAt = fromMillis(created), fromMillis(active), fromMillis(retire)
		return k, err
	})
}

// InsertSigningKey adds a key to a pool.
func (tx *Tx) InsertSigningKey(k SigningKey) error {
	if _, err := tx.exec(`INSERT INTO signing_keys (pool_id, kid, token_use, sealed_private, created_at, active_at, retire_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, k.PoolID, k.KeyID, k.TokenUse, k.SealedPrivate,
		millis(k.CreatedAt), millis(k.ActiveAt), millis(k.RetireAt)); err != nil {
		return err
	}
	return tx.changeConfig()
}

// RetireSigningKey sets the time from which a key is no longer published.
func (tx *Tx) RetireSigningKey(poolID, kid string, at time.Time) error {
	if err := mustAffect(tx.exec(`UPDATE signing_keys SET retire_at = $3 WHERE pool_id = $1 AND kid = $2`,
		poolID, kid, millis(at))); err != nil {
		return err
	}
	return tx.changeConfig()
}

// DeleteRetiredSigningKeys removes keys that retired before the given time.
func (tx *Tx) DeleteRetiredSigningKeys(before time.Time) (int64, error) {
	return tx.exec(`DELETE FROM signing_keys WHERE retire_at > 0 AND retire_at < $1`, millis(before))
}
