package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"time"
)

// Identity is an identity of an identity pool.
type Identity struct {
	PoolID        string
	ID            string
	Authenticated bool   // it has, or had, a login
	MergedInto    string // the identity that its logins went to; "" while it is not disabled
	CreatedAt     time.Time
	ModifiedAt    time.Time
}

// IdentityLogin is what a provider calls an identity.
type IdentityLogin struct {
	Provider, Subject string
}

const identityColumns = `identity_pool_id, id, authenticated, merged_into, created_at, modified_at`

// scanIdentity reads identityColumns, and into more what stands behind them.
func scanIdentity(row interface{ Scan(...any) error }, more ...any) (*Identity, error) {
	var i Identity
	var authenticated, created, modified int64
	if err := row.Scan(append([]any{&i.PoolID, &i.ID, &authenticated, &i.MergedInto, &created, &modified}, more...)...); err != nil {
		return nil, notFound(err)
	}
	i.Authenticated = authenticated != 0
	i.CreatedAt, i.ModifiedAt = fromMillis(created), fromMillis(modified)
	return &i, nil
}

// digest stands for a subject in keys, whatever its length.
func (l IdentityLogin) digest() string {
	sum := sha256.Sum256([]byte(l.Subject))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Identity returns an identity, whatever its pool, or ErrNotFound.
func (tx *Tx) Identity(id string) (*Identity, error) {
	return scanIdentity(tx.queryRow(`SELECT `+identityColumns+` FROM identities WHERE id = $1`, id))
}

// IdentityWithLogins returns an identity, whatever its pool, and its logins by
// provider, of one moment and by one statement. It returns ErrNotFound.
func (tx *Tx) IdentityWithLogins(id string) (identity *Identity, logins []IdentityLogin, err error) {
	rows, err := tx.query(`SELECT i.identity_pool_id, i.id, i.authenticated, i.merged_into, i.created_at, i.modified_at, l.provider, l.subject
		FROM identities i LEFT JOIN identity_logins l ON l.identity_pool_id = i.identity_pool_id AND l.identity_id = i.id
		WHERE i.id = $1 ORDER BY l.provider, l.digest`, id)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var provider, subject sql.NullString // NULL where it has none
		if identity, err = scanIdentity(rows, &provider, &subject); err != nil {
			return nil, nil, err
		}
		if provider.Valid {
			logins = append(logins, IdentityLogin{provider.String, subject.String})
		}
	}
	if err := rows.Err(); err != nil {
		return nil, nil, err
	}
	if identity == nil {
		return nil, nil, ErrNotFound
	}
	return identity, logins, nil
}

// IdentityOf returns the id of the identity that has a login, or ErrNotFound.
func (tx *Tx) IdentityOf(poolID string, l IdentityLogin) (id string, err error) {
	err = notFound(tx.queryRow(`SELECT identity_id FROM identity_logins
		WHERE identity_pool_id = $1 AND provider = $2 AND digest = $3`, poolID, l.Provider, l.digest()).Scan(&id))
	return id, err
}

// IdentityLogins returns the logins of an identity, by provider.
func (tx *Tx) IdentityLogins(poolID, id string) ([]IdentityLogin, error) {
	rows, err := tx.query(`SELECT provider, subject FROM identity_logins
		WHERE identity_pool_id = $1 AND identity_id = $2 ORDER BY provider, digest`, poolID, id)
	return collect(rows, err, func(r *sql.Rows) (IdentityLogin, error) {
		var l IdentityLogin
		return l, r.Scan(&l.Provider, &l.Subject)
	})
}

// ListIdentities returns up to limit identities of a pool whose id sorts behind
// after; without those that were merged if enabled.
func (tx *Tx) ListIdentities(poolID, after string, enabled bool, limit int) ([]*Identity, error) {
	text := `SELECT ` + identityColumns + ` FROM identities WHERE identity_pool_id = $1 AND id > $2`
	if enabled {
		text += ` AND merged_into = ''`
	}
	rows, err := tx.query(text+` ORDER BY id LIMIT $3`, poolID, after, limit)
	return collect(rows, err, func(r *sql.Rows) (*Identity, error) { return scanIdentity(r) })
}

// InsertIdentity adds an identity; an id in use gives ErrExists.
func (tx *Tx) InsertIdentity(i *Identity) error {
	n, err := tx.exec(`INSERT INTO identities (`+identityColumns+`) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		i.PoolID, i.ID, boolInt(i.Authenticated), i.MergedInto, millis(i.CreatedAt), millis(i.ModifiedAt))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrExists
	}
	return nil
}

// InsertIdentityLogin gives an identity a login; one that somebody has gives
// ErrExists.
func (tx *Tx) InsertIdentityLogin(poolID, id string, l IdentityLogin) error {
	n, err := tx.exec(`INSERT INTO identity_logins (identity_pool_id, provider, digest, subject, identity_id)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`, poolID, l.Provider, l.digest(), l.Subject, id)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrExists
	}
	return nil
}

// DeleteIdentityLogin takes a login from an identity, or returns ErrNotFound.
func (tx *Tx) DeleteIdentityLogin(poolID, id string, l IdentityLogin) error {
	return mustAffect(tx.exec(`DELETE FROM identity_logins
		WHERE identity_pool_id = $1 AND provider = $2 AND digest = $3 AND identity_id = $4`, poolID, l.Provider, l.digest(), id))
}

// TouchIdentity notes that the logins of an identity changed.
func (tx *Tx) TouchIdentity(poolID, id string) error {
	return mustAffect(tx.exec(`UPDATE identities SET authenticated = 1, modified_at = $3 WHERE identity_pool_id = $1 AND id = $2`,
		poolID, id, millis(tx.Now())))
}

// MergeIdentity gives the logins of an identity to another one and disables it.
// Those that led to it lead to the other.
func (tx *Tx) MergeIdentity(poolID, from, into string) error {
	if _, err := tx.exec(`UPDATE identity_logins SET identity_id = $3 WHERE identity_pool_id = $1 AND identity_id = $2`,
		poolID, from, into); err != nil {
		return err
	}
	if _, err := tx.exec(`UPDATE identities SET merged_into = $3 WHERE identity_pool_id = $1 AND merged_into = $2`,
		poolID, from, into); err != nil {
		return err
	}
	return mustAffect(tx.exec(`UPDATE identities SET merged_into = $3, authenticated = 1, modified_at = $4
		WHERE identity_pool_id = $1 AND id = $2`, poolID, from, into, millis(tx.Now())))
}

// DeleteIdentity removes an identity with its logins; that there is none does not
// matter.
func (tx *Tx) DeleteIdentity(poolID, id string) error {
	if _, err := tx.exec(`DELETE FROM identity_logins WHERE identity_pool_id = $1 AND identity_id = $2`, poolID, id); err != nil {
		return err
	}
	_, err := tx.exec(`DELETE FROM identities WHERE identity_pool_id = $1 AND id = $2`, poolID, id)
	return err
}
