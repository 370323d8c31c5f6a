package test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/dpop/dpoptest"
	"github.com/poolhouse/poolhouse/verify/middleware"
)

// TestDPoP has a machine get a token for its key and call an API behind
// verify/middleware with it, and a thief of token and proofs not.
func TestDPoP(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		s := startDev(t, "--database", database, "--data", t.TempDir())
		c := s.demo()
		ctx := t.Context()
		must[*cognito.CreateUserPoolDomainOutput](t)(c.CreateUserPoolDomain(ctx, &cognito.CreateUserPoolDomainInput{
			UserPoolId: &c.pool, Domain: aws.String("dpop")}))
		must[*cognito.CreateResourceServerOutput](t)(c.CreateResourceServer(ctx, &cognito.CreateResourceServerInput{
			UserPoolId: &c.pool, Identifier: aws.String("articles"), Name: aws.String("articles"),
			Scopes: []types.ResourceServerScopeType{{ScopeName: aws.String("read"), ScopeDescription: aws.String("read")}}}))
		app := must[*cognito.CreateUserPoolClientOutput](t)(c.CreateUserPoolClient(ctx, &cognito.CreateUserPoolClientInput{
			UserPoolId: &c.pool, ClientName: aws.String("machine"), GenerateSecret: true, AllowedOAuthFlowsUserPoolClient: true,
			AllowedOAuthFlows: []types.OAuthFlowType{types.OAuthFlowTypeClientCredentials}, AllowedOAuthScopes: []string{"articles/read"},
		})).UserPoolClient
		if status, body := s.do(http.MethodPut, "/_poolhouse/clients/"+c.pool+"/"+*app.ClientId+"/oauth", `{"dpop": "required"}`); status != 200 {
			t.Fatalf("switch on: %d %s", status, body)
		}

		k, thief := dpoptest.NewKey(), dpoptest.NewKey()
		tokenURL := s.URL + "/_domain/dpop/oauth2/token"
		proof := k.Proof("POST", tokenURL, time.Now(), "", "")
		ask := func(proof string) (status int, answer map[string]any) {
			t.Helper()
			r := must[*http.Request](t)(http.NewRequestWithContext(ctx, http.MethodPost, tokenURL, strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode())))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.SetBasicAuth(*app.ClientId, *app.ClientSecret)
			if proof != "" {
				r.Header.Set("DPoP", proof)
			}
			resp := must[*http.Response](t)(http.DefaultClient.Do(r))
			defer resp.Body.Close()
			if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
				t.Fatal(err)
			}
			return resp.StatusCode, answer
		}
		status, answer := ask(proof)
		token, _ := answer["access_token"].(string)
		if status != 200 || answer["token_type"] != "DPoP" || token == "" {
			t.Fatalf("%d %v", status, answer)
		}
		for _, again := range []string{proof, ""} {
			if status, answer := ask(again); status != 400 || answer["error"] != "invalid_dpop_proof" {
				t.Errorf("a proof again, or none: %d %v", status, answer)
			}
		}

		v := must[*verify.Verifier](t)(verify.New(verify.Config{Pools: []verify.Pool{{
			Issuer: s.URL + "/" + c.pool, ClientIDs: []string{*app.ClientId}, AllScopes: []string{"articles/read"}, BoundOnly: true}}}))
		api := httptest.NewUnstartedServer(nil)
		base := "http://" + api.Listener.Addr().String()
		guard := must[*middleware.Middleware](t)(middleware.New(v, middleware.Options{BaseURLs: []string{base}}))
		api.Config.Handler = guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			caller, _ := middleware.From(r.Context())
			_, _ = io.WriteString(w, caller.Token.Thumbprint())
		}))
		api.Start()
		defer api.Close()
		call := func(scheme, proof string) (int, string) {
			t.Helper()
			r := must[*http.Request](t)(http.NewRequestWithContext(ctx, http.MethodGet, base+"/articles?page=1", nil))
			r.Header.Set("Authorization", scheme+" "+token)
			r.Header.Set("DPoP", proof)
			resp := must[*http.Response](t)(http.DefaultClient.Do(r))
			defer resp.Body.Close()
			return resp.StatusCode, string(must[[]byte](t)(io.ReadAll(resp.Body)))
		}
		good := k.Proof("GET", base+"/articles", time.Now(), "", token)
		if status, body := call("DPoP", good); status != 200 || body != k.Thumbprint() {
			t.Fatalf("%d %s", status, body)
		}
		for name, with := range map[string][2]string{
			"as a bearer":                    {"Bearer", k.Proof("GET", base+"/articles", time.Now(), "", token)},
			"the proof again":                {"DPoP", good},
			"another key":                    {"DPoP", thief.Proof("GET", base+"/articles", time.Now(), "", token)},
			"the one for the token endpoint": {"DPoP", proof},
		} {
			if status, body := call(with[0], with[1]); status != 401 {
				t.Errorf("%s: %d %s", name, status, body)
			}
		}
		if strings.Contains(s.output.String(), token) {
			t.Error("the log has the token")
		}
	})
}

// TestDPoPInBrowser has a page of another origin prove a key that stays in its
// browser (clients/js/dpop).
func TestDPoPInBrowser(t *testing.T) {
	chromium := requireBrowser(t)
	s := startDev(t, "--data", t.TempDir())
	s.browse(t, "clients/js/dpop/browser.mjs", "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=thing",
		"POOLHOUSE_POOL="+s.demo().pool, "POOLHOUSE_TEST_CHROMIUM="+chromium)
}
