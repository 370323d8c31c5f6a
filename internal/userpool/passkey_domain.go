package userpool

import (
	"context"
	"net/netip"
	"regexp"

	"github.com/poolhouse/poolhouse/internal/passkey"
)

// RelyingParty is the domain that passkeys are made for and used with from a page
// or app of origin: the one that is configured, the custom domain or the host of
// the prefix domain, whichever covers the origin. Where none does, or origin is
// "", it is the first that the pool has, and "" if it has none.
func (p *Pools) RelyingParty(ctx context.Context, pool *Pool, origin string) (string, error) {
	var ids []string
	if c := pool.WebAuthnConfiguration; c != nil && c.RelyingPartyId != "" {
		if ids = append(ids, c.RelyingPartyId); origin == "" || passkey.IsOrigin(origin, ids[0]) {
			return ids[0], nil
		}
	}
	prefix, custom, err := p.DomainsOf(ctx, pool.ID)
	if err != nil {
		return "", err
	}
	for _, d := range []*Domain{custom, prefix} {
		if d != nil {
			ids = append(ids, p.DomainHost(d))
		}
	}
	for _, id := range ids {
		if passkey.IsOrigin(origin, id) {
			return id, nil
		}
	}
	if len(ids) == 0 {
		return "", nil
	}
	return ids[0], nil
}

// hostPattern is a host name in lower case, with labels of letters, digits and
// inner hyphens.
var hostPattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// checkRelyingParty refuses what no browser takes for a relying party: anything
// but a host name. The suffixes below which strangers register theirs are
// refused where the setting comes in: their list comes with HTTP.
func checkRelyingParty(id string) error {
	if !hostPattern.MatchString(id) {
		return invalid("%s is not a valid relying party ID: it must be a host name in lower case.", id)
	}
	if _, err := netip.ParseAddr(id); err == nil {
		return invalid("%s is not a valid relying party ID: it must not be an IP address.", id)
	}
	return nil
}
