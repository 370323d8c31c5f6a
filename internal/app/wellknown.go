package app

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/oauth"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// wellKnown serves a pool's keys and its discovery document, by the names of OpenID
// Connect and of RFC 8414, which puts the pool behind the name. Verifiers of any
// origin may read them. The keys are found under publicURL, whatever the issuer.
func wellKnown(pools *userpool.Pools, tokens *token.Issuer, endpoints *oauth.Server, publicURL string, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			plain(w, http.StatusMethodNotAllowed, "Use GET.\n")
			return
		}
		if !pools.Knows(r.PathValue("pool")) && !endpoints.AllowLookUp(w, r) {
			return
		}
		_, document, _ := strings.Cut(r.URL.Path, "/.well-known/")
		pool, err := pools.Pool(r.Context(), r.PathValue("pool"))
		var body any
		switch {
		case err != nil:
		case document == "jwks.json":
			body, err = tokens.JWKS(r.Context(), pool)
		case document == "openid-configuration", document == "oauth-authorization-server", document == "oauth-authorization-server/"+pool.ID:
			var d token.Discovery
			d, err = endpoints.Discovery(r.Context(), pool)
			if publicURL != "" {
				d.JWKSURI = publicURL + "/" + pool.ID + "/.well-known/jwks.json"
			}
			body = d
		default:
			err = fault.New(fault.ResourceNotFound, "There is no such document.")
		}
		switch {
		case fault.CodeOf(err) == fault.ResourceNotFound:
			plain(w, http.StatusNotFound, "Not found.\n")
		case err != nil:
			log.ErrorContext(r.Context(), "well-known document", "path", r.URL.Path, "err", err)
			plain(w, http.StatusInternalServerError, "Internal server error\n")
		default:
			w.Header().Set("Content-Type", "application/json")
			// A verifier that meets a new key asks again on its own; the hour bounds
			// how long one trusts a key that was withdrawn.
			w.Header().Set("Cache-Control", "public, max-age=3600")
			if err := json.NewEncoder(w).Encode(body); err != nil {
				log.DebugContext(r.Context(), "well-known document not sent", "err", err)
			}
		}
	})
}
