package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// SignUp makes an unconfirmed user.
func (s *Service) SignUp(ctx context.Context, in *idpapi.SignUpInput) (*idpapi.SignUpOutput, error) {
	pool, client, err := s.clientOf(ctx, in.ClientId, in.Username, in.SecretHash)
	if err != nil {
		return nil, err
	}
	ctx = trigger.WithCaller(ctx, trigger.Caller{
		ClientID: client.ID, ClientMetadata: in.ClientMetadata, ValidationData: attributeMap(in.ValidationData)})
	done, err := s.users.SignUp(ctx, userpool.SignUp{
		Pool: pool, Client: client, Username: in.Username, Password: in.Password, Attributes: attributeMap(in.UserAttributes)})
	if err != nil {
		return nil, err
	}
	origin := publicOrigin(ctx, client, in.UserContextData, in.AnalyticsMetadata)
	s.noteEvent(ctx, pool, client, done.User.Sub, userpool.EventSignUp, in.Password, origin, nil)
	var session string
	if done.Delivery != nil {
		if session, err = s.signin.SignUpSession(ctx, pool, client, done.User, done.Delivery.Attribute); err != nil {
			return nil, err
		}
	}
	return &idpapi.SignUpOutput{
		Session:             session,
		UserConfirmed:       new(done.User.Status == userpool.StatusConfirmed),
		CodeDeliveryDetails: codeDelivery(done.Delivery),
		UserSub:             done.User.Sub,
	}, nil
}

// ConfirmSignUp confirms a user with the code that SignUp sent.
func (s *Service) ConfirmSignUp(ctx context.Context, in *idpapi.ConfirmSignUpInput) (*idpapi.ConfirmSignUpOutput, error) {
	pool, client, err := s.clientOf(ctx, in.ClientId, in.Username, in.SecretHash)
	if err != nil {
		return nil, err
	}
	if in.Session != "" {
		if err := s.signin.CheckSignUp(ctx, pool, client, in.Session, in.Username); err != nil {
			return nil, err
		}
	}
	ctx = trigger.WithCaller(ctx, trigger.Caller{ClientID: client.ID, ClientMetadata: in.ClientMetadata})
	force := in.ForceAliasCreation != nil && *in.ForceAliasCreation
	done, err := s.users.ConfirmSignUp(ctx, pool, client, in.Username, in.ConfirmationCode, force)
	if err != nil {
		return nil, err
	}
	session, err := s.signin.ConfirmedSession(ctx, pool, client, done)
	if err != nil {
		return nil, err
	}
	return &idpapi.ConfirmSignUpOutput{Session: session}, nil
}

// ResendConfirmationCode sends another code for ConfirmSignUp.
func (s *Service) ResendConfirmationCode(ctx context.Context, in *idpapi.ResendConfirmationCodeInput) (*idpapi.ResendConfirmationCodeOutput, error) {
	pool, client, err := s.clientOf(ctx, in.ClientId, in.Username, in.SecretHash)
	if err != nil {
		return nil, err
	}
	ctx = trigger.WithCaller(ctx, trigger.Caller{ClientID: client.ID, ClientMetadata: in.ClientMetadata})
	delivery, err := s.users.ResendConfirmationCode(ctx, pool, client, in.Username)
	s.noteEvent(ctx, pool, client, in.Username, userpool.EventResendCode, "", publicOrigin(ctx, client, in.UserContextData, in.AnalyticsMetadata), err)
	if err != nil {
		return nil, err
	}
	return &idpapi.ResendConfirmationCodeOutput{CodeDeliveryDetails: codeDelivery(delivery)}, nil
}

// clientOf returns the client of an operation that users call without a token,
// and its pool, once the secret hash over the username has been checked.
func (s *Service) clientOf(ctx context.Context, clientID, username, secretHash string) (*userpool.Pool, *userpool.Client, error) {
	pool, client, err := s.pools.Client(ctx, clientID)
	if err != nil {
		return nil, nil, err
	}
	if err := client.CheckSecretHash(username, secretHash); err != nil {
		return nil, nil, err
	}
	return pool, client, nil
}

// codeDelivery is the API's form of a delivery, nil for none.
func codeDelivery(d *userpool.Delivery) *idpapi.CodeDeliveryDetailsType {
	if d == nil {
		return nil
	}
	return &idpapi.CodeDeliveryDetailsType{
		Destination: d.Destination, DeliveryMedium: idpapi.DeliveryMediumType(d.Medium), AttributeName: d.Attribute,
	}
}
