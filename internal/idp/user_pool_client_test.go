package idp

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

func TestMinimalUserPoolClient(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	created := a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"minimal"}`, pool, ""))
	id := created.text("UserPoolClient.ClientId")
	described := a.do(t, "DescribeUserPoolClient", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, pool, id))
	if created.json("UserPoolClient") != described.json("UserPoolClient") {
		t.Errorf("created %s\ndescribed %s", created.json("UserPoolClient"), described.json("UserPoolClient"))
	}
	client := described.at("UserPoolClient").(map[string]any)
	mask(t, client, map[string]string{"UserPoolId": pool, "ClientId": id})
	golden(t, "user_pool_client_minimal.json", client)
}

// Whatever is set is given back, but that units are completed.
func TestCompleteUserPoolClient(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	input, err := os.ReadFile("testdata/user_pool_client_input.json")
	if err != nil {
		t.Fatal(err)
	}
	client := a.do(t, "CreateUserPoolClient", fill(string(input), pool, "")).at("UserPoolClient").(map[string]any)
	secret, _ := client["ClientSecret"].(string)
	if !regexp.MustCompile(`^[0-9a-v]{51,52}$`).MatchString(secret) {
		t.Errorf("generated secret %q", secret)
	}
	mask(t, client, map[string]string{"UserPoolId": pool, "ClientId": client["ClientId"].(string), "ClientSecret": secret})
	golden(t, "user_pool_client_complete.json", client)
}

func TestCreateUserPoolClientRefuses(t *testing.T) {
	const oauth = `"AllowedOAuthFlowsUserPoolClient":true,"AllowedOAuthFlows":["code"],"AllowedOAuthScopes":["openid"]`
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p","Schema":[{"Name":"email","Required":true},{"Name":"a","AttributeDataType":"String"},
		{"Name":"d","AttributeDataType":"String","DeveloperOnlyAttribute":true}]}`).text("UserPool.Id")
	for _, tc := range []struct {
		name, input, want string
	}{
		{"access token too short", `"AccessTokenValidity":4,"TokenValidityUnits":{"AccessToken":"minutes"}`, "InvalidParameterException: Invalid range for token validity."},
		{"access token too long", `"AccessTokenValidity":25`, "InvalidParameterException: Invalid range for token validity."},
		{"ID token too short", `"IdTokenValidity":299,"TokenValidityUnits":{"IdToken":"seconds"}`, "InvalidParameterException: Invalid range for token validity."},
		{"ID token too long", `"IdTokenValidity":2,"TokenValidityUnits":{"IdToken":"days"}`, "InvalidParameterException: Invalid range for token validity."},
		{"refresh token too short", `"RefreshTokenValidity":59,"TokenValidityUnits":{"RefreshToken":"minutes"}`, "InvalidParameterException: Invalid range for token validity."},
		{"refresh token too long", `"RefreshTokenValidity":3651`, "InvalidParameterException: Invalid range for token validity."},
		{"refresh token too long by far", `"RefreshTokenValidity":315360000`, "InvalidParameterException: Invalid range for token validity."},
		{"refresh token shorter than access token", `"RefreshTokenValidity":1,"AccessTokenValidity":2,"TokenValidityUnits":{"RefreshToken":"hours"}`,
			"InvalidParameterException: Refresh token validity must be greater than access/id token"},

		{"flow names mixed", `"ExplicitAuthFlows":["ALLOW_USER_SRP_AUTH","USER_PASSWORD_AUTH"]`,
			"InvalidParameterException: Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names."},
		{"custom only with another", `"ExplicitAuthFlows":["CUSTOM_AUTH_FLOW_ONLY","USER_PASSWORD_AUTH"]`,
			"InvalidParameterException: CUSTOM_AUTH_FLOW_ONLY cannot be used with other auth flow names."},
		{"rotation with refresh flow", `"ExplicitAuthFlows":["ALLOW_REFRESH_TOKEN_AUTH"],"RefreshTokenRotation":{"Feature":"ENABLED"}`,
			"InvalidParameterException: ALLOW_REFRESH_TOKEN_AUTH cannot be used when refresh token rotation is enabled."},
		{"client token with another", `"GenerateSecret":true,"ExplicitAuthFlows":["ALLOW_CLIENT_TOKEN_AUTH","ALLOW_USER_AUTH"]`,
			"InvalidParameterException: ALLOW_CLIENT_TOKEN_AUTH cannot be used with other auth flow names."},
		{"client token without a secret", `"ExplicitAuthFlows":["ALLOW_CLIENT_TOKEN_AUTH"]`,
			"InvalidParameterException: ALLOW_CLIENT_TOKEN_AUTH can not be selected if client does not have a client secret."},

		{"unknown read attribute", `"ReadAttributes":["custom:b"]`, "InvalidParameterException: Invalid read attributes specified while creating a client"},
		{"unknown write attribute", `"WriteAttributes":["email","custom:b"]`, "InvalidParameterException: Invalid write attributes specified while creating a client"},
		{"write attribute that is never written", `"WriteAttributes":["email","email_verified"]`, "InvalidParameterException: Invalid write attributes specified while creating a client"},
		{"write attribute for developers", `"WriteAttributes":["email","dev:custom:d"]`, "InvalidParameterException: Invalid write attributes specified while creating a client"},
		{"required attribute not writable", `"WriteAttributes":["custom:a"]`, "InvalidParameterException: Invalid write attributes specified while creating a client"},

		{"OAuth without the flag", `"AllowedOAuthFlows":["code"],"AllowedOAuthScopes":["openid"],"CallbackURLs":["https://example.com"]`,
			"InvalidParameterException: AllowedOAuthFlowsUserPoolClient must be true to use AllowedOAuthFlows and AllowedOAuthScopes."},
		{"the flag without flows", `"AllowedOAuthFlowsUserPoolClient":true,"AllowedOAuthScopes":["openid"]`,
			"InvalidParameterException: AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows."},
		{"the flag without scopes", `"AllowedOAuthFlowsUserPoolClient":true,"AllowedOAuthFlows":["code"]`,
			"InvalidParameterException: AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows."},
		{"machine flow with code flow", `"GenerateSecret":true,"AllowedOAuthFlowsUserPoolClient":true,"AllowedOAuthFlows":["code","client_credentials"],"AllowedOAuthScopes":["openid"]`,
			"InvalidOAuthFlowException: client_credentials flow can not be selected along with code flow or implicit flow."},
		{"machine flow without a secret", `"AllowedOAuthFlowsUserPoolClient":true,"AllowedOAuthFlows":["client_credentials"],"AllowedOAuthScopes":["openid"]`,
			"InvalidOAuthFlowException: client_credentials flow can not be selected if client does not have a client secret."},
		{"code flow without a callback", oauth, "InvalidOAuthFlowException: CallbackUrls can not be empty when code flow or implicit flow is selected"},
		{"unknown scope", `"AllowedOAuthFlowsUserPoolClient":true,"AllowedOAuthFlows":["code"],"AllowedOAuthScopes":["api/read"],"CallbackURLs":["https://example.com"]`,
			"ScopeDoesNotExistException: Invalid scope requested: api/read"},
		{"callback over http", oauth + `,"CallbackURLs":["http://example.com/"]`, "InvalidParameterException: http://example.com/ cannot use the HTTP protocol."},
		{"callback to a host that looks local", oauth + `,"CallbackURLs":["http://localhost.example.com/"]`, "InvalidParameterException: http://localhost.example.com/ cannot use the HTTP protocol."},
		{"logout over http", `"LogoutURLs":["http://example.com/"]`, "InvalidParameterException: http://example.com/ cannot use the HTTP protocol."},
		{"callback with a fragment", oauth + `,"CallbackURLs":["https://example.com/#a"]`, "InvalidParameterException: https://example.com/#a cannot contain a fragment."},
		{"callback with an empty fragment", oauth + `,"CallbackURLs":["https://example.com/#"]`, "InvalidParameterException: https://example.com/# cannot contain a fragment."},
		{"callback without a scheme", oauth + `,"CallbackURLs":["example.com"]`, "InvalidParameterException: example.com is not a valid URL."},
		{"callback without a host", oauth + `,"CallbackURLs":["https:///a"]`, "InvalidParameterException: https:///a is not a valid URL."},
		{"callback that is a script", oauth + `,"CallbackURLs":["JavaScript:alert(1)"]`, "InvalidParameterException: JavaScript:alert(1) is not a valid URL."},
		{"default redirect not among the callbacks", oauth + `,"CallbackURLs":["https://example.com"],"DefaultRedirectURI":"https://example.com/"`,
			"InvalidParameterException: The default redirect URI https://example.com/ is not in the callback URIs list."},
		{"unknown provider", `"SupportedIdentityProviders":["COGNITO","Google"]`, "InvalidParameterException: The provider Google does not exist for User Pool " + pool + "."},
		{"incomplete analytics", `"AnalyticsConfiguration":{"ApplicationId":"abc"}`,
			"InvalidParameterException: Invalid analytics configuration given, either <application arn> or <application id, role arn, external id> are valid"},
		{"two secrets", `"GenerateSecret":true,"ClientSecret":"abcdefghijklmnopqrstuvwx"`,
			"InvalidParameterException: Only one of ClientSecret and GenerateSecret can be set."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a.refuse(t, "CreateUserPoolClient", `{"UserPoolId":"`+pool+`","ClientName":"c",`+tc.input+`}`, tc.want)
		})
	}
	a.refuse(t, "CreateUserPoolClient", `{"UserPoolId":"us-east-1_none","ClientName":"c"}`, "ResourceNotFoundException: User pool us-east-1_none does not exist.")
	if got := a.do(t, "ListUserPoolClients", fill(`{"UserPoolId":"POOL"}`, pool, "")).json("UserPoolClients"); got != "[]" {
		t.Errorf("refused clients were made: %s", got)
	}

	for name, input := range map[string]string{
		"loopback and app schemes": oauth + `,"CallbackURLs":["http://localhost:3000/cb","http://127.0.0.1/","http://[::1]:8080","myapp://callback","com.example.app:/cb"],"LogoutURLs":["http://localhost"]`,
		"machine":                  `"GenerateSecret":true,"AllowedOAuthFlowsUserPoolClient":true,"AllowedOAuthFlows":["client_credentials"],"AllowedOAuthScopes":["openid"]`,
		"client token":             `"GenerateSecret":true,"ExplicitAuthFlows":["ALLOW_CLIENT_TOKEN_AUTH"]`,
		"shortest tokens":          `"AccessTokenValidity":5,"IdTokenValidity":5,"RefreshTokenValidity":60,"TokenValidityUnits":{"AccessToken":"minutes","IdToken":"minutes","RefreshToken":"minutes"}`,
		"longest tokens":           `"AccessTokenValidity":1,"IdTokenValidity":24,"RefreshTokenValidity":3650,"TokenValidityUnits":{"AccessToken":"days"}`,
		"rotation without flows":   `"RefreshTokenRotation":{"Feature":"ENABLED"}`,
		"analytics by ARN":         `"AnalyticsConfiguration":{"ApplicationArn":"arn:aws:mobiletargeting:us-east-1:123456789012:apps/1"}`,
	} {
		t.Run("accepts "+name, func(t *testing.T) {
			a.do(t, "CreateUserPoolClient", `{"UserPoolId":"`+pool+`","ClientName":"c",`+input+`}`)
		})
	}
}

