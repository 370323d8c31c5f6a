package store

import (
	"database/sql"
	"time"
)

// IdentityPool is an identity pool's row; Doc is its configuration as
// identitypool writes it.
type IdentityPool struct {
	ID         string
	Name       string
	Doc        string
	CreatedAt  time.Time
	ModifiedAt time.Time
}

const identityPoolColumns = `id, name, doc, created_at, modified_at`

func scanIdentityPool(row interface{ Scan(...any) error }) (*IdentityPool, error) {
	var p IdentityPool
	var created, modified int64
	if err := row.Scan(&p.ID, &p.Name, &p.Doc, &created, &modified); err != nil {
		return nil, notFound(err)
	}
	p.CreatedAt, p.ModifiedAt = fromMillis(created), fromMillis(modified)
	return &p, nil
}

// IdentityPool returns an identity pool, or ErrNotFound.
func (tx *Tx) IdentityPool(id string) (*IdentityPool, error) {
	return scanIdentityPool(tx.queryRow(`SELECT `+identityPoolColumns+` FROM identity_pools WHERE id = $1`, id))
}

// ListIdentityPools returns up to limit identity pools whose id sorts behind after.
func (tx *Tx) ListIdentityPools(after string, limit int) ([]*IdentityPool, error) {
	rows, err := tx.query(`SELECT `+identityPoolColumns+` FROM identity_pools WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
	return collect(rows, err, func(r *sql.Rows) (*IdentityPool, error) { return scanIdentityPool(r) })
}

// CountIdentityPools counts all identity pools.
func (tx *Tx) CountIdentityPools() (int, error) {
	var n int
	err := tx.queryRow(`SELECT COUNT(*) FROM identity_pools`).Scan(&n)
	return n, err
}

// InsertIdentityPool adds an identity pool; an id in use gives ErrExists.
func (tx *Tx) InsertIdentityPool(p *IdentityPool) error {
	n, err := tx.exec(`INSERT INTO identity_pools (`+identityPoolColumns+`) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO NOTHING`, p.ID, p.Name, p.Doc, millis(p.CreatedAt), millis(p.ModifiedAt))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrExists
	}
	return tx.changeConfig()
}

// UpdateIdentityPool replaces the name, configuration and time of change.
func (tx *Tx) UpdateIdentityPool(p *IdentityPool) error {
	if err := mustAffect(tx.exec(`UPDATE identity_pools SET name = $2, doc = $3, modified_at = $4 WHERE id = $1`,
		p.ID, p.Name, p.Doc, millis(p.ModifiedAt))); err != nil {
		return err
	}
	return tx.changeConfig()
}

// DeleteIdentityPool removes an identity pool and leaves its identities to
// ClearDeletedIdentityPool.
func (tx *Tx) DeleteIdentityPool(id string) error {
	if err := mustAffect(tx.exec(`DELETE FROM identity_pools WHERE id = $1`, id)); err != nil {
		return err
	}
	if _, err := tx.exec(`INSERT INTO deleted_identity_pools (id, deleted_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`,
		id, millis(tx.Now())); err != nil {
		return err
	}
	return tx.changeConfig()
}

// DeletedIdentityPools returns the identity pools whose rows are not all cleared.
func (tx *Tx) DeletedIdentityPools() ([]string, error) {
	rows, err := tx.query(`SELECT id FROM deleted_identity_pools ORDER BY id LIMIT 100`)
	return collect(rows, err, func(r *sql.Rows) (string, error) {
		var id string
		return id, r.Scan(&id)
	})
}

// ClearDeletedIdentityPool removes up to step identities and logins of a deleted
// pool and says whether that was the last of them. Identities are written only in
// a transaction that reads their pool, so none come after.
func (tx *Tx) ClearDeletedIdentityPool(id string, step int) (done bool, err error) {
	logins, err := tx.exec(`DELETE FROM identity_logins WHERE identity_pool_id = $1 AND (provider, digest) IN
		(SELECT provider, digest FROM identity_logins WHERE identity_pool_id = $1 LIMIT $2)`, id, step)
	if err != nil {
		return false, err
	}
	identities, err := tx.exec(`DELETE FROM identities WHERE identity_pool_id = $1 AND id IN
		(SELECT id FROM identities WHERE identity_pool_id = $1 LIMIT $2)`, id, step)
	if err != nil {
		return false, err
	}
	if done = max(logins, identities) < int64(step); done {
		_, err = tx.exec(`DELETE FROM deleted_identity_pools WHERE id = $1`, id)
	}
	return done, err
}
