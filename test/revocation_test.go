package test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/poolhouse/poolhouse/verify"
)

// TestVerifiersHearOfRevocations follows a production server's revocations with
// an access key that may do nothing else.
func TestVerifiersHearOfRevocations(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		in := install(t, database)
		s := in.startServe()
		c := s.newPool(in)
		c.createUser("ada", password)
		policy := filepath.Join(t.TempDir(), "policy.json")
		if err := os.WriteFile(policy, []byte(`{"Version": "2012-10-17", "Statement": [
			{"Effect": "Allow", "Action": "poolhouse:ListRevocations", "Resource": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/`+c.pool+`"}]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		keyID, secret := in.accessKey("verifier", "--policy", policy)
		follow := func(keyID, secret string) *verify.PoolhouseRevocations {
			r, err := verify.NewPoolhouseRevocations(verify.RevocationFeed{
				URL: s.URL, PoolID: c.pool, AccessKey: verify.AccessKey{ID: keyID, Secret: secret},
			})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		revocations := follow(keyID, secret)
		v, err := verify.New(verify.Config{Pools: []verify.Pool{{
			Issuer: publicURL + "/" + c.pool, JWKSURL: s.URL + "/" + c.pool + "/.well-known/jwks.json",
			ClientIDs: []string{c.id}, Revocation: revocations,
		}}})
		if err != nil {
			t.Fatal(err)
		}
		want := func(what string, token *string, want error) {
			t.Helper()
			if err := revocations.Poll(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := v.Verify(t.Context(), *token); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", what, err, want)
			}
		}
		one, other := c.signIn("ada", password), c.signIn("ada", password)
		want("signed in", one.AccessToken, nil)
		must[*cognito.RevokeTokenOutput](t)(c.RevokeToken(t.Context(), &cognito.RevokeTokenInput{ClientId: &c.id, Token: one.RefreshToken}))
		want("revoked", one.AccessToken, verify.ErrRevoked)
		want("the other sign-in", other.AccessToken, nil)
		must[*cognito.GlobalSignOutOutput](t)(c.GlobalSignOut(t.Context(), &cognito.GlobalSignOutInput{AccessToken: other.AccessToken}))
		want("signed out", other.AccessToken, verify.ErrRevoked)
		again := c.signIn("ada", password)
		want("signed in again", again.AccessToken, nil)
		must[*cognito.AdminDeleteUserOutput](t)(c.AdminDeleteUser(t.Context(), &cognito.AdminDeleteUserInput{UserPoolId: &c.pool, Username: aws.String("ada")}))
		want("deleted", again.AccessToken, verify.ErrUserNotFound)

		if err := follow(keyID, in.secret).Poll(t.Context()); err == nil {
			t.Error("the feed is read with a wrong secret")
		}
		_, err = s.sdk(keyID, secret).DescribeUserPool(t.Context(), &cognito.DescribeUserPoolInput{UserPoolId: &c.pool})
		wantError(t, err, "AccessDeniedException", "")
	})
}
