package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// DescribeRiskConfiguration shows what is done about risks in a pool or for a
// client.
func (s *Service) DescribeRiskConfiguration(ctx context.Context, in *idpapi.DescribeRiskConfigurationInput) (*idpapi.DescribeRiskConfigurationOutput, error) {
	config, err := s.pools.RiskConfig(ctx, in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	described, err := describeRisk(in.UserPoolId, in.ClientId, config)
	if err != nil {
		return nil, err
	}
	return &idpapi.DescribeRiskConfigurationOutput{RiskConfiguration: described}, nil
}

// SetRiskConfiguration sets what is done about risks in a pool or for a client.
func (s *Service) SetRiskConfiguration(ctx context.Context, in *idpapi.SetRiskConfigurationInput) (*idpapi.SetRiskConfigurationOutput, error) {
	config, err := convert[userpool.RiskConfig](in)
	if err != nil {
		return nil, err
	}
	set, err := s.pools.SetRiskConfig(ctx, in.UserPoolId, in.ClientId, config)
	if err != nil {
		return nil, err
	}
	described, err := describeRisk(in.UserPoolId, in.ClientId, set)
	if err != nil {
		return nil, err
	}
	return &idpapi.SetRiskConfigurationOutput{RiskConfiguration: described}, nil
}

// describeRisk is the API's form of a risk configuration; only ids for none.
func describeRisk(poolID, clientID string, config *userpool.RiskConfig) (*idpapi.RiskConfigurationType, error) {
	described := &idpapi.RiskConfigurationType{}
	if config != nil {
		var err error
		if described, err = convert[*idpapi.RiskConfigurationType](config); err != nil {
			return nil, err
		}
		described.LastModifiedDate = apimodel.Time{Time: config.ModifiedAt}
	}
	described.UserPoolId, described.ClientId = poolID, clientID
	return described, nil
}
