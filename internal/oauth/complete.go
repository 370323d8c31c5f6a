package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/trigger"
)

// Proven is a user who has just signed in on the pages.
type Proven struct {
	User     *store.User // as read after the last proof
	AMR      []string    // the methods that proved it, as userpool names them
	AuthTime time.Time   // zero: now
}

// Complete ends a sign-in on the pages: it begins the browser's session, in place
// of any other, and sends the browser to the client with what was asked for.
func (s *Server) Complete(w http.ResponseWriter, r *http.Request, p *Pending, who Proven) {
	session, begin, err := s.newSession(w, r, p, who)
	if err != nil {
		s.internalError(w, r, err)
		return
	}
	s.grant(w, r, p, session, begin)
}

// Begin begins the browser's session as Complete does, but answers nothing: for
// pages that come before the client gets its answer, or have none to give.
func (s *Server) Begin(w http.ResponseWriter, r *http.Request, p *Pending, who Proven) (*Session, error) {
	session, begin, err := s.newSession(w, r, p, who)
	if err != nil {
		return nil, err
	}
	return session, s.DB.Update(r.Context(), begin)
}

// newSession puts a session into the browser. begin writes what belongs to it.
func (s *Server) newSession(w http.ResponseWriter, r *http.Request, p *Pending, who Proven) (session *Session, begin func(*store.Tx) error, err error) {
	if who.AuthTime.IsZero() {
		who.AuthTime = s.DB.Now()
	}
	session = &Session{
		ID: s.Tokens.NewID(), User: who.User, AMR: who.AMR, AuthTime: who.AuthTime,
		ExpiresAt: who.AuthTime.Add(lifeOf(p.Pool, p.Client)),
	}
	old, err := s.Session(r)
	if err != nil {
		return nil, nil, err
	}
	begin = func(tx *store.Tx) error {
		if old != nil {
			if _, err := tx.SpendSession(p.Pool.ID, old.ID, old.ExpiresAt); err != nil {
				return err
			}
			if old.User.Sub == session.User.Sub { // to the clients it is the same session
				if err := tx.MoveClientSessions(p.Pool.ID, old.ID, session.ID); err != nil {
					return err
				}
			}
			if err := tx.EndBrowserSession(p.Pool.ID, old.ID); err != nil {
				return err
			}
		}
		if !p.Pool.TracksSessions() {
			return nil
		}
		origin := s.Origin(r)
		return tx.InsertUserSession(&store.UserSession{
			PoolID: p.Pool.ID, ID: session.ID, Kind: store.SSOSession, Sub: who.User.Sub, ClientID: p.Client.ID,
			DeviceType: origin.DeviceType(), LastIP: origin.IPAddress,
			CreatedAt: tx.Now(), LastActiveAt: tx.Now(), ExpiresAt: session.ExpiresAt,
		})
	}
	return session, begin, s.setSession(w, r, session)
}

// Continue sends the browser to the client with what was asked for, for the user
// of a session that the browser has.
func (s *Server) Continue(w http.ResponseWriter, r *http.Request, p *Pending, session *Session) {
	s.grant(w, r, p, session, func(tx *store.Tx) error {
		if !p.Pool.TracksSessions() {
			return nil
		}
		return tx.TouchUserSession(p.Pool.ID, session.ID, "", s.Origin(r).IPAddress)
	})
}

// grant gives a client what it asked for, or leads to the page on which the user
// decides about a device. also is what must be written with it.
func (s *Server) grant(w http.ResponseWriter, r *http.Request, p *Pending, session *Session, also func(*store.Tx) error) {
	if p.signInOnly {
		s.Refuse(w, r, p, "invalid_request", "the request was not pushed")
		return
	}
	if p.Device != nil {
		s.askConsent(w, r, p, session, also)
		return
	}
	var answer url.Values
	var err error
	if p.ResponseType == "code" {
		answer, err = s.giveCode(r.Context(), p, session, also)
	} else {
		answer, err = s.giveTokens(r, p, session, also)
	}
	refusal, known := errors.AsType[*fault.Error](err)
	switch {
	case err == nil:
		s.answer(w, r, p, answer)
	case errors.Is(err, store.ErrNotFound): // the user was deleted meanwhile
		s.Refuse(w, r, p, "access_denied", "User does not exist")
	case errors.Is(err, errSessionEnded): // in another tab, meanwhile
		s.Refuse(w, r, p, "login_required", "")
	case known && refusal.Code != fault.InternalError:
		s.Refuse(w, r, p, "invalid_request", refusal.Message)
	default:
		s.logError(r, err)
		s.Refuse(w, r, p, "server_error", "")
	}
}

