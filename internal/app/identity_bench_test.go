//go:build unix

package app_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// ofIdentities are the operations here that are of identity pools.
var ofIdentities = map[string]bool{"CreateIdentityPool": true, "SetIdentityPoolRoles": true, "GetId": true, "GetCredentialsForIdentity": true}

// benchProvider is the user pool in logins.
const benchProvider = "cognito-idp.us-east-1.amazonaws.com/" + benchPool

// logins are those of an identity pool, whose identities are known.
type logins struct {
	identityPool string
	otherPool    string // one of another client's users

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
	var other struct{ IdentityPoolID string }
	in["CognitoIdentityProviders"] = []any{map[string]any{"ProviderName": benchProvider, "ClientId": "another0client0000000000000"}}
	if err := t.call(ctx, "CreateIdentityPool", true, in, &other); err != nil {
		return err
	}
	t.otherPool = other.IdentityPoolID
	t.identityPool, t.identities = made.IdentityPoolID, map[string]string{}
	in = map[string]any{"IdentityPoolId": t.identityPool, "Roles": parameters{"authenticated": "arn:aws:iam::123456789012:role/" + benchRole}}
	if err := t.call(ctx, "SetIdentityPoolRoles", true, in, &struct{}{}); err != nil {
		return err
	}
	return together(len(t.sessions), func(i int) error { return t.getID(ctx, t.session(i)) })
}

// verification is a request that does no more than verify a token: it is genuine,
// but of a client that the pool does not have.
var verification = operation{"verification", cryptography{verifications: 1},
	func(ctx context.Context, t *target, i int) error {
		in := map[string]any{"IdentityPoolId": t.otherPool, "Logins": parameters{benchProvider: t.session(i).id}}
		err := t.call(ctx, "GetId", false, in, &struct{}{})
		if err == nil || !strings.Contains(err.Error(), "Invalid login token. Incorrect token audience.") {
			return fmt.Errorf("a token of another client gave %v", err)
		}
		return nil
	}}

// BenchmarkIdentities compares what clients ask of identity pools with a request
// that does no more than verify their token, by turns: the ratios are of the
// server's processor time, PostgreSQL's own left out.
func BenchmarkIdentities(b *testing.B) {
	d := benchUsers(b)
	for _, database := range databases {
		b.Run(database.name, func(b *testing.B) {
			t := serve(b, database.url(b, d), d)
			if err := t.openIdentities(b.Context()); err != nil {
				b.Fatal(err)
			}
			if err := t.compareOperations(b, verification, getID, getCredentials, getUser); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// compareOperations does each operation b.N times, by turns, and compares what
// they cost with the first.
func (t *target) compareOperations(b *testing.B, operations ...operation) error {
	total := make([]usage, len(operations))
	for done := -warm; done < b.N; {
		n := min(8*slice, b.N-done)
		if done < 0 {
			n = warm // and not counted
		}
		for i, op := range operations {
			used, err := t.measure(func() error {
				_, err := t.drive(b.Context(), op, n)
				return err
			})
			if err != nil {
				return err
			}
			if done >= 0 {
				total[i].cpu += used.cpu
				total[i].database += used.database
			}
		}
		done += n
	}
	for i, op := range operations {
		b.ReportMetric(milliseconds(total[i].cpu)/float64(b.N), op.name+"-ms/op")
		if total[i].database > 0 {
			b.ReportMetric(milliseconds(total[i].database)/float64(b.N), op.name+"-postgres-ms/op")
		}
		b.ReportMetric(float64(total[i].cpu)/float64(total[0].cpu), op.name+"-ratio")
	}
	return nil
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
