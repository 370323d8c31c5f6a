package hosted

import (
	"context"
	"net/http"

	"github.com/poolhouse/poolhouse/internal/oauth"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/threat"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// userCodePage is /device, where people type the code that a device shows
// (RFC 8628, 3.3). The address that the device may show instead has the code in it,
// which fills the field in and does nothing else.
type userCodePage struct {
	*view
	UserCode string
}

// userCodeField is the field of the code, named as in the address.
const userCodeField = oauth.UserCodeParameter

func (p *Pages) showUserCode(w http.ResponseWriter, r *http.Request) {
	v := p.visit(w, r)
	if err := v.showUserCode(); err != nil {
		v.serverError(err)
	}
}

func (v *visit) showUserCode() error {
	base, err := v.view()
	if err != nil {
		return err
	}
	query := v.r.URL.Query()
	page := &userCodePage{view: base, UserCode: query.Get(oauth.UserCodeParameter)}
	if v.refusal != nil {
		page.UserCode = v.field(userCodeField, maxCode)
	} else if query.Has(oauth.ExpiredParameter) {
		page.Failure = v.texts.text("device.expired")
	}
	if len(page.UserCode) > maxCode {
		page.UserCode = ""
	}
	return v.render(http.StatusOK, "device", page)
}

// sendUserCode takes the code and leads to whoever is asked for consent.
func (p *Pages) sendUserCode(w http.ResponseWriter, r *http.Request) {
	v := p.visit(w, r)
	take := func(v *visit) error {
		to, err := p.OAuth.EnterUserCode(v.r, v.field(userCodeField, maxCode), threat.Network(p.Origin(v.r).IPAddress))
		if err != nil {
			return v.refuse("/device", err)
		}
		return v.see(to)
	}
	if err := p.guarded(take)(v); err != nil {
		v.serverError(err)
	}
}

// consentPage is /device/confirm: it tells who asks for what, and then what was
// decided.
type consentPage struct {
	*view
	Name   string // of the user
	Sub    string // the same, for the form
	Scopes []scopeText
}

// scopeText is what a scope lets a client do.
type scopeText struct {
	Name string // "" for those that the text is enough for
	Text string // "" where nothing is known beside the name
}

// scopeTexts are the texts of the scopes that every pool has.
var scopeTexts = map[string]string{
	userpool.ScopeOpenID: "scope.openid", "email": "scope.email", "phone": "scope.phone", "profile": "scope.profile",
	userpool.ScopeSignIn: "scope.account",
}

// State is what was decided.
func (p *consentPage) State() store.DeviceState { return p.pending.Device.State }

// UserCode is what the device shows.
func (p *consentPage) UserCode() string { return p.pending.Device.UserCode }

// Waits says whether the user has yet to decide.
func (p *consentPage) Waits() bool { return p.State() == store.DevicePending }

// Denied says whether the device got nothing.
func (p *consentPage) Denied() bool { return p.State() == store.DeviceDenied }

// Other is the page for signing in as somebody else.
func (p *consentPage) Other() string { return p.pathWith("/login", map[string]string{"other": "1"}) }

// consented reads what a device asks for, and whose consent it would be.
func (p *Pages) consented(next func(*visit, *oauth.Session) error) page {
	return func(v *visit) error {
		if v.pending.Device == nil {
			return v.see(v.site.Base + "/device")
		}
		session, err := p.OAuth.DeviceSession(v.r, v.pending)
		if err != nil {
			return err
		}
		if session == nil && v.pending.Device.State == store.DevicePending {
			return v.see(v.path("/oauth2/authorize"))
		}
		return next(v, session)
	}
}

func (p *Pages) showConsent(v *visit, session *oauth.Session) error {
	base, err := v.view()
	if err != nil {
		return err
	}
	page := &consentPage{view: base}
	if page.Waits() {
		page.Name, page.Sub = shownName(session.User.Attributes, session.User.Username), session.User.Sub
		if page.Scopes, err = v.scopes(v.r.Context()); err != nil {
			return err
		}
	}
	return v.render(http.StatusOK, "device_confirm", page)
}

// scopes are the texts of what is asked for.
func (v *visit) scopes(ctx context.Context) (texts []scopeText, err error) {
	for _, scope := range v.pending.Scopes {
		if key, ok := scopeTexts[scope]; ok {
			texts = append(texts, scopeText{Text: v.texts.text(key)})
			continue
		}
		description, err := v.pages.Pools.ScopeDescription(ctx, v.pool.ID, scope)
		if err != nil {
			return nil, err
		}
		texts = append(texts, scopeText{Name: scope, Text: description})
	}
	return texts, nil
}

// sendConsent takes the decision. A form that is sent twice, and one of a page that
// another user has signed in behind, change nothing: the page shows how things are.
func (p *Pages) sendConsent(v *visit, session *oauth.Session) error {
	allow := v.r.PostForm.Has("allow")
	if session != nil && v.r.PostForm.Get("user") == session.User.Sub && (allow || v.r.PostForm.Has("deny")) {
		if err := p.OAuth.Decide(v.r, v.pending, session, allow); err != nil {
			return err
		}
	}
	return v.see(v.path("/device/confirm"))
}
