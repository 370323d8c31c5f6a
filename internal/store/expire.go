package store

// expiring are the tables whose rows mean nothing after their expires_at, each
// with its key.
var expiring = []struct{ table, key string }{
	{"codes", "pool_id, sub, purpose"},
	{"attempts", "pool_id, subject, action"},
	{"spent_sessions", "pool_id, id"},
	{"kept_sessions", "pool_id, id"},
	{"revoked_tokens", "pool_id, origin_jti"},
	{"refresh_rotations", "pool_id, origin_jti"},
	{"revocation_events", "pool_id, recorded_at, id"},
	{"forgotten_devices", "pool_id, sub, device_key"},
	{"user_sessions", "pool_id, id"},
	{"auth_events", "pool_id, sub, id"},
	{"oauth_codes", "pool_id, id"},
	{"oauth_requests", "pool_id, id"},
	{"spent_assertions", "id"},
	{"client_sessions", "pool_id, sid"},
	{"logout_notices", "pool_id, sid"},
	{"device_grants", "pool_id, id"},
}

// DeleteExpired removes up to step expired rows of each table and returns how
// many there were. Rows are kept for an hour beyond their time, so that nodes
// with clocks a little apart agree.
func (tx *Tx) DeleteExpired(step int) (int64, error) {
	const grace = 60 * 60 * 1000
	before := millis(tx.Now()) - grace
	var total int64
	for _, e := range expiring {
		n, err := tx.exec(`DELETE FROM `+e.table+` WHERE (`+e.key+`) IN
			(SELECT `+e.key+` FROM `+e.table+` WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, before, step)
		if err != nil {
			return total, err
		}
		total += n
	}
	return total, nil
}
