package store

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"time"
)

// RevocationKind says what a RevocationEvent is about. The values are those of
// the feed, see verify/poolhouse_feed.go.
type RevocationKind string

// The kinds of events. The subject of TokenRevoked is an origin_jti, that of the
// others a user's sub.
const (
	TokenRevoked  RevocationKind = "tokenRevoked"
	UserSignedOut RevocationKind = "userSignedOut"
	UserDisabled  RevocationKind = "userDisabled"
	UserEnabled   RevocationKind = "userEnabled"
	UserDeleted   RevocationKind = "userDeleted"
)

// RevocationEvent is an entry of a pool's log of what makes tokens worthless
// before they expire. RevokeToken, SignOutUser, UpdateUser and DeleteUser write
// it, in the transaction of the change.
type RevocationEvent struct {
	Cursor  RevocationCursor // where it stands in the log
	Kind    RevocationKind
	Subject string
	// EffectiveAt is the SignedOutAt of UserSignedOut, and otherwise when it
	// happened; among what became of a user the latest is the truth.
	EffectiveAt time.Time
	ExpiresAt   time.Time // when it matters to no token any more
}

// RevocationCursor is a place in the log. The zero value is before all events.
type RevocationCursor struct {
	At time.Time
	ID string
}

// tokenLife is how long an access or ID token of Cognito can count: its longest
// life, the hour of leeway that a verifier may allow, and room for clocks that
// differ.
const tokenLife = 25*time.Hour + 10*time.Minute

// RevocationEvents returns up to limit events of a pool behind the cursor that
// are not expired, in the order of the log. That is the order of the transactions'
// clocks, which is not the one of their ends: what is committed late can stand
// before what was read already.
func (tx *Tx) RevocationEvents(poolID string, after RevocationCursor, limit int) ([]RevocationEvent, error) {
	rows, err := tx.query(revocationEventsQuery, poolID, millis(after.At), after.ID, millis(tx.Now()), limit)
	return collect(rows, err, func(r *sql.Rows) (RevocationEvent, error) {
		var e RevocationEvent
		var recorded, effective, expires int64
		err := r.Scan(&recorded, &e.Cursor.ID, &e.Kind, &e.Subject, &effective, &expires)
		e.Cursor.At = fromMillis(recorded)
		e.EffectiveAt = fromMillis(effective)
		e.ExpiresAt = fromMillis(expires)
		return e, err
	})
}

const revocationEventsQuery = `SELECT recorded_at, id, kind, subject, effective_at, expires_at FROM revocation_events
	WHERE pool_id = $1 AND (recorded_at, id) > ($2, $3) AND expires_at > $4 ORDER BY recorded_at, id LIMIT $5`

// addRevocationEvent writes the log. The id begins with the real time, so that
// events of one millisecond, or of a clock that stands, keep their order.
func (tx *Tx) addRevocationEvent(poolID string, kind RevocationKind, subject string, effective, expires time.Time) error {
	now := tx.Now()
	if latest := now.Add(tokenLife); expires.After(latest) {
		expires = latest
	}
	id := fmt.Sprintf("%016x", time.Now().UnixNano()) + rand.Text()[:16]
	_, err := tx.exec(`INSERT INTO revocation_events (pool_id, recorded_at, id, kind, subject, effective_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		poolID, millis(now), id, string(kind), subject, millis(effective), millis(expires))
	return err
}

// addUserEvent tells what became of a user. It takes effect after the user's last
// change, even if the clock was set back since or the other node's is ahead.
func (tx *Tx) addUserEvent(u *User, kind RevocationKind) error {
	at := tx.Now()
	if after := u.ModifiedAt.Add(time.Millisecond); at.Before(after) {
		at = after
	}
	return tx.addRevocationEvent(u.PoolID, kind, u.Sub, at, tx.Now().Add(tokenLife))
}
