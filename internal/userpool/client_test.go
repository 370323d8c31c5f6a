package userpool

import (
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
)

func withSecrets(id string, values ...string) *Client {
	c := &Client{ID: id}
	for _, v := range values {
		c.secrets = append(c.secrets, openSecret{id: id + "--" + v, value: v})
	}
	return c
}

func TestVerifySecret(t *testing.T) {
	c := withSecrets("c", "first", "second")
	for secret, want := range map[string]bool{"first": true, "second": true, "third": false, "": false, "firstsecond": false} {
		if got := c.VerifySecret(secret); got != want {
			t.Errorf("VerifySecret(%q) = %v", secret, got)
		}
	}
	if withSecrets("c").VerifySecret("") {
		t.Error("a client without a secret verifies the empty one")
	}
}

func TestCheckSecretHash(t *testing.T) {
	const (
		id     = "26cb2c60kq7nbmas7rbme9b6pp"
		secret = "13ka4h7u28d9oo44tqpq9djqsfvhvu8rk4d2ighvpu0k8fj1c2r9"
		hash   = "uuae5N8K8AoFCNRo4l5zQqVcRnnzSdwUtXM3nSgLfSY="
	)
	for _, tc := range []struct {
		name           string
		client         *Client
		username, hash string
		want           string // the message of NotAuthorizedException; "" for none
	}{
		{"right", withSecrets(id, secret), "mytestuser", hash, ""},
		{"right with the second secret", withSecrets(id, "another", secret), "mytestuser", hash, ""},
		{"missing", withSecrets(id, secret), "mytestuser", "", "Client " + id + " is configured with secret but SECRET_HASH was not received"},
		{"other user", withSecrets(id, secret), "Mytestuser", hash, "Unable to verify secret hash for client " + id},
		{"other secret", withSecrets(id, "another"), "mytestuser", hash, "Unable to verify secret hash for client " + id},
		{"no base64", withSecrets(id, secret), "mytestuser", "\x00", "Unable to verify secret hash for client " + id},
		{"no secret, none sent", withSecrets(id), "mytestuser", "", ""},
		{"no secret, one sent", withSecrets(id), "mytestuser", hash, "Client " + id + " is not configured for secret but secret was received"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.client.CheckSecretHash(tc.username, tc.hash)
			if tc.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantFault(t, err, fault.NotAuthorized, tc.want)
		})
	}
}

func TestAllowsFlow(t *testing.T) {
	for _, tc := range []struct {
		name    string
		flows   string
		allowed string // what AllowsFlow says yes to
	}{
		{"unset", "", "USER_SRP_AUTH CUSTOM_AUTH REFRESH_TOKEN_AUTH REFRESH_TOKEN"},
		{"password", "ALLOW_USER_PASSWORD_AUTH ALLOW_REFRESH_TOKEN_AUTH", "USER_PASSWORD_AUTH REFRESH_TOKEN_AUTH REFRESH_TOKEN"},
		{"without refresh", "ALLOW_USER_SRP_AUTH", "USER_SRP_AUTH"},
		{"admin", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH ADMIN_NO_SRP_AUTH"},
		{"choice", "ALLOW_USER_AUTH ALLOW_CUSTOM_AUTH", "USER_AUTH CUSTOM_AUTH"},
		{"client token", "ALLOW_CLIENT_TOKEN_AUTH", "CLIENT_TOKEN_AUTH"},
		{"legacy admin", "ADMIN_NO_SRP_AUTH", "USER_SRP_AUTH CUSTOM_AUTH REFRESH_TOKEN_AUTH REFRESH_TOKEN ADMIN_USER_PASSWORD_AUTH ADMIN_NO_SRP_AUTH"},
		{"legacy password", "USER_PASSWORD_AUTH", "USER_SRP_AUTH CUSTOM_AUTH REFRESH_TOKEN_AUTH REFRESH_TOKEN USER_PASSWORD_AUTH"},
		{"legacy custom", "CUSTOM_AUTH_FLOW_ONLY", "CUSTOM_AUTH REFRESH_TOKEN_AUTH REFRESH_TOKEN"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := &Client{ClientConfig: ClientConfig{ExplicitAuthFlows: strings.Fields(tc.flows)}}
			allowed := map[string]bool{}
			for _, f := range strings.Fields(tc.allowed) {
				allowed[f] = true
			}
			for flow := range flowSwitches {
				if got := c.AllowsFlow(flow); got != allowed[flow] {
					t.Errorf("AllowsFlow(%s) = %v", flow, got)
				}
			}
			if c.AllowsFlow("NO_SUCH_FLOW") || c.AllowsFlow("") {
				t.Error("an unknown flow is allowed")
			}
		})
	}
	rotating := &Client{ClientConfig: ClientConfig{RefreshTokenRotation: &RefreshTokenRotation{Feature: "ENABLED"}}}
	if rotating.AllowsFlow("REFRESH_TOKEN_AUTH") || !rotating.AllowsFlow("USER_SRP_AUTH") {
		t.Error("rotation must take REFRESH_TOKEN_AUTH away and nothing else")
	}
}

