package identity_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/poolhouse/poolhouse/internal/keys"
)

// The same login is the same identity, by either name of the user pool.
func TestLogin(t *testing.T) {
	s := newServer(t)
	s.newUserPool()
	s.newUser("ada")
	s.newUser("grace")
	pool := s.newPool("")
	ada := s.signIn("ada", s.client, "IdToken")
	id := s.id(pool, s.login(ada))
	if again := s.id(pool, s.login(s.signIn("ada", s.client, "IdToken"))); again != id {
		t.Errorf("a second sign-in is %s, want %s", again, id)
	}
	if own := s.id(pool, fmt.Sprintf(`{%q:%q}`, "id.example.com:9339/"+s.pool, ada)); own != id {
		t.Errorf("by the issuer without scheme it is %s, want %s", own, id)
	}
	if other := s.id(pool, s.login(s.signIn("grace", s.client, "IdToken"))); other == id {
		t.Error("two users are one identity")
	}
	guest := s.id(pool, "{}")
	if another := s.id(pool, "{}"); another == guest {
		t.Error("two guests are one identity")
	}
	described := s.do("Identity", "DescribeIdentity", `{"IdentityId":%q}`, id)
	if got, want := described.json("Logins"), fmt.Sprintf(`[%q]`, s.provider()); got != want || described.at("CreationDate") == nil {
		t.Errorf("DescribeIdentity shows logins %s, want %s, of %v", got, want, described.body)
	}

	// A guest who signs in stays the identity if it is a new one, else becomes the known one.
	s.newUser("hedy")
	hedy := s.login(s.signIn("hedy", s.client, "IdToken"))
	s.do("Identity", "SetIdentityPoolRoles", `{"IdentityPoolId":%q,"Roles":{"authenticated":"arn:aws:iam::123456789012:role/user","unauthenticated":"arn:aws:iam::123456789012:role/guest"}}`, pool)
	credentials := func(id, logins string) string {
		got := s.do("Identity", "GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, id, logins)
		if got.text("Credentials", "SecretKey") == "" || got.text("Credentials", "SessionToken") == "" {
			t.Errorf("no credentials: %v", got.body)
		}
		if _, ok := got.at("Credentials", "Expiration").(float64); !ok {
			t.Errorf("Expiration is %v, want a number", got.at("Credentials", "Expiration"))
		}
		return got.text("IdentityId")
	}
	if got := credentials(guest, "{}"); got != guest {
		t.Errorf("credentials of a guest are of %s", got)
	}
	if got := credentials(guest, hedy); got != guest {
		t.Errorf("a guest who signs in first becomes %s, want %s", got, guest)
	}
	s.refuse("NotAuthorizedException: Access to Identity '"+guest+"' is forbidden.", "GetCredentialsForIdentity", `{"IdentityId":%q}`, guest)
	second := s.id(pool, "{}")
	if got := credentials(second, hedy); got != guest {
		t.Errorf("another guest who signs in becomes %s, want %s", got, guest)
	}
	if got := credentials(second, hedy); got != guest {
		t.Errorf("a merged identity leads to %s, want %s", got, guest)
	}
	if got := credentials(id, s.login(ada)); got != id {
		t.Errorf("credentials are of %s, want %s", got, id)
	}
	s.refuse("NotAuthorizedException: Logins don't match. Please include at least one valid login for this identity or identity pool.",
		"GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, id, hedy)

	hidden := s.do("Identity", "ListIdentities", `{"IdentityPoolId":%q,"MaxResults":60,"HideDisabled":true}`, pool)
	all := s.do("Identity", "ListIdentities", `{"IdentityPoolId":%q,"MaxResults":60}`, pool)
	if n, m := len(hidden.at("Identities").([]any)), len(all.at("Identities").([]any)); m != n+1 {
		t.Errorf("%d identities are not disabled of %d, want one less", n, m)
	}

	s.do("Identity", "UnlinkIdentity", `{"IdentityId":%q,"Logins":%s,"LoginsToRemove":[%q]}`, id, s.login(ada), s.provider())
	if got := s.id(pool, s.login(ada)); got == id {
		t.Error("an unlinked login still leads to its identity")
	}
	s.refuse("NotAuthorizedException: Access to Identity '"+id+"' is forbidden.", "GetCredentialsForIdentity", `{"IdentityId":%q}`, id)

	if got := s.do("Identity", "DeleteIdentities", `{"IdentityIdsToDelete":[%q]}`, id).json("UnprocessedIdentityIds"); got != "[]" {
		t.Errorf("not deleted: %s", got)
	}
	s.refuse("ResourceNotFoundException: Identity '"+id+"' not found.", "DescribeIdentity", `{"IdentityId":%q}`, id)
	s.do("Identity", "DeleteIdentityPool", `{"IdentityPoolId":%q}`, pool)
	s.refuse("ResourceNotFoundException: IdentityPool '"+pool+"' not found.", "GetId", `{"IdentityPoolId":%q}`, pool)
	s.refuse("ResourceNotFoundException: Identity '"+guest+"' not found.", "DescribeIdentity", `{"IdentityId":%q}`, guest)
	s.refuse("ResourceNotFoundException: Identity '"+guest+"' not found.", "GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, guest, hedy)
}

// forge changes a claim of a token and keeps its signature.
func forge(t *testing.T, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), `"sub":"`, `"sub":"0`, 1)))
	return strings.Join(parts, ".")
}

