package clients_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/app"
	"github.com/poolhouse/poolhouse/internal/testenv"
)

// TestBoto3 runs programs: one does what the beginner's guides do, the others keep
// what has many sides.
func TestBoto3(t *testing.T) {
	err := exec.Command("python3", "-c", "import boto3").Run()
	testenv.Require(t, "boto3", err == nil, "python3 cannot import boto3")
	s := start(t, "url")
	s.run("python", "python3", "guide.py")
	s.run("python", "python3", "identity_pools.py")
	s.run("python", "python3", "looks.py")
	s.run("python", "python3", "mfa.py")
	s.run("python", "python3", "providers.py")
}

// TestAWSCLIIdentityPools has the AWS CLI do what boto3 does with identity pools.
func TestAWSCLIIdentityPools(t *testing.T) {
	_, err := exec.LookPath("aws")
	testenv.Require(t, "awscli", err == nil, "there is no program aws")
	err = exec.Command("python3", "-c", "import boto3").Run()
	testenv.Require(t, "boto3", err == nil, "python3 cannot import boto3")
	start(t, "url").run("python", "python3", "identity_pools.py", "cli")
}

// TestAWSCLI keeps users of the demo pool from a shell.
func TestAWSCLI(t *testing.T) {
	_, err := exec.LookPath("aws")
	testenv.Require(t, "awscli", err == nil, "there is no program aws")
	s := start(t, "url")
	aws := func(args ...string) string {
		t.Helper()
		return strings.TrimSpace(s.run("", "aws", append([]string{"cognito-idp", "--output", "json"}, args...)...))
	}

	for _, name := range []string{"ada", "grace", "hedy"} {
		aws("admin-create-user", "--user-pool-id", app.DemoPoolID, "--username", name, "--message-action", "SUPPRESS",
			"--user-attributes", "Name=email,Value="+name+"@example.com", "Name=email_verified,Value=true")
	}
	aws("admin-set-user-password", "--user-pool-id", app.DemoPoolID, "--username", "ada", "--password", "Correct-Horse-7", "--permanent")

	signedIn := aws("initiate-auth", "--client-id", app.DemoClientID, "--auth-flow", "USER_PASSWORD_AUTH",
		"--auth-parameters", "USERNAME=ada,PASSWORD=Correct-Horse-7", "--query", "AuthenticationResult.TokenType")
	if signedIn != `"Bearer"` {
		t.Errorf("initiate-auth printed %s", signedIn)
	}

	// It asks for page after page by itself.
	var names []string
	listed := aws("list-users", "--user-pool-id", app.DemoPoolID, "--page-size", "1", "--query", "Users[].Username")
	if err := json.Unmarshal([]byte(listed), &names); err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"ada", "grace", "hedy"}) {
		t.Errorf("list-users printed %s", listed)
	}
	confirmed := aws("list-users", "--user-pool-id", app.DemoPoolID, "--filter", `cognito:user_status = "CONFIRMED"`,
		"--query", "Users[].Username", "--output", "text")
	if confirmed != "ada" {
		t.Errorf("list-users with a filter printed %s", confirmed)
	}

	out, err := s.program(t.Context(), "aws", "cognito-idp", "admin-get-user", "--user-pool-id", app.DemoPoolID,
		"--username", "nobody").CombinedOutput()
	if want := "An error occurred (UserNotFoundException) when calling the AdminGetUser operation: User does not exist."; err == nil ||
		!strings.Contains(string(out), want) {
		t.Errorf("admin-get-user printed %s, want %s", out, want)
	}
}
