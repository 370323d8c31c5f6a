package token

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Origin is where a request comes from, for the records of sessions. Both may be
// "".
type Origin struct {
	IPAddress string
	UserAgent string
}

// DeviceType names what the user sits at.
func (o Origin) DeviceType() string { return userpool.UserAgentName(o.UserAgent) }

// Session is a session of a user that is alive, as its record tells.
type Session struct {
	ID           string // see sessionID
	Kind         store.SessionKind
	ClientID     string
	DeviceType   string // such as "Firefox 128, Linux", or "unknown"
	IPAddress    string // of its last request, or ""
	OriginID     string // the SSO session that a token session came through, or ""
	Current      bool   // the one that asks
	CreatedAt    time.Time
	LastActiveAt time.Time
}

// revokedFor is how long a sign-in whose refresh token expires then must stay
// known as revoked: for its last access token and an hour of leeway in verifiers.
func revokedFor(expires time.Time) time.Time { return expires.Add(userpool.MaxTokenTTL + time.Hour) }

// record keeps the session of a sign-in whose refresh token is r, in place of the
// one of the user's that was active longest ago where there are as many as there
// may be.
func (i *Issuer) record(ctx context.Context, g Grant, r *refresh) error {
	most := g.Pool.SessionConfig().TokenSession.MaxPerUser
	err := i.db.Update(ctx, func(tx *store.Tx) error {
		sessions, err := tx.UserSessions(g.Pool.ID, r.Sub)
		if err != nil {
			return err
		}
		count := 1 // this one
		for _, s := range sessions {
			if s.Kind != store.TokenSession {
				continue
			}
			if count++; count > most {
				if err := tx.RevokeToken(g.Pool.ID, s.ID, revokedFor(s.ExpiresAt)); err != nil {
					return err
				}
			}
		}
		return tx.InsertUserSession(&store.UserSession{
			PoolID: g.Pool.ID, ID: r.OriginJTI, Kind: store.TokenSession, Sub: r.Sub, ClientID: r.ClientID, ParentID: g.SSOSession,
			DeviceType: g.Origin.DeviceType(), LastIP: g.Origin.IPAddress,
			CreatedAt: tx.Now(), LastActiveAt: tx.Now(), ExpiresAt: r.expires(),
		})
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil // the user was deleted meanwhile: the tokens are worth nothing
	}
	return err
}

// touch notes that the session of a refresh token is in use.
func (r *Refresh) touch(tx *store.Tx) error {
	if !r.Pool.TracksSessions() {
		return nil
	}
	deviceType := ""
	if r.Origin.UserAgent != "" {
		deviceType = r.Origin.DeviceType()
	}
	return tx.TouchUserSession(r.Pool.ID, r.content.OriginJTI, deviceType, r.Origin.IPAddress)
}

// Sessions lists the sessions of a user that are alive, beginning with the one
// that was active last. current is the origin_jti of the token that asks, if one
// does. The error is InvalidParameterException for a pool that keeps no records.
func (i *Issuer) Sessions(ctx context.Context, pool *userpool.Pool, user *store.User, current string) ([]Session, error) {
	if err := checkTracking(pool); err != nil {
		return nil, err
	}
	var rows []*store.UserSession
	if err := i.db.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = aliveSessions(tx, user)
		return err
	}); err != nil {
		return nil, err
	}
	sessions := make([]Session, 0, len(rows))
	for _, row := range rows {
		s := Session{
			ID: sessionID(row.Kind, row.ID), Kind: row.Kind, ClientID: row.ClientID, DeviceType: row.DeviceType, IPAddress: row.LastIP,
			Current: row.Kind == store.TokenSession && row.ID == current, CreatedAt: row.CreatedAt, LastActiveAt: row.LastActiveAt,
		}
		if row.ParentID != "" {
			s.OriginID = sessionID(store.SSOSession, row.ParentID)
		}
		sessions = append(sessions, s)
	}
	return sessions, nil
}

