package oauth

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
	"github.com/poolhouse/poolhouse/verify/dpop/dpoptest"
)

// register sends client metadata, with an initial access token if there is one.
func (s *site) register(metadata, token string) answer {
	r := httptest.NewRequest(http.MethodPost, "https://id.example.com/_domain/demo/oauth2/register", strings.NewReader(metadata))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return s.do(r)
}

func (s *site) setDCR(t *testing.T, d *userpool.DcrConfiguration) {
	t.Helper()
	if err := s.Pools.Update(t.Context(), testPool, "", userpool.PoolSettings{PoolConfig: userpool.PoolConfig{DcrConfiguration: d}}); err != nil {
		t.Fatal(err)
	}
}

// registered is the answer to a registration that must be good.
func (a answer) registered(t *testing.T) registration {
	t.Helper()
	var got registration
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.StatusCode != http.StatusCreated || got.ClientID == "" {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	return got
}

const webMetadata = `{"client_name":"Agent","redirect_uris":["` + callback + `"],"token_endpoint_auth_method":"none","x":{"y":1}}`

// TestRegistration registers clients as the pool allows, and signs in with one.
func TestRegistration(t *testing.T) {
	s := newSite(t)
	const disabled = `{"error":"invalid_request","error_description":"Dynamic client registration is not enabled"}`
	s.register(webMetadata, "").want(t, 404, disabled)

	s.setDCR(t, &userpool.DcrConfiguration{AllowedScopes: []string{"https://api.example.com/read", userpool.ScopeRegister}})
	const registrar = "9registrar000000000000000x"
	s.addClient(t, testPool, registrar, testSecret, userpool.ClientConfig{AllowedOAuthFlows: []string{"client_credentials"},
		AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthScopes: []string{userpool.ScopeRegister}})
	initial := s.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, registrar, testSecret).tokens(t).AccessToken
	machine := s.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, machineClient, testSecret).tokens(t).AccessToken
	user := s.post("/oauth2/token", codeForm(s.code(t, request()))).tokens(t).AccessToken
	for name, token := range map[string]string{"closed": "", "without the scope": machine, "of a user": user, "junk": "x"} {
		if a := s.register(webMetadata, token); a.StatusCode != 401 || !strings.Contains(a.body, `"invalid_token"`) {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}

	got := s.register(webMetadata, initial).registered(t)
	if got.ClientSecret != "" || got.SecretExpiresAt != nil || got.Scope != "openid email phone profile https://api.example.com/read" || got.ClientName != "Agent" {
		t.Errorf("%+v", got)
	}
	tokens := s.post("/oauth2/token", codeForm(s.code(t, request("client_id", got.ClientID)), "client_id", got.ClientID)).tokens(t)
	if tokens.IDToken == "" {
		t.Error("no ID token for the registered client")
	}
	secret := s.register(`{"grant_types":["client_credentials"]}`, initial).registered(t)
	if secret.ClientSecret == "" || secret.SecretExpiresAt == nil || secret.Scope != "https://api.example.com/read" {
		t.Errorf("%+v", secret)
	}
	s.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, secret.ClientID, secret.ClientSecret).tokens(t)
	if _, _, err := s.Pools.AddSecret(t.Context(), testPool, secret.ClientID, ""); err == nil {
		t.Error("a registered client got another secret")
	}
	bound := s.register(`{"grant_types":["client_credentials"],"dpop_bound_access_tokens":true}`, initial).registered(t)
	if secret.DPoP || !bound.DPoP {
		t.Errorf("bound: %v and %v", secret.DPoP, bound.DPoP)
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	s.post("/oauth2/token", form, bound.ClientID, bound.ClientSecret).want(t, 400, proofFault("invalid_dpop_proof", "The client must send a DPoP proof"))
	s.postWith("/oauth2/token", form, s.proof(dpoptest.NewKey()), bound.ClientID, bound.ClientSecret).tokens(t)
	s.extend(t, registrar, dpopAllowed)
	proven := s.postWith("/oauth2/token", form, s.proof(dpoptest.NewKey()), registrar, testSecret).tokens(t).AccessToken
	if a := s.register(webMetadata, proven); a.StatusCode != 401 {
		t.Errorf("a bound token without a proof: %d %s", a.StatusCode, a.body)
	}
	list, _, err := s.Pools.ListClients(t.Context(), testPool, "DCR", "", 60)
	if err != nil || len(list) != 3 {
		t.Errorf("listed %d clients: %v", len(list), err)
	}

	bad := func(description string) string {
		return `{"error":"invalid_client_metadata","error_description":"` + description + `"}`
	}
	for _, c := range []struct{ name, metadata, want string }{
		{"no JSON", `x`, bad("The body is not the JSON of client metadata")},
		{"unknown grant", `{"grant_types":["password"]}`, bad("A grant type is not supported")},
		{"only implicit", `{"grant_types":["implicit"]}`, bad("grant_types has no grant type, or one twice")},
		{"grant twice", `{"grant_types":["authorization_code","authorization_code"]}`, bad("grant_types has no grant type, or one twice")},
		{"both grants", `{"grant_types":["authorization_code","client_credentials"],"redirect_uris":["` + callback + `"]}`,
			bad("client_credentials flow can not be selected along with code flow or implicit flow.")},
		{"machine without a secret", `{"grant_types":["client_credentials"],"token_endpoint_auth_method":"none"}`,
			bad("client_credentials flow can not be selected if client does not have a client secret.")},
		{"no redirect URI", `{}`, bad("CallbackUrls can not be empty when code flow or implicit flow is selected")},
		{"unknown way to authenticate", `{"token_endpoint_auth_method":"private_key_jwt"}`, bad("token_endpoint_auth_method is not supported")},
		{"http", `{"redirect_uris":["http://app.example.com/"]}`, oauthError("invalid_redirect_uri")},
		{"script", `{"redirect_uris":["javascript:alert(1)"]}`, oauthError("invalid_redirect_uri")},
		{"fragment", `{"redirect_uris":["` + callback + `#x"]}`, oauthError("invalid_redirect_uri")},
		{"scope that is not allowed", `{"redirect_uris":["` + callback + `"],"scope":"https://api.example.com/write"}`,
			bad("The scope https://api.example.com/write is not allowed for dynamic client registration.")},
		{"account", `{"redirect_uris":["` + callback + `"],"scope":"aws.cognito.signin.user.admin"}`,
			bad("The scope aws.cognito.signin.user.admin is not allowed for dynamic client registration.")},
		{"registering others", `{"redirect_uris":["` + callback + `"],"scope":"` + userpool.ScopeRegister + `"}`,
			bad("The scope aws.cognito/dcr/register is not allowed for dynamic client registration.")},
		{"name", `{"redirect_uris":["` + callback + `"],"client_name":"<b>"}`, bad("The client name is not valid.")},
	} {
		t.Run(c.name, func(t *testing.T) { s.register(c.metadata, initial).want(t, 400, c.want) })
	}

	s.setDCR(t, &userpool.DcrConfiguration{OpenDcrEnabled: new(true)})
	s.register(webMetadata, "").registered(t)
	if a := s.register(webMetadata, "x"); a.StatusCode != 401 {
		t.Errorf("a bad token where none is needed: %d", a.StatusCode)
	}
	s.register(`{"grant_types":["client_credentials"]}`, "").want(t, 400, bad("The grant type is not allowed for dynamic client registration."))
	s.setDCR(t, &userpool.DcrConfiguration{EnableStatus: "DISABLED", OpenDcrEnabled: new(true)})
	s.register(webMetadata, "").want(t, 404, disabled)
}
