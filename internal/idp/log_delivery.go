package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// GetLogDeliveryConfiguration shows where the reports of a pool go.
func (s *Service) GetLogDeliveryConfiguration(ctx context.Context, in *idpapi.GetLogDeliveryConfigurationInput) (*idpapi.GetLogDeliveryConfigurationOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	described, err := describeLogs(pool.ID, pool.LogConfigurations)
	if err != nil {
		return nil, err
	}
	return &idpapi.GetLogDeliveryConfigurationOutput{LogDeliveryConfiguration: described}, nil
}

// SetLogDeliveryConfiguration sets where the reports of a pool go.
func (s *Service) SetLogDeliveryConfiguration(ctx context.Context, in *idpapi.SetLogDeliveryConfigurationInput) (*idpapi.SetLogDeliveryConfigurationOutput, error) {
	logs, err := convert[[]userpool.LogConfiguration](in.LogConfigurations)
	if err != nil {
		return nil, err
	}
	if err := s.pools.SetLogDelivery(ctx, in.UserPoolId, logs); err != nil {
		return nil, err
	}
	described, err := describeLogs(in.UserPoolId, logs)
	if err != nil {
		return nil, err
	}
	return &idpapi.SetLogDeliveryConfigurationOutput{LogDeliveryConfiguration: described}, nil
}

// describeLogs is the API's form of a list of destinations; [] for none.
func describeLogs(poolID string, logs []userpool.LogConfiguration) (*idpapi.LogDeliveryConfigurationType, error) {
	described, err := convert[[]idpapi.LogConfigurationType](append([]userpool.LogConfiguration{}, logs...))
	if err != nil {
		return nil, err
	}
	return &idpapi.LogDeliveryConfigurationType{UserPoolId: poolID, LogConfigurations: described}, nil
}