func TestLifetimes(t *testing.T) {
	c := &Client{ClientConfig: (&ClientSettings{}).config()}
	if c.AccessTokenTTL() != time.Hour || c.IDTokenTTL() != time.Hour || c.RefreshTokenTTL() != 30*24*time.Hour || c.SessionTTL() != 3*time.Minute {
		t.Errorf("defaults: %v %v %v %v", c.AccessTokenTTL(), c.IDTokenTTL(), c.RefreshTokenTTL(), c.SessionTTL())
	}
	c = &Client{ClientConfig: (&ClientSettings{ClientConfig: ClientConfig{
		AccessTokenValidity: new(10), IdTokenValidity: new(1200), RefreshTokenValidity: 90, AuthSessionValidity: 15,
		TokenValidityUnits: &TokenValidityUnits{AccessToken: "minutes", IdToken: "seconds", RefreshToken: "minutes"},
	}}).config()}
	if c.AccessTokenTTL() != 10*time.Minute || c.IDTokenTTL() != 20*time.Minute || c.RefreshTokenTTL() != 90*time.Minute || c.SessionTTL() != 15*time.Minute {
		t.Errorf("set: %v %v %v %v", c.AccessTokenTTL(), c.IDTokenTTL(), c.RefreshTokenTTL(), c.SessionTTL())
	}
	// Zero means 30 days in whatever unit.
	c = &Client{ClientConfig: (&ClientSettings{ClientConfig: ClientConfig{
		TokenValidityUnits: &TokenValidityUnits{RefreshToken: "minutes"}}}).config()}
	if c.RefreshTokenTTL() != 30*24*time.Hour {
		t.Errorf("zero minutes: %v", c.RefreshTokenTTL())
	}
	if rotates, grace := c.Rotates(); rotates || grace != 0 {
		t.Errorf("Rotates() = %v, %v", rotates, grace)
	}
	c.RefreshTokenRotation = &RefreshTokenRotation{Feature: "ENABLED", RetryGracePeriodSeconds: new(7)}
	if rotates, grace := c.Rotates(); !rotates || grace != 7*time.Second {
		t.Errorf("Rotates() = %v, %v", rotates, grace)
	}
}

func TestReadsAndWrites(t *testing.T) {
	all := &Client{}
	some := &Client{ClientConfig: ClientConfig{
		ReadAttributes:  []string{"email", "email_verified"},
		WriteAttributes: []string{"name", "custom:a"},
	}}
	for _, tc := range []struct {
		attribute                                  string
		allReads, allWrites, someReads, someWrites bool
	}{
		{"sub", true, false, true, false},
		{"email", true, true, true, false},
		{"email_verified", true, false, true, false},
		{"phone_number_verified", true, false, false, false},
		{"name", true, true, false, true},
		{"custom:a", true, true, false, true},
		{"dev:custom:b", true, false, false, false},
		{"identities", true, false, true, false},
	} {
		if all.Reads(tc.attribute) != tc.allReads || all.Writes(tc.attribute) != tc.allWrites ||
			some.Reads(tc.attribute) != tc.someReads || some.Writes(tc.attribute) != tc.someWrites {
			t.Errorf("%s: reads %v writes %v without lists; reads %v writes %v with lists", tc.attribute,
				all.Reads(tc.attribute), all.Writes(tc.attribute), some.Reads(tc.attribute), some.Writes(tc.attribute))
		}
	}
}

func TestRevealsUsers(t *testing.T) {
	for setting, want := range map[string]bool{"": true, "LEGACY": true, "ENABLED": false} {
		c := &Client{ClientConfig: ClientConfig{PreventUserExistenceErrors: setting}}
		if c.RevealsUsers() != want {
			t.Errorf("RevealsUsers with %q = %v", setting, !want)
		}
	}
}
