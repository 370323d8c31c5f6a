package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// GetUserPoolSessionConfiguration shows how a pool keeps record of sessions.
func (s *Service) GetUserPoolSessionConfiguration(ctx context.Context, in *idpapi.GetUserPoolSessionConfigurationInput) (*idpapi.GetUserPoolSessionConfigurationOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	out, err := convert[*idpapi.GetUserPoolSessionConfigurationOutput](pool.SessionConfig())
	if err != nil {
		return nil, err
	}
	out.UserPoolId = pool.ID
	return out, nil
}

// SetUserPoolSessionConfiguration sets how a pool keeps record of sessions.
func (s *Service) SetUserPoolSessionConfiguration(ctx context.Context, in *idpapi.SetUserPoolSessionConfigurationInput) (*idpapi.SetUserPoolSessionConfigurationOutput, error) {
	config, err := convert[userpool.SessionConfig](in)
	if err != nil {
		return nil, err
	}
	if err := s.pools.SetSessionConfig(ctx, in.UserPoolId, config); err != nil {
		return nil, err
	}
	return &idpapi.SetUserPoolSessionConfigurationOutput{
		UserPoolId: in.UserPoolId, UserSessionTracking: in.UserSessionTracking, TokenSession: in.TokenSession,
	}, nil
}

// GetUserPoolClientSessionConfiguration shows how long a client takes over the
// sessions of browsers.
func (s *Service) GetUserPoolClientSessionConfiguration(ctx context.Context, in *idpapi.GetUserPoolClientSessionConfigurationInput) (*idpapi.GetUserPoolClientSessionConfigurationOutput, error) {
	_, client, err := s.pools.PoolClient(ctx, in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	return &idpapi.GetUserPoolClientSessionConfigurationOutput{
		UserPoolId: client.PoolID, ClientId: client.ID,
		SSOSession: &idpapi.ClientSSOSessionConfigType{MaxValidityMinutes: new(int32(client.SSO().MaxValidityMinutes))},
	}, nil
}

// SetUserPoolClientSessionConfiguration sets how long a client takes over the
// sessions of browsers.
func (s *Service) SetUserPoolClientSessionConfiguration(ctx context.Context, in *idpapi.SetUserPoolClientSessionConfigurationInput) (*idpapi.SetUserPoolClientSessionConfigurationOutput, error) {
	config, err := convert[userpool.SSOSession](in.SSOSession)
	if err != nil {
		return nil, err
	}
	if err := s.pools.SetClientSSO(ctx, in.UserPoolId, in.ClientId, config); err != nil {
		return nil, err
	}
	return &idpapi.SetUserPoolClientSessionConfigurationOutput{UserPoolId: in.UserPoolId, ClientId: in.ClientId, SSOSession: in.SSOSession}, nil
}
