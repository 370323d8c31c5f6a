package test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// TestBackChannelLogout has a client, with go-oidc, hear of the ends of its sessions:
// of a logout at a node that was killed before it had the client's answer, by the next
// node, and of a sign-out by an administrator.
func TestBackChannelLogout(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		heard := make(chan string, 8)
		silent := make(chan bool, 1) // has one: the next notice gets no answer
		client := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || r.URL.Path != "/logout" || r.URL.RawQuery != "a=b" {
				t.Errorf("%s %s", r.Method, r.URL)
			}
			heard <- r.PostFormValue("logout_token")
			select {
			case <-silent:
				<-r.Context().Done()
			default:
			}
		}))
		t.Cleanup(client.Close)
		hear := func() string {
			t.Helper()
			select {
			case token := <-heard:
				return token
			case <-time.After(soon):
				t.Fatal("the client hears nothing")
				return ""
			}
		}

		dir := t.TempDir()
		s := startDev(t, "--database", database, "--data", dir)
		c := s.demo()
		c.createUser("leaver", password)
		must[*cognito.CreateUserPoolDomainOutput](t)(c.CreateUserPoolDomain(t.Context(), &cognito.CreateUserPoolDomainInput{
			UserPoolId: &c.pool, Domain: aws.String("logout")}))
		app := must[*cognito.CreateUserPoolClientOutput](t)(c.CreateUserPoolClient(t.Context(), &cognito.CreateUserPoolClientInput{
			UserPoolId: &c.pool, ClientName: aws.String("app"), AllowedOAuthFlowsUserPoolClient: true,
			AllowedOAuthFlows: []types.OAuthFlowType{types.OAuthFlowTypeCode}, AllowedOAuthScopes: []string{"openid"},
			CallbackURLs: []string{oauthCallback}, LogoutURLs: []string{oauthBye},
		})).UserPoolClient
		extensions := "/_poolhouse/clients/" + c.pool + "/" + *app.ClientId + "/oauth"
		const refused = `{"__type":"InvalidParameterException","message":"backChannelLogoutUri must use the HTTPS protocol."}`
		if status, body := s.do(http.MethodPut, extensions, `{"backChannelLogoutUri": "http://192.0.2.1/logout"}`); status != 400 || strings.TrimSpace(body) != refused {
			t.Errorf("http elsewhere: %d %s", status, body)
		}
		if status, body := s.do(http.MethodPut, extensions, `{"backChannelLogoutUri": "`+client.URL+`/logout?a=b", "backChannelLogoutSessionRequired": true}`); status != 200 {
			t.Fatalf("%d %s", status, body)
		}

		// session signs in through the node and returns the ID token and what is in it.
		session := func(s *server) (browser *formBrowser, raw, sub, sid string) {
			t.Helper()
			provider := must[*oidc.Provider](t)(oidc.NewProvider(t.Context(), s.URL+"/"+c.pool))
			var more struct {
				Supported bool `json:"backchannel_logout_supported"`
				Session   bool `json:"backchannel_logout_session_supported"`
			}
			if err := provider.Claims(&more); err != nil || !more.Supported || !more.Session {
				t.Errorf("discovery: %+v %v", more, err)
			}
			config := oauth2.Config{ClientID: *app.ClientId, Endpoint: provider.Endpoint(), RedirectURL: oauthCallback, Scopes: []string{"openid"}}
			browser = newFormBrowser(t)
			verifier := oauth2.GenerateVerifier()
			back := browser.signIn(config.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)), "leaver")
			got := must[*oauth2.Token](t)(config.Exchange(t.Context(), back.Query().Get("code"), oauth2.VerifierOption(verifier)))
			raw, _ = got.Extra("id_token").(string)
			id := must[*oidc.IDToken](t)(provider.Verifier(&oidc.Config{ClientID: *app.ClientId, SkipExpiryCheck: true}).Verify(t.Context(), raw))
			var in struct {
				SID string `json:"sid"`
			}
			if err := id.Claims(&in); err != nil || in.SID == "" {
				t.Fatalf("no sid: %v", err)
			}
			return browser, raw, id.Subject, in.SID
		}
		// verified is a logout token as the library reads it, at a clock that is ahead.
		verified := func(s *server, token string, ahead time.Duration) *oidc.LogoutToken {
			t.Helper()
			provider := must[*oidc.Provider](t)(oidc.NewProvider(t.Context(), s.URL+"/"+c.pool))
			now := func() time.Time { return time.Now().Add(ahead) }
			return must[*oidc.LogoutToken](t)(provider.Verifier(&oidc.Config{ClientID: *app.ClientId, Now: now}).VerifyLogout(t.Context(), token))
		}

		browser, raw, sub, sid := session(s)
		silent <- true
		end := s.URL + "/_domain/logout/logout?" + url.Values{"id_token_hint": {raw}, "post_logout_redirect_uri": {oauthBye}}.Encode()
		if _, to, text := browser.send(http.MethodGet, end, nil); to == nil || to.String() != oauthBye {
			t.Fatalf("end session: to %v %s", to, text)
		}
		first := verified(s, hear(), 0)
		if first.Subject != sub || first.SessionID != sid {
			t.Errorf("got %+v, want sub %s and sid %s", first, sub, sid)
		}
		s.kill()
		s = startDev(t, "--database", database, "--data", dir)
		const ahead = 5 * time.Minute // the lease of the node that was killed is over
		s.advance(ahead)
		second := verified(s, hear(), ahead)
		if second.TokenID != first.TokenID || second.SessionID != sid || !second.IssuedAt.After(first.IssuedAt.Add(ahead-time.Minute)) {
			t.Errorf("got %+v after %+v", second, first)
		}

		_, _, _, sid = session(s)
		c = s.demo()
		must[*cognito.AdminUserGlobalSignOutOutput](t)(c.AdminUserGlobalSignOut(t.Context(), &cognito.AdminUserGlobalSignOutInput{
			UserPoolId: &c.pool, Username: aws.String("leaver")}))
		token := hear()
		if third := verified(s, token, ahead); third.SessionID != sid || third.TokenID == first.TokenID {
			t.Errorf("got %+v, want sid %s", third, sid)
		}
		eventually(t, soon, "the line in the log", func() bool { return strings.Contains(s.output.String(), "told a client of a logout") })
		wantNoSecrets(t, s, map[string]string{"logout token": token})
		select {
		case token := <-heard:
			t.Errorf("once too often: %s", token)
		default:
		}
	})
}

