package store

import (
	"database/sql"
	"time"
)

// IdentityLink says that the user of an identity provider whose attribute has a
// value is a user of the pool.
type IdentityLink struct {
	PoolID     string
	ProviderID string
	Attribute  string // the provider's name of it, or Cognito_Subject
	Value      string
	Sub        string
	Own        bool // the user came into being through this identity
	CreatedAt  time.Time
}

const linkColumns = `pool_id, provider_id, attribute, value, sub, own, created_at`

func scanIdentityLink(row interface{ Scan(...any) error }) (*IdentityLink, error) {
	var l IdentityLink
	var own, created int64
	if err := row.Scan(&l.PoolID, &l.ProviderID, &l.Attribute, &l.Value, &l.Sub, &own, &created); err != nil {
		return nil, notFound(err)
	}
	l.Own, l.CreatedAt = own != 0, fromMillis(created)
	return &l, nil
}

// IdentityLink returns the link of an identity, or ErrNotFound.
func (tx *Tx) IdentityLink(poolID, providerID, attribute, value string) (*IdentityLink, error) {
	return scanIdentityLink(tx.queryRow(`SELECT `+linkColumns+` FROM identity_links
		WHERE pool_id = $1 AND provider_id = $2 AND attribute = $3 AND value = $4`, poolID, providerID, attribute, value))
}

// IdentityLinksOf returns the links of a user at providers that exist, of which
// there are few.
func (tx *Tx) IdentityLinksOf(poolID, sub string) ([]*IdentityLink, error) {
	rows, err := tx.query(`SELECT l.pool_id, l.provider_id, l.attribute, l.value, l.sub, l.own, l.created_at FROM identity_links l
		JOIN identity_providers p ON p.pool_id = l.pool_id AND p.id = l.provider_id
		WHERE l.pool_id = $1 AND l.sub = $2 ORDER BY l.created_at, l.provider_id, l.attribute, l.value`, poolID, sub)
	return collect(rows, err, func(r *sql.Rows) (*IdentityLink, error) { return scanIdentityLink(r) })
}

// InsertIdentityLink adds a link; an identity that has one gives ErrExists.
func (tx *Tx) InsertIdentityLink(l *IdentityLink) error {
	n, err := tx.exec(`INSERT INTO identity_links (`+linkColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
		l.PoolID, l.ProviderID, l.Attribute, l.Value, l.Sub, boolInt(l.Own), millis(l.CreatedAt))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrExists
	}
	return nil
}

// DeleteIdentityLink removes the link of an identity.
func (tx *Tx) DeleteIdentityLink(l *IdentityLink) error {
	return mustAffect(tx.exec(`DELETE FROM identity_links WHERE pool_id = $1 AND provider_id = $2 AND attribute = $3 AND value = $4`,
		l.PoolID, l.ProviderID, l.Attribute, l.Value))
}
