package idp

import (
	"context"
	"encoding/base64"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// CreateIdentityProvider adds an identity provider to a pool.
func (s *Service) CreateIdentityProvider(ctx context.Context, in *idpapi.CreateIdentityProviderInput) (*idpapi.CreateIdentityProviderOutput, error) {
	provider, err := s.pools.CreateProvider(ctx, in.UserPoolId, in.ProviderName, string(in.ProviderType), userpool.ProviderSettings{
		Details: in.ProviderDetails, AttributeMapping: in.AttributeMapping, AcrMapping: in.AcrMapping, Identifiers: in.IdpIdentifiers,
	})
	described, err := s.describeProvider(ctx, provider, err)
	if err != nil {
		return nil, err
	}
	return &idpapi.CreateIdentityProviderOutput{IdentityProvider: described}, nil
}

// DescribeIdentityProvider shows an identity provider.
func (s *Service) DescribeIdentityProvider(ctx context.Context, in *idpapi.DescribeIdentityProviderInput) (*idpapi.DescribeIdentityProviderOutput, error) {
	provider, err := s.pools.Provider(ctx, in.UserPoolId, in.ProviderName)
	described, err := s.describeProvider(ctx, provider, err)
	if err != nil {
		return nil, err
	}
	return &idpapi.DescribeIdentityProviderOutput{IdentityProvider: described}, nil
}

// GetIdentityProviderByIdentifier shows the identity provider that has an
// identifier.
func (s *Service) GetIdentityProviderByIdentifier(ctx context.Context, in *idpapi.GetIdentityProviderByIdentifierInput) (*idpapi.GetIdentityProviderByIdentifierOutput, error) {
	provider, err := s.pools.ProviderByIdentifier(ctx, in.UserPoolId, in.IdpIdentifier)
	described, err := s.describeProvider(ctx, provider, err)
	if err != nil {
		return nil, err
	}
	return &idpapi.GetIdentityProviderByIdentifierOutput{IdentityProvider: described}, nil
}

// UpdateIdentityProvider replaces what is given of an identity provider.
func (s *Service) UpdateIdentityProvider(ctx context.Context, in *idpapi.UpdateIdentityProviderInput) (*idpapi.UpdateIdentityProviderOutput, error) {
	provider, err := s.pools.UpdateProvider(ctx, in.UserPoolId, in.ProviderName, userpool.ProviderSettings{
		Details: in.ProviderDetails, AttributeMapping: in.AttributeMapping, AcrMapping: in.AcrMapping, Identifiers: in.IdpIdentifiers,
	})
	described, err := s.describeProvider(ctx, provider, err)
	if err != nil {
		return nil, err
	}
	return &idpapi.UpdateIdentityProviderOutput{IdentityProvider: described}, nil
}

// DeleteIdentityProvider removes an identity provider.
func (s *Service) DeleteIdentityProvider(ctx context.Context, in *idpapi.DeleteIdentityProviderInput) (*idpapi.DeleteIdentityProviderOutput, error) {
	if err := s.pools.DeleteProvider(ctx, in.UserPoolId, in.ProviderName); err != nil {
		return nil, err
	}
	return &idpapi.DeleteIdentityProviderOutput{}, nil
}

// ListIdentityProviders lists the identity providers of a pool, page by page.
func (s *Service) ListIdentityProviders(ctx context.Context, in *idpapi.ListIdentityProvidersInput) (*idpapi.ListIdentityProvidersOutput, error) {
	rows, next, err := s.pools.ListProviders(ctx, in.UserPoolId, in.NextToken, pageSize(in.MaxResults, userpool.MaxPage))
	if err != nil {
		return nil, err
	}
	out := &idpapi.ListIdentityProvidersOutput{Providers: []idpapi.ProviderDescription{}, NextToken: next}
	for _, row := range rows {
		out.Providers = append(out.Providers, idpapi.ProviderDescription{
			ProviderName: row.Name, ProviderType: idpapi.IdentityProviderTypeType(row.Type),
			CreationDate: apimodel.Time{Time: row.CreatedAt}, LastModifiedDate: apimodel.Time{Time: row.ModifiedAt},
		})
	}
	return out, nil
}

// describeProvider is the API's form of an identity provider, unless there was an
// error in getting at it. One of SAML shows the certificate to encrypt assertions
// for, which is that of the pool.
func (s *Service) describeProvider(ctx context.Context, p *userpool.Provider, err error) (*idpapi.IdentityProviderType, error) {
	if err != nil {
		return nil, err
	}
	described := &idpapi.IdentityProviderType{
		UserPoolId: p.PoolID, ProviderName: p.Name, ProviderType: idpapi.IdentityProviderTypeType(p.Type),
		ProviderDetails: p.Shown(), AttributeMapping: p.AttributeMapping, AcrMapping: p.AcrMapping, IdpIdentifiers: p.Identifiers,
		CreationDate: apimodel.Time{Time: p.CreatedAt}, LastModifiedDate: apimodel.Time{Time: p.ModifiedAt},
	}
	if described.AttributeMapping == nil {
		described.AttributeMapping = map[string]string{}
	}
	if described.IdpIdentifiers == nil {
		described.IdpIdentifiers = []string{}
	}
	if p.Type == userpool.ProviderSAML {
		certificate, err := s.pools.SigningCertificate(ctx, p.PoolID)
		if err != nil {
			return nil, err
		}
		described.ProviderDetails["ActiveEncryptionCertificate"] = base64.StdEncoding.EncodeToString(certificate)
	}
	return described, nil
}
