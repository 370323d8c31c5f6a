package hosted

import (
	"embed"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/oauth"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/threat"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

//go:embed static/*
var static embed.FS

// Parts are what Pages are made of. All are required, but for Guard, Origin and Log.
type Parts struct {
	DB     *store.DB
	Ring   *keys.Ring
	Pools  *userpool.Pools
	Users  *userpool.Users
	Tokens *token.Issuer
	SignIn *signin.Machine
	OAuth  *oauth.Server

	Guard         *threat.Guard // nil: no records are kept of what users ask for
	ConfirmButton bool          // links in messages confirm behind a button

	// Origin tells where a request comes from. Nil: nothing is known.
	Origin func(*http.Request) signin.Origin

	Log *slog.Logger
}

// Pages serves the pages of all sites. It is safe for concurrent use. It expects
// requests that oauth.Server.Route passed on.
type Pages struct {
	Parts
	mux       *http.ServeMux
	handler   http.Handler
	templates templates
	locales   *locales
	assets    *assets
	looks     looks
}

// New returns the pages.
func New(parts Parts) (*Pages, error) {
	p := &Pages{Parts: parts}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	if p.Origin == nil {
		p.Origin = func(*http.Request) signin.Origin { return signin.Origin{} }
	}
	var err error
	if p.locales, err = readLocales(); err != nil {
		return nil, fmt.Errorf("login pages: %w", err)
	}
	if p.templates, err = readTemplates(); err != nil {
		return nil, fmt.Errorf("login pages: %w", err)
	}
	if p.assets, err = readAssets(); err != nil {
		return nil, fmt.Errorf("login pages: %w", err)
	}
	p.mux = p.routes()
	p.handler = secured(http.HandlerFunc(p.serve))
	return p, nil
}

// A page answers the requests for one path. It gets the authorization request
// that the page belongs to.
type page func(*visit) error

func (p *Pages) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/{name}", p.asset)
	mux.HandleFunc("GET /error", p.showError)
	for path, forms := range map[string]struct{ show, send page }{
		"/login":          {p.showLogin, p.sendLogin},
		"/challenge":      {p.showChallenge, once(p.sendChallenge)},
		"/signup":         {p.showSignUp, p.sendSignUp},
		"/confirm":        {p.showConfirm, once(p.sendConfirm)},
		"/forgotPassword": {p.showForgot, p.sendForgot},
		"/resetPassword":  {p.showReset, p.sendReset},
	} {
		mux.HandleFunc("GET "+path, p.requested(forms.show))
		mux.HandleFunc("POST "+path, p.requested(p.guarded(forms.send)))
	}
	mux.HandleFunc("GET /device", p.showUserCode)
	mux.HandleFunc("POST /device", p.sendUserCode)
	mux.HandleFunc("GET /device/confirm", p.requested(p.consented(p.showConsent)))
	mux.HandleFunc("POST /device/confirm", p.requested(p.guarded(p.consented(p.sendConsent))))
	mux.HandleFunc("GET /passkeys/add", p.offered(p.showPasskey))
	mux.HandleFunc("POST /passkeys/add", p.offered(p.guarded(p.sendPasskey)))
	mux.HandleFunc("GET /account", p.mine(p.showAccount))
	mux.HandleFunc("POST /account", p.mine(p.guarded(p.sendAccount)))
	mux.HandleFunc("GET /signedOut", p.showSignedOut)
	mux.HandleFunc("GET /confirmUser", p.confirmLink)
	mux.HandleFunc("POST /confirmUser", p.sendConfirmLink)
	mux.HandleFunc("/", p.notFound)
	return mux
}

func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

func (p *Pages) serve(w http.ResponseWriter, r *http.Request) {
	if oauth.SiteOf(r.Context()).Busy {
		_, r.Pattern = p.mux.Handler(r) // what it would have been, for the metrics
		p.tooMany(w, r)
		return
	}
	p.mux.ServeHTTP(w, r)
}

// requested reads the authorization request of a page.
func (p *Pages) requested(next page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := p.visit(w, r)
		if v.pending = p.OAuth.Pending(w, r); v.pending == nil {
			return
		}
		v.pool, v.client = v.pending.Pool, v.pending.Client
		if err := next(v); err != nil {
			v.serverError(err)
		}
	}
}
