package identity

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/identityapi"
	"github.com/poolhouse/poolhouse/internal/identitypool"
)

// SetIdentityPoolRoles replaces the roles of an identity pool.
func (s *Service) SetIdentityPoolRoles(ctx context.Context, in *identityapi.SetIdentityPoolRolesInput) (*identityapi.SetIdentityPoolRolesOutput, error) {
	mappings, err := convert[map[string]identitypool.RoleMapping](in.RoleMappings)
	if err != nil {
		return nil, err
	}
	if err := s.pools.SetRoles(ctx, in.IdentityPoolId, in.Roles, mappings); err != nil {
		return nil, err
	}
	return &identityapi.SetIdentityPoolRolesOutput{}, nil
}

// GetIdentityPoolRoles shows the roles of an identity pool.
func (s *Service) GetIdentityPoolRoles(ctx context.Context, in *identityapi.GetIdentityPoolRolesInput) (*identityapi.GetIdentityPoolRolesOutput, error) {
	pool, err := s.pools.Pool(ctx, in.IdentityPoolId)
	if err != nil {
		return nil, err
	}
	mappings, err := convert[map[string]identityapi.RoleMapping](pool.RoleMappings)
	if err != nil {
		return nil, err
	}
	return &identityapi.GetIdentityPoolRolesOutput{IdentityPoolId: pool.ID, Roles: pool.Roles, RoleMappings: mappings}, nil
}

// SetPrincipalTagAttributeMap sets which claims of a provider's tokens become
// principal tags.
func (s *Service) SetPrincipalTagAttributeMap(ctx context.Context, in *identityapi.SetPrincipalTagAttributeMapInput) (*identityapi.SetPrincipalTagAttributeMapOutput, error) {
	defaults := in.UseDefaults != nil && *in.UseDefaults
	err := s.pools.SetPrincipalTags(ctx, in.IdentityPoolId, in.IdentityProviderName,
		identitypool.PrincipalMap{UseDefaults: defaults, PrincipalTags: in.PrincipalTags})
	if err != nil {
		return nil, err
	}
	return &identityapi.SetPrincipalTagAttributeMapOutput{
		IdentityPoolId: in.IdentityPoolId, IdentityProviderName: in.IdentityProviderName, UseDefaults: &defaults, PrincipalTags: in.PrincipalTags,
	}, nil
}

// GetPrincipalTagAttributeMap shows which claims of a provider's tokens become
// principal tags.
func (s *Service) GetPrincipalTagAttributeMap(ctx context.Context, in *identityapi.GetPrincipalTagAttributeMapInput) (*identityapi.GetPrincipalTagAttributeMapOutput, error) {
	pool, err := s.pools.Pool(ctx, in.IdentityPoolId)
	if err != nil {
		return nil, err
	}
	m := pool.PrincipalTags[in.IdentityProviderName]
	return &identityapi.GetPrincipalTagAttributeMapOutput{
		IdentityPoolId: pool.ID, IdentityProviderName: in.IdentityProviderName, UseDefaults: &m.UseDefaults, PrincipalTags: m.PrincipalTags,
	}, nil
}
