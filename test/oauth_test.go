package test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	oauthCallback = "https://app.example.com/callback"
	oauthBye      = "https://app.example.com/bye"
)

// TestOAuth signs a user in through the login page with golang.org/x/oauth2 and
// go-oidc, from nothing but the issuer, and out again.
func TestOAuth(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		s := startDev(t, "--log-level", "debug", "--database", database, "--data", t.TempDir())
		c := s.demo()
		c.createUser("oauth", password)
		must[*cognito.CreateUserPoolDomainOutput](t)(c.CreateUserPoolDomain(t.Context(), &cognito.CreateUserPoolDomainInput{
			UserPoolId: &c.pool, Domain: aws.String("oauth")}))
		app := must[*cognito.CreateUserPoolClientOutput](t)(c.CreateUserPoolClient(t.Context(), &cognito.CreateUserPoolClientInput{
			UserPoolId: &c.pool, ClientName: aws.String("oauth"), GenerateSecret: true, AllowedOAuthFlowsUserPoolClient: true,
			AllowedOAuthFlows: []types.OAuthFlowType{types.OAuthFlowTypeCode}, AllowedOAuthScopes: []string{"openid", "email"},
			CallbackURLs: []string{oauthCallback}, LogoutURLs: []string{oauthBye},
		})).UserPoolClient
		ctx := t.Context()
		provider := must[*oidc.Provider](t)(oidc.NewProvider(ctx, s.URL+"/"+c.pool))
		config := oauth2.Config{ClientID: *app.ClientId, ClientSecret: *app.ClientSecret, Endpoint: provider.Endpoint(),
			RedirectURL: oauthCallback, Scopes: []string{"openid", "email"}}
		verifier := oauth2.GenerateVerifier()
		browser := newFormBrowser(t)
		back := browser.signIn(config.AuthCodeURL("state-1", oauth2.S256ChallengeOption(verifier), oidc.Nonce("nonce-1")), "oauth")
		if back.Query().Get("state") != "state-1" {
			t.Fatalf("back at %s", back)
		}
		cookie := ""
		for _, kept := range browser.Jar.Cookies(must[*url.URL](t)(url.Parse(s.URL + "/_domain/oauth/login"))) {
			if kept.Name == "cognito" {
				cookie = kept.Value
			}
		}
		got := must[*oauth2.Token](t)(config.Exchange(ctx, back.Query().Get("code"), oauth2.VerifierOption(verifier)))
		raw, _ := got.Extra("id_token").(string)
		id := must[*oidc.IDToken](t)(provider.Verifier(&oidc.Config{ClientID: *app.ClientId}).Verify(ctx, raw))
		if id.Nonce != "nonce-1" {
			t.Errorf("nonce %q", id.Nonce)
		}
		if err := id.VerifyAccessToken(got.AccessToken); err != nil {
			t.Errorf("at_hash: %v", err)
		}
		info := must[*oidc.UserInfo](t)(provider.UserInfo(ctx, oauth2.StaticTokenSource(got)))
		if info.Subject != id.Subject || info.Email != "oauth@example.com" {
			t.Errorf("userInfo %+v", info)
		}
		refresh := config.TokenSource(ctx, &oauth2.Token{RefreshToken: got.RefreshToken})
		if renewed := must[*oauth2.Token](t)(refresh.Token()); renewed.AccessToken == got.AccessToken {
			t.Error("the refreshed access token is the old one")
		}

		var more struct {
			Revoke string `json:"revocation_endpoint"`
			End    string `json:"end_session_endpoint"`
		}
		if err := provider.Claims(&more); err != nil {
			t.Fatal(err)
		}
		form := url.Values{"token": {got.RefreshToken}, "client_id": {config.ClientID}, "client_secret": {config.ClientSecret}}
		if status, _, text := browser.send(http.MethodPost, more.Revoke, form); status != http.StatusOK {
			t.Fatalf("revoke: %d %s", status, text)
		}
		if _, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: got.RefreshToken}).Token(); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
			t.Errorf("refresh with a revoked token: %v", err)
		}
		silent := func() url.Values {
			_, to, text := browser.send(http.MethodGet, config.AuthCodeURL("state-2", oauth2.SetAuthURLParam("prompt", "none")), nil)
			if to == nil || !strings.HasPrefix(to.String(), oauthCallback+"?") || to.Query().Get("state") != "state-2" {
				t.Fatalf("prompt=none: to %v %s", to, text)
			}
			return to.Query()
		}
		if q := silent(); q.Get("code") == "" {
			t.Errorf("prompt=none while signed in: %v", q)
		}
		end := more.End + "?" + url.Values{"id_token_hint": {raw}, "post_logout_redirect_uri": {oauthBye}}.Encode()
		if _, to, text := browser.send(http.MethodGet, end, nil); to == nil || to.String() != oauthBye {
			t.Errorf("end session: to %v %s", to, text)
		}
		if q := silent(); q.Get("error") != "login_required" || q.Has("code") {
			t.Errorf("prompt=none after signing out: %v", q)
		}
		wantNoSecrets(t, s, map[string]string{"password": password, "client secret": *app.ClientSecret, "code": back.Query().Get("code"),
			"PKCE verifier": verifier, "ID token": raw, "access token": got.AccessToken, "refresh token": got.RefreshToken, "session cookie": cookie})
	})
}

// formBrowser is a browser without scripts.
type formBrowser struct {
	http.Client
	t *testing.T
}

func newFormBrowser(t *testing.T) *formBrowser {
	jar := must[*cookiejar.Jar](t)(cookiejar.New(nil))
	return &formBrowser{t: t, Client: http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// send sends a form, if any; to is where the answer leads, nil for nowhere.
func (b *formBrowser) send(method, address string, form url.Values) (status int, to *url.URL, text string) {
	b.t.Helper()
	r := must[*http.Request](b.t)(http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode())))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer := must[*http.Response](b.t)(b.Do(r))
	defer answer.Body.Close()
	body := must[[]byte](b.t)(io.ReadAll(answer.Body))
	if to, err := answer.Location(); err == nil {
		return answer.StatusCode, to, string(body)
	}
	return answer.StatusCode, nil, string(body)
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
	formToken  = regexp.MustCompile(`<input\b[^>]*name="_csrf"[^>]*value="([^"]*)"`)
)

// signIn goes from an authorization request through the login page to the callback.
func (b *formBrowser) signIn(address, username string) *url.URL {
	b.t.Helper()
	_, login, text := b.send(http.MethodGet, address, nil)
	if login == nil {
		b.t.Fatalf("no login page: %s", text)
	}
	_, _, text = b.send(http.MethodGet, login.String(), nil)
	action, token := formAction.FindStringSubmatch(text), formToken.FindStringSubmatch(text)
	if action == nil || token == nil {
		b.t.Fatalf("no form: %s", text)
	}
	post := must[*url.URL](b.t)(login.Parse(html.UnescapeString(action[1])))
	form := url.Values{"_csrf": {html.UnescapeString(token[1])}, "username": {username}, "password": {password}}
	status, back, text := b.send(http.MethodPost, post.String(), form)
	if back == nil || !strings.HasPrefix(back.String(), oauthCallback+"?") {
		b.t.Fatalf("%d to %v: %s", status, back, text)
	}
	return back
}
