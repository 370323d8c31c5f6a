package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// SetUserMFAPreference sets which second factors the user of an access token is
// asked for.
func (s *Service) SetUserMFAPreference(ctx context.Context, in *idpapi.SetUserMFAPreferenceInput) (*idpapi.SetUserMFAPreferenceOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	choice := factorChoice(in.SMSMfaSettings, in.SoftwareTokenMfaSettings, in.EmailMfaSettings, in.WebAuthnMfaSettings)
	if err := s.users.SetMFAPreference(ctx, access.Pool, access.User.Sub, choice); err != nil {
		return nil, err
	}
	return &idpapi.SetUserMFAPreferenceOutput{}, nil
}

// AdminSetUserMFAPreference sets which second factors a user is asked for.
func (s *Service) AdminSetUserMFAPreference(ctx context.Context, in *idpapi.AdminSetUserMFAPreferenceInput) (*idpapi.AdminSetUserMFAPreferenceOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	choice := factorChoice(in.SMSMfaSettings, in.SoftwareTokenMfaSettings, in.EmailMfaSettings, in.WebAuthnMfaSettings)
	if err := s.users.SetMFAPreference(ctx, pool, in.Username, choice); err != nil {
		return nil, err
	}
	return &idpapi.AdminSetUserMFAPreferenceOutput{}, nil
}

// factorChoice is what a request says of second factors. A flag that is not
// there is false, a factor that is not there stays as it is.
func factorChoice(sms *idpapi.SMSMfaSettingsType, token *idpapi.SoftwareTokenMfaSettingsType,
	email *idpapi.EmailMfaSettingsType, passkey *idpapi.WebAuthnMfaSettingsType) map[string]userpool.FactorChoice {
	choice := make(map[string]userpool.FactorChoice)
	if sms != nil {
		choice[userpool.FactorSMS] = userpool.FactorChoice{Enabled: isTrue(sms.Enabled), Preferred: isTrue(sms.PreferredMfa)}
	}
	if token != nil {
		choice[userpool.FactorToken] = userpool.FactorChoice{Enabled: isTrue(token.Enabled), Preferred: isTrue(token.PreferredMfa)}
	}
	if email != nil {
		choice[userpool.FactorEmail] = userpool.FactorChoice{Enabled: isTrue(email.Enabled), Preferred: isTrue(email.PreferredMfa)}
	}
	if passkey != nil {
		choice[userpool.FactorPasskey] = userpool.FactorChoice{Enabled: isTrue(passkey.Enabled)}
	}
	return choice
}

func isTrue(b *bool) bool { return b != nil && *b }
