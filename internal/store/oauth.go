package store

import "time"

// OAuthCode is an authorization code.
type OAuthCode struct {
	PoolID    string
	ID        string // keyed hash of the code
	ClientID  string
	Sub       string // of the user
	OriginJTI string // of the sign-in that it gives
	Sealed    string // what was asked for and proven
	UsedAt    time.Time
	ExpiresAt time.Time
}

// InsertOAuthCode adds a code of a user; where the user is gone it returns
// ErrNotFound.
func (tx *Tx) InsertOAuthCode(c *OAuthCode) error {
	return mustAffect(tx.exec(`INSERT INTO oauth_codes (pool_id, id, client_id, sub, origin_jti, sealed, used_at, expires_at)
		SELECT $1, $2, $3, $4, $5, $6, 0, $7 WHERE EXISTS (SELECT 1 FROM users WHERE pool_id = $1 AND sub = $4)`,
		c.PoolID, c.ID, c.ClientID, c.Sub, c.OriginJTI, c.Sealed, millis(c.ExpiresAt)))
}

// OAuthCode returns a code, used or expired ones included, or ErrNotFound.
func (tx *Tx) OAuthCode(poolID, id string) (*OAuthCode, error) {
	c := OAuthCode{PoolID: poolID, ID: id}
	var used, expires int64
	err := tx.queryRow(`SELECT client_id, sub, origin_jti, sealed, used_at, expires_at FROM oauth_codes
		WHERE pool_id = $1 AND id = $2`, poolID, id).Scan(&c.ClientID, &c.Sub, &c.OriginJTI, &c.Sealed, &used, &expires)
	if err != nil {
		return nil, notFound(err)
	}
	c.UsedAt, c.ExpiresAt = fromMillis(used), fromMillis(expires)
	return &c, nil
}

// UseOAuthCode marks a code as used and says whether this was the first use.
func (tx *Tx) UseOAuthCode(poolID, id string) (first bool, err error) {
	n, err := tx.exec(`UPDATE oauth_codes SET used_at = $3 WHERE pool_id = $1 AND id = $2 AND used_at = 0`,
		poolID, id, millis(tx.Now()))
	return n == 1, err
}

// OAuthRequest is something of a client's that waits under a name.
type OAuthRequest struct {
	PoolID    string
	ID        string // keyed hash of the name
	ClientID  string
	Sealed    string
	ExpiresAt time.Time
}

// InsertOAuthRequest adds a request.
func (tx *Tx) InsertOAuthRequest(q *OAuthRequest) error {
	_, err := tx.exec(`INSERT INTO oauth_requests (pool_id, id, client_id, sealed, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		q.PoolID, q.ID, q.ClientID, q.Sealed, millis(q.ExpiresAt))
	return err
}

// OAuthRequest returns a request, or ErrNotFound if there is none that is not
// expired.
func (tx *Tx) OAuthRequest(poolID, id string) (*OAuthRequest, error) {
	q := OAuthRequest{PoolID: poolID, ID: id}
	var expires int64
	err := tx.queryRow(`SELECT client_id, sealed, expires_at FROM oauth_requests
		WHERE pool_id = $1 AND id = $2 AND expires_at > $3`, poolID, id, millis(tx.Now())).Scan(&q.ClientID, &q.Sealed, &expires)
	if err != nil {
		return nil, notFound(err)
	}
	q.ExpiresAt = fromMillis(expires)
	return &q, nil
}

// DeleteOAuthRequest removes a request. One that is not there gives ErrNotFound,
// so that a use counts once.
func (tx *Tx) DeleteOAuthRequest(poolID, id string) error {
	return mustAffect(tx.exec(`DELETE FROM oauth_requests WHERE pool_id = $1 AND id = $2`, poolID, id))
}
