package signin_test

import (
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// BenchmarkSignIn compares sign-ins with an authenticator app to those without,
// on SQLite: by password as by SRP a second factor should cost at most a third
// more.
func BenchmarkSignIn(b *testing.B) {
	w := mfaWorld(b, appOnly("OPTIONAL"), setting{})
	w.user("plain", userpool.StatusConfirmed)
	secret := w.app(w.user("ada", userpool.StatusConfirmed))
	w.prefer("ada", userpool.FactorToken)
	for _, c := range []struct {
		name string
		run  func(b *testing.B)
	}{
		{"password", func(b *testing.B) { w.tokensOf(b, "plain", nil, w.passwordAuth) }},
		{"password+app", func(b *testing.B) { w.tokensOf(b, "ada", secret, w.passwordAuth) }},
		{"SRP", func(b *testing.B) { w.tokensOf(b, "plain", nil, w.srpAuth) }},
		{"SRP+app", func(b *testing.B) { w.tokensOf(b, "ada", secret, w.srpAuth) }},
	} {
		b.Run(c.name, c.run)
	}
}

// tokensOf signs a user in, with an app if there is a secret.
func (w *world) tokensOf(b *testing.B, name string, secret []byte, signIn func(string, string) (*signin.Outcome, error)) {
	for b.Loop() {
		o, err := signIn(name, password)
		if err == nil && secret != nil {
			w.advance(time.Minute)
			o, err = w.respond("SOFTWARE_TOKEN_MFA", o.Session, map[string]string{"USERNAME": name, "SOFTWARE_TOKEN_MFA_CODE": w.code(secret)})
		}
		if err != nil || o.Tokens == nil {
			b.Fatalf("no tokens: %v", err)
		}
	}
}
