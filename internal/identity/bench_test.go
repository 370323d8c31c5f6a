package identity_test

import (
	"fmt"
	"testing"
)

// What a known login costs, beside a call that does no more than verify a token.
func BenchmarkKnownLogin(b *testing.B) {
	s := newServer(b)
	s.newUserPool()
	s.newUser("ada")
	pool := s.newPool("")
	s.do("Identity", "SetIdentityPoolRoles", `{"IdentityPoolId":%q,"Roles":{"authenticated":"%suser"}}`, pool, role)
	logins := s.login(s.signIn("ada", s.client, "IdToken"))
	id := s.id(pool, logins)
	access := s.signIn("ada", s.client, "AccessToken")
	for _, op := range []struct{ name, service, input string }{
		{"GetUser", "UserPool", fmt.Sprintf(`{"AccessToken":%q}`, access)},
		{"GetId", "Identity", fmt.Sprintf(`{"IdentityPoolId":%q,"Logins":%s}`, pool, logins)},
		{"GetCredentialsForIdentity", "Identity", fmt.Sprintf(`{"IdentityId":%q,"Logins":%s}`, id, logins)},
	} {
		b.Run(op.name, func(b *testing.B) {
			for b.Loop() {
				s.do(op.service, op.name, "%s", op.input)
			}
		})
	}
}
