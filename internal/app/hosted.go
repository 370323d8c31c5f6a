package app

import (
	"net/http"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/hosted"
	"github.com/poolhouse/poolhouse/internal/oauth"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/threat"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// loginPages serves the pages at the domains of pools.
func (a *App) loginPages(endpoints *oauth.Server, users *userpool.Users, tokens *token.Issuer, machine *signin.Machine, guard *threat.Guard) (*hosted.Pages, error) {
	return hosted.New(hosted.Parts{
		DB: a.db, Ring: a.ring, Pools: a.pools, Users: users, Tokens: tokens, SignIn: machine, OAuth: endpoints,
		Guard: guard, ConfirmButton: a.options.Messages.ConfirmButton,
		Origin: func(r *http.Request) signin.Origin {
			address, userAgent := awsjson.Source(r, a.options.TrustedProxies)
			return signin.Origin{IPAddress: address, UserAgent: userAgent}
		},
		Log: a.log,
	})
}
