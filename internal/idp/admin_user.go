package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// AdminCreateUser makes a user and sends a temporary password, or sends a new
// one to a user who has not used the first.
func (s *Service) AdminCreateUser(ctx context.Context, in *idpapi.AdminCreateUserInput) (*idpapi.AdminCreateUserOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	invitation := userpool.Invitation{
		Username: in.Username, Attributes: attributeMap(in.UserAttributes), TemporaryPassword: in.TemporaryPassword,
		Silent:     in.MessageAction == idpapi.MessageActionTypeSuppress,
		ForceAlias: in.ForceAliasCreation != nil && *in.ForceAliasCreation,
	}
	for _, medium := range in.DesiredDeliveryMediums {
		invitation.Media = append(invitation.Media, string(medium))
	}
	invite := s.users.Create
	if in.MessageAction == idpapi.MessageActionTypeResend {
		invite = s.users.Reinvite
	}
	ctx = trigger.WithCaller(ctx, trigger.Caller{ClientMetadata: in.ClientMetadata, ValidationData: attributeMap(in.ValidationData)})
	user, err := invite(ctx, pool, invitation)
	if err != nil {
		return nil, err
	}
	return &idpapi.AdminCreateUserOutput{User: new(userType(user, everything))}, nil
}

// AdminGetUser tells everything about a user.
func (s *Service) AdminGetUser(ctx context.Context, in *idpapi.AdminGetUserInput) (*idpapi.AdminGetUserOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	user, err := s.users.Find(ctx, pool, in.Username)
	if err != nil {
		return nil, err
	}
	return &idpapi.AdminGetUserOutput{
		Username: user.Username, UserAttributes: attributesOf(user, everything),
		UserCreateDate: apimodel.Time{Time: user.CreatedAt}, UserLastModifiedDate: apimodel.Time{Time: user.ModifiedAt},
		Enabled: new(user.Enabled), UserStatus: idpapi.UserStatusType(user.Status), MFAOptions: mfaOptionsOf(user),
		PreferredMfaSetting: user.MFA.Preferred, UserMFASettingList: user.MFA.Enabled,
	}, nil
}

// AdminDeleteUser removes a user.
func (s *Service) AdminDeleteUser(ctx context.Context, in *idpapi.AdminDeleteUserInput) (*idpapi.AdminDeleteUserOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if err := s.users.Delete(ctx, pool, in.Username); err != nil {
		return nil, err
	}
	return &idpapi.AdminDeleteUserOutput{}, nil
}

// AdminUpdateUserAttributes writes attributes of a user.
func (s *Service) AdminUpdateUserAttributes(ctx context.Context, in *idpapi.AdminUpdateUserAttributesInput) (*idpapi.AdminUpdateUserAttributesOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	ctx = trigger.WithCaller(ctx, trigger.Caller{ClientMetadata: in.ClientMetadata})
	if _, err := s.users.UpdateAttributes(ctx, pool, in.Username, attributeMap(in.UserAttributes), userpool.Writer{}); err != nil {
		return nil, err
	}
	return &idpapi.AdminUpdateUserAttributesOutput{}, nil
}

// AdminDeleteUserAttributes deletes attributes of a user.
func (s *Service) AdminDeleteUserAttributes(ctx context.Context, in *idpapi.AdminDeleteUserAttributesInput) (*idpapi.AdminDeleteUserAttributesOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if err := s.users.DeleteAttributes(ctx, pool, in.Username, in.UserAttributeNames, userpool.Writer{}); err != nil {
		return nil, err
	}
	return &idpapi.AdminDeleteUserAttributesOutput{}, nil
}

// AdminEnableUser lets a user sign in again.
func (s *Service) AdminEnableUser(ctx context.Context, in *idpapi.AdminEnableUserInput) (*idpapi.AdminEnableUserOutput, error) {
	if err := s.setEnabled(ctx, in.UserPoolId, in.Username, true); err != nil {
		return nil, err
	}
	return &idpapi.AdminEnableUserOutput{}, nil
}

// AdminDisableUser keeps a user from signing in.
func (s *Service) AdminDisableUser(ctx context.Context, in *idpapi.AdminDisableUserInput) (*idpapi.AdminDisableUserOutput, error) {
	if err := s.setEnabled(ctx, in.UserPoolId, in.Username, false); err != nil {
		return nil, err
	}
	return &idpapi.AdminDisableUserOutput{}, nil
}

func (s *Service) setEnabled(ctx context.Context, poolID, username string, enabled bool) error {
	pool, err := s.pools.Pool(ctx, poolID)
	if err != nil {
		return err
	}
	return s.users.SetEnabled(ctx, pool, username, enabled)
}

// AdminSetUserPassword sets a user's password, for good or until the first
// sign-in.
func (s *Service) AdminSetUserPassword(ctx context.Context, in *idpapi.AdminSetUserPasswordInput) (*idpapi.AdminSetUserPasswordOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	permanent := in.Permanent != nil && *in.Permanent
	if err := s.users.SetPassword(ctx, pool, in.Username, in.Password, permanent); err != nil {
		return nil, err
	}
	return &idpapi.AdminSetUserPasswordOutput{}, nil
}

// AdminResetUserPassword makes a user set a new password with a code.
func (s *Service) AdminResetUserPassword(ctx context.Context, in *idpapi.AdminResetUserPasswordInput) (*idpapi.AdminResetUserPasswordOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	ctx = trigger.WithCaller(ctx, trigger.Caller{ClientMetadata: in.ClientMetadata})
	if err := s.users.ResetPassword(ctx, pool, in.Username); err != nil {
		return nil, err
	}
	return &idpapi.AdminResetUserPasswordOutput{}, nil
}

// AdminConfirmSignUp confirms a sign-up without its code.
func (s *Service) AdminConfirmSignUp(ctx context.Context, in *idpapi.AdminConfirmSignUpInput) (*idpapi.AdminConfirmSignUpOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	ctx = trigger.WithCaller(ctx, trigger.Caller{ClientMetadata: in.ClientMetadata})
	if err := s.users.ForceConfirm(ctx, pool, in.Username); err != nil {
		return nil, err
	}
	return &idpapi.AdminConfirmSignUpOutput{}, nil
}
