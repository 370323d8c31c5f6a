package signin_test

import (
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// invite makes a user who must set a new password and returns the session that
// the temporary one gives.
func (w *world) invite(name, temporary string, attributes map[string]string) (session string) {
	w.t.Helper()
	if _, err := w.users.Create(w.t.Context(), w.pool, userpool.Invitation{
		Username: name, TemporaryPassword: temporary, Attributes: attributes, Silent: true}); err != nil {
		w.t.Fatal(err)
	}
	o, err := w.passwordAuth(name, temporary)
	if err != nil || o.Challenge != "NEW_PASSWORD_REQUIRED" {
		w.t.Fatalf("asked %+v, %v", o, err)
	}
	return o.Session
}

func TestNewPasswordEndsWithTheTemporaryOne(t *testing.T) {
	for name, change := range map[string]func(w *world) error{
		"invited again": func(w *world) error {
			_, err := w.users.Reinvite(t.Context(), w.pool, userpool.Invitation{Username: "ada", TemporaryPassword: "0ther-Temp", Silent: true})
			return err
		},
		"password set": func(w *world) error { return w.users.SetPassword(t.Context(), w.pool, "ada", "0ther-Temp", false) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setting{})
			session := w.invite("ada", password, nil)
			if err := change(w); err != nil {
				t.Fatal(err)
			}
			_, err := w.respond("NEW_PASSWORD_REQUIRED", session, map[string]string{"USERNAME": "ada", "NEW_PASSWORD": "N3w-Passw0rd"})
			wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
			o, err := w.passwordAuth("ada", "0ther-Temp")
			if err != nil {
				t.Fatal(err)
			}
			o, err = w.respond("NEW_PASSWORD_REQUIRED", o.Session, map[string]string{"USERNAME": "ada", "NEW_PASSWORD": "N3w-Passw0rd"})
			wantTokens(t, o, err)
		})
	}
}

func TestNewPasswordKeepsAddresses(t *testing.T) {
	emails := userpool.PoolConfig{UsernameAttributes: []string{"email"}}
	verifying := emails
	verifying.UserAttributeUpdateSettings = &userpool.UserAttributeUpdateSettings{
		AttributesRequireVerificationBeforeUpdate: []string{"email"}}
	verifying.AutoVerifiedAttributes = []string{"email"}
	for _, c := range []struct {
		name, email string
		pool        userpool.PoolConfig
		code        fault.Code
		message     string
	}{
		{"that are verified before they change", "eve@example.com", verifying, fault.InvalidParameter, "Cannot modify an already provided email"},
		{"that others have", "bob@example.com", emails, fault.AliasExists, "An account with the given email already exists."},
		{"by which alone the user is called", "", emails, fault.InvalidParameter, "user.email: Attribute cannot be deleted."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, setting{pool: userpool.PoolSettings{PoolConfig: c.pool}})
			w.invite("bob@example.com", password, nil)
			session := w.invite("ada@example.com", password, nil)
			_, err := w.respond("NEW_PASSWORD_REQUIRED", session, map[string]string{
				"USERNAME": "ada@example.com", "NEW_PASSWORD": "N3w-Passw0rd", "userAttributes.email": c.email})
			wantFault(t, err, c.code, c.message)
			o, err := w.respond("NEW_PASSWORD_REQUIRED", session, map[string]string{ // echoed, as several clients do
				"USERNAME": "ada@example.com", "NEW_PASSWORD": "N3w-Passw0rd", "userAttributes.email": "ada@example.com"})
			wantTokens(t, o, err)
		})
	}
}
