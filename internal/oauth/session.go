package oauth

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	sessionCookie               = "cognito"
	sessionPurpose keys.Purpose = "browser-session"
	maxCookie                   = 4096

	// sessionLife is how long a session lasts behind the last interactive sign-in,
	// where the client does not say more.
	sessionLife = time.Hour
)

// Session is the session of a browser with a pool.
type Session struct {
	ID        string      // a UUID
	User      *store.User // as now: there, enabled and confirmed
	AMR       []string    // the methods that proved the user, as userpool names them
	AuthTime  time.Time   // of the last interactive sign-in
	ExpiresAt time.Time
}

// sealedSession is the content of the cookie, which is bound to its pool by the
// seal.
type sealedSession struct {
	ID        string   `json:"i"`
	Sub       string   `json:"s"`
	AMR       []string `json:"m,omitzero"`
	AuthTime  int64    `json:"a"` // unix milliseconds
	ExpiresAt int64    `json:"e"` // unix milliseconds
}

// Session returns the session of the browser with the site's pool, or nil. The
// error is a failure to find out.
func (s *Server) Session(r *http.Request) (*Session, error) {
	pool := SiteOf(r.Context()).Pool
	for _, c := range s.sealedSessions(r, pool) {
		if session, err := s.liveSession(r, pool, c); session != nil || err != nil {
			return session, err
		}
	}
	return nil, nil
}

// sealedSessions are the sessions in a browser's cookies, the newest sign-in first. A
// domain above may have set some, and one may be there often, by whoever wants to
// give us work.
func (s *Server) sealedSessions(r *http.Request, pool *userpool.Pool) (all []*sealedSession) {
	for _, cookie := range r.CookiesNamed(sessionCookie) {
		c := s.openSession(pool, cookie.Value)
		if c != nil && !slices.ContainsFunc(all, func(other *sealedSession) bool { return other.ID == c.ID }) {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b *sealedSession) int { return cmp.Compare(b.AuthTime, a.AuthTime) })
	return all
}

// openSession reads a cookie, nil for one that is not ours, of another pool or
// expired.
func (s *Server) openSession(pool *userpool.Pool, text string) *sealedSession {
	if len(text) > maxCookie {
		return nil
	}
	plain, err := s.Ring.Open(sessionPurpose, text, pool.ID)
	if err != nil {
		return nil
	}
	var c sealedSession
	if json.Unmarshal(plain, &c) != nil || s.DB.Now().UnixMilli() >= c.ExpiresAt {
		return nil
	}
	return &c
}

// liveSession is what a cookie stands for now, nil if the session was ended or the
// user may not sign in any more.
func (s *Server) liveSession(r *http.Request, pool *userpool.Pool, c *sealedSession) (*Session, error) {
	session := &Session{ID: c.ID, AMR: c.AMR, AuthTime: time.UnixMilli(c.AuthTime).UTC(), ExpiresAt: time.UnixMilli(c.ExpiresAt).UTC()}
	ended := false
	err := s.DB.View(r.Context(), func(tx *store.Tx) (err error) {
		if session.User, err = pool.User(tx, c.Sub); err != nil {
			return err
		}
		ended, err = sessionEnded(tx, pool, c.Sub, c.ID)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case ended, !session.User.Enabled, !signsIn(session.User.Status):
		return nil, nil
	}
	return session, nil
}

// signsIn says whether a user of a status is one who has nothing left to do before
// a sign-in.
func signsIn(status string) bool {
	return status == userpool.StatusConfirmed || status == userpool.StatusExternalProvider
}

// lifeOf is how long a session that begins with a client lasts.
func lifeOf(pool *userpool.Pool, client *userpool.Client) time.Duration {
	if !pool.TracksSessions() {
		return sessionLife
	}
	return max(sessionLife, time.Duration(client.SSO().MaxValidityMinutes)*time.Minute)
}

// TakesOver says whether a client takes over a session without asking its user.
func (s *Server) TakesOver(p *Pending, session *Session) bool {
	age := s.DB.Now().Sub(session.AuthTime)
	most := sessionLife
	if p.Pool.TracksSessions() {
		most = time.Duration(p.Client.SSO().MaxValidityMinutes) * time.Minute
	}
	if age >= most || p.HasMaxAge && age > p.MaxAge {
		return false
	}
	return len(p.Levels) == 0 || userpool.Level(session.AMR) >= slices.Min(p.Levels)
}

// setSession puts a session into the browser.
func (s *Server) setSession(w http.ResponseWriter, r *http.Request, session *Session) error {
	site := SiteOf(r.Context())
	plain, err := json.Marshal(sealedSession{
		ID: session.ID, Sub: session.User.Sub, AMR: session.AMR,
		AuthTime: session.AuthTime.UnixMilli(), ExpiresAt: session.ExpiresAt.UnixMilli(),
	})
	if err != nil {
		return err
	}
	sealed, err := s.Ring.Seal(sessionPurpose, plain, site.Pool.ID)
	if err != nil {
		return err
	}
	life := session.ExpiresAt.Sub(s.DB.Now())
	http.SetCookie(w, s.Cookie(r, sessionCookie, sealed, int(seconds(life))))
	return nil
}

// Cookie makes a cookie of the site: for its paths only, out of reach of scripts,
// not sent with requests that other sites make but for following a link. maxAge is
// in seconds; 0 is until the browser closes, and below 0 takes the cookie away.
func (s *Server) Cookie(r *http.Request, name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure where the browser came by TLS; development goes without
		Name: name, Value: value, Path: SiteOf(r.Context()).Base + "/", MaxAge: maxAge,
		Secure: s.Secure(r), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// Secure says whether the browser came by TLS, here or at a proxy before.
func (s *Server) Secure(r *http.Request) bool { return s.secure || r.TLS != nil }

// EndSession ends the browser's sessions with the pool, on all nodes, takes the
// cookie away and has the clients told that want to be. Tokens stay as they are.
func (s *Server) EndSession(w http.ResponseWriter, r *http.Request) error {
	return s.endSessions(w, r, "")
}

// endSessions is EndSession for the sessions of one user; "": of whomever.
func (s *Server) endSessions(w http.ResponseWriter, r *http.Request, sub string) error {
	pool, others := SiteOf(r.Context()).Pool, false
	for _, c := range s.sealedSessions(r, pool) {
		if sub != "" && sub != c.Sub {
			others = true
			continue
		}
		err := s.DB.Update(r.Context(), func(tx *store.Tx) error {
			if _, err := tx.SpendSession(pool.ID, c.ID, time.UnixMilli(c.ExpiresAt)); err != nil {
				return err
			}
			return tx.EndBrowserSession(pool.ID, c.ID)
		})
		if err != nil {
			return err
		}
	}
	if !others {
		http.SetCookie(w, s.Cookie(r, sessionCookie, "", -1))
	}
	return nil
}
