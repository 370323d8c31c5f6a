package identity_test

import (
	"fmt"
	"testing"
)

// Nobody gets the identity of another: not by their own login, not by none, not
// by unlinking, and not by a guest's identity that became another's.
func TestTakeover(t *testing.T) {
	s := newServer(t)
	s.newUserPool()
	pool := s.newPool("")
	s.do("Identity", "SetIdentityPoolRoles", `{"IdentityPoolId":%q,"Roles":{"authenticated":"%suser","unauthenticated":"%sguest"}}`, pool, role, role)
	logins, ids := map[string]string{}, map[string]string{}
	for _, name := range []string{"ada", "grace"} {
		s.newUser(name)
		logins[name] = s.login(s.signIn(name, s.client, "IdToken"))
		ids[name] = s.id(pool, logins[name])
	}
	merged := s.id(pool, `{}`)
	const credentials = `{"IdentityId":%q,"Logins":%s}`
	if got := s.do("Identity", "GetCredentialsForIdentity", credentials, merged, logins["ada"]).text("IdentityId"); got != ids["ada"] {
		t.Fatalf("the guest became %s, want %s", got, ids["ada"])
	}
	const mismatch = "NotAuthorizedException: Logins don't match. Please include at least one valid login for this identity or identity pool."
	for _, tc := range []struct{ name, victim, logins, want string }{
		{"grace as ada", ids["ada"], logins["grace"], mismatch},
		{"ada as grace", ids["grace"], logins["ada"], mismatch},
		{"grace as the guest that ada was", merged, logins["grace"], mismatch},
		{"nobody as ada", ids["ada"], `{}`, "NotAuthorizedException: Access to Identity '" + ids["ada"] + "' is forbidden."},
		{"nobody as the guest that ada was", merged, `{}`, "NotAuthorizedException: Access to Identity '" + merged + "' is forbidden."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.refuse(tc.want, "GetCredentialsForIdentity", credentials, tc.victim, tc.logins)
		})
	}
	unlink := fmt.Sprintf(`{"IdentityId":%%q,"Logins":%%s,"LoginsToRemove":[%q]}`, s.provider())
	s.refuse(mismatch, "UnlinkIdentity", unlink, ids["ada"], logins["grace"])
	s.refuse(mismatch, "UnlinkIdentity", unlink, ids["ada"], `{}`)

	// What ada left is nobody's, and she starts anew.
	s.do("Identity", "UnlinkIdentity", unlink, ids["ada"], logins["ada"])
	for _, name := range []string{"ada", "grace"} {
		s.refuse(mismatch, "GetCredentialsForIdentity", credentials, ids["ada"], logins[name])
	}
	if got := s.id(pool, logins["ada"]); got == ids["ada"] || got == ids["grace"] || got == merged {
		t.Errorf("ada's next identity is %s of before", got)
	}
	if got := s.id(pool, logins["grace"]); got != ids["grace"] {
		t.Errorf("grace's identity is %s, want %s", got, ids["grace"])
	}
}
