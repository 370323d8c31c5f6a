package idp

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestPreTokenGeneration holds what functions can change of tokens, and what not.
func TestPreTokenGeneration(t *testing.T) {
	for _, c := range []struct {
		name, version, response string
		id, access              string // claims, as JSON: null for those that are not there
	}{
		{"nothing", "V1_0", `{"claimsOverrideDetails":null}`,
			`{"cognito:groups":["staff"],"email":"ada@example.com"}`, `{"cognito:groups":["staff"],"scope":"aws.cognito.signin.user.admin"}`},
		{"version 1 changes ID tokens alone", "V1_0", `{"claimsOverrideDetails":{"claimsToAddOrOverride":{"a":"b","email":"x"},"claimsToSuppress":["email_verified"]}}`,
			`{"a":"b","email":"x","email_verified":null,"cognito:groups":["staff"]}`, `{"a":null,"cognito:groups":["staff"]}`},
		{"suppressing wins", "V1_0", `{"claimsOverrideDetails":{"claimsToAddOrOverride":{"a":"b"},"claimsToSuppress":["a"]}}`, `{"a":null}`, `{}`},
		{"fixed claims", "V1_0", `{"claimsOverrideDetails":{"claimsToAddOrOverride":{"sub":"x","aud":"x","cognito:groups":"x","dev:a":"b","event_id":"x"},"claimsToSuppress":["cognito:username","iss"]}}`,
			`{"token_use":"id","cognito:username":"ada","cognito:groups":["staff"],"dev:a":null}`, `{}`},
		{"groups replaced", "V1_0", `{"claimsOverrideDetails":{"groupOverrideDetails":{"groupsToOverride":["a","b"],"iamRolesToOverride":["arn:aws:iam::123456789012:role/r"],"preferredRole":"arn:aws:iam::123456789012:role/r"}}}`,
			`{"cognito:groups":["a","b"],"cognito:roles":["arn:aws:iam::123456789012:role/r"],"cognito:preferred_role":"arn:aws:iam::123456789012:role/r"}`,
			`{"cognito:groups":["a","b"]}`},
		{"groups taken away by null", "V1_0", `{"claimsOverrideDetails":{"groupOverrideDetails":null}}`, `{"cognito:groups":null,"cognito:roles":null}`, `{"cognito:groups":null}`},
		{"groups taken away by an empty object", "V2_0", `{"claimsAndScopeOverrideDetails":{"groupOverrideDetails":{}}}`, `{"cognito:groups":null,"cognito:preferred_role":null}`, `{"cognito:groups":null}`},
		{"version 2", "V2_0", `{"claimsAndScopeOverrideDetails":{
			"idTokenGeneration":{"claimsToAddOrOverride":{"list":[1,"a"],"deep":{"b":true}},"claimsToSuppress":["email"]},
			"accessTokenGeneration":{"claimsToAddOrOverride":{"n":12345678901234567,"username":"x","client_id":"x"},"claimsToSuppress":["cognito:groups","auth_time"],
				"scopesToAdd":["api/read","openid"],"scopesToSuppress":["aws.cognito.signin.user.admin"]}}}`,
			`{"list":[1,"a"],"deep":{"b":true},"email":null,"cognito:groups":["staff"]}`,
			`{"n":12345678901234567,"username":"ada","cognito:groups":null,"scope":"api/read openid","token_use":"access"}`},
		{"the client for an audience", "V2_0", `{"claimsAndScopeOverrideDetails":{"accessTokenGeneration":{"claimsToAddOrOverride":{"aud":"CLIENT"}}}}`, `{}`, `{"aud":"CLIENT"}`},
		{"version 3 for users", "V3_0", `{"claimsAndScopeOverrideDetails":{"accessTokenGeneration":{"claimsToAddOrOverride":{"a":"b"}}}}`, `{}`, `{"a":"b"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTriggerWorld(t, c.version, "")
			w.user(t, "ada")
			w.do(t, "CreateGroup", w.in(`{"UserPoolId":"POOL","GroupName":"staff","RoleArn":"arn:aws:iam::123456789012:role/staff"}`))
			w.do(t, "AdminAddUserToGroup", w.in(`{"UserPoolId":"POOL","GroupName":"staff","Username":"ada"}`))
			w.f.say("TokenGeneration_Authentication", w.in(c.response))
			w.f.say("TokenGeneration_RefreshTokens", w.in(c.response))
			signedIn := w.do(t, "InitiateAuth", w.in(`{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"ada","PASSWORD":"Passw0rd!"}}`))
			event := string(w.f.take()[2].raw)
			const groups = `"groupConfiguration":{"groupsToOverride":["staff"],"iamRolesToOverride":["arn:aws:iam::123456789012:role/staff"],"preferredRole":"arn:aws:iam::123456789012:role/staff"}`
			if !strings.Contains(event, groups) || strings.Contains(event, `"scopes":`) != (c.version != "V1_0") ||
				!strings.HasPrefix(event, `{"version":"`+c.version[1:2]+`"`) {
				t.Errorf("event %s", event)
			}
			renewed := w.do(t, "GetTokensFromRefreshToken", w.in(`{"ClientId":"CLIENT","RefreshToken":"`+signedIn.text("AuthenticationResult.RefreshToken")+`"}`))
			for _, got := range []answer{signedIn, renewed} {
				hold(t, "ID token", claimsOf(t, got.text("AuthenticationResult.IdToken")), w.in(c.id))
				hold(t, "access token", claimsOf(t, got.text("AuthenticationResult.AccessToken")), w.in(c.access))
			}
			if !strings.Contains(c.response, "scopesToSuppress") {
				w.do(t, "GetUser", `{"AccessToken":"`+signedIn.text("AuthenticationResult.AccessToken")+`"}`)
			} else {
				w.refuse(t, "GetUser", `{"AccessToken":"`+signedIn.text("AuthenticationResult.AccessToken")+`"}`,
					"NotAuthorizedException: Access Token does not have required scopes")
			}
		})
	}
}

// hold compares some claims of a token.
func hold(t *testing.T, what string, claims map[string]any, want string) {
	t.Helper()
	var wanted map[string]any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	for name, value := range wanted {
		a, _ := json.Marshal(claims[name])
		b, _ := json.Marshal(value)
		if string(a) != string(b) {
			t.Errorf("%s: %s is %s, want %s", what, name, a, b)
		}
	}
}

// TestPreTokenGenerationOfClients holds that version 3 alone is asked about tokens
// of clients.
func TestPreTokenGenerationOfClients(t *testing.T) {
	for version, want := range map[string]string{"V1_0": "", "V2_0": "", "V3_0": "TokenGeneration_ClientCredentials"} {
		t.Run(version, func(t *testing.T) {
			w := newTriggerWorld(t, version, "")
			w.do(t, "CreateResourceServer", w.in(`{"UserPoolId":"POOL","Identifier":"api","Name":"api","Scopes":[{"ScopeName":"read","ScopeDescription":"r"}]}`))
			made := w.do(t, "CreateUserPoolClient", `{"UserPoolId":"`+w.pool+`","ClientName":"m","GenerateSecret":true,"AllowedOAuthFlowsUserPoolClient":true,
				"ExplicitAuthFlows":["ALLOW_CLIENT_TOKEN_AUTH"],"AllowedOAuthFlows":["client_credentials"],"AllowedOAuthScopes":["api/read"]}`)
			w.f.say("TokenGeneration_ClientCredentials", `{"claimsAndScopeOverrideDetails":{"idTokenGeneration":{"claimsToAddOrOverride":{"x":"y"}},
				"accessTokenGeneration":{"claimsToAddOrOverride":{"tenant":{"id":7},"sub":"x"},"scopesToAdd":["more"]}}}`)
			got := w.do(t, "GetClientToken", `{"ClientId":"`+made.text("UserPoolClient.ClientId")+`","Secret":"`+made.text("UserPoolClient.ClientSecret")+
				`","Scopes":["api/read"],"ClientMetadata":{"k":"v"}}`)
			seen := w.f.take()
			if s := sources(seen); s != want {
				t.Fatalf("asked %q, want %q", s, want)
			}
			claims := claimsOf(t, got.text("ClientAuthenticationResult.AccessToken"))
			if want == "" {
				hold(t, "token", claims, `{"scope":"api/read","tenant":null}`)
				return
			}
			hold(t, "token", claims, `{"scope":"api/read more","tenant":{"id":7},"sub":"`+made.text("UserPoolClient.ClientId")+`","x":null}`)
			event := string(seen[0].raw)
			for _, part := range []string{`"version":"3"`, `"userName":"ClientCredentials"`, `"userAttributes":{}`, `"groupConfiguration":null`,
				`"scopes":["api/read"]`, `"clientMetadata":{"k":"v"}`} {
				if !strings.Contains(event, part) {
					t.Errorf("event %s lacks %s", event, part)
				}
			}
		})
	}
}
