package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// TestAdministrationNeedsASignature shows who may administer a production
// server: holders of an access key, within its policy.
func TestAdministrationNeedsASignature(t *testing.T) {
	in := install(t, storetest.SQLiteURL(t))
	s := in.startServe()
	c := s.newPool(in)
	other := s.newPool(in)
	c.createUser("ada", password)

	read := func(api *cognito.Client, pool string) error {
		_, err := api.AdminGetUser(t.Context(), &cognito.AdminGetUserInput{UserPoolId: &pool, Username: aws.String("ada")})
		return err
	}
	policy := filepath.Join(t.TempDir(), "policy.json")
	if err := os.WriteFile(policy, []byte(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "cognito-idp:Admin*", "Resource": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/`+c.pool+`"},
		{"Effect": "Deny", "Action": "cognito-idp:AdminDeleteUser", "Resource": "*"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	limitedID, limitedSecret := in.accessKey("support", "--policy", policy)
	limited := s.sdk(limitedID, limitedSecret)

	for _, tt := range []struct {
		name string
		err  error
		code string // "" for success
	}{
		{"signed", read(c.Client, c.pool), ""},
		{"wrong secret", read(s.sdk(in.keyID, strings.ToUpper(in.secret)), c.pool), "InvalidSignatureException"},
		{"unknown key", read(s.sdk("AKIAIOSFODNN7EXAMPLE", in.secret), c.pool), "UnrecognizedClientException"},
		{"what the policy allows", read(limited, c.pool), ""},
		{"a pool that the policy does not name", read(limited, other.pool), "AccessDeniedException"},
	} {
		if tt.code == "" && tt.err != nil {
			t.Errorf("%s: %v", tt.name, tt.err)
		} else if tt.code != "" {
			wantError(t, tt.err, tt.code, "")
		}
	}
	_, err := limited.AdminDeleteUser(t.Context(), &cognito.AdminDeleteUserInput{UserPoolId: &c.pool, Username: aws.String("ada")})
	wantError(t, err, "AccessDeniedException", "")

	status, body := s.do("POST", "/", `{"UserPoolId":"`+c.pool+`","Username":"ada"}`,
		"Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", "AWSCognitoIdentityProviderService.AdminGetUser")
	if status != 400 || !strings.Contains(body, "MissingAuthenticationTokenException") {
		t.Errorf("unsigned: %d %s", status, body)
	}

	command(t, append([]string{"access-key", "revoke", limitedID}, in.flags()...)...)
	eventually(t, soon, "the server refuses the revoked key", func() bool { return read(limited, c.pool) != nil })
	wantError(t, read(limited, c.pool), "UnrecognizedClientException", "")
	if list := command(t, append([]string{"access-key", "list"}, in.flags()...)...); !strings.Contains(list, limitedID) || strings.Contains(list, limitedSecret) ||
		strings.Count(list, "\n") != 1+strings.Count(list, "AKIA") { // a line for each, whatever the policy looks like
		t.Errorf("access-key list printed\n%s", list)
	}
}

// TestSignaturesOfUsersAreNotAsked lets users in without an access key.
func TestSignaturesOfUsersAreNotAsked(t *testing.T) {
	in := install(t, storetest.SQLiteURL(t))
	s := in.startServe()
	c := s.newPool(in)
	c.createUser("ada", password)
	status, body := s.do("POST", "/", `{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"`+c.id+`","AuthParameters":{"USERNAME":"ada","PASSWORD":"`+password+`"}}`,
		"Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", "AWSCognitoIdentityProviderService.InitiateAuth")
	if status != 200 || !strings.Contains(body, "AccessToken") {
		t.Errorf("unsigned sign-in: %d %s", status, body)
	}
}

// TestServeNeedsAMasterKey tells an operator what is missing before anything is
// opened, and refuses a key that is not the database's.
func TestServeNeedsAMasterKey(t *testing.T) {
	database := storetest.SQLiteURL(t)
	if _, err := tryCommand(t, "serve", "--public-url", publicURL, "--addr", "127.0.0.1:0", "--database", database); err == nil || !strings.Contains(err.Error(), "poolhouse key make") {
		t.Errorf("without a key: %v", err)
	}
	install(t, database)
	foreign := filepath.Join(t.TempDir(), "foreign.key")
	if err := os.WriteFile(foreign, []byte(command(t, "key", "make")), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := tryCommand(t, "serve", "--public-url", publicURL, "--addr", "127.0.0.1:0", "--database", database, "--master-key-file", foreign); err == nil || !strings.Contains(err.Error(), "master key") {
		t.Errorf("with another database's key: %v", err)
	}
}

// TestSecretHash shows a client with secrets: both active ones hold, and a wrong
// or missing hash does not.
func TestSecretHash(t *testing.T) {
	s := startDev(t)
	c := s.demo()
	ctx := t.Context()
	c.createUser("ada", password)
	made := must[*cognito.CreateUserPoolClientOutput](t)(c.CreateUserPoolClient(ctx, &cognito.CreateUserPoolClientInput{
		UserPoolId: &c.pool, ClientName: aws.String("confidential"), GenerateSecret: true,
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowUserPasswordAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth},
	})).UserPoolClient
	second := must[*cognito.AddUserPoolClientSecretOutput](t)(c.AddUserPoolClientSecret(ctx, &cognito.AddUserPoolClientSecretInput{
		UserPoolId: &c.pool, ClientId: made.ClientId,
	})).ClientSecretDescriptor.ClientSecretValue
	try := func(hash string) error {
		parameters := map[string]string{"USERNAME": "ada", "PASSWORD": password}
		if hash != "" {
			parameters["SECRET_HASH"] = hash
		}
		_, err := c.InitiateAuth(ctx, &cognito.InitiateAuthInput{
			ClientId: made.ClientId, AuthFlow: types.AuthFlowTypeUserPasswordAuth, AuthParameters: parameters,
		})
		return err
	}
	for _, secret := range []*string{made.ClientSecret, second} {
		if err := try(secretHash(*secret, "ada", *made.ClientId)); err != nil {
			t.Error(err)
		}
	}
	wantError(t, try(""), "NotAuthorizedException", "Client "+*made.ClientId+" is configured with secret but SECRET_HASH was not received")
	wantError(t, try(secretHash("guessed", "ada", *made.ClientId)), "NotAuthorizedException", "")
}
