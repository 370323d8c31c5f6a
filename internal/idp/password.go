package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// ForgotPassword sends a code with which a new password can be set.
func (s *Service) ForgotPassword(ctx context.Context, in *idpapi.ForgotPasswordInput) (*idpapi.ForgotPasswordOutput, error) {
	pool, client, err := s.clientOf(ctx, in.ClientId, in.Username, in.SecretHash)
	if err != nil {
		return nil, err
	}
	ctx = trigger.WithCaller(ctx, trigger.Caller{ClientID: client.ID, ClientMetadata: in.ClientMetadata})
	delivery, err := s.users.ForgotPassword(ctx, pool, client, in.Username)
	s.noteEvent(ctx, pool, client, in.Username, userpool.EventForgotPassword, "", publicOrigin(ctx, client, in.UserContextData, in.AnalyticsMetadata), err)
	if err != nil {
		return nil, err
	}
	return &idpapi.ForgotPasswordOutput{CodeDeliveryDetails: codeDelivery(delivery)}, nil
}

// ConfirmForgotPassword sets a new password with the code of ForgotPassword.
func (s *Service) ConfirmForgotPassword(ctx context.Context, in *idpapi.ConfirmForgotPasswordInput) (*idpapi.ConfirmForgotPasswordOutput, error) {
	pool, client, err := s.clientOf(ctx, in.ClientId, in.Username, in.SecretHash)
	if err != nil {
		return nil, err
	}
	ctx = trigger.WithCaller(ctx, trigger.Caller{ClientID: client.ID, ClientMetadata: in.ClientMetadata})
	_, err = s.users.ConfirmForgotPassword(ctx, pool, client, in.Username, in.ConfirmationCode, in.Password)
	s.noteEvent(ctx, pool, client, in.Username, userpool.EventPasswordChange, in.Password, publicOrigin(ctx, client, in.UserContextData, in.AnalyticsMetadata), err)
	if err != nil {
		return nil, err
	}
	return &idpapi.ConfirmForgotPasswordOutput{}, nil
}

// ChangePassword replaces the password of the user of an access token.
func (s *Service) ChangePassword(ctx context.Context, in *idpapi.ChangePasswordInput) (*idpapi.ChangePasswordOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	err = s.users.ChangePassword(ctx, access.Pool, access.Client, access.User, in.PreviousPassword, in.ProposedPassword)
	s.noteEvent(ctx, access.Pool, access.Client, access.User.Sub, userpool.EventPasswordChange, in.ProposedPassword,
		publicOrigin(ctx, access.Client, nil, nil), err)
	if err != nil {
		return nil, err
	}
	return &idpapi.ChangePasswordOutput{}, nil
}