// giveTokens is the implicit grant.
func (s *Server) giveTokens(r *http.Request, p *Pending, session *Session, also func(*store.Tx) error) (url.Values, error) {
	if err := p.Client.CheckScopes(p.Scopes); err != nil {
		return nil, err
	}
	origin, sid := s.Tokens.NewOrigin(session.User), ""
	err := s.DB.Update(r.Context(), func(tx *store.Tx) (err error) {
		if err := also(tx); err != nil {
			return err
		}
		sid, err = s.join(tx, p.Pool, p.Client, session.User.Sub, origin, through{session.ID, session.ExpiresAt})
		return err
	})
	if err != nil {
		return nil, err
	}
	set, err := s.Tokens.Issue(r.Context(), token.Grant{
		Pool: p.Pool, Client: p.Client, User: session.User, AuthTime: session.AuthTime, AMR: session.AMR,
		Scopes: p.Scopes, Nonce: p.Nonce, Hosted: true, Resource: p.Resource, NoRefresh: true, Source: trigger.TokenGenerationHostedAuth,
		OriginJTI: origin, Origin: s.Origin(r), SSOSession: session.ID, SID: sid,
	})
	if err != nil {
		return nil, err
	}
	answer := url.Values{
		"access_token": {set.AccessToken}, "token_type": {"Bearer"}, "expires_in": {strconv.FormatInt(seconds(set.ExpiresIn), 10)},
	}
	if set.IDToken != "" {
		answer.Set("id_token", set.IDToken)
	}
	return answer, nil
}

// Refuse sends the browser back to the client with an error of RFC 6749, 4.1.2.1.
// description may be "".
func (s *Server) Refuse(w http.ResponseWriter, r *http.Request, p *Pending, code, description string) {
	answer := url.Values{"error": {code}}
	if description != "" {
		answer.Set("error_description", description)
	}
	s.answer(w, r, p, answer)
}

// answer sends the browser to the client: with a query, or with a fragment where
// tokens were asked for.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, p *Pending, answer url.Values) {
	if p.State != "" {
		answer.Set("state", p.State)
	}
	if p.query.Get("response_type") == "token" {
		redirect(w, r, p.RedirectURI+"#"+encode(answer))
		return
	}
	separator := "?"
	if strings.Contains(p.RedirectURI, "?") {
		separator = "&"
	}
	redirect(w, r, p.RedirectURI+separator+encode(answer))
}

// answerOrder is the order of Cognito's answers, which some clients cut apart by
// hand.
var answerOrder = []string{"error_description", "error", "id_token", "access_token", "token_type", "expires_in", "code", "state"}

func encode(answer url.Values) string {
	var b strings.Builder
	for _, name := range answerOrder {
		if !answer.Has(name) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(name + "=" + url.QueryEscape(answer.Get(name)))
	}
	return b.String()
}

// authorize is /oauth2/authorize.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	p := s.Pending(w, r)
	if p == nil {
		return
	}
	session, err := s.Session(r)
	if err != nil {
		s.internalError(w, r, err)
		return
	}
	again := slices.ContainsFunc(p.Prompt, func(prompt string) bool { return prompt == "login" || prompt == "select_account" })
	switch {
	case session != nil && !again && s.TakesOver(p, session):
		s.Continue(w, r, p, session)
	case p.Asks("none"):
		s.Refuse(w, r, p, "login_required", "")
	default:
		redirect(w, r, p.Path("/login"))
	}
}
