package identity

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/identityapi"
	"github.com/poolhouse/poolhouse/internal/identitypool"
)

// GetId gives the identity of logins, or one of a guest. The account does not
// matter.
func (s *Service) GetId(ctx context.Context, in *identityapi.GetIdInput) (*identityapi.GetIdOutput, error) {
	id, err := s.pools.ID(ctx, in.IdentityPoolId, in.Logins)
	if err != nil {
		return nil, err
	}
	return &identityapi.GetIdOutput{IdentityId: id}, nil
}

// GetOpenIdToken gives a token of an identity, for the basic flow.
func (s *Service) GetOpenIdToken(ctx context.Context, in *identityapi.GetOpenIdTokenInput) (*identityapi.GetOpenIdTokenOutput, error) {
	id, token, err := s.pools.OpenIDToken(ctx, in.IdentityId, in.Logins)
	if err != nil {
		return nil, err
	}
	return &identityapi.GetOpenIdTokenOutput{IdentityId: id, Token: token}, nil
}

// GetCredentialsForIdentity gives temporary credentials of an identity.
func (s *Service) GetCredentialsForIdentity(ctx context.Context, in *identityapi.GetCredentialsForIdentityInput) (*identityapi.GetCredentialsForIdentityOutput, error) {
	id, set, err := s.pools.Credentials(ctx, in.IdentityId, in.Logins, in.CustomRoleArn)
	if err != nil {
		return nil, err
	}
	return &identityapi.GetCredentialsForIdentityOutput{IdentityId: id, Credentials: &identityapi.Credentials{
		AccessKeyId: set.AccessKeyID, SecretKey: set.SecretKey, SessionToken: set.SessionToken, Expiration: apimodel.Time{Time: set.Expiration},
	}}, nil
}

// UnlinkIdentity takes logins from an identity.
func (s *Service) UnlinkIdentity(ctx context.Context, in *identityapi.UnlinkIdentityInput) (*identityapi.UnlinkIdentityOutput, error) {
	if err := s.pools.Unlink(ctx, in.IdentityId, in.Logins, in.LoginsToRemove); err != nil {
		return nil, err
	}
	return &identityapi.UnlinkIdentityOutput{}, nil
}

// DescribeIdentity shows an identity.
func (s *Service) DescribeIdentity(ctx context.Context, in *identityapi.DescribeIdentityInput) (*identityapi.DescribeIdentityOutput, error) {
	identity, err := s.pools.Describe(ctx, in.IdentityId, mayUse(ctx))
	if err != nil {
		return nil, err
	}
	described := describeIdentity(identity)
	return &described, nil
}

// ListIdentities lists the identities of a pool, page by page.
func (s *Service) ListIdentities(ctx context.Context, in *identityapi.ListIdentitiesInput) (*identityapi.ListIdentitiesOutput, error) {
	hide := in.HideDisabled != nil && *in.HideDisabled
	list, next, err := s.pools.Identities(ctx, in.IdentityPoolId, hide, in.NextToken, pageSize(in.MaxResults))
	if err != nil {
		return nil, err
	}
	out := &identityapi.ListIdentitiesOutput{IdentityPoolId: in.IdentityPoolId, Identities: []identityapi.IdentityDescription{}, NextToken: next}
	for _, identity := range list {
		out.Identities = append(out.Identities, describeIdentity(identity))
	}
	return out, nil
}

// DeleteIdentities removes identities, and tells which it could not.
func (s *Service) DeleteIdentities(ctx context.Context, in *identityapi.DeleteIdentitiesInput) (*identityapi.DeleteIdentitiesOutput, error) {
	kept, err := s.pools.DeleteIdentities(ctx, in.IdentityIdsToDelete, mayUse(ctx))
	if err != nil {
		return nil, err
	}
	out := &identityapi.DeleteIdentitiesOutput{UnprocessedIdentityIds: []identityapi.UnprocessedIdentityId{}}
	for _, k := range kept {
		code := identityapi.ErrorCodeInternalServerError
		if k.Denied {
			code = identityapi.ErrorCodeAccessDenied
		}
		out.UnprocessedIdentityIds = append(out.UnprocessedIdentityIds, identityapi.UnprocessedIdentityId{IdentityId: k.ID, ErrorCode: code})
	}
	return out, nil
}

// mayUse asks the caller's policy about the pools of identities.
func mayUse(ctx context.Context) func(poolID string) error {
	return func(poolID string) error { return awsjson.Authorize(ctx, poolID) }
}

func describeIdentity(i *identitypool.Identity) identityapi.IdentityDescription {
	return identityapi.IdentityDescription{
		IdentityId: i.ID, Logins: i.Providers,
		CreationDate: apimodel.Time{Time: i.CreatedAt}, LastModifiedDate: apimodel.Time{Time: i.ModifiedAt},
	}
}
