package userpool

import (
	"errors"
	"slices"
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// TestSecondFactor is the whole table of what a sign-in asks for.
func TestSecondFactor(t *testing.T) {
	const sms, token, email = FactorSMS, FactorToken, FactorEmail
	both := map[string]string{"email": "a@example.com", "phone_number": "+15550100"}
	mail := map[string]string{"email": "a@example.com"}
	phone := map[string]string{"phone_number": "+15550100"}
	none := map[string]string{}
	all := []string{sms, token, email}
	emailFirst := []string{"verified_email", "verified_phone_number"}
	phoneFirst := []string{"verified_phone_number", "verified_email"}
	admins := []string{"admin_only"}
	for _, c := range []struct {
		name     string
		pool     string // MfaConfiguration
		offers   []string
		recovery []string
		has      map[string]string
		app      bool // registered
		enabled  []string
		prefers  string
		want     string
		choices  []string
	}{
		{name: "off", pool: "OFF", has: both, app: true, enabled: all, prefers: token},
		{name: "optional, nothing chosen", pool: "OPTIONAL", offers: all, has: both, app: true},
		{name: "optional, one enabled", pool: "OPTIONAL", offers: all, has: both, enabled: []string{sms}, want: sms},
		{name: "optional, app enabled", pool: "OPTIONAL", offers: all, has: both, app: true, enabled: []string{token}, want: token},
		{name: "optional, preferred of two", pool: "OPTIONAL", offers: all, has: both, app: true, enabled: []string{token, email}, prefers: email, want: email},
		{name: "optional, no preference of three", pool: "OPTIONAL", offers: all, has: both, app: true, enabled: []string{email, token, sms},
			want: SelectMFAType, choices: all},
		{name: "optional, not offered any more", pool: "OPTIONAL", offers: []string{token}, has: both, enabled: []string{sms}, prefers: sms},
		{name: "optional, address gone", pool: "OPTIONAL", offers: all, has: mail, enabled: []string{sms}, prefers: sms},
		{name: "optional, preferred gone, another left", pool: "OPTIONAL", offers: all, has: mail, enabled: []string{sms, email}, prefers: sms, want: email},
		{name: "optional, app gone", pool: "OPTIONAL", offers: all, has: both, enabled: []string{token}},

		{name: "on, preferred", pool: "ON", offers: all, has: both, app: true, enabled: all, prefers: sms, want: sms},
		{name: "on, preferred although it recovers", pool: "ON", offers: all, recovery: phoneFirst, has: both, enabled: []string{sms}, prefers: sms, want: sms},
		{name: "on, one enabled", pool: "ON", offers: all, has: both, app: true, enabled: []string{email}, want: email},
		{name: "on, app registered, nothing else", pool: "ON", offers: []string{token}, has: both, app: true, want: token},
		{name: "on, app and addresses", pool: "ON", offers: all, has: both, app: true, want: SelectMFAType, choices: all},
		{name: "on, app, email recovers", pool: "ON", offers: all, recovery: emailFirst, has: both, app: true, want: SelectMFAType, choices: []string{sms, token}},
		{name: "on, app, email recovers, no phone", pool: "ON", offers: all, recovery: emailFirst, has: mail, app: true, want: token},
		{name: "on, app, not offered", pool: "ON", offers: []string{sms}, has: both, app: true, want: sms},

		{name: "on, email only", pool: "ON", offers: all, has: mail, want: email},
		{name: "on, email only, recovers", pool: "ON", offers: all, recovery: emailFirst, has: mail, want: MFASetup, choices: []string{token}},
		{name: "on, email only, recovers, no app", pool: "ON", offers: []string{sms, email}, recovery: emailFirst, has: mail},
		{name: "on, email only, app offered", pool: "ON", offers: []string{token}, has: mail, want: MFASetup, choices: []string{token}},
		{name: "on, email only, app or SMS offered", pool: "ON", offers: []string{sms, token}, has: mail, want: MFASetup, choices: []string{token}},
		{name: "on, email only, SMS offered", pool: "ON", offers: []string{sms}, has: mail},
		{name: "on, phone only", pool: "ON", offers: all, has: phone, want: sms},
		{name: "on, phone only, recovers", pool: "ON", offers: all, recovery: phoneFirst, has: phone, want: MFASetup, choices: []string{token}},

		{name: "on, both addresses", pool: "ON", offers: all, has: both, want: SelectMFAType, choices: []string{sms, email}},
		{name: "on, both, email recovers", pool: "ON", offers: all, recovery: emailFirst, has: both, want: sms},
		{name: "on, both, phone recovers", pool: "ON", offers: all, recovery: phoneFirst, has: both, want: email},
		{name: "on, both, administrators recover", pool: "ON", offers: all, recovery: admins, has: both, want: SelectMFAType, choices: []string{sms, email}},
		{name: "on, both, app offered", pool: "ON", offers: []string{token}, has: both, want: MFASetup, choices: []string{token}},

		{name: "on, no address", pool: "ON", offers: all, has: none, want: MFASetup, choices: all},
		{name: "on, no address, email recovers", pool: "ON", offers: all, recovery: emailFirst, has: none, want: MFASetup, choices: []string{sms, token}},
		{name: "on, no address, only what recovers", pool: "ON", offers: []string{email}, recovery: emailFirst, has: none},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &Pool{PoolConfig: PoolConfig{MfaConfiguration: c.pool}}
			if slices.Contains(c.offers, sms) {
				p.SmsConfiguration = &SmsConfiguration{SnsCallerArn: "arn"}
			}
			if slices.Contains(c.offers, email) {
				p.MFAFactors.Email = &EmailMFA{}
			}
			p.MFAFactors.SoftwareToken = &SoftwareTokenMFA{Enabled: slices.Contains(c.offers, token)}
			if c.recovery != nil {
				p.AccountRecoverySetting = &AccountRecoverySetting{}
				for i, name := range c.recovery {
					p.AccountRecoverySetting.RecoveryMechanisms = append(p.AccountRecoverySetting.RecoveryMechanisms, RecoveryOption{Name: name, Priority: i + 1})
				}
			}
			user := &store.User{Attributes: c.has, MFA: store.UserMFA{Enabled: c.enabled, Preferred: c.prefers, SoftwareToken: c.app}}
			got, err := p.SecondFactor(user)
			if refused := c.pool == "ON" && c.want == ""; refused {
				if !errors.Is(err, fault.New(fault.NotAuthorized, "User is not eligible for MFA.")) {
					t.Fatalf("%+v, error %v, want it refused", got, err)
				}
				return
			}
			if err != nil || got.Challenge != c.want || !slices.Equal(got.Choices, c.choices) {
				t.Errorf("asks for %s %v (error %v), want %s %v", got.Challenge, got.Choices, err, c.want, c.choices)
			}
		})
	}
}
