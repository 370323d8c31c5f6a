package oauth

import (
	"errors"
	"slices"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// errSessionEnded refuses tokens that came through a session of a browser which is
// over: the client would not hear of it any more.
var errSessionEnded = errors.New("the browser's session has ended")

// through is the session of a browser that a client gets tokens through; zero: they
// come through none, as those of a device.
type through struct {
	ID        string
	ExpiresAt time.Time
}

// join notes, in the transaction that gives a client the tokens of a sign-in, that it
// is to be told when that is over, and returns the sid for its ID tokens: "" for a
// client that does not want to be told. The error may be errSessionEnded.
func (s *Server) join(tx *store.Tx, pool *userpool.Pool, client *userpool.Client, sub, originJTI string, session through) (sid string, err error) {
	if client.Extensions().BackChannelLogoutURI == "" {
		return "", nil
	}
	if session.ID != "" {
		ended, err := sessionEnded(tx, pool, sub, session.ID)
		if err != nil {
			return "", err
		}
		if ended {
			return "", errSessionEnded
		}
	}
	expires := tx.Now().Add(client.RefreshTokenTTL())
	if session.ExpiresAt.After(expires) {
		expires = session.ExpiresAt
	}
	return tx.JoinClientSession(store.ClientSession{
		PoolID: pool.ID, SID: s.Tokens.NewID(), ClientID: client.ID, Sub: sub, SessionID: session.ID, OriginJTI: originJTI, ExpiresAt: expires,
	})
}

// sessionEnded says whether a browser's session of a user is over before its time.
func sessionEnded(tx *store.Tx, pool *userpool.Pool, sub, id string) (bool, error) {
	ended, err := tx.SessionSpent(pool.ID, id)
	if err != nil || ended || !pool.TracksSessions() {
		return ended, err
	}
	records, err := tx.UserSessions(pool.ID, sub)
	return !slices.ContainsFunc(records, func(u *store.UserSession) bool { return u.ID == id }), err
}
