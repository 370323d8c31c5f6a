package poolhousetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/poolhousetest"
	"github.com/poolhouse/poolhouse/verify"
)

func either(c *verify.Config) { c.Pools[0].Use = verify.EitherToken }

func check(t *testing.T, v *verify.Verifier, what, token string, want error) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func TestCreateUser(t *testing.T) {
	t.Parallel()
	s := poolhousetest.New(t)
	ada := s.CreateUser(poolhousetest.User{
		Username: "ada", Groups: []string{"editors", "admins"},
		Attributes: map[string]string{"email": "ada@example.com", "email_verified": "true"},
	})
	s.CreateUser(poolhousetest.User{Username: "bob", Groups: []string{"editors"}}) // the group is there already
	token, err := s.Verifier(either).Verify(t.Context(), s.SignIn(ada).ID)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintln(token.Subject() == ada.Sub, token.Email(), token.EmailVerified(), token.HasGroup("admins"), token.HasGroup("editors"))
	if want := "true ada@example.com true true true\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if sent := s.Inbox(""); len(sent) != 0 {
		t.Errorf("sent was %+v", sent)
	}
}

func TestMint(t *testing.T) {
	t.Parallel()
	s := poolhousetest.New(t)
	v := s.Verifier(either)
	past := s.Now().Add(-time.Hour).Unix()
	for _, c := range []struct {
		name   string
		claims poolhousetest.Claims
		want   error
	}{
		{"nothing said", nil, nil},
		{"an ID token", poolhousetest.Claims{"token_use": "id"}, nil},
		{"expired", poolhousetest.Claims{"exp": past}, verify.ErrExpired},
		{"not yet valid", poolhousetest.Claims{"nbf": s.Now().Add(time.Hour).Unix()}, verify.ErrNotYetValid},
		{"another client", poolhousetest.Claims{"client_id": "other"}, verify.ErrClient},
		{"an ID token of another client", poolhousetest.Claims{"token_use": "id", "aud": "other"}, verify.ErrClient},
		{"another issuer", poolhousetest.Claims{"iss": s.Issuer + "x"}, verify.ErrIssuer},
		{"without a sub", poolhousetest.Claims{"sub": nil}, verify.ErrMalformed},
		{"without an exp", poolhousetest.Claims{"exp": nil}, verify.ErrMalformed},
		{"a token use of its own", poolhousetest.Claims{"token_use": "refresh"}, verify.ErrTokenUse},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, v, "token", s.Mint(c.claims), c.want) })
	}
	claims := poolhousetest.Claims{"custom:plan": "gold"}
	token, err := v.Verify(t.Context(), s.Mint(claims))
	if err != nil {
		t.Fatal(err)
	}
	if got := token.Custom("plan"); got != "gold" || len(claims) != 1 {
		t.Errorf("plan %q, claims %v", got, claims)
	}
}

func TestForge(t *testing.T) {
	t.Parallel()
	s := poolhousetest.New(t)
	v := s.Verifier()
	for how, want := range map[poolhousetest.Forgery]error{
		poolhousetest.NoSignature:    verify.ErrAlgorithm,
		poolhousetest.PublicKeyHMAC:  verify.ErrAlgorithm,
		poolhousetest.WrongSignature: verify.ErrSignature,
		poolhousetest.WrongKey:       verify.ErrSignature,
		poolhousetest.UnknownKey:     verify.ErrUnknownKey,
		poolhousetest.Truncated:      verify.ErrMalformed,
	} {
		t.Run(string(how), func(t *testing.T) { check(t, v, "token", s.Forge(how, nil), want) })
	}
	if len(poolhousetest.Forgeries) != 6 {
		t.Error("Forgeries lacks some")
	}
}

