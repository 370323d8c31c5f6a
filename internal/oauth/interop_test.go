package oauth

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"encoding/json"
)

// toServer sends all requests to a handler.
type toServer struct{ http.Handler }

func (h toServer) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

// wellKnownOf serves what internal/app serves beside the endpoints.
func (s *site) wellKnown(w http.ResponseWriter, r *http.Request) {
	pool, err := s.Pools.Pool(r.Context(), r.PathValue("pool"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	var body any
	if r.PathValue("document") == "jwks.json" {
		body, err = s.Tokens.JWKS(r.Context(), pool)
	} else {
		body, err = s.Discovery(r.Context(), pool)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

// TestGoOIDC signs in with golang.org/x/oauth2 and github.com/coreos/go-oidc, from
// nothing but the issuer.
func TestGoOIDC(t *testing.T) {
	s := newSite(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/{pool}/.well-known/{document}", s.wellKnown)
	client := &http.Client{Transport: toServer{s.Route(http.HandlerFunc(s.loginPage), mux)}}
	ctx := oidc.ClientContext(t.Context(), client)
	provider, err := oidc.NewProvider(ctx, "https://id.example.com/"+testPool)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, id, secret string
		style            oauth2.AuthStyle
	}{
		{"public", publicClient, "", oauth2.AuthStyleInParams},
		{"secret in the form", secretClient, testSecret, oauth2.AuthStyleInParams},
		{"secret in the header", secretClient, testSecret, oauth2.AuthStyleInHeader},
		{"client finds out how", secretClient, testSecret, oauth2.AuthStyleAutoDetect},
	} {
		t.Run(c.name, func(t *testing.T) { goOIDC(ctx, t, s, client, provider, c.id, c.secret, c.style) })
	}
	t.Run("client credentials", func(t *testing.T) {
		config := clientcredentials.Config{ClientID: machineClient, ClientSecret: testSecret, TokenURL: provider.Endpoint().TokenURL, Scopes: []string{"https://api.example.com/read"}}
		got, err := config.Token(ctx)
		if err != nil || claims(t, got.AccessToken)["scope"] != "https://api.example.com/read" {
			t.Errorf("%v %v", got, err)
		}
	})
}

func goOIDC(ctx context.Context, t *testing.T, s *site, browser *http.Client, provider *oidc.Provider, id, secret string, style oauth2.AuthStyle) {
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = style
	config := oauth2.Config{ClientID: id, ClientSecret: secret, Endpoint: endpoint, RedirectURL: callback, Scopes: []string{"openid", "email"}}
	pkce := oauth2.GenerateVerifier()
	start, err := http.NewRequestWithContext(ctx, http.MethodGet, config.AuthCodeURL("state-1", oauth2.S256ChallengeOption(pkce), oidc.Nonce("nonce-1")), nil)
	if err != nil {
		t.Fatal(err)
	}
	// The browser: to the sign-in page, which signs alice in, and back.
	login, err := browser.Transport.RoundTrip(start)
	if err != nil {
		t.Fatal(err)
	}
	to, err := login.Location()
	if err != nil {
		t.Fatal(err)
	}
	page, _ := http.NewRequestWithContext(ctx, http.MethodGet, start.URL.ResolveReference(to).String(), nil)
	page.Header.Set("Sign-In", "1")
	back, err := browser.Transport.RoundTrip(page)
	if err != nil {
		t.Fatal(err)
	}
	at, err := back.Location()
	if err != nil || at.Query().Get("state") != "state-1" {
		t.Fatalf("%v %v", at, err)
	}
	got, err := config.Exchange(ctx, at.Query().Get("code"), oauth2.VerifierOption(pkce))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := got.Extra("id_token").(string)
	token, err := provider.Verifier(&oidc.Config{ClientID: id, Now: s.now}).Verify(ctx, raw)
	if err != nil {
		t.Fatal(err)
	}
	if token.Nonce != "nonce-1" || token.Subject != testSub {
		t.Errorf("%+v", token)
	}
	if err := token.VerifyAccessToken(got.AccessToken); err != nil {
		t.Errorf("at_hash: %v", err)
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(got))
	if err != nil || info.Subject != testSub || info.Email != "alice@example.com" || !info.EmailVerified {
		t.Errorf("%+v %v", info, err)
	}
	renewed, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: got.RefreshToken}).Token()
	if err != nil || renewed.AccessToken == got.AccessToken {
		t.Errorf("refresh: %v", err)
	}
}
