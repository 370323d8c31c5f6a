package token

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const testThumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" // RFC 9449, 6.1

// TestBoundAccess holds a token to its key, and one without to none.
func TestBoundAccess(t *testing.T) {
	n := newPool(t, userpool.ClientConfig{})
	g := n.grant(t)
	g.Scopes = []string{userpool.ScopeOpenID, userpool.ScopeSignIn}
	plain := n.issue(t, g)
	g.Thumbprint = testThumbprint
	bound := n.issue(t, g)
	if bound.Thumbprint != testThumbprint || plain.Thumbprint != "" || TokenType(bound.Thumbprint) != "DPoP" || TokenType("") != "Bearer" {
		t.Errorf("bound to %q and %q", bound.Thumbprint, plain.Thumbprint)
	}
	for name, c := range map[string]struct {
		token, thumbprint string
		want              error
	}{
		"a bearer's": {plain.AccessToken, "", nil}, "with its key": {bound.AccessToken, testThumbprint, nil},
		"without its key":    {bound.AccessToken, "", ErrBound},
		"with another key":   {bound.AccessToken, testThumbprint[1:] + "x", ErrBound},
		"a bearer's, proven": {plain.AccessToken, testThumbprint, ErrBound},
	} {
		t.Run(name, func(t *testing.T) {
			access, err := n.AuthenticateOpenID(t.Context(), c.token, c.thumbprint)
			if !errors.Is(err, c.want) || err == nil && access.Claims.Thumbprint != c.thumbprint {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	_, err := n.Authenticate(t.Context(), bound.AccessToken)
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != fault.NotAuthorized ||
		f.Message != "Access Token is bound to a key and needs a proof of possession" {
		t.Error(err)
	}
	if _, err := n.OpenRefresh(t.Context(), g.Client, bound.RefreshToken, ""); !errors.Is(err, errInvalidRefresh) {
		t.Errorf("a bound refresh token without its key: %v", err)
	}
	if _, err := n.OpenProvenRefresh(t.Context(), g.Client, bound.RefreshToken, testThumbprint); err != nil {
		t.Error(err)
	}
}

// TestFunctionsAndKeys holds that a function cannot take the key out of a token
// that is bound to one, nor change it. Elsewhere it may write a key.
func TestFunctionsAndKeys(t *testing.T) {
	const other = `{"jkt":"x"}`
	for name, c := range map[string]struct {
		thumbprint string
		changes    trigger.ClaimChanges
		want       string
	}{
		"changed":         {testThumbprint, trigger.ClaimChanges{Set: map[string]json.RawMessage{"cnf": json.RawMessage(other)}}, testThumbprint},
		"taken out":       {testThumbprint, trigger.ClaimChanges{Suppress: []string{"cnf"}}, testThumbprint},
		"something else":  {testThumbprint, trigger.ClaimChanges{Suppress: []string{"acr"}}, testThumbprint},
		"written":         {"", trigger.ClaimChanges{Set: map[string]json.RawMessage{"cnf": json.RawMessage(other)}}, "x"},
		"another kind":    {"", trigger.ClaimChanges{Set: map[string]json.RawMessage{"cnf": json.RawMessage(`{"x5t#S256":"x"}`)}}, ""},
		"no confirmation": {"", trigger.ClaimChanges{Set: map[string]json.RawMessage{"cnf": json.RawMessage(`"x"`)}}, ""},
		"none":            {"", trigger.ClaimChanges{Suppress: []string{"acr"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, access := range []any{accessClaims{Cnf: confirm(c.thumbprint)}, clientClaims{Cnf: confirm(c.thumbprint)}} {
				changed, err := changedAccess(access, "client", c.changes)
				if err != nil {
					t.Fatal(err)
				}
				text, err := json.Marshal(changed)
				if err != nil {
					t.Fatal(err)
				}
				var claims claimSet
				if err := json.Unmarshal(text, &claims); err != nil {
					t.Fatal(err)
				}
				if got := boundTo(claims); got != c.want {
					t.Errorf("bound to %q, want %q", got, c.want)
				}
			}
		})
	}
	if testing.AllocsPerRun(10, func() { boundTo(claimSet{}); confirm("") }) != 0 {
		t.Error("a token that is bound to nothing costs something")
	}
}
