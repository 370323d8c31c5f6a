package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"github.com/poolhouse/poolhouse/internal/credentials"
	"github.com/poolhouse/poolhouse/internal/credentials/stsclient"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/federation/fetch"
	"github.com/poolhouse/poolhouse/internal/federation/samlprovider"
	"github.com/poolhouse/poolhouse/internal/identitypool"
	"github.com/poolhouse/poolhouse/internal/identitypool/login"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/sts"
	"github.com/poolhouse/poolhouse/internal/token"
)

// identityPath is where the issuer of identity pools is, below the public URL.
const identityPath = "/_identity"

// Whom assertions of SAML providers are for that have no audience and recipient of
// their own: AWS, as providers are set up for it, or this deployment under a name of
// the same form. Nothing is served there; the application takes the assertion.
const (
	awsSAML  = "https://signin.aws.amazon.com/saml"
	samlPath = "/saml"
)

// openIdentityPools puts the identity pools together, whose credentials are from
// the STS of the options or minted here.
func (a *App) openIdentityPools(tokens *token.Issuer, builtIn *credentials.BuiltIn) (*identitypool.Pools, error) {
	o := a.options
	_, host, _ := strings.Cut(o.PublicURL, "://")
	a.samlProviders = samlprovider.New(a.db, samlprovider.Options{
		AccountID:  o.AccountID,
		Audiences:  []string{"urn:amazon:webservices", awsSAML, o.PublicURL + samlPath},
		Recipients: []string{awsSAML, "https://" + o.Region + ".signin.aws.amazon.com/saml", o.PublicURL + samlPath},
	})
	logins := login.New(tokens, login.Names{Host: host}, a.samlProviders, fetch.New(fetch.Options{Anywhere: o.Dev || o.PrivateProviders}).Get, a.clock.Now)
	options := identitypool.Options{AccountID: o.AccountID, Issuer: o.PublicURL + identityPath, Logger: a.log, Credentials: builtIn}
	if o.IssuerStyle == "aws" {
		options.Issuer = "https://" + login.IdentityPools
	}
	if o.STSURL != "" {
		client, err := stsclient.New(o.STSURL)
		if err != nil {
			return nil, err
		}
		options.Credentials, options.Tokens = client, true
	}
	return identitypool.New(a.db, a.ring, logins, options), nil
}

// identityToken proves a token of the identity pools' issuer.
func (a *App) identityToken(ctx context.Context, text string) (*sts.Identity, error) {
	proof, err := a.identities.Open(ctx, text)
	if err != nil {
		return nil, err
	}
	return &sts.Identity{ID: proof.IdentityID, PoolID: proof.PoolID, Issuer: a.identities.Issuer(), Amr: proof.AMR, Tags: proof.Tags}, nil
}

// identityDiscovery is the OpenID provider configuration of the identity pools.
type identityDiscovery struct {
	IDTokenSigningAlgValuesSupported []string `json:"id_token_signing_alg_values_supported"`
	Issuer                           string   `json:"issuer"`
	JWKSURI                          string   `json:"jwks_uri"`
	ResponseTypesSupported           []string `json:"response_types_supported"`
	SubjectTypesSupported            []string `json:"subject_types_supported"`
}

// identityWellKnown serves the keys and the discovery document of the identity
// pools' issuer, which is one for all pools.
func identityWellKnown(pools *identitypool.Pools, publicURL string, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		var body any
		var err error
		switch r.PathValue("document") {
		case "jwks.json":
			var set struct {
				Keys []keys.JWK `json:"keys"`
			}
			set.Keys, err = pools.JWKS(r.Context())
			body = set
		case "openid-configuration":
			body = identityDiscovery{
				IDTokenSigningAlgValuesSupported: []string{"RS512"},
				Issuer:                           pools.Issuer(),
				JWKSURI:                          publicURL + identityPath + "/.well-known/jwks.json",
				ResponseTypesSupported:           []string{"token"},
				SubjectTypesSupported:            []string{"public"},
			}
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
			w.Header().Set("Cache-Control", "public, max-age=3600") // as those of user pools
			if err := json.NewEncoder(w).Encode(body); err != nil {
				log.DebugContext(r.Context(), "well-known document not sent", "err", err)
			}
		}
	})
}