func TestRefusedLogins(t *testing.T) {
	const refused = "NotAuthorizedException: "
	s := newServer(t)
	s.newUserPool()
	s.newUser("ada")
	pool := s.newPool("")
	strict := s.do("Identity", "CreateIdentityPool", `{"IdentityPoolName":"strict","AllowUnauthenticatedIdentities":false,"SamlProviderARNs":["arn:aws:iam::123456789012:saml-provider/corp"],
		"SupportedLoginProviders":{"api.twitter.com":"k;s"},"CognitoIdentityProviders":[{"ProviderName":%q,"ClientId":%q,"ServerSideTokenCheck":true}]}`, s.provider(), s.client).text("IdentityPoolId")
	token := s.signIn("ada", s.client, "IdToken")
	id := s.id(strict, s.login(token))
	foreign := s.newClient()
	otherPool, otherClient := s.pool, s.client
	s.newUserPool()
	s.newUser("ada")
	elsewhere, elsewhereProvider := s.signIn("ada", s.client, "IdToken"), s.provider()
	s.pool, s.client = otherPool, otherClient

	for _, tc := range []struct{ name, pool, logins, want string }{
		{"no token", pool, s.login("junk"), "Invalid login token. Not a valid OpenId Connect identity token."},
		{"access token", pool, s.login(s.signIn("ada", s.client, "AccessToken")), "Invalid login token. Not a valid OpenId Connect identity token."},
		{"forged", pool, s.login(forge(t, token)), "Invalid login token. Couldn't verify signed token."},
		{"another client", pool, s.login(s.signIn("ada", foreign, "IdToken")), "Invalid login token. Incorrect token audience."},
		{"another pool's token", pool, s.login(elsewhere), "Invalid login token. Issuer doesn't match providerName"},
		{"another pool", pool, fmt.Sprintf(`{%q:%q}`, elsewhereProvider, elsewhere), "Token is not from a supported provider of this identity pool."},
		{"unknown provider", pool, `{"accounts.google.com":"x"}`, "Token is not from a supported provider of this identity pool."},
		{"developer provider", pool, `{"login.example.com":"ada"}`, "Token is not from a supported provider of this identity pool."},
		{"token of an identity", pool, `{"cognito-identity.amazonaws.com":"x"}`, "Invalid login token. Can't pass in a Cognito token."},
		{"SAML", strict, `{"arn:aws:iam::123456789012:saml-provider/corp":"x"}`, "Invalid login token. Specified provider doesn't exist."},
		{"Twitter", strict, `{"api.twitter.com":"x;y"}`, "Logins of Twitter and Digits are not supported."},
		{"guest", strict, `{}`, "Unauthenticated access is not supported for this identity pool."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.refuse(refused+tc.want, "GetId", `{"IdentityPoolId":%q,"Logins":%s}`, tc.pool, tc.logins)
		})
	}
	s.refuse("InvalidParameterException: Basic (classic) flow is not enabled, please use enhanced flow.", "GetOpenIdToken", `{"IdentityId":%q,"Logins":%s}`, id, s.login(token))
	s.refuse("InvalidIdentityPoolConfigurationException: Invalid identity pool configuration. Check assigned IAM roles for this pool.",
		"GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, id, s.login(token))

	// The check of the server's side: only the pool that asks for it refuses.
	for _, end := range []struct{ name, operation, back string }{
		{"disabled", "AdminDisableUser", "AdminEnableUser"},
		{"signed out", "AdminUserGlobalSignOut", ""},
		{"deleted", "AdminDeleteUser", ""},
	} {
		s.do("UserPool", end.operation, `{"UserPoolId":%q,"Username":"ada"}`, s.pool)
		s.refuse(refused+"Token is inactive", "GetId", `{"IdentityPoolId":%q,"Logins":%s}`, strict, s.login(token))
		s.id(pool, s.login(token))
		if end.back != "" {
			s.do("UserPool", end.back, `{"UserPoolId":%q,"Username":"ada"}`, s.pool)
			s.id(strict, s.login(token))
		}
	}

	s.advance("61m")
	got := s.call("Identity", "GetId", `{"IdentityPoolId":%q,"Logins":%s}`, pool, s.login(token))
	var exp, now int64
	if n, _ := fmt.Sscanf(got.err, "NotAuthorizedException: Invalid login token. Token expired: %d >= %d", &exp, &now); n != 2 || exp == 0 || now < exp {
		t.Errorf("an expired token gives %s", got.err)
	}
}

