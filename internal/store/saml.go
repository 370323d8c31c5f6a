package store

import (
	"database/sql"
	"time"
)

// SAMLProvider is a SAML identity provider. Metadata is its XML, Doc the JSON that
// package samlprovider reads.
type SAMLProvider struct {
	Name       string
	Metadata   string
	Doc        string
	CreatedAt  time.Time
	ModifiedAt time.Time
}

const samlProviderColumns = `name, metadata, doc, created_at, modified_at`

func scanSAMLProvider(row interface{ Scan(...any) error }) (SAMLProvider, error) {
	var p SAMLProvider
	var created, modified int64
	if err := row.Scan(&p.Name, &p.Metadata, &p.Doc, &created, &modified); err != nil {
		return p, notFound(err)
	}
	p.CreatedAt, p.ModifiedAt = fromMillis(created), fromMillis(modified)
	return p, nil
}

// SAMLProvider returns a SAML provider, or ErrNotFound.
func (tx *Tx) SAMLProvider(name string) (SAMLProvider, error) {
	return scanSAMLProvider(tx.queryRow(`SELECT `+samlProviderColumns+` FROM saml_providers WHERE name = $1`, name))
}

// SAMLProviders returns all SAML providers by name.
func (tx *Tx) SAMLProviders() ([]SAMLProvider, error) {
	rows, err := tx.query(`SELECT ` + samlProviderColumns + ` FROM saml_providers ORDER BY name`)
	return collect(rows, err, func(r *sql.Rows) (SAMLProvider, error) { return scanSAMLProvider(r) })
}

// PutSAMLProvider adds a SAML provider, or replaces all of one but its time of
// creation.
func (tx *Tx) PutSAMLProvider(p SAMLProvider) error {
	if _, err := tx.exec(`INSERT INTO saml_providers (`+samlProviderColumns+`) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (name) DO UPDATE SET metadata = excluded.metadata, doc = excluded.doc, modified_at = excluded.modified_at`,
		p.Name, p.Metadata, p.Doc, millis(p.CreatedAt), millis(p.ModifiedAt)); err != nil {
		return err
	}
	return tx.changeConfig()
}

// DeleteSAMLProvider removes a SAML provider.
func (tx *Tx) DeleteSAMLProvider(name string) error {
	if err := mustAffect(tx.exec(`DELETE FROM saml_providers WHERE name = $1`, name)); err != nil {
		return err
	}
	return tx.changeConfig()
}

// SpendAssertion marks an assertion as used and says whether this call was the
// first to do so. The mark lasts until expires, when the assertion is worth nothing
// anyhow.
func (tx *Tx) SpendAssertion(id string, expires time.Time) (first bool, err error) {
	n, err := tx.exec(`INSERT INTO spent_assertions (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, id, millis(expires))
	return n == 1, err
}

// AssertionSpent says whether an assertion was used.
func (tx *Tx) AssertionSpent(id string) (bool, error) {
	return tx.exists(`SELECT 1 FROM spent_assertions WHERE id = $1`, id)
}
