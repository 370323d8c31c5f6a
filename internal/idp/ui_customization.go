package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/branding"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// GetUICustomization shows the style sheet and the logo of the classic login
// pages of a client, or else of all clients.
func (s *Service) GetUICustomization(ctx context.Context, in *idpapi.GetUICustomizationInput) (*idpapi.GetUICustomizationOutput, error) {
	custom, err := s.pools.UICustomization(ctx, in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	out := &idpapi.GetUICustomizationOutput{UICustomization: &idpapi.UICustomizationType{}}
	if custom != nil {
		out.UICustomization = s.describeUICustomization(custom)
	}
	return out, nil
}

// SetUICustomization sets the style sheet and the logo of the classic login
// pages of a client or of all clients.
func (s *Service) SetUICustomization(ctx context.Context, in *idpapi.SetUICustomizationInput) (*idpapi.SetUICustomizationOutput, error) {
	custom, err := s.pools.SetUICustomization(ctx, in.UserPoolId, in.ClientId, in.CSS, in.ImageFile)
	if err != nil {
		return nil, err
	}
	return &idpapi.SetUICustomizationOutput{UICustomization: s.describeUICustomization(custom)}, nil
}

// describeUICustomization is the API's form of a customization.
func (s *Service) describeUICustomization(c *userpool.UICustomization) *idpapi.UICustomizationType {
	described := &idpapi.UICustomizationType{
		UserPoolId: c.PoolID, ClientId: c.ClientID, CSS: c.CSS, CSSVersion: branding.CSSVersion,
		CreationDate: apimodel.Time{Time: c.CreatedAt}, LastModifiedDate: apimodel.Time{Time: c.ModifiedAt},
	}
	if c.Logo != "" {
		described.ImageUrl = s.publicURL + "/_poolhouse/images/" + c.PoolID + "/" + c.Logo
	}
	return described
}