// Two nodes make one identity of 50 first calls at the same time.
func TestFirstCallsAtOnce(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		master := keys.GenerateMasterKey()
		s := serverAt(t, url, master, "")
		nodes := []*server{s}
		if strings.HasPrefix(url, "postgres") {
			nodes = append(nodes, serverAt(t, url, master, ""))
		}
		s.newUserPool()
		s.newUser("ada")
		pool := s.newPool("")
		logins := s.login(s.signIn("ada", s.client, "IdToken"))
		ids := make([]string, 50)
		var all sync.WaitGroup
		for i := range ids {
			all.Go(func() {
				got := nodes[i%len(nodes)].call("Identity", "GetId", `{"IdentityPoolId":%q,"Logins":%s}`, pool, logins)
				if ids[i] = got.err; got.err == "" {
					ids[i], _ = got.body["IdentityId"].(string)
				}
			})
		}
		all.Wait()
		for _, id := range ids {
			if id != ids[0] || !strings.HasPrefix(id, "us-east-1:") {
				t.Fatalf("the identities are %q", ids)
			}
		}
		if n := len(s.do("Identity", "ListIdentities", `{"IdentityPoolId":%q,"MaxResults":60}`, pool).at("Identities").([]any)); n != 1 {
			t.Errorf("there are %d identities", n)
		}
	})
}

// The basic flow: a token that says what AWS's says, by keys that are published.
func TestOpenIDToken(t *testing.T) {
	s := newServer(t)
	s.newUserPool()
	s.newUser("ada")
	pool := s.newPool(`,"AllowClassicFlow":true`)
	s.do("Identity", "SetPrincipalTagAttributeMap", `{"IdentityPoolId":%q,"IdentityProviderName":%q,"PrincipalTags":{"name":"cognito:username","none":"absent"}}`, pool, s.provider())
	id := s.id(pool, s.login(s.signIn("ada", s.client, "IdToken")))
	token := s.do("Identity", "GetOpenIdToken", `{"IdentityId":%q,"Logins":%s}`, id, s.login(s.signIn("ada", s.client, "IdToken"))).text("Token")
	claims := claimsOf(t, token)
	sub := claimsOf(t, s.signIn("ada", s.client, "IdToken"))["sub"]
	if exp, iat := claims["exp"].(float64), claims["iat"].(float64); exp-iat != 600 {
		t.Errorf("the token lives %v s, want 600", exp-iat)
	}
	delete(claims, "exp")
	delete(claims, "iat")
	want := map[string]any{
		"iss": publicURL + "/_identity", "aud": pool, "sub": id,
		"amr":                         []any{"authenticated", s.provider(), fmt.Sprintf("%s:CognitoSignIn:%s", s.provider(), sub)},
		"https://aws.amazon.com/tags": map[string]any{"principal_tags": map[string]any{"name": []any{"ada"}}},
	}
	if !reflect.DeepEqual(claims, want) {
		t.Errorf("the token says\n%v, want\n%v", claims, want)
	}
	guest := s.id(pool, "{}")
	if got := claimsOf(t, s.do("Identity", "GetOpenIdToken", `{"IdentityId":%q}`, guest).text("Token"))["amr"]; !reflect.DeepEqual(got, []any{"unauthenticated"}) {
		t.Errorf("amr of a guest is %v", got)
	}

	for path, part := range map[string]string{
		"openid-configuration": `"jwks_uri":"` + publicURL + `/_identity/.well-known/jwks.json"`,
		"jwks.json":            `"alg":"RS512"`,
	} {
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest("GET", "/_identity/.well-known/"+path, nil))
		if w.Code != 200 || !strings.Contains(w.Body.String(), part) {
			t.Errorf("%s: %d %s, want %s", path, w.Code, w.Body, part)
		}
	}
}

func claimsOf(t testing.TB, token string) map[string]any {
	t.Helper()
	var claims map[string]any
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil {
		t.Fatalf("%s: %v", token, err)
	}
	return claims
}
