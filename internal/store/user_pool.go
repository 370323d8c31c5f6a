package store

import (
	"database/sql"
	"time"
)

// UserPool is a pool's row; Doc is its configuration as userpool writes it.
type UserPool struct {
	ID         string
	Name       string
	Doc        string
	CreatedAt  time.Time
	ModifiedAt time.Time
}

const poolColumns = `id, name, doc, created_at, modified_at`

func scanUserPool(row interface{ Scan(...any) error }) (*UserPool, error) {
	var p UserPool
	var created, modified int64
	if err := row.Scan(&p.ID, &p.Name, &p.Doc, &created, &modified); err != nil {
		return nil, notFound(err)
	}
	p.CreatedAt, p.ModifiedAt = fromMillis(created), fromMillis(modified)
	return &p, nil
}

// UserPool returns a pool, or ErrNotFound.
func (tx *Tx) UserPool(id string) (*UserPool, error) {
	return scanUserPool(tx.queryRow(`SELECT `+poolColumns+` FROM user_pools WHERE id = $1`, id))
}

// ListUserPools returns up to limit pools whose id sorts behind after.
func (tx *Tx) ListUserPools(after string, limit int) ([]*UserPool, error) {
	rows, err := tx.query(`SELECT `+poolColumns+` FROM user_pools WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
	return collect(rows, err, func(r *sql.Rows) (*UserPool, error) { return scanUserPool(r) })
}

// CountUserPools counts all pools.
func (tx *Tx) CountUserPools() (int, error) {
	var n int
	err := tx.queryRow(`SELECT COUNT(*) FROM user_pools`).Scan(&n)
	return n, err
}

// InsertUserPool adds a pool; an id in use gives ErrExists.
func (tx *Tx) InsertUserPool(p *UserPool) error {
	n, err := tx.exec(`INSERT INTO user_pools (id, name, doc, created_at, modified_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO NOTHING`, p.ID, p.Name, p.Doc, millis(p.CreatedAt), millis(p.ModifiedAt))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrExists
	}
	return tx.changeConfig()
}

// UpdateUserPool replaces the name, configuration and time of change.
func (tx *Tx) UpdateUserPool(p *UserPool) error {
	if err := mustAffect(tx.exec(`UPDATE user_pools SET name = $2, doc = $3, modified_at = $4 WHERE id = $1`,
		p.ID, p.Name, p.Doc, millis(p.ModifiedAt))); err != nil {
		return err
	}
	return tx.changeConfig()
}

// DeleteUserPool removes a pool with its keys at once, so that it stops working,
// and leaves its clients and users to ClearDeletedUserPool.
func (tx *Tx) DeleteUserPool(id string) error {
	if err := mustAffect(tx.exec(`DELETE FROM user_pools WHERE id = $1`, id)); err != nil {
		return err
	}
	for _, text := range []string{
		`DELETE FROM signing_keys WHERE pool_id = $1`,
		`DELETE FROM resource_servers WHERE pool_id = $1`,
		`DELETE FROM identity_provider_identifiers WHERE pool_id = $1`,
		`DELETE FROM identity_providers WHERE pool_id = $1`,
		`DELETE FROM user_import_jobs WHERE pool_id = $1`,
	} {
		if _, err := tx.exec(text, id); err != nil {
			return err
		}
	}
	if _, err := tx.exec(`INSERT INTO deleted_user_pools (id, deleted_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`,
		id, millis(tx.Now())); err != nil {
		return err
	}
	return tx.changeConfig()
}

// DeletedUserPools returns the pools whose rows are not all cleared yet.
func (tx *Tx) DeletedUserPools() ([]string, error) {
	rows, err := tx.query(`SELECT id FROM deleted_user_pools WHERE deleted_at <= $1 ORDER BY id LIMIT 100`, millis(tx.Now()))
	return collect(rows, err, func(r *sql.Rows) (string, error) {
		var id string
		return id, r.Scan(&id)
	})
}

// UserPoolDeleted says whether a pool of this id is being cleared away, or the id
// is reserved.
func (tx *Tx) UserPoolDeleted(id string) (bool, error) {
	return tx.exists(`SELECT 1 FROM deleted_user_pools WHERE id = $1`, id)
}

// pooled are the tables that hold rows of a pool, each with the rest of its key.
var pooled = []struct{ table, key string }{
	{"user_attributes", "name, value, sub"},
	{"user_names", "name, kind"},
	{"codes", "sub, purpose"},
	{"attempts", "subject, action"},
	{"spent_sessions", "id"},
	{"kept_sessions", "id"},
	{"software_tokens", "sub"},
	{"revoked_tokens", "origin_jti"},
	{"refresh_rotations", "origin_jti"},
	{"revocation_events", "recorded_at, id"},
	{"messages", "id"},
	{"outbox", "id"},
	{"user_devices", "sub, device_key"},
	{"forgotten_devices", "sub, device_key"},
	{"user_sessions", "id"},
	{"auth_events", "sub, id"},
	{"oauth_codes", "id"},
	{"oauth_requests", "id"},
	{"client_sessions", "sid"},
	{"logout_notices", "sid"},
	{"device_grants", "id"},
	{"user_group_members", "sub, group_id"},
	{"user_groups", "id"},
	{"deleted_user_groups", "id"},
	{"ui_customizations", "client_id"},
	{"branding_styles", "id"},
	{"branding_images", "digest, owner"},
	{"terms", "id"},
	{"identity_links", "provider_id, attribute, value"},
	{"deleted_identity_providers", "id"},
	{"user_import_chunks", "job_id, upload, n"},
	{"user_import_log", "job_id, page"},
	{"passkeys", "sub, id"},
	{"users", "sub"},
	{"user_pool_clients", "id"},
	{"user_pool_replicas", "region"},
	{"user_pool_domains", "kind"},
}

// deletedPoolGrace is how long a deleted pool is watched for users that a node
// with an old cache still wrote.
const deletedPoolGrace = 10 * time.Second

// ClearDeletedUserPool removes up to step rows of each table of a deleted pool
// and says whether that was the last of them. The pool stays on the list of
// deleted ones for a while after. An id that was reserved since is left alone.
func (tx *Tx) ClearDeletedUserPool(id string, step int) (done bool, err error) {
	if reserved, err := tx.reserved(id); err != nil || reserved {
		return err == nil, err
	}
	done = true
	for _, p := range pooled {
		n, err := tx.exec(`DELETE FROM `+p.table+` WHERE pool_id = $1 AND (`+p.key+`) IN
			(SELECT `+p.key+` FROM `+p.table+` WHERE pool_id = $1 LIMIT $2)`, id, step)
		if err != nil {
			return false, err
		}
		done = done && n < int64(step)
	}
	if done {
		_, err = tx.exec(`DELETE FROM deleted_user_pools WHERE id = $1 AND deleted_at < $2`,
			id, millis(tx.Now().Add(-deletedPoolGrace)))
	}
	return done, err
}
