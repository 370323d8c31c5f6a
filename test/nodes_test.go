package test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/poolhouse/poolhouse/internal/srp"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// twoNodes are two production servers on one PostgreSQL, with a pool seen
// through each.
func twoNodes(t *testing.T) (a, b *client) {
	t.Helper()
	in := install(t, storetest.PostgresURL(t))
	first, second := in.startServe(), in.startServe()
	a = first.newPool(in)
	return a, a.at(second, in)
}

// TestTokensHoldOnAllNodes uses, refreshes and revokes on one node what another
// issued.
func TestTokensHoldOnAllNodes(t *testing.T) {
	a, b := twoNodes(t)
	a.createUser("ada", password)
	signedIn := a.signIn("ada", password)
	if name := must[string](t)(b.whoAmI(signedIn.AccessToken)); name != "ada" {
		t.Errorf("GetUser answers %q", name)
	}
	refreshed := must[*cognito.InitiateAuthOutput](t)(b.refresh(signedIn.RefreshToken))
	must[string](t)(a.whoAmI(tokens(t, refreshed.AuthenticationResult).AccessToken))

	must[*cognito.RevokeTokenOutput](t)(b.RevokeToken(t.Context(), &cognito.RevokeTokenInput{ClientId: &b.id, Token: signedIn.RefreshToken}))
	_, err := a.refresh(signedIn.RefreshToken)
	wantError(t, err, "NotAuthorizedException", "Refresh Token has been revoked")
	_, err = a.whoAmI(signedIn.AccessToken)
	wantError(t, err, "NotAuthorizedException", "Access Token has been revoked")
}

// TestChallengesGoOnAtAnyNode begins a sign-in at one node and finishes it at
// another, and no session serves twice.
func TestChallengesGoOnAtAnyNode(t *testing.T) {
	a, b := twoNodes(t)
	ctx := t.Context()
	must[*cognito.AdminCreateUserOutput](t)(a.AdminCreateUser(ctx, &cognito.AdminCreateUserInput{
		UserPoolId: &a.pool, Username: aws.String("bob"), TemporaryPassword: aws.String(password), MessageAction: types.MessageActionTypeSuppress,
	}))
	answer := a.startSRP("bob", password)
	challenge := must[*cognito.RespondToAuthChallengeOutput](t)(answer.sendTo(b))
	if challenge.ChallengeName != types.ChallengeNameTypeNewPasswordRequired {
		t.Fatalf("challenge %q", challenge.ChallengeName)
	}
	if _, err := answer.sendTo(a); err == nil {
		t.Error("a session was spent at one node and served again at another")
	}
	choose := &cognito.RespondToAuthChallengeInput{
		ClientId: &a.id, ChallengeName: challenge.ChallengeName, Session: challenge.Session,
		ChallengeResponses: map[string]string{"USERNAME": "bob", "NEW_PASSWORD": newPassword},
	}
	done := must[*cognito.RespondToAuthChallengeOutput](t)(a.RespondToAuthChallenge(ctx, choose))
	tokens(t, done.AuthenticationResult)
	if _, err := b.RespondToAuthChallenge(ctx, choose); err == nil {
		t.Error("a session was spent at one node and served again at another")
	}
	b.signIn("bob", newPassword)
}

// TestLockoutHoldsOnAllNodes guesses at both nodes and finds the right password
// refused at both, until the lock is over.
func TestLockoutHoldsOnAllNodes(t *testing.T) {
	a, b := twoNodes(t)
	a.createUser("ada", password)
	early := a.startSRP("ada", password)
	// The fifth failure locks for a second, the sixth for two. A guess during the
	// lock is refused unseen, so the sixth has to wait for its end.
	guess := func(c *client) string {
		_, err := c.tryPassword("ada", newPassword)
		wantError(t, err, "NotAuthorizedException", "")
		return errorText(err)
	}
	for i := range 5 {
		if text := guess([]*client{a, b}[i%2]); text != "Incorrect username or password." {
			t.Fatalf("guess %d: %s", i+1, text)
		}
	}
	eventually(t, 30*time.Second, "the first lock ends", func() bool { return guess(b) == "Incorrect username or password." })
	for _, c := range []*client{a, b} {
		_, err := c.tryPassword("ada", password)
		wantError(t, err, "NotAuthorizedException", "Password attempts exceeded")
		_, err = c.InitiateAuth(t.Context(), &cognito.InitiateAuthInput{
			ClientId: &c.id, AuthFlow: types.AuthFlowTypeUserSrpAuth,
			AuthParameters: map[string]string{"USERNAME": "ada", "SRP_A": srp.NewClient("any").A()},
		})
		wantError(t, err, "NotAuthorizedException", "Password attempts exceeded")
	}
	_, err := early.sendTo(b)
	wantError(t, err, "NotAuthorizedException", "Password attempts exceeded")
	eventually(t, 30*time.Second, "the second lock ends", func() bool {
		_, err := a.tryPassword("ada", password)
		return err == nil
	})
	b.signIn("ada", password)
}

// TestChangesReachAllNodes disables a user, rotates and deletes settings at one
// node and sees the other obey within a second.
func TestChangesReachAllNodes(t *testing.T) {
	a, b := twoNodes(t)
	ctx := t.Context()
	a.createUser("ada", password)
	signedIn := b.signIn("ada", password)

	must[*cognito.AdminDisableUserOutput](t)(a.AdminDisableUser(ctx, &cognito.AdminDisableUserInput{UserPoolId: &a.pool, Username: aws.String("ada")}))
	_, err := b.tryPassword("ada", password)
	wantError(t, err, "NotAuthorizedException", "User is disabled.")
	_, err = b.refresh(signedIn.RefreshToken)
	wantError(t, err, "NotAuthorizedException", "")
	must[*cognito.AdminEnableUserOutput](t)(a.AdminEnableUser(ctx, &cognito.AdminEnableUserInput{UserPoolId: &a.pool, Username: aws.String("ada")}))
	b.signIn("ada", password)

	must[*cognito.UpdateUserPoolClientOutput](t)(a.UpdateUserPoolClient(ctx, &cognito.UpdateUserPoolClientInput{
		UserPoolId: &a.pool, ClientId: &a.id, ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth},
	}))
	eventually(t, soon, "the other node refuses a flow that was switched off", func() bool {
		_, err := b.tryPassword("ada", password)
		return err != nil
	})
	must[*cognito.DeleteUserPoolClientOutput](t)(a.DeleteUserPoolClient(ctx, &cognito.DeleteUserPoolClientInput{UserPoolId: &a.pool, ClientId: &a.id}))
	eventually(t, soon, "the other node does not know the deleted client", func() bool {
		_, err := b.tryPassword("ada", password)
		return errorText(err) == "User pool client "+b.id+" does not exist."
	})
}
