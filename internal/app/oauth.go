package app

import (
	"net/http"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/oauth"
	"github.com/poolhouse/poolhouse/internal/token"
)

// oauth serves the endpoints at the domains of pools. Requests are limited, logged
// and measured as those of the API are.
func (a *App) oauth(tokens *token.Issuer, api *awsjson.Handler) *oauth.Server {
	o := a.options
	return oauth.New(oauth.Parts{
		DB: a.db, Ring: a.ring, Pools: a.pools, Tokens: tokens, PublicURL: o.PublicURL,
		PrefixHosts: o.PrefixHosts, CustomHosts: !o.Dev,
		Origin: func(r *http.Request) token.Origin {
			address, userAgent := awsjson.Source(r, o.TrustedProxies)
			return token.Origin{IPAddress: address, UserAgent: userAgent}
		},
		Allow: func(r *http.Request, limit oauth.Limit, key string) bool {
			switch limit {
			case oauth.PerDomain:
				return api.AllowAll(awsjson.DomainTotal, key)
			case oauth.PerClient:
				return api.AllowAll(awsjson.DomainClient, key)
			default:
				return api.Allow(r, awsjson.DomainAddress, key)
			}
		},
		Observe: func(r *http.Request, o oauth.Observation) {
			api.ObserveDomain(r, awsjson.DomainRequest{
				ID: o.RequestID, Domain: o.Domain, Operation: o.Operation, Path: o.Path, Status: o.Status, Took: o.Took,
			})
		},
		Log: a.log,
	})
}

// lookUps bounds what anybody may have the database look for by next.
func lookUps(endpoints *oauth.Server, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if endpoints.AllowLookUp(w, r) {
			next.ServeHTTP(w, r)
		}
	})
}