func TestRotateKeys(t *testing.T) {
	t.Parallel()
	s := poolhousetest.New(t)
	ada := s.CreateUser(poolhousetest.User{Username: "ada"})
	v := s.Verifier(either)
	first := s.SignIn(ada)
	check(t, v, "before", first.Access, nil)
	s.RotateKeys(time.Hour)
	second := s.SignIn(ada)
	for what, token := range map[string]string{"new": second.Access, "new ID": second.ID, "old": first.Access, "minted": s.Mint(nil)} {
		check(t, v, what, token, nil)
	}
	s.RotateKeys(0)
	check(t, v, "newest", s.SignIn(ada).Access, nil) // leads to a fetch
	check(t, v, "of a key that is gone", second.Access, verify.ErrUnknownKey)
}

func TestRevocations(t *testing.T) {
	t.Parallel()
	s := poolhousetest.New(t)
	ada := s.CreateUser(poolhousetest.User{Username: "ada"})
	revocations := s.Revocations()
	v := s.Verifier(func(c *verify.Config) { c.Pools[0].Revocation = revocations })
	poll := func() {
		t.Helper()
		if err := revocations.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	tokens := s.SignIn(ada)
	poll()
	check(t, v, "signed in", tokens.Access, nil)
	s.SignOut(ada)
	poll()
	check(t, v, "signed out", tokens.Access, verify.ErrRevoked)
	check(t, v, "signed in again", s.SignIn(ada).Access, nil)
}

func TestCall(t *testing.T) {
	t.Parallel()
	s := poolhousetest.New(t)
	err := s.Call(t.Context(), "AdminGetUser", map[string]string{"UserPoolId": s.PoolID, "Username": "nobody"}, nil)
	if e, ok := errors.AsType[*poolhousetest.APIError](err); !ok || e.Code != "UserNotFoundException" || e.Message == "" {
		t.Errorf("got %v", err)
	}
	var out struct{ UserPool struct{ Name string } }
	if err := s.Call(t.Context(), "DescribeUserPool", map[string]string{"UserPoolId": s.PoolID}, &out); err != nil || out.UserPool.Name == "" {
		t.Errorf("%+v, %v", out, err)
	}
	if err := s.Call(t.Context(), "NoSuchOperation", nil, nil); err == nil {
		t.Error("no error for an operation that there is not")
	}
}

func TestWithSeed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "seed.json")
	if err := os.WriteFile(file, []byte(`{"UserPools": [{
		"Id": "us-east-1_Shop00000", "PoolName": "shop", "UsernameAttributes": ["email"],
		"Clients": [{"ClientId": "shop0client", "ClientName": "web", "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}],
		"Users": [{"Username": "ada@example.com", "Password": "Battery-Staple-8", "Attributes": {"email": "ada@example.com"}}]
	}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := poolhousetest.New(t, poolhousetest.WithSeed(file))
	if !strings.HasSuffix(s.Issuer, "/us-east-1_Shop00000") {
		t.Errorf("issuer %s", s.Issuer)
	}
	tokens := s.SignIn(poolhousetest.User{Username: "ada@example.com", Password: "Battery-Staple-8"})
	check(t, s.Verifier(), "seeded", tokens.Access, nil)
	other := poolhousetest.New(t) // knows nothing of the first
	check(t, other.Verifier(), "another server's", tokens.Access, verify.ErrIssuer)
}

// TestWithFunctions has a function of the test deny a sign-up.
func TestWithFunctions(t *testing.T) {
	const arn = "arn:aws:lambda:us-east-1:123456789012:function:"
	s := poolhousetest.New(t, poolhousetest.WithFunctions(map[string]func(context.Context, json.RawMessage) (json.RawMessage, error){
		arn + "deny": func(context.Context, json.RawMessage) (json.RawMessage, error) {
			return nil, errors.New("by invitation only")
		},
	}))
	if err := s.Call(t.Context(), "UpdateUserPool", map[string]any{
		"UserPoolId": s.PoolID, "LambdaConfig": map[string]string{"PreSignUp": arn + "deny"},
	}, nil); err != nil {
		t.Fatal(err)
	}
	err := s.Call(t.Context(), "SignUp", map[string]any{"ClientId": s.ClientID, "Username": "ada", "Password": "Passw0rd!23"}, nil)
	if want := "UserLambdaValidationException: PreSignUp failed with error by invitation only."; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
