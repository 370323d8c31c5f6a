package store

import (
	"database/sql"
	"time"
)

// Role is what temporary credentials are for. Trust and Policy are IAM documents
// as package iam reads them.
type Role struct {
	Name       string
	Path       string // begins and ends with a slash
	Trust      string
	Policy     string // empty: the role may do nothing
	CreatedAt  time.Time
	ModifiedAt time.Time
}

const roleColumns = `name, path, trust, policy, created_at, modified_at`

func scanRole(row interface{ Scan(...any) error }) (Role, error) {
	var r Role
	var created, modified int64
	if err := row.Scan(&r.Name, &r.Path, &r.Trust, &r.Policy, &created, &modified); err != nil {
		return r, notFound(err)
	}
	r.CreatedAt, r.ModifiedAt = fromMillis(created), fromMillis(modified)
	return r, nil
}

// Role returns a role, or ErrNotFound.
func (tx *Tx) Role(name string) (Role, error) {
	return scanRole(tx.queryRow(`SELECT `+roleColumns+` FROM roles WHERE name = $1`, name))
}

// Roles returns all roles by name.
func (tx *Tx) Roles() ([]Role, error) {
	rows, err := tx.query(`SELECT ` + roleColumns + ` FROM roles ORDER BY name`)
	return collect(rows, err, func(r *sql.Rows) (Role, error) { return scanRole(r) })
}

// PutRole adds a role, or replaces all of one but its time of creation.
func (tx *Tx) PutRole(r Role) error {
	if _, err := tx.exec(`INSERT INTO roles (`+roleColumns+`) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (name) DO UPDATE SET path = excluded.path, trust = excluded.trust, policy = excluded.policy,
			modified_at = excluded.modified_at`,
		r.Name, r.Path, r.Trust, r.Policy, millis(r.CreatedAt), millis(r.ModifiedAt)); err != nil {
		return err
	}
	return tx.changeConfig()
}

// DeleteRole removes a role.
func (tx *Tx) DeleteRole(name string) error {
	if err := mustAffect(tx.exec(`DELETE FROM roles WHERE name = $1`, name)); err != nil {
		return err
	}
	return tx.changeConfig()
}
