package userpool

import (
	"context"
	"errors"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/federation/metadata"
)

// Fetch gets a document for Pools: the status an address answers with and, if it
// is 200, the body.
type Fetch func(ctx context.Context, address string) (status int, body []byte, err error)

var errWellKnown = fault.New(fault.InvalidParameter, "Unable to contact well-known endpoint")

// learn reads what the provider publishes of itself, from what the details have or
// from where they point, and fills in what the details show of it. It talks to
// others, so it stands outside any transaction. The errors are
// InvalidParameterException.
func (p *Pools) learn(ctx context.Context, provider *Provider) error {
	switch provider.Type {
	case ProviderSAML:
		return p.learnSAML(ctx, provider)
	case ProviderOIDC:
		return p.learnOIDC(ctx, provider)
	}
	return nil
}

func (p *Pools) learnSAML(ctx context.Context, provider *Provider) error {
	doc := []byte(provider.Details["MetadataFile"])
	if address := provider.Details[detailMetadataURL]; address != "" {
		if p.fetch == nil {
			return invalid("Unable to retrieve metadata from %s", address)
		}
		status, body, err := p.fetch(ctx, address)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // which way it failed would tell about the server's network
			return invalid("Unable to retrieve metadata from %s", address)
		}
		if status != 200 {
			return invalid("Non-ok status code %d returned from remote metadata source %s", status, address)
		}
		doc = body
	}
	saml, err := metadata.ParseSAML(doc)
	switch {
	case errors.Is(err, metadata.ErrNoRedirect):
		return invalid("No SingleSignOn Http redirect binding location found in metadata.")
	case errors.Is(err, metadata.ErrNoCertificate):
		return invalid("No valid signing certificate found in metadata.")
	case errors.Is(err, metadata.ErrNoProvider):
		return invalid("Metadata must describe one identity provider.")
	case err != nil:
		return invalid("Unable to unmarshall metadata")
	case !saml.ValidUntil.IsZero() && !p.db.Now().Before(saml.ValidUntil):
		return invalid("Metadata is no longer valid.")
	}
	provider.SAML = saml
	provider.Details[detailSSO] = metadata.At(saml.SingleSignOn, metadata.BindingRedirect)
	if slo := metadata.At(saml.SingleLogout, metadata.BindingRedirect); slo != "" {
		provider.Details[detailSLO] = slo
	}
	return nil
}

// learnOIDC discovers the endpoints unless all that are needed are given.
func (p *Pools) learnOIDC(ctx context.Context, provider *Provider) error {
	provider.OIDC = nil
	complete := true
	for _, name := range oidcEndpoints {
		complete = complete && provider.Details[name] != ""
	}
	if complete {
		return nil
	}
	if p.fetch == nil {
		return errWellKnown
	}
	issuer := provider.Details["oidc_issuer"]
	status, body, err := p.fetch(ctx, metadata.DiscoveryURL(issuer))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil || status != 200 {
		return errWellKnown
	}
	found, err := metadata.ParseOIDC(body, issuer)
	if err != nil {
		return errWellKnown
	}
	provider.OIDC = found
	for _, name := range oidcEndpoints {
		if provider.Endpoint(name) == "" {
			return invalid("The discovery document of %s does not have the endpoint for %s.", issuer, name)
		}
	}
	return nil
}
