package idp

import (
	"context"
	"testing"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// tokenTest is a service with one pool and one user, whose sign-ins are given.
type tokenTest struct {
	*Service
	ctx    context.Context
	db     *store.DB
	poolID string
}

func newTokenTest(t *testing.T) *tokenTest {
	t.Helper()
	db := storetest.Memory(t)
	ring, err := keys.Open(t.Context(), db, keys.GenerateMasterKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	pools := userpool.NewPools(db, ring, userpool.PoolsOptions{})
	users := userpool.NewUsers(db, ring, message.NewOutbox(ring, true), userpool.NoLimits())
	tokens := token.NewIssuer(db, ring, pools, func(id string) string { return "https://id.example.com/" + id })
	tt := &tokenTest{
		Service: New(Parts{Pools: pools, Users: users, Tokens: tokens, SignIn: signin.New(db, ring, users, tokens)}),
		ctx:     awsjson.WithRequest(t.Context(), &awsjson.Request{Region: "us-east-1"}),
		db:      db,
	}
	pool, err := tt.CreateUserPool(tt.ctx, &idpapi.CreateUserPoolInput{PoolName: "test"})
	if err != nil {
		t.Fatal(err)
	}
	tt.poolID = pool.UserPool.Id
	if err := db.Update(t.Context(), func(tx *store.Tx) error {
		return tx.InsertUser(&store.User{
			PoolID: tt.poolID, Sub: "34c84488-e0e1-70ae-d2ee-991ad1a898c8", Username: "alice",
			Status: userpool.StatusConfirmed, Enabled: true,
			Names: []store.UserName{{Name: "alice", Kind: store.NameUsername}}, CreatedAt: tx.Now(), ModifiedAt: tx.Now(),
		})
	}); err != nil {
		t.Fatal(err)
	}
	return tt
}

func (tt *tokenTest) newClient(t *testing.T, in idpapi.CreateUserPoolClientInput) *idpapi.UserPoolClientType {
	t.Helper()
	in.UserPoolId, in.ClientName = tt.poolID, "test"
	out, err := tt.CreateUserPoolClient(tt.ctx, &in)
	if err != nil {
		t.Fatal(err)
	}
	return out.UserPoolClient
}

func (tt *tokenTest) signInAlice(t *testing.T, clientID string) *token.Set {
	t.Helper()
	pool, client, err := tt.pools.Client(tt.ctx, clientID)
	if err != nil {
		t.Fatal(err)
	}
	user, err := tt.users.Find(tt.ctx, pool, "alice")
	if err != nil {
		t.Fatal(err)
	}
	set, err := tt.tokens.Issue(tt.ctx, token.Grant{Pool: pool, Client: client, User: user})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func wantFault(t *testing.T, what string, err error, text string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
		if fault.CodeOf(err) == "" {
			got = "no fault: " + got
		}
	}
	if got != text {
		t.Errorf("%s: got %q, want %q", what, got, text)
	}
}

func TestGetTokensFromRefreshToken(t *testing.T) {
	tt := newTokenTest(t)
	plain := tt.newClient(t, idpapi.CreateUserPoolClientInput{
		// Without ALLOW_REFRESH_TOKEN_AUTH, which this operation does not need.
		ExplicitAuthFlows: []idpapi.ExplicitAuthFlowsType{"ALLOW_USER_SRP_AUTH"},
	})
	set := tt.signInAlice(t, plain.ClientId)
	out, err := tt.GetTokensFromRefreshToken(tt.ctx, &idpapi.GetTokensFromRefreshTokenInput{
		ClientId: plain.ClientId, RefreshToken: set.RefreshToken,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := out.AuthenticationResult
	if r.AccessToken == "" || r.IdToken == "" || r.RefreshToken != "" || r.TokenType != "Bearer" || *r.ExpiresIn != 3600 {
		t.Errorf("result: access %v, ID %v, refresh %v, %s, %d", r.AccessToken != "", r.IdToken != "", r.RefreshToken != "", r.TokenType, *r.ExpiresIn)
	}
	if _, err := tt.tokens.Authenticate(tt.ctx, r.AccessToken); err != nil {
		t.Errorf("the new access token: %v", err)
	}

	rotating := tt.newClient(t, idpapi.CreateUserPoolClientInput{
		ExplicitAuthFlows:    []idpapi.ExplicitAuthFlowsType{"ALLOW_USER_SRP_AUTH"},
		RefreshTokenRotation: &idpapi.RefreshTokenRotationType{Feature: "ENABLED", RetryGracePeriodSeconds: new(int32(0))},
	})
	old := tt.signInAlice(t, rotating.ClientId).RefreshToken
	out, err = tt.GetTokensFromRefreshToken(tt.ctx, &idpapi.GetTokensFromRefreshTokenInput{ClientId: rotating.ClientId, RefreshToken: old})
	if err != nil {
		t.Fatal(err)
	}
	if renewed := out.AuthenticationResult.RefreshToken; renewed == "" || renewed == old {
		t.Error("no new refresh token though the client rotates")
	}
	_, err = tt.GetTokensFromRefreshToken(tt.ctx, &idpapi.GetTokensFromRefreshTokenInput{ClientId: rotating.ClientId, RefreshToken: old})
	wantFault(t, "reuse", err, "RefreshTokenReuseException: Refresh Token has been reused")
}

func TestClientSecretsOfTokenOperations(t *testing.T) {
	tt := newTokenTest(t)
	public := tt.newClient(t, idpapi.CreateUserPoolClientInput{})
	secret := tt.newClient(t, idpapi.CreateUserPoolClientInput{GenerateSecret: new(true)})
	for _, c := range []struct {
		name, client, secret, want string // want without the code
	}{
		{"public", public.ClientId, "", ""},
		{"secret where there is none", public.ClientId, "x", "Client " + public.ClientId + " is not configured for secret but secret was received"},
		{"right", secret.ClientId, secret.ClientSecret, ""},
		{"missing", secret.ClientId, "", "Client " + secret.ClientId + " is configured for secret but secret was not received"},
		{"wrong", secret.ClientId, secret.ClientSecret + "x", "Client secret does not match for the client: " + secret.ClientId},
	} {
		refresh := tt.signInAlice(t, c.client).RefreshToken
		text := func(code string) string {
			if c.want == "" {
				return ""
			}
			return code + ": " + c.want
		}
		_, err := tt.GetTokensFromRefreshToken(tt.ctx, &idpapi.GetTokensFromRefreshTokenInput{
			ClientId: c.client, ClientSecret: c.secret, RefreshToken: refresh,
		})
		wantFault(t, c.name+": refresh", err, text("NotAuthorizedException"))
		_, err = tt.RevokeToken(tt.ctx, &idpapi.RevokeTokenInput{ClientId: c.client, ClientSecret: c.secret, Token: refresh})
		wantFault(t, c.name+": revoke", err, text("UnauthorizedException"))
	}
	_, err := tt.RevokeToken(tt.ctx, &idpapi.RevokeTokenInput{ClientId: "none", Token: "x"})
	wantFault(t, "unknown client", err, "ResourceNotFoundException: User pool client none does not exist.")
}

func TestRevokeToken(t *testing.T) {
	tt := newTokenTest(t)
	client := tt.newClient(t, idpapi.CreateUserPoolClientInput{})
	set := tt.signInAlice(t, client.ClientId)
	if _, err := tt.RevokeToken(tt.ctx, &idpapi.RevokeTokenInput{ClientId: client.ClientId, Token: set.RefreshToken}); err != nil {
		t.Fatal(err)
	}
	_, err := tt.GetTokensFromRefreshToken(tt.ctx, &idpapi.GetTokensFromRefreshTokenInput{ClientId: client.ClientId, RefreshToken: set.RefreshToken})
	wantFault(t, "refresh", err, "NotAuthorizedException: Refresh Token has been revoked")
	_, err = tt.GlobalSignOut(tt.ctx, &idpapi.GlobalSignOutInput{AccessToken: set.AccessToken})
	wantFault(t, "access", err, "NotAuthorizedException: Access Token has been revoked")
}

func TestGlobalSignOut(t *testing.T) {
	tt := newTokenTest(t)
	client := tt.newClient(t, idpapi.CreateUserPoolClientInput{})
	for _, c := range []struct {
		name    string
		signOut func(set *token.Set) error
	}{
		{"by the user", func(set *token.Set) error {
			_, err := tt.GlobalSignOut(tt.ctx, &idpapi.GlobalSignOutInput{AccessToken: set.AccessToken})
			return err
		}},
		{"by an administrator", func(*token.Set) error {
			_, err := tt.AdminUserGlobalSignOut(tt.ctx, &idpapi.AdminUserGlobalSignOutInput{UserPoolId: tt.poolID, Username: "alice"})
			return err
		}},
	} {
		here, elsewhere := tt.signInAlice(t, client.ClientId), tt.signInAlice(t, client.ClientId)
		wantFault(t, c.name, c.signOut(here), "")
		for _, set := range []*token.Set{here, elsewhere} {
			_, err := tt.GlobalSignOut(tt.ctx, &idpapi.GlobalSignOutInput{AccessToken: set.AccessToken})
			wantFault(t, c.name+": access", err, "NotAuthorizedException: Access Token has been revoked")
			_, err = tt.GetTokensFromRefreshToken(tt.ctx, &idpapi.GetTokensFromRefreshTokenInput{ClientId: client.ClientId, RefreshToken: set.RefreshToken})
			wantFault(t, c.name+": refresh", err, "NotAuthorizedException: Refresh Token has been revoked")
		}
	}
	_, err := tt.AdminUserGlobalSignOut(tt.ctx, &idpapi.AdminUserGlobalSignOutInput{UserPoolId: tt.poolID, Username: "bob"})
	wantFault(t, "nobody", err, "UserNotFoundException: User does not exist.")
	_, err = tt.AdminUserGlobalSignOut(tt.ctx, &idpapi.AdminUserGlobalSignOutInput{UserPoolId: "us-east-1_None00000", Username: "alice"})
	wantFault(t, "no pool", err, "ResourceNotFoundException: User pool us-east-1_None00000 does not exist.")
}
