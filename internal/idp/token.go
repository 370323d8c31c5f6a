package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/trigger"
)

// GetTokensFromRefreshToken renews tokens, and the refresh token itself where
// the client rotates. Unlike REFRESH_TOKEN_AUTH it is no flow that a client must
// allow, and it takes the client secret as it is.
func (s *Service) GetTokensFromRefreshToken(ctx context.Context, in *idpapi.GetTokensFromRefreshTokenInput) (*idpapi.GetTokensFromRefreshTokenOutput, error) {
	_, client, err := s.pools.Client(ctx, in.ClientId)
	if err != nil {
		return nil, err
	}
	if err := client.CheckSecret(in.ClientSecret, fault.NotAuthorized); err != nil {
		return nil, err
	}
	refresh, err := s.tokens.OpenRefresh(ctx, client, in.RefreshToken, in.DeviceKey)
	if err != nil {
		return nil, err
	}
	ctx = trigger.WithCaller(ctx, trigger.Caller{ClientID: client.ID, ClientMetadata: in.ClientMetadata})
	r := awsjson.RequestFrom(ctx)
	refresh.Origin = token.Origin{IPAddress: r.SourceIP, UserAgent: r.UserAgent}
	set, err := s.tokens.Renew(ctx, refresh)
	if err != nil {
		return nil, err
	}
	return &idpapi.GetTokensFromRefreshTokenOutput{AuthenticationResult: authenticationResult(set)}, nil
}

// RevokeToken ends the sign-in that a refresh token comes from.
func (s *Service) RevokeToken(ctx context.Context, in *idpapi.RevokeTokenInput) (*idpapi.RevokeTokenOutput, error) {
	_, client, err := s.pools.Client(ctx, in.ClientId)
	if err != nil {
		return nil, err
	}
	if err := client.CheckSecret(in.ClientSecret, fault.Unauthorized); err != nil {
		return nil, err
	}
	if err := s.tokens.Revoke(ctx, client, in.Token, linked(in.RevokeAssociatedSessions)); err != nil {
		return nil, err
	}
	return &idpapi.RevokeTokenOutput{}, nil
}

// GlobalSignOut makes all tokens of the calling user worthless.
func (s *Service) GlobalSignOut(ctx context.Context, in *idpapi.GlobalSignOutInput) (*idpapi.GlobalSignOutOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := s.tokens.SignOutEverywhere(ctx, access.Pool, access.User.Sub); err != nil {
		return nil, err
	}
	return &idpapi.GlobalSignOutOutput{}, nil
}

// AdminUserGlobalSignOut makes all tokens of a user worthless.
func (s *Service) AdminUserGlobalSignOut(ctx context.Context, in *idpapi.AdminUserGlobalSignOutInput) (*idpapi.AdminUserGlobalSignOutOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	user, err := s.users.Find(ctx, pool, in.Username)
	if err != nil {
		return nil, err
	}
	if err := s.tokens.SignOutEverywhere(ctx, pool, user.Sub); err != nil {
		return nil, err
	}
	return &idpapi.AdminUserGlobalSignOutOutput{}, nil
}
