package idp

import (
	"context"
	"strings"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// maxBrandingBody is the largest request that sets a style, in bytes.
const maxBrandingBody = 2 << 20

// CreateManagedLoginBranding gives a client a managed login style.
func (s *Service) CreateManagedLoginBranding(ctx context.Context, in *idpapi.CreateManagedLoginBrandingInput) (*idpapi.CreateManagedLoginBrandingOutput, error) {
	made, err := s.pools.CreateBranding(ctx, in.UserPoolId, in.ClientId, userpool.BrandingChange{
		ProvidedValues: in.UseCognitoProvidedValues, Settings: in.Settings, Assets: assetsOf(in.Assets),
	})
	if err != nil {
		return nil, err
	}
	return &idpapi.CreateManagedLoginBrandingOutput{ManagedLoginBranding: describeBranding(made)}, nil
}

// UpdateManagedLoginBranding changes a style: what the call leaves out stays.
func (s *Service) UpdateManagedLoginBranding(ctx context.Context, in *idpapi.UpdateManagedLoginBrandingInput) (*idpapi.UpdateManagedLoginBrandingOutput, error) {
	if err := requireMembers(member{"userPoolId", in.UserPoolId}, member{"managedLoginBrandingId", in.ManagedLoginBrandingId}); err != nil {
		return nil, err
	}
	changed, err := s.pools.UpdateBranding(ctx, in.UserPoolId, in.ManagedLoginBrandingId, userpool.BrandingChange{
		ProvidedValues: in.UseCognitoProvidedValues, Settings: in.Settings, Assets: assetsOf(in.Assets),
	})
	if err != nil {
		return nil, err
	}
	return &idpapi.UpdateManagedLoginBrandingOutput{ManagedLoginBranding: describeBranding(changed)}, nil
}

// DeleteManagedLoginBranding takes a style away.
func (s *Service) DeleteManagedLoginBranding(ctx context.Context, in *idpapi.DeleteManagedLoginBrandingInput) (*idpapi.DeleteManagedLoginBrandingOutput, error) {
	if err := s.pools.DeleteBranding(ctx, in.UserPoolId, in.ManagedLoginBrandingId); err != nil {
		return nil, err
	}
	return &idpapi.DeleteManagedLoginBrandingOutput{}, nil
}

// DescribeManagedLoginBranding shows a style.
func (s *Service) DescribeManagedLoginBranding(ctx context.Context, in *idpapi.DescribeManagedLoginBrandingInput) (*idpapi.DescribeManagedLoginBrandingOutput, error) {
	style, err := s.pools.Branding(ctx, in.UserPoolId, in.ManagedLoginBrandingId)
	if err != nil {
		return nil, err
	}
	described, err := describeMerged(style, in.ReturnMergedResources)
	if err != nil {
		return nil, err
	}
	return &idpapi.DescribeManagedLoginBrandingOutput{ManagedLoginBranding: described}, nil
}

// DescribeManagedLoginBrandingByClient shows the style of a client.
func (s *Service) DescribeManagedLoginBrandingByClient(ctx context.Context, in *idpapi.DescribeManagedLoginBrandingByClientInput) (*idpapi.DescribeManagedLoginBrandingByClientOutput, error) {
	style, err := s.pools.BrandingOf(ctx, in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	described, err := describeMerged(style, in.ReturnMergedResources)
	if err != nil {
		return nil, err
	}
	return &idpapi.DescribeManagedLoginBrandingByClientOutput{ManagedLoginBranding: described}, nil
}

// describeMerged is the API's form of a style, over the defaults if merged is
// true.
func describeMerged(style *userpool.Branding, merged *bool) (*idpapi.ManagedLoginBrandingType, error) {
	described := describeBranding(style)
	if merged == nil || !*merged {
		return described, nil
	}
	var err error
	described.Settings, err = style.Merged()
	return described, err
}

// describeBranding is the API's form of a style. Cognito shows the list of assets
// even if it is empty, and settings only if there are any.
func describeBranding(style *userpool.Branding) *idpapi.ManagedLoginBrandingType {
	described := &idpapi.ManagedLoginBrandingType{
		ManagedLoginBrandingId: style.ID, UserPoolId: style.PoolID,
		UseCognitoProvidedValues: new(style.ProvidedValues), Settings: style.Settings,
		Assets:       make([]idpapi.AssetType, len(style.Assets)),
		CreationDate: apimodel.Time{Time: style.CreatedAt}, LastModifiedDate: apimodel.Time{Time: style.ModifiedAt},
	}
	for i, a := range style.Assets {
		described.Assets[i] = idpapi.AssetType{
			Category: idpapi.AssetCategoryType(a.Category), ColorMode: idpapi.ColorSchemeModeType(a.ColorMode),
			Extension: idpapi.AssetExtensionType(a.Extension), Bytes: a.Bytes, ResourceId: a.ResourceID,
		}
	}
	return described
}

func assetsOf(in []idpapi.AssetType) []userpool.BrandingAsset {
	assets := make([]userpool.BrandingAsset, len(in))
	for i, a := range in {
		assets[i] = userpool.BrandingAsset{
			Category: string(a.Category), ColorMode: string(a.ColorMode), Extension: string(a.Extension),
			ResourceID: a.ResourceId, Bytes: a.Bytes,
		}
	}
	return assets
}

// member is a member of an input with the name that errors give it.
type member struct{ name, value string }

// requireMembers refuses absent members that the model does not require but the
// operation cannot do without, in the words of the model's own validation.
func requireMembers(members ...member) error {
	var absent []string
	for _, m := range members {
		if m.value == "" {
			absent = append(absent, "Value at '"+m.name+"' failed to satisfy constraint: Member must not be null")
		}
	}
	switch len(absent) {
	case 0:
		return nil
	case 1:
		return fault.New(fault.InvalidParameter, "1 validation error detected: "+absent[0])
	}
	return fault.Errorf(fault.InvalidParameter, "%d validation errors detected: %s", len(absent), strings.Join(absent, "; "))
}
