package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// SetUserSettings sets the channel for codes of the user of an access token.
func (s *Service) SetUserSettings(ctx context.Context, in *idpapi.SetUserSettingsInput) (*idpapi.SetUserSettingsOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := s.users.SetMFAOptions(ctx, access.Pool, access.User.Sub, mfaOptions(in.MFAOptions)); err != nil {
		return nil, err
	}
	return &idpapi.SetUserSettingsOutput{}, nil
}

// AdminSetUserSettings sets the channel for codes of a user.
func (s *Service) AdminSetUserSettings(ctx context.Context, in *idpapi.AdminSetUserSettingsInput) (*idpapi.AdminSetUserSettingsOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if err := s.users.SetMFAOptions(ctx, pool, in.Username, mfaOptions(in.MFAOptions)); err != nil {
		return nil, err
	}
	return &idpapi.AdminSetUserSettingsOutput{}, nil
}

func mfaOptions(list []idpapi.MFAOptionType) []userpool.MFAOption {
	var options []userpool.MFAOption
	for _, o := range list {
		options = append(options, userpool.MFAOption{DeliveryMedium: string(o.DeliveryMedium), AttributeName: o.AttributeName})
	}
	return options
}

// mfaOptionsOf is the API's form of a user's channel for codes.
func mfaOptionsOf(user *store.User) []idpapi.MFAOptionType {
	var list []idpapi.MFAOptionType
	for _, o := range userpool.MFAOptionsOf(user) {
		list = append(list, idpapi.MFAOptionType{DeliveryMedium: idpapi.DeliveryMediumType(o.DeliveryMedium), AttributeName: o.AttributeName})
	}
	return list
}
