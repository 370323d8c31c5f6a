package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/testenv"
)

// functionsFile is a file that runs the functions in testdata/functions, and has
// another that nobody answers for.
func functionsFile(t *testing.T) string {
	t.Helper()
	for name, program := range map[string]string{"node": "node", "boto3": "python3"} {
		_, err := exec.LookPath(program)
		testenv.Require(t, name, err == nil, "there is no program "+program)
	}
	dir, err := filepath.Abs("testdata/functions")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "functions.json")
	text := fmt.Sprintf(`{
		"timeout": "20s",
		"functions": {
			"pre-sign-up": {"local": {"dir": %q, "handler": "index.handler"}},
			"tokens": {"local": {"dir": %q, "handler": "tokens.handler"}}
		}
	}`, dir, dir)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func arnOf(function string) *string {
	return aws.String("arn:aws:lambda:us-east-1:123456789012:function:" + function)
}

// setTriggers names the functions of a pool.
func (c *client) setTriggers(config *types.LambdaConfigType) {
	c.t.Helper()
	if _, err := c.UpdateUserPool(c.t.Context(), &cognito.UpdateUserPoolInput{UserPoolId: &c.pool, LambdaConfig: config}); err != nil {
		c.t.Fatal(err)
	}
}

// TestLocalFunctions has a server run a Node.js and a Python handler, unchanged,
// and the page of a development server tell of them.
func TestLocalFunctions(t *testing.T) {
	s := startDev(t, "--functions", functionsFile(t))
	c := s.demo()
	c.setTriggers(&types.LambdaConfigType{PreSignUp: arnOf("pre-sign-up"), PreTokenGeneration: arnOf("tokens")})
	c.signUp("ada", password)
	signedIn := c.signIn("ada", password) // the function has confirmed her
	if claims := s.verifyToken(c.pool, *signedIn.IdToken); claims["tenant"] != "studio" {
		t.Errorf("claims %v", claims)
	}
	_, err := c.SignUp(t.Context(), &cognito.SignUpInput{ClientId: &c.id, Username: aws.String("mallory"), Password: aws.String(password)})
	wantError(t, err, "UserLambdaValidationException", "PreSignUp failed with error Studio is invite-only.")

	c.setTriggers(&types.LambdaConfigType{PreSignUp: arnOf("absent")})
	_, err = c.SignUp(t.Context(), &cognito.SignUpInput{ClientId: &c.id, Username: aws.String("bob"), Password: aws.String(password)})
	wantError(t, err, "UnexpectedLambdaException", "PreSignUp invocation failed due to error ResourceNotFoundException.")

	status, page := s.get("/_poolhouse/triggers")
	for _, text := range []string{"PreSignUp_SignUp", "TokenGeneration_Authentication", "Studio is invite-only", "mallory", "ResourceNotFoundException"} {
		if status != 200 || !strings.Contains(page, text) {
			t.Errorf("the page (%d) lacks %s\n%s", status, text, page)
		}
	}
	if strings.Contains(s.output.String(), password) {
		t.Error("the log has a password")
	}
}

var pidPattern = regexp.MustCompile(`pid ([0-9]+) asked about ada`)

// TestFunctionsEndWithServer kills a production server: its functions' programs
// must not stay.
func TestFunctionsEndWithServer(t *testing.T) {
	in := install(t, storetest.SQLiteURL(t))
	s := in.startServe("--functions", functionsFile(t))
	c := s.newPool(in)
	c.setTriggers(&types.LambdaConfigType{PreSignUp: arnOf("pre-sign-up")})
	c.signUp("ada", password)
	var found []string
	within := func(what string, done func() bool) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal(what)
			}
		}
	}
	within("the log lacks what the function prints", func() bool {
		found = pidPattern.FindStringSubmatch(s.output.String())
		return found != nil
	})
	if status, _ := s.get("/_poolhouse/triggers"); status == 200 {
		t.Error("a production server shows events")
	}
	s.kill()
	within("the function's program goes on", func() bool {
		state, err := os.ReadFile("/proc/" + found[1] + "/stat")
		return err != nil || strings.Contains(string(state), ") Z ")
	})
}
