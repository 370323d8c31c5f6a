package test

import (
	"html"
	"net/http"
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

// TestDeviceGrant has a program on a device get tokens with golang.org/x/oauth2,
// from nothing but the issuer, while its user allows that in a browser.
func TestDeviceGrant(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		s := startDev(t, "--database", database, "--data", t.TempDir())
		c := s.demo()
		c.createUser("viewer", password)
		must[*cognito.CreateUserPoolDomainOutput](t)(c.CreateUserPoolDomain(t.Context(), &cognito.CreateUserPoolDomainInput{
			UserPoolId: &c.pool, Domain: aws.String("devices")}))
		app := must[*cognito.CreateUserPoolClientOutput](t)(c.CreateUserPoolClient(t.Context(), &cognito.CreateUserPoolClientInput{
			UserPoolId: &c.pool, ClientName: aws.String("TV"), AllowedOAuthFlowsUserPoolClient: true,
			AllowedOAuthFlows: []types.OAuthFlowType{types.OAuthFlowTypeCode}, AllowedOAuthScopes: []string{"openid", "email"},
			CallbackURLs: []string{oauthCallback},
		})).UserPoolClient
		ctx := t.Context()
		provider := must[*oidc.Provider](t)(oidc.NewProvider(ctx, s.URL+"/"+c.pool))
		config := oauth2.Config{ClientID: *app.ClientId, Endpoint: provider.Endpoint(), Scopes: []string{"openid", "email"}}
		if _, err := config.DeviceAuth(ctx); err == nil || !strings.Contains(err.Error(), "unauthorized_client") {
			t.Fatalf("switched off: %v", err)
		}
		extensions := s.URL + "/_poolhouse/clients/" + c.pool + "/" + *app.ClientId + "/oauth"
		r := must[*http.Request](t)(http.NewRequestWithContext(ctx, http.MethodPut, extensions, strings.NewReader(`{"deviceGrant": true}`)))
		answer := must[*http.Response](t)(http.DefaultClient.Do(r))
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("switch on: %d", answer.StatusCode)
		}

		device := must[*oauth2.DeviceAuthResponse](t)(config.DeviceAuth(ctx))
		newFormBrowser(t).allowDevice(device.VerificationURIComplete, "viewer", device.UserCode)
		device.Interval = 1 // the first poll may come at once
		got := must[*oauth2.Token](t)(config.DeviceAccessToken(ctx, device))
		raw, _ := got.Extra("id_token").(string)
		id := must[*oidc.IDToken](t)(provider.Verifier(&oidc.Config{ClientID: config.ClientID}).Verify(ctx, raw))
		if info := must[*oidc.UserInfo](t)(provider.UserInfo(ctx, oauth2.StaticTokenSource(got))); info.Subject != id.Subject || info.Email != "viewer@example.com" {
			t.Errorf("userInfo %+v", info)
		}
		if renewed := must[*oauth2.Token](t)(config.TokenSource(ctx, &oauth2.Token{RefreshToken: got.RefreshToken}).Token()); renewed.AccessToken == got.AccessToken {
			t.Error("the refreshed access token is the old one")
		}
		if _, err := config.DeviceAccessToken(ctx, device); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
			t.Errorf("a second use: %v", err)
		}
		for _, secret := range []string{device.DeviceCode, device.UserCode, got.AccessToken} {
			if strings.Contains(s.output.String(), secret) {
				t.Errorf("the log has %q", secret)
			}
		}
	})
}

var deviceUser = regexp.MustCompile(`<input\b[^>]*name="user"[^>]*value="([^"]*)"`)

// allowDevice goes through the pages of a device from the address that it shows.
func (b *formBrowser) allowDevice(address, username, userCode string) {
	b.t.Helper()
	at := must[*url.URL](b.t)(url.Parse(address))
	_, _, page := b.send(http.MethodGet, address, nil)
	for _, form := range []url.Values{
		{"user_code": {userCode}},
		{"username": {username}, "password": {password}},
		{"allow": {"1"}},
	} {
		action, token := formAction.FindStringSubmatch(page), formToken.FindStringSubmatch(page)
		if action == nil || token == nil {
			b.t.Fatalf("no form at %s: %s", at, page)
		}
		form.Set("_csrf", html.UnescapeString(token[1]))
		if user := deviceUser.FindStringSubmatch(page); user != nil {
			form.Set("user", user[1])
		}
		to := must[*url.URL](b.t)(at.Parse(html.UnescapeString(action[1])))
		_, next, text := b.send(http.MethodPost, to.String(), form)
		for ; next != nil; _, next, text = b.send(http.MethodGet, at.String(), nil) {
			at = next
		}
		page = text
	}
	if !strings.Contains(page, "Your device is connected") {
		b.t.Fatalf("at %s: %s", at, page)
	}
}
