package store

import (
	"database/sql"
	"time"
)

// AccessKey lets a program sign administrative requests. Policy is an IAM-style
// document.
type AccessKey struct {
	ID           string
	Name         string
	SealedSecret string
	Policy       string
	CreatedAt    time.Time
	RevokedAt    time.Time
}

const accessKeyColumns = `id, name, sealed_secret, policy, created_at, revoked_at`

func scanAccessKey(row interface{ Scan(...any) error }) (AccessKey, error) {
	var k AccessKey
	var created, revoked int64
	if err := row.Scan(&k.ID, &k.Name, &k.SealedSecret, &k.Policy, &created, &revoked); err != nil {
		return k, notFound(err)
	}
	k.CreatedAt, k.RevokedAt = fromMillis(created), fromMillis(revoked)
	return k, nil
}

// AccessKey returns a key, revoked ones included, or ErrNotFound.
func (tx *Tx) AccessKey(id string) (AccessKey, error) {
	return scanAccessKey(tx.queryRow(`SELECT `+accessKeyColumns+` FROM access_keys WHERE id = $1`, id))
}

// AccessKeys returns all keys, oldest first.
func (tx *Tx) AccessKeys() ([]AccessKey, error) {
	rows, err := tx.query(`SELECT ` + accessKeyColumns + ` FROM access_keys ORDER BY created_at, id`)
	return collect(rows, err, func(r *sql.Rows) (AccessKey, error) { return scanAccessKey(r) })
}

// InsertAccessKey adds a key.
func (tx *Tx) InsertAccessKey(k AccessKey) error {
	if _, err := tx.exec(`INSERT INTO access_keys (id, name, sealed_secret, policy, created_at, revoked_at)
		VALUES ($1, $2, $3, $4, $5, 0)`, k.ID, k.Name, k.SealedSecret, k.Policy, millis(k.CreatedAt)); err != nil {
		return err
	}
	return tx.changeConfig()
}

// RevokeAccessKey ends a key for good. Revoking twice keeps the first time.
func (tx *Tx) RevokeAccessKey(id string, at time.Time) error {
	if err := mustAffect(tx.exec(`UPDATE access_keys SET revoked_at = CASE WHEN revoked_at = 0 THEN $2 ELSE revoked_at END
		WHERE id = $1`, id, millis(at))); err != nil {
		return err
	}
	return tx.changeConfig()
}
