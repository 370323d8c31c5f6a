package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
)

// TestPolicyOfIdentities has an access key that is for one identity pool call the
// operations that name identities only.
func TestPolicyOfIdentities(t *testing.T) {
	w := newIdentityWorld(t)
	other := must[*cognitoidentity.CreateIdentityPoolOutput](t)(w.identity.CreateIdentityPool(t.Context(), &cognitoidentity.CreateIdentityPoolInput{
		IdentityPoolName: aws.String("other"), AllowUnauthenticatedIdentities: true,
	}))
	guest := func(pool *string) string {
		return *must[*cognitoidentity.GetIdOutput](t)(w.identity.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: pool})).IdentityId
	}
	own, foreign := guest(&w.pool), guest(other.IdentityPoolId)
	const missing = "us-east-1:00000000-0000-0000-0000-000000000000"
	key := func(name, effects string) *cognitoidentity.Client {
		id, secret := w.in.accessKey(name, "--policy", w.file(`{"Version":"2012-10-17","Statement":[`+effects+`]}`))
		return cognitoidentity.New(cognitoidentity.Options{BaseEndpoint: &w.server.URL, Region: region, RetryMaxAttempts: 1, HTTPClient: wholeBodies{},
			Credentials: credentials.NewStaticCredentialsProvider(id, secret, "")})
	}
	const arn = "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/"
	statement := func(effect, resource string) string {
		return fmt.Sprintf(`{"Effect":%q,"Action":"cognito-identity:*","Resource":%q}`, effect, resource)
	}
	one := key("one", statement("Allow", arn+w.pool))
	butOne := key("but-one", statement("Allow", "*")+","+statement("Deny", arn+w.pool))
	denied := func(operation, user, resource, because string) string {
		return "User: arn:aws:iam::123456789012:user/" + user + " is not authorized to perform: cognito-identity:" + operation + " on resource: " + resource + " " + because
	}
	const notAllowed = "because no identity-based policy allows the cognito-identity:%s action"

	for _, c := range []struct {
		name       string
		client     *cognitoidentity.Client
		id         string
		code, text string
	}{
		{"of its pool", one, own, "", ""},
		{"of another pool", one, foreign, "AccessDeniedException", denied("DescribeIdentity", "one", "*", fmt.Sprintf(notAllowed, "DescribeIdentity"))},
		{"of none", one, missing, "AccessDeniedException", denied("DescribeIdentity", "one", "*", fmt.Sprintf(notAllowed, "DescribeIdentity"))},
		{"of the pool that is denied", butOne, own, "AccessDeniedException", denied("DescribeIdentity", "but-one", arn+w.pool, "with an explicit deny in an identity-based policy")},
		{"of one that is not denied", butOne, foreign, "", ""},
		{"of none, all allowed", butOne, missing, "ResourceNotFoundException", "Identity '" + missing + "' not found."},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.client.DescribeIdentity(t.Context(), &cognitoidentity.DescribeIdentityInput{IdentityId: &c.id})
			if c.code == "" && err != nil {
				t.Error(err)
			} else if c.code != "" {
				wantError(t, err, c.code, c.text)
			}
		})
	}

	remove := func(client *cognitoidentity.Client, ids ...string) (left []string, err error) {
		out, err := client.DeleteIdentities(t.Context(), &cognitoidentity.DeleteIdentitiesInput{IdentityIdsToDelete: ids})
		if err != nil {
			return nil, err
		}
		for _, u := range out.UnprocessedIdentityIds {
			if u.ErrorCode != types.ErrorCodeAccessDenied {
				t.Errorf("%s was left for %s", *u.IdentityId, u.ErrorCode)
			}
			left = append(left, *u.IdentityId)
		}
		slices.Sort(left)
		return left, nil
	}
	_, err := remove(one, foreign, missing)
	wantError(t, err, "AccessDeniedException", denied("DeleteIdentities", "one", "*", fmt.Sprintf(notAllowed, "DeleteIdentities")))
	left, err := remove(one, foreign, own, missing)
	if want := strings.Join([]string{missing, foreign}, " "); err != nil || strings.Join(left, " ") != want {
		t.Errorf("left are %v, %v, want %s", left, err, want)
	}
	_, err = w.identity.DescribeIdentity(t.Context(), &cognitoidentity.DescribeIdentityInput{IdentityId: &own})
	wantError(t, err, "ResourceNotFoundException", "Identity '"+own+"' not found.")
	if left, err := remove(butOne, foreign, missing); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}
