package test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// TestLifeOfAUser follows a user who signs up alone, with AWS's SDK.
func TestLifeOfAUser(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		s := startDev(t, "--database", database, "--data", t.TempDir())
		c := s.demo()
		ctx := t.Context()

		c.signUp("ada", password)
		_, err := c.tryPassword("ada", password)
		wantError(t, err, "UserNotConfirmedException", "User is not confirmed.")

		confirm := func(code string) error {
			_, err := c.ConfirmSignUp(ctx, &cognito.ConfirmSignUpInput{ClientId: &c.id, Username: aws.String("ada"), ConfirmationCode: &code})
			return err
		}
		wantError(t, confirm(wrong(*s.code("ada"))), "CodeMismatchException", "Invalid verification code provided, please try again.")
		if err := confirm(*s.code("ada")); err != nil {
			t.Fatal(err)
		}

		signedIn := c.signIn("ada", password)
		claims := s.verifyToken(demoPool, *signedIn.AccessToken)
		if claims["username"] != "ada" || claims["client_id"] != demoClient || claims["token_use"] != "access" {
			t.Errorf("claims of the access token: %v", claims)
		}
		if name := must[string](t)(c.whoAmI(signedIn.AccessToken)); name != "ada" {
			t.Errorf("GetUser answers %q", name)
		}

		bySRP := must[*cognito.RespondToAuthChallengeOutput](t)(c.startSRP("ada", password).sendTo(c))
		tokens(t, bySRP.AuthenticationResult)
		_, err = c.startSRP("ada", newPassword).sendTo(c)
		wantError(t, err, "NotAuthorizedException", "Incorrect username or password.")

		refreshed := must[*cognito.InitiateAuthOutput](t)(c.refresh(signedIn.RefreshToken))
		if refreshed.AuthenticationResult.RefreshToken != nil {
			t.Error("a refresh without rotation gave a new refresh token")
		}

		must[*cognito.ChangePasswordOutput](t)(c.ChangePassword(ctx, &cognito.ChangePasswordInput{
			AccessToken:      tokens(t, refreshed.AuthenticationResult).AccessToken,
			PreviousPassword: aws.String(password), ProposedPassword: aws.String(newPassword),
		}))
		_, err = c.tryPassword("ada", password)
		wantError(t, err, "NotAuthorizedException", "Incorrect username or password.")
		c.signIn("ada", newPassword)

		must[*cognito.ForgotPasswordOutput](t)(c.ForgotPassword(ctx, &cognito.ForgotPasswordInput{ClientId: &c.id, Username: aws.String("ada")}))
		must[*cognito.ConfirmForgotPasswordOutput](t)(c.ConfirmForgotPassword(ctx, &cognito.ConfirmForgotPasswordInput{
			ClientId: &c.id, Username: aws.String("ada"), ConfirmationCode: s.code("ada"), Password: aws.String(password),
		}))
		last := c.signIn("ada", password)

		must[*cognito.GlobalSignOutOutput](t)(c.GlobalSignOut(ctx, &cognito.GlobalSignOutInput{AccessToken: last.AccessToken}))
		_, err = c.whoAmI(last.AccessToken)
		wantError(t, err, "NotAuthorizedException", "Access Token has been revoked")
		_, err = c.refresh(last.RefreshToken)
		wantError(t, err, "NotAuthorizedException", "Refresh Token has been revoked")

		again := c.signIn("ada", password)
		must[*cognito.DeleteUserOutput](t)(c.DeleteUser(ctx, &cognito.DeleteUserInput{AccessToken: again.AccessToken}))
		if _, err = c.tryPassword("ada", password); err == nil {
			t.Error("a deleted user signs in")
		}
	})
}

// TestInvitedUser follows a user whom an administrator makes: under serve, with
// an access key, and a first sign-in that asks for a new password.
func TestInvitedUser(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		in := install(t, database)
		s := in.startServe()
		c := s.newPool(in)
		ctx := t.Context()
		must[*cognito.AdminCreateUserOutput](t)(c.AdminCreateUser(ctx, &cognito.AdminCreateUserInput{
			UserPoolId: &c.pool, Username: aws.String("bob"), TemporaryPassword: aws.String(password),
			MessageAction: types.MessageActionTypeSuppress,
		}))
		wantStatus := func(want types.UserStatusType) {
			t.Helper()
			user := must[*cognito.AdminGetUserOutput](t)(c.AdminGetUser(ctx, &cognito.AdminGetUserInput{UserPoolId: &c.pool, Username: aws.String("bob")}))
			if user.UserStatus != want {
				t.Errorf("status %s, want %s", user.UserStatus, want)
			}
		}
		wantStatus(types.UserStatusTypeForceChangePassword)

		challenge := must[*cognito.RespondToAuthChallengeOutput](t)(c.startSRP("bob", password).sendTo(c))
		if challenge.ChallengeName != types.ChallengeNameTypeNewPasswordRequired {
			t.Fatalf("challenge %q", challenge.ChallengeName)
		}
		answer := &cognito.RespondToAuthChallengeInput{
			ClientId: &c.id, ChallengeName: challenge.ChallengeName, Session: challenge.Session,
			ChallengeResponses: map[string]string{"USERNAME": "bob", "NEW_PASSWORD": "short"},
		}
		_, err := c.RespondToAuthChallenge(ctx, answer)
		wantError(t, err, "InvalidPasswordException", "")
		answer.ChallengeResponses["NEW_PASSWORD"] = newPassword
		done := must[*cognito.RespondToAuthChallengeOutput](t)(c.RespondToAuthChallenge(ctx, answer))
		result := tokens(t, done.AuthenticationResult)
		wantStatus(types.UserStatusTypeConfirmed)
		if claims := s.verifyToken(c.pool, *result.IdToken); claims["iss"] != publicURL+"/"+c.pool {
			t.Errorf("issuer %v", claims["iss"])
		}

		admin := must[*cognito.AdminInitiateAuthOutput](t)(c.AdminInitiateAuth(ctx, &cognito.AdminInitiateAuthInput{
			UserPoolId: &c.pool, ClientId: &c.id, AuthFlow: types.AuthFlowTypeAdminUserPasswordAuth,
			AuthParameters: map[string]string{"USERNAME": "bob", "PASSWORD": newPassword},
		}))
		tokens(t, admin.AuthenticationResult)
	})
}

// TestPendingSignUpSurvivesARestart keeps what a server acknowledged, with the
// keys that open it, in its data directory.
func TestPendingSignUpSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	s := startDev(t, "--data", dir)
	c := s.demo()
	c.signUp("ada", password)
	code := s.code("ada")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	c = startDev(t, "--data", dir).demo()
	must[*cognito.ConfirmSignUpOutput](t)(c.ConfirmSignUp(t.Context(), &cognito.ConfirmSignUpInput{
		ClientId: &c.id, Username: aws.String("ada"), ConfirmationCode: code,
	}))
	c.signIn("ada", password)
}

// wrong is a code that is not this one.
func wrong(code string) string {
	last := code[len(code)-1]
	return code[:len(code)-1] + string('0'+(last-'0'+1)%10)
}