// What an update leaves out goes back to its default.
func TestUserPoolClientSettings(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	created := a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"c","GenerateSecret":true}`, pool, ""))
	id, secret := created.text("UserPoolClient.ClientId"), created.text("UserPoolClient.ClientSecret")
	for _, tc := range []struct {
		name, input string // of UpdateUserPoolClient, one after the other
		path, want  string
	}{
		{"units are completed", `"TokenValidityUnits":{"AccessToken":"minutes"},"AccessTokenValidity":5`, "TokenValidityUnits", `{"AccessToken":"minutes","IdToken":"hours","RefreshToken":"days"}`},
		{"units go", ``, "TokenValidityUnits", `null`},
		{"access token goes back", ``, "AccessTokenValidity", `null`},
		{"refresh token is set", `"RefreshTokenValidity":7`, "RefreshTokenValidity", `7`},
		{"refresh token of zero", `"RefreshTokenValidity":0`, "RefreshTokenValidity", `30`},
		{"refresh token of zero hours", `"RefreshTokenValidity":0,"TokenValidityUnits":{"RefreshToken":"hours"}`, "RefreshTokenValidity", `720`},
		{"session is set", `"AuthSessionValidity":15`, "AuthSessionValidity", `15`},
		{"session goes back", ``, "AuthSessionValidity", `3`},
		{"revocation is off", `"EnableTokenRevocation":false`, "EnableTokenRevocation", `false`},
		{"revocation goes back", ``, "EnableTokenRevocation", `true`},
		{"existence errors are set", `"PreventUserExistenceErrors":"ENABLED"`, "PreventUserExistenceErrors", `"ENABLED"`},
		{"existence errors go back", ``, "PreventUserExistenceErrors", `null`},
		{"flows are a set", `"ExplicitAuthFlows":["ALLOW_USER_AUTH","ALLOW_USER_AUTH","ALLOW_CUSTOM_AUTH"]`, "ExplicitAuthFlows", `["ALLOW_USER_AUTH","ALLOW_CUSTOM_AUTH"]`},
		{"flows go", ``, "ExplicitAuthFlows", `null`},
		{"empty lists are absent", `"CallbackURLs":[],"ReadAttributes":[]`, "CallbackURLs", `null`},
		{"rotation is set", `"RefreshTokenRotation":{"Feature":"ENABLED","RetryGracePeriodSeconds":0}`, "RefreshTokenRotation", `{"Feature":"ENABLED","RetryGracePeriodSeconds":0}`},
		{"rotation goes", ``, "RefreshTokenRotation", `null`},
		{"name is set", `"ClientName":"renamed"`, "ClientName", `"renamed"`},
		{"name survives", ``, "ClientName", `"renamed"`},
		{"secret survives", ``, "ClientSecret", `"` + secret + `"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			input := fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"`, pool, id)
			if tc.input != "" {
				input += "," + tc.input
			}
			updated := a.do(t, "UpdateUserPoolClient", input+"}")
			if got := updated.json("UserPoolClient." + tc.path); got != tc.want {
				t.Errorf("%s is %s, want %s", tc.path, got, tc.want)
			}
			described := a.do(t, "DescribeUserPoolClient", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, pool, id))
			if updated.json("UserPoolClient") != described.json("UserPoolClient") {
				t.Errorf("updated %s\ndescribed %s", updated.json("UserPoolClient"), described.json("UserPoolClient"))
			}
		})
	}
	a.refuse(t, "UpdateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT","AccessTokenValidity":25}`, pool, id),
		"InvalidParameterException: Invalid range for token validity.")
}

func TestDeleteAndListUserPoolClients(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	other := a.do(t, "CreateUserPool", `{"PoolName":"other"}`).text("UserPool.Id")
	id := a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"one","GenerateSecret":true}`, pool, "")).text("UserPoolClient.ClientId")
	a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"two"}`, pool, ""))

	page := a.do(t, "ListUserPoolClients", fill(`{"UserPoolId":"POOL","MaxResults":1}`, pool, ""))
	item := page.at("UserPoolClients").([]any)[0].(map[string]any)
	if len(item) != 3 || item["UserPoolId"] != pool || item["ClientId"] == nil || item["ClientName"] == nil {
		t.Errorf("ListUserPoolClients shows %v, want ClientId, ClientName and UserPoolId only", item)
	}
	last := a.do(t, "ListUserPoolClients", fill(fmt.Sprintf(`{"UserPoolId":"POOL","NextToken":%q}`, page.text("NextToken")), pool, ""))
	if len(last.at("UserPoolClients").([]any)) != 1 || last.at("NextToken") != nil {
		t.Errorf("second page: %v", last.body)
	}
	// A token is good for its own list only.
	a.refuse(t, "ListUserPoolClients", fill(fmt.Sprintf(`{"UserPoolId":"POOL","NextToken":%q}`, page.text("NextToken")), other, ""),
		"InvalidParameterException: Invalid pagination token.")

	for _, op := range []string{"DescribeUserPoolClient", "UpdateUserPoolClient", "DeleteUserPoolClient", "AddUserPoolClientSecret", "ListUserPoolClientSecrets"} {
		a.refuse(t, op, fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, other, id), fmt.Sprintf("ResourceNotFoundException: User pool client %s does not exist.", id))
		a.refuse(t, op, fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, "us-east-1_none", id), "ResourceNotFoundException: User pool us-east-1_none does not exist.")
	}
	if got := a.do(t, "DeleteUserPoolClient", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, pool, id)); len(got.body) != 0 {
		t.Errorf("DeleteUserPoolClient answers %v, want {}", got.body)
	}
	a.refuse(t, "DescribeUserPoolClient", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, pool, id), fmt.Sprintf("ResourceNotFoundException: User pool client %s does not exist.", id))
}

func TestClientSecrets(t *testing.T) {
	const own = "abcdefghijklmnopqrstuvwx"
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	created := a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"c","ClientSecret":"`+own+`"}`, pool, ""))
	id := created.text("UserPoolClient.ClientId")
	public := a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"c"}`, pool, "")).text("UserPoolClient.ClientId")
	if got := created.text("UserPoolClient.ClientSecret"); got != own {
		t.Errorf("own secret came back as %q", got)
	}
	verifies := func(secret string) bool {
		t.Helper()
		_, client, err := a.service.pools.Client(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return client.VerifySecret(secret)
	}
	call := fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"`, pool, id)

	added := a.do(t, "AddUserPoolClientSecret", call+"}")
	second, secondID := added.text("ClientSecretDescriptor.ClientSecretValue"), added.text("ClientSecretDescriptor.ClientSecretId")
	if !regexp.MustCompile(`^` + id + `--[0-9]+$`).MatchString(secondID) {
		t.Errorf("secret id %q", secondID)
	}
	if !verifies(own) || !verifies(second) || verifies("something else entirely") {
		t.Error("both secrets must verify, and no other")
	}
	a.refuse(t, "AddUserPoolClientSecret", call+"}", fmt.Sprintf("LimitExceededException: Client %s can not have more than 2 secrets.", id))

	list := a.do(t, "ListUserPoolClientSecrets", call+"}").at("ClientSecrets").([]any)
	if len(list) != 2 {
		t.Fatalf("%d secrets are listed", len(list))
	}
	firstID := list[0].(map[string]any)["ClientSecretId"].(string)
	if firstID == secondID {
		t.Errorf("two secrets made in one second share the id %s", firstID)
	}
	for _, s := range list {
		if _, shown := s.(map[string]any)["ClientSecretValue"]; shown {
			t.Errorf("the list shows a secret: %v", s)
		}
	}
	a.refuse(t, "ListUserPoolClientSecrets", call+`,"NextToken":"x"}`, "InvalidParameterException: Invalid pagination token.")

	a.refuse(t, "DeleteUserPoolClientSecret", call+`,"ClientSecretId":"none"}`, "ResourceNotFoundException: Client secret none does not exist.")
	if got := a.do(t, "DeleteUserPoolClientSecret", call+`,"ClientSecretId":"`+firstID+`"}`); len(got.body) != 0 {
		t.Errorf("DeleteUserPoolClientSecret answers %v, want {}", got.body)
	}
	if verifies(own) || !verifies(second) {
		t.Error("the deleted secret must not verify, the other must")
	}
	if got := a.do(t, "DescribeUserPoolClient", call+"}").text("UserPoolClient.ClientSecret"); got != second {
		t.Error("the description does not show the remaining secret")
	}
	a.refuse(t, "DeleteUserPoolClientSecret", call+`,"ClientSecretId":"`+secondID+`"}`, fmt.Sprintf("InvalidParameterException: The last secret of client %s can not be deleted.", id))

	third := a.do(t, "AddUserPoolClientSecret", call+`,"ClientSecret":"`+strings.ToUpper(own)+`"}`)
	if third.at("ClientSecretDescriptor.ClientSecretValue") != nil {
		t.Error("an own secret is given back")
	}
	if !verifies(strings.ToUpper(own)) {
		t.Error("the own secret does not verify")
	}
	a.refuse(t, "AddUserPoolClientSecret", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, pool, public),
		fmt.Sprintf("InvalidParameterException: Client %s is not configured for secret.", public))
}

// No secret lies in the database in the clear.
func TestClientSecretsAreSealed(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	created := a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"c","GenerateSecret":true}`, pool, ""))
	doc := clientRow(t, a, created.text("UserPoolClient.ClientId"))
	if strings.Contains(doc, created.text("UserPoolClient.ClientSecret")) || !strings.Contains(doc, "Sealed") {
		t.Errorf("the row holds %s", doc)
	}
}

func clientRow(t *testing.T, a *testAPI, id string) string {
	t.Helper()
	var doc string
	if err := a.db.View(t.Context(), func(tx *store.Tx) error {
		row, err := tx.UserPoolClient(id)
		if err == nil {
			doc = row.Doc
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return doc
}
