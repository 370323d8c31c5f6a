package store

import (
	"database/sql"
	"time"
)

// Replica is the row of a region that a pool is said to be replicated to; Tags
// is its map of tags as userpool writes it.
type Replica struct {
	PoolID     string
	Region     string
	Status     string
	Tags       string
	CreatedAt  time.Time
	ModifiedAt time.Time
}

const replicaColumns = `pool_id, region, status, tags, created_at, modified_at`

func scanReplica(row interface{ Scan(...any) error }) (*Replica, error) {
	var r Replica
	var created, modified int64
	if err := row.Scan(&r.PoolID, &r.Region, &r.Status, &r.Tags, &created, &modified); err != nil {
		return nil, notFound(err)
	}
	r.CreatedAt, r.ModifiedAt = fromMillis(created), fromMillis(modified)
	return &r, nil
}

// Replica returns the replica of a pool in a region, or ErrNotFound.
func (tx *Tx) Replica(poolID, region string) (*Replica, error) {
	return scanReplica(tx.queryRow(`SELECT `+replicaColumns+` FROM user_pool_replicas
		WHERE pool_id = $1 AND region = $2`, poolID, region))
}

// Replicas returns the replicas of a pool, in the order of their regions.
func (tx *Tx) Replicas(poolID string) ([]*Replica, error) {
	rows, err := tx.query(`SELECT `+replicaColumns+` FROM user_pool_replicas WHERE pool_id = $1 ORDER BY region`, poolID)
	return collect(rows, err, func(r *sql.Rows) (*Replica, error) { return scanReplica(r) })
}

// InsertReplica adds a replica; one that is there gives ErrExists.
func (tx *Tx) InsertReplica(r *Replica) error {
	n, err := tx.exec(`INSERT INTO user_pool_replicas (`+replicaColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		r.PoolID, r.Region, r.Status, r.Tags, millis(r.CreatedAt), millis(r.ModifiedAt))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrExists
	}
	return nil
}

// UpdateReplica replaces the status, tags and time of change.
func (tx *Tx) UpdateReplica(r *Replica) error {
	return mustAffect(tx.exec(`UPDATE user_pool_replicas SET status = $3, tags = $4, modified_at = $5
		WHERE pool_id = $1 AND region = $2`, r.PoolID, r.Region, r.Status, r.Tags, millis(r.ModifiedAt)))
}

// DeleteReplica removes the replica of a pool in a region.
func (tx *Tx) DeleteReplica(poolID, region string) error {
	return mustAffect(tx.exec(`DELETE FROM user_pool_replicas WHERE pool_id = $1 AND region = $2`, poolID, region))
}
