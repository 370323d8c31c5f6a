package identity

import (
	"context"
	"time"

	"github.com/poolhouse/poolhouse/internal/identityapi"
	"github.com/poolhouse/poolhouse/internal/identitypool"
)

// GetOpenIdTokenForDeveloperIdentity gives a token of the identity of a user whom
// the developer authenticated.
func (s *Service) GetOpenIdTokenForDeveloperIdentity(ctx context.Context, in *identityapi.GetOpenIdTokenForDeveloperIdentityInput) (*identityapi.GetOpenIdTokenForDeveloperIdentityOutput, error) {
	r := identitypool.DeveloperRequest{PoolID: in.IdentityPoolId, IdentityID: in.IdentityId, Logins: in.Logins, Tags: in.PrincipalTags}
	if in.TokenDuration != nil {
		r.Duration = time.Duration(*in.TokenDuration) * time.Second
	}
	id, token, err := s.pools.Developer(ctx, r)
	if err != nil {
		return nil, err
	}
	return &identityapi.GetOpenIdTokenForDeveloperIdentityOutput{IdentityId: id, Token: token}, nil
}

// LookupDeveloperIdentity finds an identity by what the developer calls its user,
// or the other way round.
func (s *Service) LookupDeveloperIdentity(ctx context.Context, in *identityapi.LookupDeveloperIdentityInput) (*identityapi.LookupDeveloperIdentityOutput, error) {
	id, users, next, err := s.pools.LookupDeveloper(ctx, in.IdentityPoolId, in.IdentityId, in.DeveloperUserIdentifier, in.NextToken, pageSize(in.MaxResults))
	if err != nil {
		return nil, err
	}
	return &identityapi.LookupDeveloperIdentityOutput{IdentityId: id, DeveloperUserIdentifierList: users, NextToken: next}, nil
}

// MergeDeveloperIdentities merges the identities of two users of the developer.
func (s *Service) MergeDeveloperIdentities(ctx context.Context, in *identityapi.MergeDeveloperIdentitiesInput) (*identityapi.MergeDeveloperIdentitiesOutput, error) {
	id, err := s.pools.MergeDeveloper(ctx, in.IdentityPoolId, in.DeveloperProviderName, in.SourceUserIdentifier, in.DestinationUserIdentifier)
	if err != nil {
		return nil, err
	}
	return &identityapi.MergeDeveloperIdentitiesOutput{IdentityId: id}, nil
}

// UnlinkDeveloperIdentity takes a user of the developer from an identity.
func (s *Service) UnlinkDeveloperIdentity(ctx context.Context, in *identityapi.UnlinkDeveloperIdentityInput) (*identityapi.UnlinkDeveloperIdentityOutput, error) {
	if err := s.pools.UnlinkDeveloper(ctx, in.IdentityPoolId, in.IdentityId, in.DeveloperProviderName, in.DeveloperUserIdentifier); err != nil {
		return nil, err
	}
	return &identityapi.UnlinkDeveloperIdentityOutput{}, nil
}
