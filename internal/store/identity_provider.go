package store

import (
	"database/sql"
	"time"
)

// IdentityProvider is an identity provider's row; Doc is its configuration as
// userpool writes it, secrets sealed.
type IdentityProvider struct {
	PoolID     string
	ID         string // random, of one life of the name
	Name       string
	Type       string
	Doc        string
	CreatedAt  time.Time
	ModifiedAt time.Time
	RefreshAt  time.Time // when what it publishes of itself is read again; zero: never
}

const providerColumns = `p.pool_id, p.id, p.name, p.type, p.doc, p.created_at, p.modified_at, p.refresh_at`

func scanIdentityProvider(row interface{ Scan(...any) error }) (*IdentityProvider, error) {
	var p IdentityProvider
	var created, modified, refresh int64
	if err := row.Scan(&p.PoolID, &p.ID, &p.Name, &p.Type, &p.Doc, &created, &modified, &refresh); err != nil {
		return nil, notFound(err)
	}
	p.CreatedAt, p.ModifiedAt, p.RefreshAt = fromMillis(created), fromMillis(modified), fromMillis(refresh)
	return &p, nil
}

// IdentityProvider returns the provider with the name, or ErrNotFound.
func (tx *Tx) IdentityProvider(poolID, name string) (*IdentityProvider, error) {
	return scanIdentityProvider(tx.queryRow(`SELECT `+providerColumns+` FROM identity_providers p
		WHERE p.pool_id = $1 AND p.name = $2`, poolID, name))
}

// IdentityProviderByIdentifier returns the provider that has the identifier, or
// ErrNotFound.
func (tx *Tx) IdentityProviderByIdentifier(poolID, identifier string) (*IdentityProvider, error) {
	return scanIdentityProvider(tx.queryRow(`SELECT `+providerColumns+` FROM identity_provider_identifiers i
		JOIN identity_providers p ON p.pool_id = i.pool_id AND p.id = i.provider_id
		WHERE i.pool_id = $1 AND i.identifier = $2`, poolID, identifier))
}

// ListIdentityProviders returns up to limit providers of a pool whose name sorts
// behind after.
func (tx *Tx) ListIdentityProviders(poolID, after string, limit int) ([]*IdentityProvider, error) {
	rows, err := tx.query(`SELECT `+providerColumns+` FROM identity_providers p
		WHERE p.pool_id = $1 AND p.name > $2 ORDER BY p.name LIMIT $3`, poolID, after, limit)
	return collect(rows, err, func(r *sql.Rows) (*IdentityProvider, error) { return scanIdentityProvider(r) })
}

// CountIdentityProviders counts the providers of a pool.
func (tx *Tx) CountIdentityProviders(poolID string) (int, error) {
	var n int
	err := tx.queryRow(`SELECT COUNT(*) FROM identity_providers WHERE pool_id = $1`, poolID).Scan(&n)
	return n, err
}

