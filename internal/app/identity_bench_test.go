//go:build unix

package app_test

import (
	"context"
	"fmt"
	"sync"
)

// ofIdentities are the operations here that are of identity pools.
var ofIdentities = map[string]bool{"CreateIdentityPool": true, "SetIdentityPoolRoles": true, "GetId": true, "GetCredentialsForIdentity": true}

// benchProvider is the user pool in logins.
const benchProvider = "cognito-idp.us-east-1.amazonaws.com/" + benchPool

// logins are those of an identity pool, whose identities are known.
type logins struct {
	identityPool string

	mu         sync.Mutex
	identities map[string]string // by usernames
}

// openIdentities makes an identity pool, and an identity for each session.
func (t *target) openIdentities(ctx context.Context) error {
	var made struct{ IdentityPoolID string }
	in := map[string]any{
		"IdentityPoolName": "benchmark", "AllowUnauthenticatedIdentities": false,
		"CognitoIdentityProviders": []any{map[string]any{"ProviderName": benchProvider, "ClientId": benchClient}},
	}
	if err := t.call(ctx, "CreateIdentityPool", true, in, &made); err != nil {
		return err
	}
	t.identityPool, t.identities = made.IdentityPoolID, map[string]string{}
	in = map[string]any{"IdentityPoolId": t.identityPool, "Roles": parameters{"authenticated": "arn:aws:iam::123456789012:role/" + benchRole}}
	if err := t.call(ctx, "SetIdentityPoolRoles", true, in, &struct{}{}); err != nil {
		return err
	}
	return together(len(t.sessions), func(i int) error { return t.getID(ctx, t.session(i)) })
}

// getID asks for the identity of a session, which must stay the same.
func (t *target) getID(ctx context.Context, s session) error {
	var out struct{ IdentityID string }
	in := map[string]any{"IdentityPoolId": t.identityPool, "Logins": parameters{benchProvider: s.id}}
	if err := t.call(ctx, "GetId", false, in, &out); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if known, ok := t.identities[s.username]; ok && known != out.IdentityID {
		return fmt.Errorf("the identity of %s is %s, and was %s", s.username, out.IdentityID, known)
	}
	t.identities[s.username] = out.IdentityID
	return nil
}

func (t *target) getCredentials(ctx context.Context, s session) error {
	t.mu.Lock()
	id := t.identities[s.username]
	t.mu.Unlock()
	var out struct{ Credentials struct{ SessionToken string } }
	in := map[string]any{"IdentityId": id, "Logins": parameters{benchProvider: s.id}}
	if err := t.call(ctx, "GetCredentialsForIdentity", false, in, &out); err != nil {
		return err
	}
	if out.Credentials.SessionToken == "" {
		return fmt.Errorf("no credentials for %s", id)
	}
	return nil
}
