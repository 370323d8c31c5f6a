package app

import (
	"net/http"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/oauth"
	"github.com/poolhouse/poolhouse/internal/token"
)

// oauth serves the endpoints at the domains of pools.
func (a *App) oauth(tokens *token.Issuer) *oauth.Server {
	o := a.options
	return oauth.New(oauth.Parts{
		DB: a.db, Ring: a.ring, Pools: a.pools, Tokens: tokens, PublicURL: o.PublicURL,
		PrefixHosts: o.PrefixHosts, CustomHosts: !o.Dev,
		Origin: func(r *http.Request) token.Origin {
			address, userAgent := awsjson.Source(r, o.TrustedProxies)
			return token.Origin{IPAddress: address, UserAgent: userAgent}
		},
		Log: a.log,
	})
}
