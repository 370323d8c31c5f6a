package store

import (
	"database/sql"
	"time"
)

// Group is a row of a pool's groups.
type Group struct {
	PoolID      string
	ID          string // random, of one life of the name
	Name        string
	Description string
	RoleARN     string // empty means none
	Precedence  *int32 // nil means none
	CreatedAt   time.Time
	ModifiedAt  time.Time
}

const groupColumns = `g.pool_id, g.id, g.name, g.description, g.role_arn, g.precedence, g.created_at, g.modified_at`

func scanGroup(row interface{ Scan(...any) error }) (*Group, error) {
	var g Group
	var created, modified int64
	if err := row.Scan(&g.PoolID, &g.ID, &g.Name, &g.Description, &g.RoleARN, &g.Precedence, &created, &modified); err != nil {
		return nil, notFound(err)
	}
	g.CreatedAt, g.ModifiedAt = fromMillis(created), fromMillis(modified)
	return &g, nil
}

func collectGroups(rows *sql.Rows, err error) ([]*Group, error) {
	return collect(rows, err, func(r *sql.Rows) (*Group, error) { return scanGroup(r) })
}

// Group returns the group with the name, or ErrNotFound.
func (tx *Tx) Group(poolID, name string) (*Group, error) {
	return scanGroup(tx.queryRow(`SELECT `+groupColumns+` FROM user_groups g WHERE g.pool_id = $1 AND g.name = $2`, poolID, name))
}

// ListGroups returns up to limit groups of a pool whose name sorts behind after.
func (tx *Tx) ListGroups(poolID, after string, limit int) ([]*Group, error) {
	return collectGroups(tx.query(`SELECT `+groupColumns+` FROM user_groups g WHERE g.pool_id = $1 AND g.name > $2
		ORDER BY g.name LIMIT $3`, poolID, after, limit))
}

// CountGroups counts the groups of a pool.
func (tx *Tx) CountGroups(poolID string) (int, error) {
	var n int
	err := tx.queryRow(`SELECT COUNT(*) FROM user_groups WHERE pool_id = $1`, poolID).Scan(&n)
	return n, err
}

// InsertGroup adds a group; a name in use gives ErrExists. Names and ARNs have
// no control characters, as the API model has it.
func (tx *Tx) InsertGroup(g *Group) error {
	if err := groupFits(g); err != nil {
		return err
	}
	n, err := tx.exec(`INSERT INTO user_groups (pool_id, id, name, description, role_arn, precedence, created_at, modified_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		g.PoolID, g.ID, g.Name, g.Description, g.RoleARN, g.Precedence, millis(g.CreatedAt), millis(g.ModifiedAt))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrExists
	}
	return nil
}

// UpdateGroup replaces what a group of this id says, but for its name.
func (tx *Tx) UpdateGroup(g *Group) error {
	if err := groupFits(g); err != nil {
		return err
	}
	return mustAffect(tx.exec(`UPDATE user_groups SET description = $3, role_arn = $4, precedence = $5, modified_at = $6
		WHERE pool_id = $1 AND id = $2`, g.PoolID, g.ID, g.Description, g.RoleARN, g.Precedence, millis(g.ModifiedAt)))
}

// DeleteGroup removes a group, of which nobody is a member any more, and leaves
// the memberships to ClearDeletedGroup.
func (tx *Tx) DeleteGroup(poolID, id string) error {
	if err := mustAffect(tx.exec(`DELETE FROM user_groups WHERE pool_id = $1 AND id = $2`, poolID, id)); err != nil {
		return err
	}
	_, err := tx.exec(`INSERT INTO deleted_user_groups (pool_id, id, deleted_at) VALUES ($1, $2, $3)`,
		poolID, id, millis(tx.Now()))
	return err
}

// DeletedGroup names a group that is being cleared away.
type DeletedGroup struct{ PoolID, ID string }

// DeletedGroups returns some of the groups whose memberships are not all cleared
// yet.
func (tx *Tx) DeletedGroups() ([]DeletedGroup, error) {
	rows, err := tx.query(`SELECT pool_id, id FROM deleted_user_groups ORDER BY pool_id, id LIMIT 100`)
	return collect(rows, err, func(r *sql.Rows) (DeletedGroup, error) {
		var g DeletedGroup
		return g, r.Scan(&g.PoolID, &g.ID)
	})
}

// ClearDeletedGroup removes up to step memberships of a deleted group and says
// whether those were the last.
func (tx *Tx) ClearDeletedGroup(g DeletedGroup, step int) (done bool, err error) {
	n, err := tx.exec(`DELETE FROM user_group_members WHERE pool_id = $1 AND group_id = $2 AND sub IN
		(SELECT sub FROM user_group_members WHERE pool_id = $1 AND group_id = $2 ORDER BY sub LIMIT $3)`,
		g.PoolID, g.ID, step)
	if err != nil || n == int64(step) {
		return false, err
	}
	_, err = tx.exec(`DELETE FROM deleted_user_groups WHERE pool_id = $1 AND id = $2`, g.PoolID, g.ID)
	return true, err
}
