package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/idpapi"
)

// GetUserAuthFactors tells how the user of an access token may sign in.
func (s *Service) GetUserAuthFactors(ctx context.Context, in *idpapi.GetUserAuthFactorsInput) (*idpapi.GetUserAuthFactorsOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	factors, err := s.users.AuthFactors(ctx, access.Pool, access.User)
	if err != nil {
		return nil, err
	}
	return &idpapi.GetUserAuthFactorsOutput{
		Username: access.User.Username, ConfiguredUserAuthFactors: authFactorTypes(factors),
		PreferredMfaSetting: access.User.MFA.Preferred, UserMFASettingList: access.User.MFA.Enabled,
	}, nil
}

// AdminGetUserAuthFactors tells how a user may sign in.
func (s *Service) AdminGetUserAuthFactors(ctx context.Context, in *idpapi.AdminGetUserAuthFactorsInput) (*idpapi.AdminGetUserAuthFactorsOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	user, err := s.users.Find(ctx, pool, in.Username)
	if err != nil {
		return nil, err
	}
	factors, err := s.users.AuthFactors(ctx, pool, user)
	if err != nil {
		return nil, err
	}
	return &idpapi.AdminGetUserAuthFactorsOutput{
		Username: user.Username, ConfiguredUserAuthFactors: authFactorTypes(factors),
		PreferredMfaSetting: user.MFA.Preferred, UserMFASettingList: user.MFA.Enabled,
	}, nil
}

func authFactorTypes(factors []string) []idpapi.AuthFactorType {
	var list []idpapi.AuthFactorType
	for _, f := range factors {
		list = append(list, idpapi.AuthFactorType(f))
	}
	return list
}
