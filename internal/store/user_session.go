package store

import (
	"database/sql"
	"time"
)

// SessionKind says what a UserSession is a record of.
type SessionKind string

// The kinds of sessions, as the API names them (SessionTypeType).
const (
	TokenSession SessionKind = "TOKEN" // a sign-in with its tokens
	SSOSession   SessionKind = "SSO"   // a browser's
)

// UserSession is a record of a session. There is one for each that is alive, in
// pools that keep them.
type UserSession struct {
	PoolID       string
	ID           string // a UUID; of a token session the origin_jti
	Kind         SessionKind
	Sub          string // of the user
	ClientID     string // through which it began
	ParentID     string // the SSO session that a token session came through, or ""
	DeviceType   string
	LastIP       string // "" if unknown
	CreatedAt    time.Time
	LastActiveAt time.Time
	ExpiresAt    time.Time
}

const userSessionColumns = `pool_id, id, kind, sub, client_id, parent_id, device_type, last_ip,
	created_at, last_active_at, expires_at`

func scanUserSession(row interface{ Scan(...any) error }) (*UserSession, error) {
	var s UserSession
	var created, active, expires int64
	if err := row.Scan(&s.PoolID, &s.ID, &s.Kind, &s.Sub, &s.ClientID, &s.ParentID, &s.DeviceType, &s.LastIP,
		&created, &active, &expires); err != nil {
		return nil, notFound(err)
	}
	s.CreatedAt, s.LastActiveAt, s.ExpiresAt = fromMillis(created), fromMillis(active), fromMillis(expires)
	return &s, nil
}

// UserSessions returns the sessions of a user that are not expired, beginning
// with the one that was active last.
func (tx *Tx) UserSessions(poolID, sub string) ([]*UserSession, error) {
	rows, err := tx.query(`SELECT `+userSessionColumns+` FROM user_sessions
		WHERE pool_id = $1 AND sub = $2 AND expires_at > $3 ORDER BY last_active_at DESC, created_at DESC, id DESC`,
		poolID, sub, millis(tx.Now()))
	return collect(rows, err, func(r *sql.Rows) (*UserSession, error) { return scanUserSession(r) })
}

// InsertUserSession adds a session of a user; where the user is gone it returns
// ErrNotFound.
func (tx *Tx) InsertUserSession(s *UserSession) error {
	there, err := tx.exists(`SELECT 1 FROM users WHERE pool_id = $1 AND sub = $2`, s.PoolID, s.Sub)
	if err != nil {
		return err
	}
	if !there {
		return ErrNotFound
	}
	_, err = tx.exec(`INSERT INTO user_sessions (`+userSessionColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		s.PoolID, s.ID, string(s.Kind), s.Sub, s.ClientID, s.ParentID, s.DeviceType, s.LastIP,
		millis(s.CreatedAt), millis(s.LastActiveAt), millis(s.ExpiresAt))
	return err
}

// TouchUserSession notes that a session is active now, if there is a record of
// it. An empty ip or deviceType leaves what is known.
func (tx *Tx) TouchUserSession(poolID, id, deviceType, ip string) error {
	_, err := tx.exec(`UPDATE user_sessions SET last_active_at = $3,
		device_type = CASE WHEN $4 = '' THEN device_type ELSE $4 END,
		last_ip = CASE WHEN $5 = '' THEN last_ip ELSE $5 END
		WHERE pool_id = $1 AND id = $2`, poolID, id, millis(tx.Now()), deviceType, ip)
	return err
}

// DeleteUserSession removes the record of a session, if there is one.
func (tx *Tx) DeleteUserSession(poolID, id string) error {
	_, err := tx.exec(`DELETE FROM user_sessions WHERE pool_id = $1 AND id = $2`, poolID, id)
	return err
}

// deleteUserSessions removes the records of all sessions of a user who goes.
func (tx *Tx) deleteUserSessions(poolID, sub string) error {
	_, err := tx.exec(`DELETE FROM user_sessions WHERE pool_id = $1 AND sub = $2`, poolID, sub)
	return err
}

// deleteTokenSessions removes those of a user who is signed out, whose browsers
// keep theirs.
func (tx *Tx) deleteTokenSessions(poolID, sub string) error {
	_, err := tx.exec(`DELETE FROM user_sessions WHERE pool_id = $1 AND sub = $2 AND kind = $3`,
		poolID, sub, string(TokenSession))
	return err
}
