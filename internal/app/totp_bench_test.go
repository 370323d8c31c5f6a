//go:build unix

package app_test

import (
	"context"
	"encoding/base32"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/totp"
)

// BenchmarkTOTP reports what a sign-in with an authenticator app costs beside its
// cryptography, as BenchmarkServer does. A code counts once, so that each user signs
// in once, with that of the next half minute: -benchtime is at most 400x.
func BenchmarkTOTP(b *testing.B) {
	const people = 500
	d := benchUsers(b)
	for _, database := range databases {
		for _, way := range []struct {
			operation
			prove func(*caller, context.Context, string) (*signIn, error)
		}{
			{operation{"TOTP/password", cryptography{fixed: 1, signatures: 2}, nil}, (*caller).provePassword},
			{operation{"TOTP/srp", cryptography{fixed: 1, exponentiations: 2, signatures: 2}, nil}, (*caller).proveSRP},
		} {
			b.Run(way.name+"/"+database.name, func(b *testing.B) {
				t := serve(b, database.url(b, d), d)
				secrets, err := t.enrolApps(b.Context(), people)
				if err != nil {
					b.Fatal(err)
				}
				var turn atomic.Int64
				way.ask = func(ctx context.Context, t *target, _ int) error {
					i := int(turn.Add(1)) - 1
					if i >= people {
						return fmt.Errorf("more than %d sign-ins", people)
					}
					name := t.username(t.signer(i))
					challenge, err := way.prove(t.caller, ctx, name)
					if err != nil {
						return err
					}
					out, err := t.answerApp(ctx, name, challenge, totp.Code(secrets[i], totp.Step(time.Now())+1))
					if err != nil {
						return err
					}
					return out.granted()
				}
				if err := t.bench(b, way.operation, database.name); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

// enrolApps gives some users an authenticator app each, and returns the keys. It
// uses up the codes of the present half minute.
func (t *target) enrolApps(ctx context.Context, people int) ([][]byte, error) {
	in := map[string]any{"UserPoolId": benchPool, "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": map[string]bool{"Enabled": true}}
	if err := t.call(ctx, "SetUserPoolMfaConfig", true, in, &struct{}{}); err != nil {
		return nil, err
	}
	secrets := make([][]byte, people)
	return secrets, together(people, func(i int) error {
		out, err := t.password(ctx, t.username(t.signer(i)))
		if err != nil {
			return err
		}
		access := out.AuthenticationResult.AccessToken
		var made struct{ SecretCode string }
		if err := t.call(ctx, "AssociateSoftwareToken", false, parameters{"AccessToken": access}, &made); err != nil {
			return err
		}
		if secrets[i], err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(made.SecretCode); err != nil {
			return err
		}
		code := totp.Code(secrets[i], totp.Step(time.Now()))
		if err := t.call(ctx, "VerifySoftwareToken", false, parameters{"AccessToken": access, "UserCode": code}, &struct{}{}); err != nil {
			return err
		}
		preferred := map[string]any{"AccessToken": access, "SoftwareTokenMfaSettings": map[string]bool{"Enabled": true, "PreferredMfa": true}}
		return t.call(ctx, "SetUserMFAPreference", false, preferred, &struct{}{})
	})
}

// answerApp answers the challenge of an authenticator app.
func (t *target) answerApp(ctx context.Context, name string, challenge *signIn, code string) (*signIn, error) {
	if challenge.ChallengeName != "SOFTWARE_TOKEN_MFA" {
		return nil, fmt.Errorf("%s is asked for %q", name, challenge.ChallengeName)
	}
	in := map[string]any{"ChallengeName": challenge.ChallengeName, "ClientId": benchClient, "Session": challenge.Session,
		"ChallengeResponses": parameters{"USERNAME": name, "SOFTWARE_TOKEN_MFA_CODE": code}}
	var out signIn
	return &out, t.call(ctx, "RespondToAuthChallenge", false, in, &out)
}
