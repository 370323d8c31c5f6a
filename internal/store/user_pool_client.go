package store

import (
	"database/sql"
	"time"
)

// UserPoolClient is an app client's row; Doc is its configuration as userpool
// writes it, client secrets sealed.
type UserPoolClient struct {
	PoolID     string
	ID         string
	Name       string
	Doc        string
	CreatedAt  time.Time
	ModifiedAt time.Time
}

const clientColumns = `pool_id, id, name, doc, created_at, modified_at`

func scanUserPoolClient(row interface{ Scan(...any) error }) (*UserPoolClient, error) {
	var c UserPoolClient
	var created, modified int64
	if err := row.Scan(&c.PoolID, &c.ID, &c.Name, &c.Doc, &created, &modified); err != nil {
		return nil, notFound(err)
	}
	c.CreatedAt, c.ModifiedAt = fromMillis(created), fromMillis(modified)
	return &c, nil
}

// UserPoolClient returns the client with the id, whatever its pool, or
// ErrNotFound. Client ids are unique in the whole deployment. Those of a deleted
// pool that are not cleared away yet are not found.
func (tx *Tx) UserPoolClient(id string) (*UserPoolClient, error) {
	return scanUserPoolClient(tx.queryRow(`SELECT `+clientColumns+` FROM user_pool_clients c WHERE id = $1
		AND EXISTS (SELECT 1 FROM user_pools p WHERE p.id = c.pool_id)`, id))
}

// ListUserPoolClients returns up to limit clients of a pool whose id sorts
// behind after.
func (tx *Tx) ListUserPoolClients(poolID, after string, limit int) ([]*UserPoolClient, error) {
	rows, err := tx.query(`SELECT `+clientColumns+` FROM user_pool_clients WHERE pool_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
		poolID, after, limit)
	return collect(rows, err, func(r *sql.Rows) (*UserPoolClient, error) { return scanUserPoolClient(r) })
}

// CountUserPoolClients counts the clients of a pool.
func (tx *Tx) CountUserPoolClients(poolID string) (int, error) {
	var n int
	err := tx.queryRow(`SELECT COUNT(*) FROM user_pool_clients WHERE pool_id = $1`, poolID).Scan(&n)
	return n, err
}

// InsertUserPoolClient adds a client; an id in use gives ErrExists.
func (tx *Tx) InsertUserPoolClient(c *UserPoolClient) error {
	n, err := tx.exec(`INSERT INTO user_pool_clients (pool_id, id, name, doc, created_at, modified_at)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		c.PoolID, c.ID, c.Name, c.Doc, millis(c.CreatedAt), millis(c.ModifiedAt))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrExists
	}
	return tx.changeConfig()
}

// UpdateUserPoolClient replaces the name, configuration and time of change.
func (tx *Tx) UpdateUserPoolClient(c *UserPoolClient) error {
	if err := mustAffect(tx.exec(`UPDATE user_pool_clients SET name = $3, doc = $4, modified_at = $5
		WHERE pool_id = $1 AND id = $2`, c.PoolID, c.ID, c.Name, c.Doc, millis(c.ModifiedAt))); err != nil {
		return err
	}
	return tx.changeConfig()
}

// DeleteUserPoolClient removes a client with what its login pages look like and
// what devices ask for in its name.
func (tx *Tx) DeleteUserPoolClient(poolID, id string) error {
	if err := mustAffect(tx.exec(`DELETE FROM user_pool_clients WHERE pool_id = $1 AND id = $2`, poolID, id)); err != nil {
		return err
	}
	if err := tx.deleteLook(poolID, id); err != nil {
		return err
	}
	if err := tx.deleteDeviceGrants(poolID, id); err != nil {
		return err
	}
	return tx.changeConfig()
}
