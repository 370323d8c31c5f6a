package identity_test

import (
	"fmt"
	"testing"
)

// What an identity pool does not allow, or no more, nobody gets by other means.
func TestForbiddenWays(t *testing.T) {
	const (
		noGuests  = "NotAuthorizedException: Unauthenticated access is not supported for this identity pool."
		noClassic = "InvalidParameterException: Basic (classic) flow is not enabled, please use enhanced flow."
		provider  = "NotAuthorizedException: Token is not from a supported provider of this identity pool."
		cognito   = "NotAuthorizedException: Invalid login token. Can't pass in a Cognito token."
	)
	s := newServer(t)
	s.newUserPool()
	for _, name := range []string{"ada", "grace"} {
		s.newUser(name)
	}
	open := s.newPool(`,"AllowClassicFlow":true,"DeveloperProviderName":"login.example.com"`)
	other := s.newPool("")
	for _, pool := range []string{open, other} {
		s.do("Identity", "SetIdentityPoolRoles", `{"IdentityPoolId":%q,"Roles":{"authenticated":"%suser","unauthenticated":"%sguest"}}`, pool, role, role)
	}
	ada := s.signIn("ada", s.client, "IdToken")
	guest, user := s.id(open, "{}"), s.id(open, s.login(ada))
	stranger := s.id(other, "{}")
	token := s.do("Identity", "GetOpenIdToken", `{"IdentityId":%q,"Logins":%s}`, user, s.login(ada)).text("Token")
	asIdentity := fmt.Sprintf(`{"cognito-identity.amazonaws.com":%q}`, token)

	// Two users of one user pool in one call, by its two names, are not made one.
	both := fmt.Sprintf(`{%q:%q,"id.example.com:9339/%s":%q}`, s.provider(), ada, s.pool, s.signIn("grace", s.client, "IdToken"))
	conflict := "ResourceConflictException: The identity already has another login of " + s.provider() + "."
	for _, tc := range []struct{ name, operation, input, want string }{
		{"two users as a new identity", "GetId", fmt.Sprintf(`{"IdentityPoolId":%q,"Logins":%s}`, other, both), conflict},
		{"two users, one known", "GetId", fmt.Sprintf(`{"IdentityPoolId":%q,"Logins":%s}`, open, both), conflict},
		{"two users as one of them", "GetCredentialsForIdentity", fmt.Sprintf(`{"IdentityId":%q,"Logins":%s}`, user, both), conflict},
		{"two users as a guest", "GetCredentialsForIdentity", fmt.Sprintf(`{"IdentityId":%q,"Logins":%s}`, stranger, both), conflict},
		{"the token of an identity, to have credentials", "GetCredentialsForIdentity", fmt.Sprintf(`{"IdentityId":%q,"Logins":%s}`, user, asIdentity),
			"NotAuthorizedException: Invalid login token. Not a valid OpenId Connect identity token."},
		{"the token of an identity, at another pool", "GetCredentialsForIdentity", fmt.Sprintf(`{"IdentityId":%q,"Logins":%s}`, stranger, asIdentity),
			"NotAuthorizedException: Invalid login token. Incorrect token audience."},
		{"the token of an identity, to have one", "GetId", fmt.Sprintf(`{"IdentityPoolId":%q,"Logins":%s}`, open, asIdentity), cognito},
		{"the token of an identity, to have another", "GetOpenIdToken", fmt.Sprintf(`{"IdentityId":%q,"Logins":%s}`, user, asIdentity), cognito},
		{"the developer's name, by a client", "GetId", fmt.Sprintf(`{"IdentityPoolId":%q,"Logins":{"login.example.com":"ada"}}`, open), provider},
		{"a guest with another role", "GetCredentialsForIdentity", fmt.Sprintf(`{"IdentityId":%q,"CustomRoleArn":"%suser"}`, guest, role),
			"NotAuthorizedException: The custom role is not allowed for this identity."},
	} {
		t.Run(tc.name, func(t *testing.T) { s.refuse(tc.want, tc.operation, "%s", tc.input) })
	}
	// Nothing was left behind by those.
	if n := len(s.do("Identity", "ListIdentities", `{"IdentityPoolId":%q,"MaxResults":60}`, other).at("Identities").([]any)); n != 1 {
		t.Errorf("there are %d identities in the other pool, want that of the guest", n)
	}

	s.do("Identity", "UpdateIdentityPool", `{"IdentityPoolId":%q,"IdentityPoolName":"p","AllowUnauthenticatedIdentities":false}`, open)
	for _, tc := range []struct{ name, operation, input, want string }{
		{"a new guest where they are no more allowed", "GetId", fmt.Sprintf(`{"IdentityPoolId":%q}`, open), noGuests},
		{"credentials of a guest", "GetCredentialsForIdentity", fmt.Sprintf(`{"IdentityId":%q}`, guest), noGuests},
		{"token of a guest", "GetOpenIdToken", fmt.Sprintf(`{"IdentityId":%q}`, guest), noGuests},
		{"a provider that was removed", "GetCredentialsForIdentity", fmt.Sprintf(`{"IdentityId":%q,"Logins":%s}`, user, s.login(ada)), provider},
	} {
		t.Run(tc.name, func(t *testing.T) { s.refuse(tc.want, tc.operation, "%s", tc.input) })
	}
	s.do("Identity", "UpdateIdentityPool", `{"IdentityPoolId":%q,"IdentityPoolName":"p","AllowUnauthenticatedIdentities":true}`, open)
	s.refuse(noClassic, "GetOpenIdToken", `{"IdentityId":%q}`, guest)
	s.do("Identity", "GetCredentialsForIdentity", `{"IdentityId":%q}`, guest)
}