// RevokeSession ends a session of a user: its tokens are worth nothing at once.
// linked ends with a token session the SSO session that it came through, and with
// an SSO session the token sessions that came through it. current is as for
// Sessions, and that session is refused. Errors: ResourceNotFoundException,
// InvalidParameterException.
func (i *Issuer) RevokeSession(ctx context.Context, pool *userpool.Pool, user *store.User, id, current string, linked bool) error {
	if err := checkTracking(pool); err != nil {
		return err
	}
	kind, key, ok := parseSessionID(id)
	if ok && kind == store.TokenSession && key == current {
		return fault.New(fault.InvalidParameter, "The current session cannot be revoked.")
	}
	return i.db.Update(ctx, func(tx *store.Tx) error {
		sessions, err := aliveSessions(tx, user)
		if err != nil {
			return err
		}
		session := findSession(sessions, kind, key)
		if !ok || session == nil {
			return fault.New(fault.ResourceNotFound, "Session does not exist.")
		}
		if err := endSession(tx, session); err != nil || !linked {
			return err
		}
		return endLinked(tx, sessions, session)
	})
}

// aliveSessions are the records of a user's sessions without those that began
// before the last sign-out and were recorded after it.
func aliveSessions(tx *store.Tx, user *store.User) ([]*store.UserSession, error) {
	rows, err := tx.UserSessions(user.PoolID, user.Sub)
	alive := rows[:0]
	for _, row := range rows {
		if row.Kind != store.TokenSession || !signedOut(user, row.ID, "") {
			alive = append(alive, row)
		}
	}
	return alive, err
}

func findSession(sessions []*store.UserSession, kind store.SessionKind, id string) *store.UserSession {
	for _, s := range sessions {
		if s.Kind == kind && s.ID == id {
			return s
		}
	}
	return nil
}

// endLinked ends what among the sessions hangs together with one of them.
func endLinked(tx *store.Tx, sessions []*store.UserSession, of *store.UserSession) error {
	for _, s := range sessions {
		parent := of.Kind == store.TokenSession && s.Kind == store.SSOSession && s.ID == of.ParentID
		child := of.Kind == store.SSOSession && s.Kind == store.TokenSession && s.ParentID == of.ID
		if !parent && !child {
			continue
		}
		if err := endSession(tx, s); err != nil {
			return err
		}
	}
	return nil
}

// endSession removes the record of a session, and the worth of its tokens.
func endSession(tx *store.Tx, s *store.UserSession) error {
	if s.Kind == store.TokenSession {
		return tx.RevokeToken(s.PoolID, s.ID, revokedFor(s.ExpiresAt))
	}
	return tx.EndBrowserSession(s.PoolID, s.ID)
}

func checkTracking(pool *userpool.Pool) error {
	if !pool.TracksSessions() {
		return fault.Errorf(fault.InvalidParameter, "User session tracking is not enabled for user pool %s.", pool.ID)
	}
	return nil
}

// sessionPrefix begins the ids of sessions, by kind.
var sessionPrefix = map[store.SessionKind]string{store.TokenSession: "tkn", store.SSOSession: "sso"}

// sessionDigits is how many digits of base 36 a UUID has.
const sessionDigits = 25

// sessionID is a session's id as the API shows it: what kind it is of, and the
// UUID of its record in base 36.
func sessionID(kind store.SessionKind, id string) string {
	u, err := uuid.Parse(id)
	if err != nil {
		return "" // no record has such an id
	}
	digits := new(big.Int).SetBytes(u[:]).Text(36)
	return sessionPrefix[kind] + strings.Repeat("0", sessionDigits-len(digits)) + digits
}

// SSOSessionID is what a browser's session is called among a user's sessions.
func SSOSessionID(id string) string { return sessionID(store.SSOSession, id) }

// parseSessionID is the inverse of sessionID.
func parseSessionID(text string) (kind store.SessionKind, id string, ok bool) {
	for kind, prefix := range sessionPrefix {
		digits, found := strings.CutPrefix(text, prefix)
		if !found || len(digits) != sessionDigits || digits != strings.ToLower(digits) {
			continue
		}
		n, valid := new(big.Int).SetString(digits, 36)
		if !valid || n.Sign() < 0 || n.BitLen() > 128 {
			continue
		}
		var u uuid.UUID
		n.FillBytes(u[:])
		if sessionID(kind, u.String()) != text { // a sign or an underscore among the digits
			continue
		}
		return kind, u.String(), true
	}
	return "", "", false
}
