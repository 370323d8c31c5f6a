package hosted

import (
	"net/http"
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/oauth"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// passkeyPage is where a user adds a passkey: because an application leads there
// (/passkeys/add with client_id and redirect_uri, as in Cognito), from the account
// page, or as an offer at the end of a sign-in.
type passkeyPage struct {
	*view
	Options string // for the browser, as JSON; "" where there can be no passkey
	Skip    bool   // it is an offer
}

// offerCookie says that the browser's user does not want passkeys.
const (
	offerCookie = "passkey-offer"
	offerLife   = 180 * 24 * 60 * 60 // seconds
)

// offersPasskey says whether a user who has just signed in is offered a passkey: one
// who has none, where the pool takes them, and who has not said no here before.
func (v *visit) offersPasskey(who *signin.Proven) (bool, error) {
	// The session must do for the client when the user has thought about it.
	later := &oauth.Session{AMR: who.AMR, AuthTime: v.pages.DB.Now().Add(-freshness)}
	if !v.pool.SignsInWithPasskeys() || v.pending.Asks("login") || who.User.Status != userpool.StatusConfirmed ||
		!v.pages.OAuth.TakesOver(v.pending, later) {
		return false, nil
	}
	if c, err := v.r.Cookie(offerCookie); err == nil && c.Value == "no" {
		return false, nil
	}
	relyingParty, err := v.relyingParty()
	if err != nil || relyingParty == "" {
		return false, err
	}
	have, err := v.pages.Users.AuthFactors(v.r.Context(), v.pool, who.User)
	return err == nil && !slices.Contains(have, userpool.FirstPasskey), err
}

// offered lets the pages of an authorization request be reached by whoever has a
// session that goes on with it.
func (p *Pages) offered(next page) http.HandlerFunc {
	mine, requested := p.mine(next), p.requested(func(v *visit) error {
		session, err := p.OAuth.Session(v.r)
		if err != nil {
			return err
		}
		if session == nil || !p.OAuth.TakesOver(v.pending, session) || v.pending.Asks("login") {
			return v.see(v.path("/login"))
		}
		v.owned = &owned{ClientID: v.client.ID, RedirectURI: v.pending.RedirectURI, Session: session}
		return next(v)
	})
	return func(w http.ResponseWriter, r *http.Request) {
		if query := r.URL.Query(); query.Has("response_type") || query.Has("request_uri") || query.Has(oauth.DeviceParameter) {
			requested(w, r)
			return
		}
		mine(w, r)
	}
}

func (p *Pages) showPasskey(v *visit) error {
	if !v.Fresh() && v.pending == nil {
		return v.signInFirst(true)
	}
	base, err := v.view()
	if err != nil {
		return err
	}
	page := &passkeyPage{view: base, Skip: v.pending != nil}
	relyingParty, err := v.relyingParty()
	if err != nil {
		return err
	}
	options, err := v.pages.Users.StartPasskey(v.r.Context(), v.pool, v.client, v.user(), relyingParty)
	page.Options = string(options)
	status := http.StatusOK
	if err != nil {
		if page.Failure = v.sentence(err); page.Failure == "" {
			return err
		}
		status = http.StatusBadRequest
	}
	return v.render(status, "passkey", page)
}

// sendPasskey takes the passkey that the browser made, or that the user wants none.
func (p *Pages) sendPasskey(v *visit) error {
	if v.r.PostForm.Has("skip") && v.pending != nil {
		http.SetCookie(v.w, p.OAuth.Cookie(v.r, offerCookie, "no", offerLife))
		return p.afterPasskey(v)
	}
	if !v.Fresh() {
		if v.pending != nil {
			return v.see(v.path("/login"))
		}
		return v.signInFirst(true)
	}
	answer := v.field("answer", maxForm)
	if answer == "" {
		return v.refuse("/passkeys/add", errNoPasskey)
	}
	if err := p.Users.CompletePasskey(v.ctx(), v.pool, v.client, v.user(), []byte(answer)); err != nil {
		return v.refuse("/passkeys/add", err)
	}
	return p.afterPasskey(v)
}

// errNoPasskey is for a form that came without the script's work.
var errNoPasskey = fault.New(fault.WebAuthnCredentialNotSupported, "There is no passkey in the form.")

// afterPasskey leads to the client, or to the account page.
func (p *Pages) afterPasskey(v *visit) error {
	switch {
	case v.pending != nil:
		p.OAuth.Continue(v.w, v.r, v.pending, v.owned.Session)
		return nil
	case v.owned.RedirectURI != "" && v.r.URL.Query().Get("from") != "account":
		return v.see(v.owned.RedirectURI)
	}
	return v.see(v.pathWith("/account", map[string]string{"done": "passkey.added"}))
}
