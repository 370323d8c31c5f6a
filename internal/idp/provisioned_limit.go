package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/idpapi"
)

// GetProvisionedLimit shows how many requests per second a category of operations
// may get.
func (s *Service) GetProvisionedLimit(ctx context.Context, in *idpapi.GetProvisionedLimitInput) (*idpapi.GetProvisionedLimitOutput, error) {
	category, free, err := s.limited(in.LimitDefinition)
	if err != nil {
		return nil, err
	}
	limit, err := s.limitType(ctx, category, free)
	if err != nil {
		return nil, err
	}
	return &idpapi.GetProvisionedLimitOutput{Limit: limit}, nil
}

// UpdateProvisionedLimit sets how many requests per second a category of
// operations may get.
func (s *Service) UpdateProvisionedLimit(ctx context.Context, in *idpapi.UpdateProvisionedLimitInput) (*idpapi.UpdateProvisionedLimitOutput, error) {
	category, free, err := s.limited(in.LimitDefinition)
	if err != nil {
		return nil, err
	}
	if err := s.pools.SetProvisionedLimit(ctx, category, *in.RequestedLimitValue, free); err != nil {
		return nil, err
	}
	limit, err := s.limitType(ctx, category, free)
	if err != nil {
		return nil, err
	}
	return &idpapi.UpdateProvisionedLimitOutput{Limit: limit}, nil
}

// limited is the category that a definition names, and the rate it has without
// anything provisioned.
func (s *Service) limited(d *idpapi.LimitDefinitionType) (category string, free int32, err error) {
	category, ok := d.Attributes["Category"]
	if !ok || len(d.Attributes) != 1 {
		return "", 0, fault.New(fault.InvalidParameter, "The attributes of an API_CATEGORY limit are Category and nothing else.")
	}
	free, adjustable := s.limits.Free(awsjson.Category(category))
	if !adjustable {
		return "", 0, fault.New(fault.ResourceNotFound, "There is no adjustable limit for the category.")
	}
	return category, free, nil
}

func (s *Service) limitType(ctx context.Context, category string, free int32) (*idpapi.LimitType, error) {
	set, _, err := s.pools.ProvisionedLimit(ctx, category)
	if err != nil {
		return nil, err
	}
	return &idpapi.LimitType{
		LimitDefinition: &idpapi.LimitDefinitionType{
			LimitClass: idpapi.LimitClassApiCategory, Attributes: map[string]string{"Category": category},
		},
		ProvisionedLimitValue: new(max(set, free)),
		FreeLimitValue:        new(free),
	}, nil
}
