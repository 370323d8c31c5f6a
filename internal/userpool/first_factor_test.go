package userpool

import (
	"slices"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/store"
)

func TestFirstFactors(t *testing.T) {
	const passwords = "PASSWORD_SRP PASSWORD"
	pool := func(change func(*Pool)) *Pool {
		p := &Pool{ID: "us-east-1_Test00000"}
		p.MfaConfiguration = "OFF"
		p.Policies.SignInPolicy.AllowedFirstAuthFactors = []string{"PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"}
		if change != nil {
			change(p)
		}
		return p
	}
	user := func(change func(*store.User)) *store.User {
		u := &store.User{Status: StatusConfirmed, SealedPassword: "sealed", Attributes: map[string]string{"email": "a@b.example", "phone_number": "+15550100"}}
		if change != nil {
			change(u)
		}
		return u
	}
	withApp := func(u *store.User) { u.MFA = store.UserMFA{SoftwareToken: true, Enabled: []string{FactorToken}} }
	optional := func(p *Pool) {
		p.MfaConfiguration, p.MFAFactors.SoftwareToken = "OPTIONAL", &SoftwareTokenMFA{Enabled: true}
	}
	required := func(p *Pool) { optional(p); p.MfaConfiguration = "ON" }
	multi := func(p *Pool) {
		required(p)
		p.WebAuthnConfiguration = &WebAuthnConfiguration{FactorConfiguration: multiFactorPasskeys}
	}
	for _, tt := range []struct {
		name    string
		pool    func(*Pool)
		user    func(*store.User)
		passkey bool
		conceal bool
		want    string
	}{
		{"all", nil, nil, true, false, passwords + " EMAIL_OTP SMS_OTP WEB_AUTHN"},
		{"no passkey", nil, nil, false, false, passwords + " EMAIL_OTP SMS_OTP"},
		{"no address", nil, func(u *store.User) { u.Attributes = nil }, false, false, passwords},
		{"not allowed", func(p *Pool) { p.Policies.SignInPolicy.AllowedFirstAuthFactors = []string{"PASSWORD"} }, nil, true, false, passwords},
		{"no password", nil, func(u *store.User) { u.SealedPassword = "" }, false, false, "EMAIL_OTP SMS_OTP"},
		{"no password, concealed", nil, func(u *store.User) { u.SealedPassword = "" }, false, true, passwords + " EMAIL_OTP SMS_OTP"},
		{"nothing at all", nil, func(u *store.User) { u.SealedPassword, u.Attributes = "", nil }, false, false, passwords},
		{"temporary password", nil, func(u *store.User) { u.Status = StatusForceChangePassword }, true, false, passwords},
		{"reset", nil, func(u *store.User) { u.Status = StatusResetRequired }, true, false, passwords},
		{"unconfirmed", nil, func(u *store.User) { u.Status = StatusUnconfirmed }, false, false, passwords + " EMAIL_OTP SMS_OTP"},
		{"MFA optional, none set up", optional, nil, true, false, passwords + " EMAIL_OTP SMS_OTP WEB_AUTHN"},
		{"MFA optional, set up", optional, withApp, true, false, passwords},
		{"MFA required", required, nil, true, false, passwords},
		{"MFA required, passkeys count as two factors", multi, withApp, true, false, passwords + " WEB_AUTHN"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(pool(tt.pool).FirstFactors(user(tt.user), tt.passkey, tt.conceal), " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestLevels(t *testing.T) {
	for methods, want := range map[string]int{
		"": 0, "pwd": 1, "email_otp": 2, "sms": 2, "hwk": 3, "swk": 3, "pwd sms": 3, "pwd email_otp": 3, "pwd otp": 4, "otp": 0, "fed": 0,
	} {
		if got := Level(strings.Fields(methods)); got != want {
			t.Errorf("%s: level %d, want %d", methods, got, want)
		}
	}
	p := &Pool{}
	p.AcrConfiguration = map[string]AcrLevel{"Level3": {AcrValue: "strong"}}
	if got := p.ACR([]string{"hwk"}); got != "strong" {
		t.Errorf("acr %q", got)
	}
	if got := p.ACR(nil); got != "" {
		t.Errorf("acr of nothing %q", got)
	}
	if got := p.Levels("strong urn:cognito:loa:3 urn:cognito:loa:1 strong"); !slices.Equal(got, []int{3, 1}) {
		t.Errorf("levels %v", got)
	}
}
