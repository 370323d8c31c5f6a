package idp

import (
	"context"

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
