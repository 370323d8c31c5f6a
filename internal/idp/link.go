package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// AdminLinkProviderForUser links who signs in at an identity provider to a user
// of the pool.
func (s *Service) AdminLinkProviderForUser(ctx context.Context, in *idpapi.AdminLinkProviderForUserInput) (*idpapi.AdminLinkProviderForUserOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if err := s.users.Link(ctx, pool, providerUser(in.DestinationUser), providerUser(in.SourceUser)); err != nil {
		return nil, err
	}
	return &idpapi.AdminLinkProviderForUserOutput{}, nil
}

// AdminDisableProviderForUser takes an identity, or the password, away from a
// user.
func (s *Service) AdminDisableProviderForUser(ctx context.Context, in *idpapi.AdminDisableProviderForUserInput) (*idpapi.AdminDisableProviderForUserOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if err := s.users.Unlink(ctx, pool, providerUser(in.User)); err != nil {
		return nil, err
	}
	return &idpapi.AdminDisableProviderForUserOutput{}, nil
}

func providerUser(in *idpapi.ProviderUserIdentifierType) userpool.ProviderUser {
	return userpool.ProviderUser{Provider: in.ProviderName, Attribute: in.ProviderAttributeName, Value: in.ProviderAttributeValue}
}
