package store

import (
	"database/sql"
	"time"
)

// Terms is the row of a document that the sign-up page of an app client links
// to; Links is its map of links as userpool writes it.
type Terms struct {
	PoolID      string
	ID          string
	ClientID    string
	Name        string
	Source      string
	Enforcement string
	Links       string
	CreatedAt   time.Time
	ModifiedAt  time.Time
}

const termsColumns = `pool_id, id, client_id, name, source, enforcement, links, created_at, modified_at`

func scanTerms(row interface{ Scan(...any) error }) (*Terms, error) {
	var t Terms
	var created, modified int64
	if err := row.Scan(&t.PoolID, &t.ID, &t.ClientID, &t.Name, &t.Source, &t.Enforcement, &t.Links, &created, &modified); err != nil {
		return nil, notFound(err)
	}
	t.CreatedAt, t.ModifiedAt = fromMillis(created), fromMillis(modified)
	return &t, nil
}

// Terms returns the terms of a pool with an id, or ErrNotFound.
func (tx *Tx) Terms(poolID, id string) (*Terms, error) {
	return scanTerms(tx.queryRow(`SELECT `+termsColumns+` FROM terms WHERE pool_id = $1 AND id = $2`, poolID, id))
}

// TermsOf returns the terms of a client with a name, or ErrNotFound.
func (tx *Tx) TermsOf(poolID, clientID, name string) (*Terms, error) {
	return scanTerms(tx.queryRow(`SELECT `+termsColumns+` FROM terms WHERE pool_id = $1 AND client_id = $2 AND name = $3`,
		poolID, clientID, name))
}

// ListTerms returns up to limit terms of a pool whose id sorts behind after.
func (tx *Tx) ListTerms(poolID, after string, limit int) ([]*Terms, error) {
	rows, err := tx.query(`SELECT `+termsColumns+` FROM terms WHERE pool_id = $1 AND id > $2 ORDER BY id LIMIT $3`, poolID, after, limit)
	return collect(rows, err, func(r *sql.Rows) (*Terms, error) { return scanTerms(r) })
}

// CountTerms counts the terms of a pool.
func (tx *Tx) CountTerms(poolID string) (int, error) {
	var n int
	err := tx.queryRow(`SELECT COUNT(*) FROM terms WHERE pool_id = $1`, poolID).Scan(&n)
	return n, err
}

// InsertTerms adds terms; a second document of a client with a name gives
// ErrExists.
func (tx *Tx) InsertTerms(t *Terms) error {
	n, err := tx.exec(`INSERT INTO terms (`+termsColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
		t.PoolID, t.ID, t.ClientID, t.Name, t.Source, t.Enforcement, t.Links, millis(t.CreatedAt), millis(t.ModifiedAt))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrExists
	}
	return nil
}

// UpdateTerms replaces all but the client and the time of creation. The caller
// sees to it that the name is free.
func (tx *Tx) UpdateTerms(t *Terms) error {
	return mustAffect(tx.exec(`UPDATE terms SET name = $3, source = $4, enforcement = $5, links = $6, modified_at = $7
		WHERE pool_id = $1 AND id = $2`, t.PoolID, t.ID, t.Name, t.Source, t.Enforcement, t.Links, millis(t.ModifiedAt)))
}

// DeleteTerms removes terms.
func (tx *Tx) DeleteTerms(poolID, id string) error {
	return mustAffect(tx.exec(`DELETE FROM terms WHERE pool_id = $1 AND id = $2`, poolID, id))
}
