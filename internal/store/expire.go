package store

import "time"

// How long rows are kept beyond their time, so that nodes with clocks a little apart
// agree. What requests add that nobody has signed in for goes sooner: a flood of them
// as fast as the rate limits let it be would otherwise fill gigabytes.
const (
	grace      = time.Hour
	briefGrace = 10 * time.Minute
)

// brief are the tables of which briefGrace is enough.
var brief = map[string]bool{"spent_sessions": true, "oauth_requests": true, "device_grants": true}

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

// DeleteExpired removes up to step rows of each table that are long expired, and
// returns how many there were.
func (tx *Tx) DeleteExpired(step int) (int64, error) {
	var total int64
	for _, e := range expiring {
		kept := grace
		if brief[e.table] {
			kept = briefGrace
		}
		before := millis(tx.Now().Add(-kept))
		n, err := tx.exec(`DELETE FROM `+e.table+` WHERE (`+e.key+`) IN
			(SELECT `+e.key+` FROM `+e.table+` WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, before, step)
		if err != nil {
			return total, err
		}
		total += n
	}
	return total, nil
}
