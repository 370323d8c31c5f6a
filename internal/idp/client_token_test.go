package idp

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// claimsOf are the claims of a token, unverified.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("token %q", token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestGetClientToken(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	server := `{"UserPoolId":"` + pool + `","Identifier":"api","Name":"n","Scopes":[`
	const read, write = `{"ScopeName":"read","ScopeDescription":"r"}`, `{"ScopeName":"write","ScopeDescription":"w"}`
	a.do(t, "CreateResourceServer", server+read+","+write+`]}`)
	// As the guide makes one: scopes without a grant of OAuth.
	const config = `"ExplicitAuthFlows":["ALLOW_CLIENT_TOKEN_AUTH"],"AllowedOAuthScopes":["api/write","api/read"],"AccessTokenValidity":5,"TokenValidityUnits":{"AccessToken":"minutes"}`
	created := a.do(t, "CreateUserPoolClient", `{"UserPoolId":"`+pool+`","ClientName":"c","GenerateSecret":true,`+config+`}`)
	id, first := created.text("UserPoolClient.ClientId"), created.text("UserPoolClient.ClientSecret")
	second := a.do(t, "AddUserPoolClientSecret", `{"UserPoolId":"`+pool+`","ClientId":"`+id+`"}`).text("ClientSecretDescriptor.ClientSecretValue")
	input := func(id, secret, more string) string {
		return `{"ClientId":"` + id + `","Secret":"` + secret + `"` + more + `}`
	}
	scopes := func(t *testing.T, more string) any {
		t.Helper()
		claims := claimsOf(t, a.do(t, "GetClientToken", input(id, first, more)).text("ClientAuthenticationResult.AccessToken"))
		return claims["scope"]
	}

	got := a.do(t, "GetClientToken", input(id, second, `,"Scopes":["api/read"],"ClientMetadata":{"a":"b"}`))
	if got.json("ClientAuthenticationResult.ExpiresIn") != "300" || got.text("ClientAuthenticationResult.TokenType") != "Bearer" {
		t.Errorf("result %v", got.body)
	}
	access := got.text("ClientAuthenticationResult.AccessToken")
	claims := claimsOf(t, access)
	if claims["exp"].(float64)-claims["iat"].(float64) != 300 || claims["auth_time"] != claims["iat"] {
		t.Errorf("times of %v", claims)
	}
	if len(claims["jti"].(string)) != 36 {
		t.Errorf("jti of %v", claims)
	}
	for _, name := range []string{"exp", "iat", "auth_time", "jti"} {
		delete(claims, name)
	}
	want := map[string]any{"sub": id, "client_id": id, "token_use": "access", "version": 2.0, "scope": "api/read", "iss": "http://localhost/" + pool}
	if g, w := mustJSON(t, claims), mustJSON(t, want); g != w {
		t.Errorf("claims %s, want %s", g, w)
	}
	a.refuse(t, "GetUser", `{"AccessToken":"`+access+`"}`, "NotAuthorizedException: Access Token does not have required scopes")

	if got := scopes(t, ""); got != "api/write api/read" {
		t.Errorf("no scopes gives %v", got)
	}
	if got := scopes(t, `,"Scopes":["api/read","api/write","api/read"]`); got != "api/read api/write" {
		t.Errorf("both scopes give %v", got)
	}

	for _, tc := range []struct{ name, input, want string }{
		{"wrong secret", input(id, strings.Repeat("x", 52), ""), "NotAuthorizedException: Invalid client or secret"},
		{"nobody's client", input("1example23456789", first, ""), "NotAuthorizedException: Invalid client or secret"},
		{"system scope", input(id, first, `,"Scopes":["openid"]`), "InvalidParameterException: Invalid scope requested: openid"},
		{"scope of nothing", input(id, first, `,"Scopes":["api/read","api/delete"]`), "InvalidParameterException: Invalid scope requested: api/delete"},
		{"scope in another case", input(id, first, `,"Scopes":["API/read"]`), "InvalidParameterException: Invalid scope requested: API/read"},
	} {
		t.Run(tc.name, func(t *testing.T) { a.refuse(t, "GetClientToken", tc.input, tc.want) })
	}

	// A scope that went is left out, whether asked for or not, and comes back.
	a.do(t, "UpdateResourceServer", server+write+`]}`)
	if got := scopes(t, ""); got != "api/write" {
		t.Errorf("scopes without the one that went: %v", got)
	}
	if got := scopes(t, `,"Scopes":["api/read"]`); got != nil {
		t.Errorf("the scope that went gives %v", got)
	}
	a.do(t, "UpdateResourceServer", server+read+`]}`)
	if got := scopes(t, ""); got != "api/read" {
		t.Errorf("scopes with the one that came back: %v", got)
	}
	a.do(t, "DeleteResourceServer", `{"UserPoolId":"`+pool+`","Identifier":"api"}`)
	if got := scopes(t, ""); got != nil {
		t.Errorf("scopes without a resource server: %v", got)
	}

	a.do(t, "UpdateUserPoolClient", `{"UserPoolId":"`+pool+`","ClientId":"`+id+`"}`)
	a.refuse(t, "GetClientToken", input(id, first, ""), "InvalidParameterException: CLIENT_TOKEN_AUTH flow not enabled for this client")
	a.refuse(t, "GetClientToken", input(id, strings.Repeat("x", 52), ""), "NotAuthorizedException: Invalid client or secret")
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
