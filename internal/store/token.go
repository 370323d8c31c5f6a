package store

import (
	"errors"
	"time"
)

// SpendSession marks a challenge session as used and says whether this call was
// the first to do so. The mark lasts until expires, when the session is worth
// nothing anyhow. So are marked a browser's session that ends before its time, and
// what else is good once: a passkey's challenge and a proof of possession, whose ids
// begin with a word and a space.
func (tx *Tx) SpendSession(poolID, id string, expires time.Time) (first bool, err error) {
	n, err := tx.exec(`INSERT INTO spent_sessions (pool_id, id, expires_at) VALUES ($1, $2, $3)
		ON CONFLICT (pool_id, id) DO NOTHING`, poolID, id, millis(expires))
	return n == 1, err
}

// SessionSpent says whether a challenge session was used.
func (tx *Tx) SessionSpent(poolID, id string) (bool, error) {
	return tx.exists(`SELECT 1 FROM spent_sessions WHERE pool_id = $1 AND id = $2`, poolID, id)
}

// KeepSession stores a challenge session, sealed, that is too long for the client
// to carry, or where a form of the login pages led ("end " before its id). It is
// worth nothing from expires on.
func (tx *Tx) KeepSession(poolID, id, sealed string, expires time.Time) error {
	_, err := tx.exec(`INSERT INTO kept_sessions (pool_id, id, sealed, expires_at) VALUES ($1, $2, $3, $4)`,
		poolID, id, sealed, millis(expires))
	return err
}

// KeptSession returns a challenge session that KeepSession stored, or
// ErrNotFound.
func (tx *Tx) KeptSession(poolID, id string) (sealed string, err error) {
	err = tx.queryRow(`SELECT sealed FROM kept_sessions WHERE pool_id = $1 AND id = $2`, poolID, id).Scan(&sealed)
	return sealed, notFound(err)
}

// RevokeToken makes all tokens of one sign-in worthless, removes the record of
// its session and tells the client that has one of its own. The mark lasts until
// expires, when the last of the tokens has expired anyhow.
func (tx *Tx) RevokeToken(poolID, originJTI string, expires time.Time) error {
	if err := tx.DeleteUserSession(poolID, originJTI); err != nil {
		return err
	}
	if err := tx.endClientSessions(poolID, "origin_jti", originJTI); err != nil {
		return err
	}
	n, err := tx.exec(`INSERT INTO revoked_tokens (pool_id, origin_jti, revoked_at, expires_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (pool_id, origin_jti) DO NOTHING`, poolID, originJTI, millis(tx.Now()), millis(expires))
	if err != nil || n == 0 {
		return err
	}
	return tx.addRevocationEvent(poolID, TokenRevoked, originJTI, tx.Now(), expires)
}

// TokenUser returns the user a token was issued to, without Groups, and
// whether the sign-in it comes from was revoked. It is one query, since every
// call with a token begins with it.
func (tx *Tx) TokenUser(poolID, sub, originJTI string) (u *User, revoked bool, err error) {
	var mark int64
	u, err = scanUser(tx.queryRow(`SELECT `+userColumns+`, `+tokenRevoked+`
		FROM users u WHERE u.pool_id = $1 AND u.sub = $2`, poolID, sub, originJTI), &mark)
	return u, mark != 0, err
}

// RefreshUser is TokenUser for a refresh token: with Groups, since new tokens
// tell of them.
func (tx *Tx) RefreshUser(poolID, sub, originJTI string) (u *User, revoked bool, err error) {
	var mark int64
	u, err = scanUserInGroups(tx.queryRow(`SELECT `+userColumns+`, `+userGroups+`, `+tokenRevoked+`
		FROM users u WHERE u.pool_id = $1 AND u.sub = $2`, poolID, sub, originJTI), &mark)
	return u, mark != 0, err
}

const tokenRevoked = `CASE WHEN EXISTS
	(SELECT 1 FROM revoked_tokens r WHERE r.pool_id = $1 AND r.origin_jti = $3) THEN 1 ELSE 0 END`

// Rotation is the live generation of a family of refresh tokens.
type Rotation struct {
	Generation int64
	RotatedAt  time.Time
}

// Rotation returns the rotation of a family; one that never rotated is zero.
func (tx *Tx) Rotation(poolID, originJTI string) (Rotation, error) {
	var r Rotation
	var rotated int64
	err := notFound(tx.queryRow(`SELECT generation, rotated_at FROM refresh_rotations WHERE pool_id = $1 AND origin_jti = $2`,
		poolID, originJTI).Scan(&r.Generation, &rotated))
	if errors.Is(err, ErrNotFound) {
		return Rotation{}, nil
	}
	r.RotatedAt = fromMillis(rotated)
	return r, err
}

// PutRotation stores the live generation of a family that lasts until expires.
func (tx *Tx) PutRotation(poolID, originJTI string, r Rotation, expires time.Time) error {
	_, err := tx.exec(`INSERT INTO refresh_rotations (pool_id, origin_jti, generation, rotated_at, expires_at)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (pool_id, origin_jti) DO UPDATE SET generation = excluded.generation, rotated_at = excluded.rotated_at`,
		poolID, originJTI, r.Generation, millis(r.RotatedAt), millis(expires))
	return err
}

// exists says whether a query has a row.
func (tx *Tx) exists(text string, args ...any) (bool, error) {
	var one int
	err := notFound(tx.queryRow(text, args...).Scan(&one))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