// InsertIdentityProvider adds a provider; a name in use gives ErrExists.
func (tx *Tx) InsertIdentityProvider(p *IdentityProvider) error {
	n, err := tx.exec(`INSERT INTO identity_providers (pool_id, id, name, type, doc, created_at, modified_at, refresh_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		p.PoolID, p.ID, p.Name, p.Type, p.Doc, millis(p.CreatedAt), millis(p.ModifiedAt), millis(p.RefreshAt))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrExists
	}
	return tx.changeConfig()
}

// UpdateIdentityProvider replaces the configuration, the time of change and that
// of the next refresh of the provider with this id.
func (tx *Tx) UpdateIdentityProvider(p *IdentityProvider) error {
	if err := mustAffect(tx.exec(`UPDATE identity_providers SET doc = $3, modified_at = $4, refresh_at = $5 WHERE pool_id = $1 AND id = $2`,
		p.PoolID, p.ID, p.Doc, millis(p.ModifiedAt), millis(p.RefreshAt))); err != nil {
		return err
	}
	return tx.changeConfig()
}

// TakeIdentityProvider returns the provider that has been due for a refresh for
// longest, and makes it due again at another time, so that no other node takes it;
// ErrNotFound if none is due.
func (tx *Tx) TakeIdentityProvider(again time.Time) (*IdentityProvider, error) {
	p, err := scanIdentityProvider(tx.queryRow(`SELECT `+providerColumns+` FROM identity_providers p
		WHERE p.refresh_at > 0 AND p.refresh_at <= $1 ORDER BY p.refresh_at LIMIT 1`, millis(tx.Now())))
	if err != nil {
		return nil, err
	}
	p.RefreshAt = again
	return p, tx.RefreshIdentityProviderAt(p.PoolID, p.ID, again)
}

// IdentityProviderDue says whether a provider is due for a refresh.
func (tx *Tx) IdentityProviderDue() (bool, error) {
	return tx.exists(`SELECT 1 FROM identity_providers WHERE refresh_at > 0 AND refresh_at <= $1 LIMIT 1`, millis(tx.Now()))
}

// RefreshIdentityProviderAt says when a provider is due for a refresh that has
// learned nothing new.
func (tx *Tx) RefreshIdentityProviderAt(poolID, id string, at time.Time) error {
	return mustAffect(tx.exec(`UPDATE identity_providers SET refresh_at = $3 WHERE pool_id = $1 AND id = $2`, poolID, id, millis(at)))
}

// ProviderIdentifiers returns the identifiers of a provider, in their order.
func (tx *Tx) ProviderIdentifiers(poolID, id string) ([]string, error) {
	rows, err := tx.query(`SELECT identifier FROM identity_provider_identifiers
		WHERE pool_id = $1 AND provider_id = $2 ORDER BY identifier`, poolID, id)
	return collect(rows, err, func(r *sql.Rows) (string, error) {
		var identifier string
		return identifier, r.Scan(&identifier)
	})
}

// SetProviderIdentifiers replaces the identifiers of a provider. One that another
// provider has gives an error that matches ErrExists, and names it.
func (tx *Tx) SetProviderIdentifiers(poolID, id string, identifiers []string) error {
	if _, err := tx.exec(`DELETE FROM identity_provider_identifiers WHERE pool_id = $1 AND provider_id = $2`, poolID, id); err != nil {
		return err
	}
	for _, identifier := range identifiers {
		n, err := tx.exec(`INSERT INTO identity_provider_identifiers (pool_id, identifier, provider_id) VALUES ($1, $2, $3)
			ON CONFLICT DO NOTHING`, poolID, identifier, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return &IdentifierTakenError{Identifier: identifier}
		}
	}
	return nil
}

// IdentifierTakenError says which identifier is another provider's. It matches
// ErrExists.
type IdentifierTakenError struct{ Identifier string }

func (e *IdentifierTakenError) Error() string        { return "the identifier of a provider is taken" }
func (e *IdentifierTakenError) Is(target error) bool { return target == ErrExists }

// DeleteIdentityProvider removes a provider with its identifiers, so that nobody
// signs in through it any more, and leaves the links to
// ClearDeletedIdentityProvider.
func (tx *Tx) DeleteIdentityProvider(poolID, id string) error {
	if err := mustAffect(tx.exec(`DELETE FROM identity_providers WHERE pool_id = $1 AND id = $2`, poolID, id)); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM identity_provider_identifiers WHERE pool_id = $1 AND provider_id = $2`, poolID, id); err != nil {
		return err
	}
	if _, err := tx.exec(`INSERT INTO deleted_identity_providers (pool_id, id, deleted_at) VALUES ($1, $2, $3)`,
		poolID, id, millis(tx.Now())); err != nil {
		return err
	}
	return tx.changeConfig()
}

// DeletedIdentityProvider names a provider that is being cleared away.
type DeletedIdentityProvider struct{ PoolID, ID string }

// DeletedIdentityProviders returns some of the providers whose links are not all
// cleared yet.
func (tx *Tx) DeletedIdentityProviders() ([]DeletedIdentityProvider, error) {
	rows, err := tx.query(`SELECT pool_id, id FROM deleted_identity_providers ORDER BY pool_id, id LIMIT 100`)
	return collect(rows, err, func(r *sql.Rows) (DeletedIdentityProvider, error) {
		var p DeletedIdentityProvider
		return p, r.Scan(&p.PoolID, &p.ID)
	})
}

// LinksOfDeletedProvider returns the links that ClearDeletedIdentityProvider would
// remove next.
func (tx *Tx) LinksOfDeletedProvider(p DeletedIdentityProvider, step int) ([]*IdentityLink, error) {
	rows, err := tx.query(`SELECT `+linkColumns+` FROM identity_links WHERE pool_id = $1 AND provider_id = $2
		ORDER BY attribute, value LIMIT $3`, p.PoolID, p.ID, step)
	return collect(rows, err, func(r *sql.Rows) (*IdentityLink, error) { return scanIdentityLink(r) })
}

// ClearDeletedIdentityProvider removes up to step links of a deleted provider and
// says whether those were the last.
func (tx *Tx) ClearDeletedIdentityProvider(p DeletedIdentityProvider, step int) (done bool, err error) {
	n, err := tx.exec(`DELETE FROM identity_links WHERE pool_id = $1 AND provider_id = $2 AND (attribute, value) IN
		(SELECT attribute, value FROM identity_links WHERE pool_id = $1 AND provider_id = $2 ORDER BY attribute, value LIMIT $3)`,
		p.PoolID, p.ID, step)
	if err != nil || n == int64(step) {
		return false, err
	}
	_, err = tx.exec(`DELETE FROM deleted_identity_providers WHERE pool_id = $1 AND id = $2`, p.PoolID, p.ID)
	return true, err
}
