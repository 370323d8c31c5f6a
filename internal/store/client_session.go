package store

import (
	"database/sql"
	"errors"
	"time"
)

// ClientSession is a session that a client has of its own, from tokens that it got
// and wants to hear the end of.
type ClientSession struct {
	PoolID    string
	SID       string // by which the client knows it: the sid of the ID token
	ClientID  string
	Sub       string    // of the user
	SessionID string    // the browser's, or "" where the tokens came through none
	OriginJTI string    // the newest sign-in that the session has tokens of
	ExpiresAt time.Time // neither tokens nor the browser's session can last beyond it
}

// JoinClientSession notes that a client has got tokens, and returns the sid of its
// session: the one that it has already through the browser's session, which goes on
// then, or s.SID as that of a new one, for which the oldest may end. Where the user is
// gone it returns ErrNotFound.
func (tx *Tx) JoinClientSession(s ClientSession) (sid string, err error) {
	if s.SessionID != "" {
		err = tx.queryRow(`UPDATE client_sessions SET origin_jti = $5,
			expires_at = CASE WHEN expires_at > $6 THEN expires_at ELSE $6 END
			WHERE pool_id = $1 AND session_id = $2 AND client_id = $3 AND sub = $4 RETURNING sid`,
			s.PoolID, s.SessionID, s.ClientID, s.Sub, s.OriginJTI, millis(s.ExpiresAt)).Scan(&sid)
		if err = notFound(err); !errors.Is(err, ErrNotFound) {
			return sid, err
		}
	}
	err = mustAffect(tx.exec(`INSERT INTO client_sessions (pool_id, sid, client_id, sub, session_id, origin_jti, expires_at)
		SELECT $1, $2, $3, $4, $5, $6, $7 WHERE EXISTS (SELECT 1 FROM users WHERE pool_id = $1 AND sub = $4)`,
		s.PoolID, s.SID, s.ClientID, s.Sub, s.SessionID, s.OriginJTI, millis(s.ExpiresAt)))
	if err != nil {
		return "", err
	}
	return s.SID, tx.endOldClientSessions(s.PoolID, s.Sub)
}

// mostClientSessions is how many sessions clients can have of a user. All of them end
// in one transaction: a user who could make more would be one whom nobody can sign
// out, disable or delete any more.
const mostClientSessions = 1000

// endOldClientSessions tells clients of the end of the sessions that a user has beyond
// mostClientSessions, those first that began first: ids are ordered by their time.
func (tx *Tx) endOldClientSessions(poolID, sub string) error {
	var n int
	err := tx.queryRow(`SELECT COUNT(*) FROM client_sessions WHERE pool_id = $1 AND sub = $2 AND expires_at > $3`,
		poolID, sub, millis(tx.Now())).Scan(&n)
	if err != nil || n <= mostClientSessions {
		return err
	}
	rows, err := tx.query(`SELECT sid FROM client_sessions WHERE pool_id = $1 AND sub = $2 AND expires_at > $3 ORDER BY sid LIMIT $4`,
		poolID, sub, millis(tx.Now()), n-mostClientSessions)
	old, err := collect(rows, err, func(r *sql.Rows) (sid string, err error) { return sid, r.Scan(&sid) })
	for _, sid := range old {
		if err == nil {
			err = tx.endClientSessions(poolID, "sid", sid)
		}
	}
	return err
}

// MoveClientSessions lets the clients' sessions of a browser's session go on in
// another one of the same user.
func (tx *Tx) MoveClientSessions(poolID, from, to string) error {
	_, err := tx.exec(`UPDATE client_sessions SET session_id = $3 WHERE pool_id = $1 AND session_id = $2`, poolID, from, to)
	return err
}

// EndBrowserSession removes the record of a browser's session, if there is one, and
// tells the clients that have sessions through it.
func (tx *Tx) EndBrowserSession(poolID, id string) error {
	if err := tx.DeleteUserSession(poolID, id); err != nil {
		return err
	}
	return tx.endClientSessions(poolID, "session_id", id)
}

// EndClientSessionsOf tells all clients that have sessions of a user who may not
// sign in as before any more. SignOutUser, UpdateUser for one who is disabled or
// signed out, and DeleteUser do so themselves.
func (tx *Tx) EndClientSessionsOf(poolID, sub string) error {
	return tx.endClientSessions(poolID, "sub", sub)
}

// noticeLife is for how long a notice is kept, whether somebody still tries to
// deliver it or not.
const noticeLife = 7 * 24 * time.Hour

// endClientSessions turns the sessions with a value in a column into notices.
func (tx *Tx) endClientSessions(poolID, column, value string) error {
	now := tx.Now()
	n, err := tx.exec(`INSERT INTO logout_notices (pool_id, sid, client_id, sub, runner, attempts, last_error, due_at, created_at, expires_at)
		SELECT pool_id, sid, client_id, sub, '', 0, '', $3, $3, $4 FROM client_sessions
		WHERE pool_id = $1 AND `+column+` = $2 AND expires_at > $3`, poolID, value, millis(now), millis(now.Add(noticeLife)))
	if err != nil || n == 0 {
		return err
	}
	_, err = tx.exec(`DELETE FROM client_sessions WHERE pool_id = $1 AND `+column+` = $2`, poolID, value)
	return err
}
