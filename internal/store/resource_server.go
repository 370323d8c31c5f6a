package store

import (
	"database/sql"
	"time"
)

// ResourceServer is a resource server's row; Scopes is its list of scopes as
// userpool writes it.
type ResourceServer struct {
	PoolID     string
	Identifier string
	Name       string
	Scopes     string
	CreatedAt  time.Time
	ModifiedAt time.Time
}

const resourceServerColumns = `pool_id, identifier, name, scopes, created_at, modified_at`

func scanResourceServer(row interface{ Scan(...any) error }) (*ResourceServer, error) {
	var s ResourceServer
	var created, modified int64
	if err := row.Scan(&s.PoolID, &s.Identifier, &s.Name, &s.Scopes, &created, &modified); err != nil {
		return nil, notFound(err)
	}
	s.CreatedAt, s.ModifiedAt = fromMillis(created), fromMillis(modified)
	return &s, nil
}

// ResourceServer returns a resource server of a pool, or ErrNotFound.
func (tx *Tx) ResourceServer(poolID, identifier string) (*ResourceServer, error) {
	return scanResourceServer(tx.queryRow(`SELECT `+resourceServerColumns+` FROM resource_servers
		WHERE pool_id = $1 AND identifier = $2`, poolID, identifier))
}

// ListResourceServers returns up to limit resource servers of a pool whose
// identifier sorts behind after.
func (tx *Tx) ListResourceServers(poolID, after string, limit int) ([]*ResourceServer, error) {
	rows, err := tx.query(`SELECT `+resourceServerColumns+` FROM resource_servers
		WHERE pool_id = $1 AND identifier > $2 ORDER BY identifier LIMIT $3`, poolID, after, limit)
	return collect(rows, err, func(r *sql.Rows) (*ResourceServer, error) { return scanResourceServer(r) })
}

// CountResourceServers counts the resource servers of a pool.
func (tx *Tx) CountResourceServers(poolID string) (int, error) {
	var n int
	err := tx.queryRow(`SELECT COUNT(*) FROM resource_servers WHERE pool_id = $1`, poolID).Scan(&n)
	return n, err
}

// InsertResourceServer adds a resource server; an identifier in use gives
// ErrExists.
func (tx *Tx) InsertResourceServer(s *ResourceServer) error {
	n, err := tx.exec(`INSERT INTO resource_servers (`+resourceServerColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		s.PoolID, s.Identifier, s.Name, s.Scopes, millis(s.CreatedAt), millis(s.ModifiedAt))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrExists
	}
	return tx.changeConfig()
}

// UpdateResourceServer replaces the name, scopes and time of change.
func (tx *Tx) UpdateResourceServer(s *ResourceServer) error {
	err := mustAffect(tx.exec(`UPDATE resource_servers SET name = $3, scopes = $4, modified_at = $5
		WHERE pool_id = $1 AND identifier = $2`, s.PoolID, s.Identifier, s.Name, s.Scopes, millis(s.ModifiedAt)))
	if err != nil {
		return err
	}
	return tx.changeConfig()
}

// DeleteResourceServer removes a resource server.
func (tx *Tx) DeleteResourceServer(poolID, identifier string) error {
	if err := mustAffect(tx.exec(`DELETE FROM resource_servers WHERE pool_id = $1 AND identifier = $2`, poolID, identifier)); err != nil {
		return err
	}
	return tx.changeConfig()
}
