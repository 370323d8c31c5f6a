package store

import (
	"database/sql"
	"time"
)

// Domain is the row of a pool's domain; Doc is its configuration as userpool
// writes it.
type Domain struct {
	PoolID     string
	Kind       string // a pool has at most one of each
	Domain     string // unique in the whole deployment
	Doc        string
	CreatedAt  time.Time
	ModifiedAt time.Time
}

const domainColumns = `pool_id, kind, domain, doc, created_at, modified_at`

func scanDomain(row interface{ Scan(...any) error }) (*Domain, error) {
	var d Domain
	var created, modified int64
	if err := row.Scan(&d.PoolID, &d.Kind, &d.Domain, &d.Doc, &created, &modified); err != nil {
		return nil, notFound(err)
	}
	d.CreatedAt, d.ModifiedAt = fromMillis(created), fromMillis(modified)
	return &d, nil
}

// Domain returns a domain, whatever its pool, or ErrNotFound.
func (tx *Tx) Domain(domain string) (*Domain, error) {
	return scanDomain(tx.queryRow(`SELECT `+domainColumns+` FROM user_pool_domains WHERE domain = $1`, domain))
}

// DomainsOf returns the domains of a pool, in the order of their kinds.
func (tx *Tx) DomainsOf(poolID string) ([]*Domain, error) {
	rows, err := tx.query(`SELECT `+domainColumns+` FROM user_pool_domains WHERE pool_id = $1 ORDER BY kind`, poolID)
	return collect(rows, err, func(r *sql.Rows) (*Domain, error) { return scanDomain(r) })
}

// InsertDomain adds a domain; one that is there, or another of its kind in the
// pool, gives ErrExists.
func (tx *Tx) InsertDomain(d *Domain) error {
	n, err := tx.exec(`INSERT INTO user_pool_domains (`+domainColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		d.PoolID, d.Kind, d.Domain, d.Doc, millis(d.CreatedAt), millis(d.ModifiedAt))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrExists
	}
	return tx.changeConfig()
}

// UpdateDomain replaces the configuration and time of change.
func (tx *Tx) UpdateDomain(d *Domain) error {
	if err := mustAffect(tx.exec(`UPDATE user_pool_domains SET doc = $3, modified_at = $4
		WHERE pool_id = $1 AND domain = $2`, d.PoolID, d.Domain, d.Doc, millis(d.ModifiedAt))); err != nil {
		return err
	}
	return tx.changeConfig()
}

// DeleteDomain removes a domain of a pool.
func (tx *Tx) DeleteDomain(poolID, domain string) error {
	if err := mustAffect(tx.exec(`DELETE FROM user_pool_domains WHERE pool_id = $1 AND domain = $2`, poolID, domain)); err != nil {
		return err
	}
	return tx.changeConfig()
}
