package idp

import (
	"context"
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// GetUserPoolMfaConfig shows a pool's second factors and passkeys.
func (s *Service) GetUserPoolMfaConfig(ctx context.Context, in *idpapi.GetUserPoolMfaConfigInput) (*idpapi.GetUserPoolMfaConfigOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	return convert[*idpapi.GetUserPoolMfaConfigOutput](pool.MFA())
}

// SetUserPoolMfaConfig sets a pool's second factors and passkeys.
func (s *Service) SetUserPoolMfaConfig(ctx context.Context, in *idpapi.SetUserPoolMfaConfigInput) (*idpapi.SetUserPoolMfaConfigOutput, error) {
	if in.WebAuthnConfiguration != nil {
		if err := checkRegistrable(in.WebAuthnConfiguration.RelyingPartyId); err != nil {
			return nil, err
		}
	}
	config, err := convert[userpool.MFAConfig](in)
	if err != nil {
		return nil, err
	}
	pool, err := s.pools.SetMFA(ctx, in.UserPoolId, config)
	if err != nil {
		return nil, err
	}
	return convert[*idpapi.SetUserPoolMfaConfigOutput](pool.MFA())
}

// checkRegistrable refuses the domains below which strangers register theirs as
// relying parties. A name without a dot that is not on the list is a host of a
// private network, or localhost; addresses are refused for what they are.
func checkRegistrable(relyingParty string) error {
	if _, err := netip.ParseAddr(relyingParty); err == nil {
		return nil
	}
	suffix, official := publicsuffix.PublicSuffix(relyingParty)
	if relyingParty != "" && suffix == relyingParty && (official || strings.Contains(suffix, ".")) {
		return fault.Errorf(fault.InvalidParameter,
			"%s is not a valid relying party ID: it is on the public suffix list.", relyingParty)
	}
	return nil
}
