package hosted

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/oauth"
	"github.com/poolhouse/poolhouse/internal/store"
)

// owned is what pages are for that belong to a user who is signed in, and to no
// authorization request: /account and /passkeys/add. As in Cognito they are called
// with client_id and redirect_uri.
type owned struct {
	ClientID    string
	RedirectURI string // one of the client's, to go back to; "" for none
	Session     *oauth.Session
}

func (o *owned) query() url.Values {
	q := url.Values{"client_id": {o.ClientID}}
	if o.RedirectURI != "" {
		q.Set("redirect_uri", o.RedirectURI)
	}
	return q
}

// freshness is how long after a sign-in a user may change what others could take
// the account over with.
const freshness = 10 * time.Minute

// Fresh says whether the user signed in just now.
func (v *visit) Fresh() bool {
	return v.pages.DB.Now().Sub(v.owned.Session.AuthTime) < freshness
}

// user is whose page it is.
func (v *visit) user() *store.User { return v.owned.Session.User }

// mine reads what a page of the browser's user is for. Who is not signed in is sent
// to do that, and comes back.
func (p *Pages) mine(next page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := p.visit(w, r)
		if err := v.readOwned(next); err != nil {
			v.serverError(err)
		}
	}
}

func (v *visit) readOwned(next page) error {
	query := v.r.URL.Query()
	_, client, err := v.pages.Pools.PoolClient(v.r.Context(), v.pool.ID, query.Get("client_id"))
	if fault.CodeOf(err) == fault.ResourceNotFound {
		return v.fail(http.StatusBadRequest, "error.client")
	}
	if err != nil {
		return err
	}
	v.client = client
	o := &owned{ClientID: client.ID, RedirectURI: query.Get("redirect_uri")}
	if o.RedirectURI != "" && !slices.Contains(client.CallbackURLs, o.RedirectURI) {
		return v.fail(http.StatusBadRequest, "error.redirect_mismatch")
	}
	v.owned = o
	if o.Session, err = v.pages.OAuth.Session(v.r); err != nil {
		return err
	}
	if o.Session == nil {
		return v.signInFirst(false)
	}
	if !v.pages.OAuth.AllowClient(v.w, v.r, client) {
		return nil
	}
	return next(v)
}

// returns are the pages that a sign-in may lead back to, by the parameter that asks
// for it.
var returns = map[string]string{"account": "/account", "passkeys": "/passkeys/add"}

// signInFirst sends the user to sign in, again if anew is set, and back here.
func (v *visit) signInFirst(anew bool) error {
	responseType := ""
	for _, t := range []struct{ flow, responseType string }{{"code", "code"}, {"implicit", "token"}} {
		if responseType == "" && slices.Contains(v.client.AllowedOAuthFlows, t.flow) {
			responseType = t.responseType
		}
	}
	redirect := v.owned.RedirectURI
	if redirect == "" && len(v.client.CallbackURLs) > 0 {
		redirect = v.client.CallbackURLs[0]
	}
	if responseType == "" || redirect == "" || !v.client.AllowedOAuthFlowsUserPoolClient {
		return v.fail(http.StatusForbidden, "error.no_account_page")
	}
	q := url.Values{"client_id": {v.client.ID}, "redirect_uri": {redirect}, "response_type": {responseType}}
	for name, path := range returns {
		if path == v.r.URL.Path {
			q.Set(oauth.ReturnParameter, name)
		}
	}
	if anew {
		q.Set("prompt", "login")
	}
	return v.see(v.site.Base + "/login?" + q.Encode())
}

// returned is the page that the sign-in was for, "" if it is for the client.
func (v *visit) returned() string {
	path := returns[v.r.URL.Query().Get(oauth.ReturnParameter)]
	if path == "" {
		return ""
	}
	o := owned{ClientID: v.client.ID, RedirectURI: v.pending.RedirectURI}
	return v.site.Base + path + "?" + o.query().Encode()
}