// TestBackChannelLogoutOfNodes delivers nothing into a private network, unless the
// operator says so; then several nodes deliver each notice once.
func TestBackChannelLogoutOfNodes(t *testing.T) {
	var mu sync.Mutex
	heard := make(map[string]int) // by jti
	app := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		parts := strings.Split(r.PostFormValue("logout_token"), ".")
		var claims struct{ JTI, Sub, SID string }
		payload, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
		if err := errors.Join(err, json.Unmarshal(payload, &claims)); err != nil || claims.JTI == "" || claims.Sub == "" || claims.SID == "" {
			t.Errorf("%s: %v", payload, err)
		}
		mu.Lock()
		defer mu.Unlock()
		heard[claims.JTI]++
	}))
	defer app.Close()
	trusted := filepath.Join(t.TempDir(), "app.pem")
	if err := os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: app.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", trusted) // of the nodes

	in := install(t, storetest.PostgresURL(t))
	node := func(args ...string) *server {
		return start(t, slices.Concat([]string{"serve", "--public-url", "http://id.example.com", "--rate-limits", "*=off"}, in.flags(), args)...)
	}
	s := node()
	c := s.newPool(in)
	must[*cognito.CreateUserPoolDomainOutput](t)(c.CreateUserPoolDomain(t.Context(), &cognito.CreateUserPoolDomainInput{
		UserPoolId: &c.pool, Domain: aws.String("nodes")}))
	id := must[*cognito.CreateUserPoolClientOutput](t)(c.CreateUserPoolClient(t.Context(), &cognito.CreateUserPoolClientInput{
		UserPoolId: &c.pool, ClientName: aws.String("app"), AllowedOAuthFlowsUserPoolClient: true,
		AllowedOAuthFlows: []types.OAuthFlowType{types.OAuthFlowTypeCode}, AllowedOAuthScopes: []string{"openid"}, CallbackURLs: []string{oauthCallback},
	})).UserPoolClient.ClientId
	extensions := func(body string) (int, string) {
		r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+"/_poolhouse/clients/"+c.pool+"/"+*id+"/oauth", strings.NewReader(body)))
		return c.sign(r, []byte(body), in.keyID, in.secret)
	}
	if status, body := extensions(`{"backChannelLogoutUri": "http://127.0.0.1/logout"}`); status != 400 || !strings.Contains(body, "backChannelLogoutUri must use the HTTPS protocol.") {
		t.Errorf("http: %d %s", status, body)
	}
	if status, body := extensions(`{"backChannelLogoutUri": "` + app.URL + `"}`); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	const users = 6
	for n := range users {
		name := fmt.Sprint("leaver", n)
		c.createUser(name, password)
		config := oauth2.Config{ClientID: *id, RedirectURL: oauthCallback, Scopes: []string{"openid"}, Endpoint: oauth2.Endpoint{
			AuthURL: s.URL + "/_domain/nodes/oauth2/authorize", TokenURL: s.URL + "/_domain/nodes/oauth2/token", AuthStyle: oauth2.AuthStyleInParams}}
		verifier := oauth2.GenerateVerifier()
		back := newFormBrowser(t).signIn(config.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)), name)
		must[*oauth2.Token](t)(config.Exchange(t.Context(), back.Query().Get("code"), oauth2.VerifierOption(verifier)))
	}
	leave := func(n int) {
		must[*cognito.AdminDeleteUserOutput](t)(c.AdminDeleteUser(t.Context(), &cognito.AdminDeleteUserInput{UserPoolId: &c.pool, Username: aws.String(fmt.Sprint("leaver", n))}))
	}
	leave(0)
	eventually(t, soon, "a refusal of the private address", func() bool { return strings.Contains(s.output.String(), "not a public address") })
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	s = node("--private-clients")
	other := node("--private-clients")
	c = c.at(other, in)
	for n := 1; n < users; n++ {
		leave(n)
	}
	eventually(t, soon, "all notices delivered", func() bool {
		_, metrics := s.get("/_poolhouse/metrics")
		return strings.Contains(metrics, "\npoolhouse_logout_waiting_notices 0\n")
	})
	mu.Lock()
	defer mu.Unlock()
	if len(heard) != users {
		t.Errorf("%d were heard of, want %d", len(heard), users)
	}
	for jti, times := range heard {
		if times != 1 {
			t.Errorf("%s was heard %d times", jti, times)
		}
	}
}
