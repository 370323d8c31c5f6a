package test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// TestInbox reads the messages of a development server, as JSON and as a page.
func TestInbox(t *testing.T) {
	s := startDev(t)
	c := s.demo()
	c.signUp("ada", password)
	c.signUp("bob", password)
	messages := s.inbox("ada")
	if len(messages) != 1 {
		t.Fatalf("%d messages to ada, want 1", len(messages))
	}
	m := messages[0]
	if m.UserPoolID != demoPool || m.Medium != "EMAIL" || m.To != "ada@example.com" || len(m.Code) != 6 || !strings.Contains(m.Body, m.Code) || m.SentAt.IsZero() {
		t.Errorf("message %+v", m)
	}
	status, page := s.get("/_poolhouse/inbox")
	if status != 200 || !strings.Contains(page, m.Code) || !strings.Contains(page, "bob@example.com") {
		t.Errorf("inbox page: %d\n%s", status, page)
	}
	// A page of another site may have its name point here.
	if status, _ := s.get("/_poolhouse/inbox", "Accept", "application/json"); status != 200 {
		t.Errorf("inbox: %d", status)
	}
	if status, _ := s.do("POST", "/_poolhouse/reset", "", "Origin", "https://evil.example"); status != 403 {
		t.Errorf("a foreign page resets the server: %d", status)
	}
}

// TestClock makes tokens expire by moving the development server's clock.
func TestClock(t *testing.T) {
	s := startDev(t)
	c := s.demo()
	c.signUp("ada", password)
	must[*cognito.AdminConfirmSignUpOutput](t)(c.AdminConfirmSignUp(t.Context(), &cognito.AdminConfirmSignUpInput{UserPoolId: &c.pool, Username: aws.String("ada")}))
	signedIn := c.signIn("ada", password)
	advance := func(by string) {
		t.Helper()
		if status, body := s.do("POST", "/_poolhouse/clock", `{"advance":"`+by+`"}`); status != 200 {
			t.Fatalf("clock: %d %s", status, body)
		}
	}
	advance("59m")
	must[string](t)(c.whoAmI(signedIn.AccessToken))
	advance("2m")
	_, err := c.whoAmI(signedIn.AccessToken)
	wantError(t, err, "NotAuthorizedException", "Access Token has expired")
	must[*cognito.InitiateAuthOutput](t)(c.refresh(signedIn.RefreshToken))
	advance("720h")
	_, err = c.refresh(signedIn.RefreshToken)
	wantError(t, err, "NotAuthorizedException", "Refresh Token has expired")
	if status, body := s.do("DELETE", "/_poolhouse/clock", ""); status != 200 {
		t.Fatalf("clock: %d %s", status, body)
	}
	must[string](t)(c.whoAmI(signedIn.AccessToken))
}

// TestReset empties a development server without a restart.
func TestReset(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		s := startDev(t, "--database", database, "--data", t.TempDir())
		c := s.demo()
		ctx := t.Context()
		c.signUp("ada", password)
		must[*cognito.CreateUserPoolOutput](t)(c.CreateUserPool(ctx, &cognito.CreateUserPoolInput{PoolName: aws.String("mine")}))
		if status, body := s.do("POST", "/_poolhouse/reset", ""); status != 204 {
			t.Fatalf("reset: %d %s", status, body)
		}
		if n := len(s.inbox("")); n != 0 {
			t.Errorf("%d messages after the reset", n)
		}
		pools := must[*cognito.ListUserPoolsOutput](t)(c.ListUserPools(ctx, &cognito.ListUserPoolsInput{MaxResults: aws.Int32(10)}))
		if len(pools.UserPools) != 1 || *pools.UserPools[0].Id != demoPool {
			t.Errorf("pools after the reset: %v", pools.UserPools)
		}
		c.signUp("ada", password) // the name is free again
	})
}

// TestDevStaysOnThisMachine refuses to serve a network, where anybody could do
// anything.
func TestDevStaysOnThisMachine(t *testing.T) {
	if _, err := tryCommand(t, "dev", "--addr", "0.0.0.0:0"); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("error %v", err)
	}
}
