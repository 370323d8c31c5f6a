package test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"

	"github.com/poolhouse/poolhouse/internal/federation/saml/samltest"
	"github.com/poolhouse/poolhouse/internal/testenv"
)

// TestSAMLLogins has users of a SAML provider write notes by the role that it gives
// them, from the command that makes the provider to the one that deletes it.
func TestSAMLLogins(t *testing.T) {
	w := newIdentityWorld(t)
	idp := samltest.New("https://idp.example.com/metadata", time.Now())
	const (
		corp     = "arn:aws:iam::123456789012:saml-provider/corp"
		member   = "arn:aws:iam::123456789012:role/Member"
		audience = "https://notes.example.com"
		acs      = "https://notes.example.com/saml/acs"
	)
	logins := func(l samltest.Login) map[string]string {
		l.At = time.Now()
		l.Attributes = map[string][]string{"https://aws.amazon.com/SAML/Attributes/Role": {member + "," + corp}}
		return map[string]string{corp: idp.Encoded(l)}
	}
	put := func(args ...string) {
		t.Helper()
		args = append([]string{"saml-provider", "put", "corp", "--metadata", w.file(string(idp.Metadata()))}, args...)
		if arn := strings.TrimSpace(command(t, append(args, w.in.flags()...)...)); arn != corp {
			t.Fatalf("put printed %s", arn)
		}
	}
	getID := func(l samltest.Login) error {
		_, err := w.identity.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &w.pool, Logins: logins(l)})
		return err
	}
	must[*cognitoidentity.UpdateIdentityPoolOutput](t)(w.identity.UpdateIdentityPool(t.Context(), &cognitoidentity.UpdateIdentityPoolInput{
		IdentityPoolId: &w.pool, IdentityPoolName: aws.String("notes"), AllowClassicFlow: aws.Bool(true), SamlProviderARNs: []string{corp},
	}))
	// No role of the pool's own: it comes with the assertion.
	must[*cognitoidentity.SetIdentityPoolRolesOutput](t)(w.identity.SetIdentityPoolRoles(t.Context(),
		&cognitoidentity.SetIdentityPoolRolesInput{IdentityPoolId: &w.pool, Roles: map[string]string{}}))
	wantError(t, getID(samltest.Login{Name: "ada"}), "NotAuthorizedException", "Invalid login token. Specified provider doesn't exist.")

	put()
	eventually(t, 30*time.Second, "the provider is known", func() bool { return getID(samltest.Login{Name: "ada"}) == nil })
	ada := logins(samltest.Login{Name: "ada"})
	id, c := w.credentials(ada)
	w.wantStatus("own note", 200, c, id+"/1")
	w.wantStatus("note of another", 401, c, "us-east-1:00000000-0000-0000-0000-000000000000/1")
	_, err := w.identity.GetCredentialsForIdentity(t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: &id, Logins: ada})
	wantError(t, err, "NotAuthorizedException", "Invalid login token. The SAML assertion has been used before.")

	for _, sdk := range []struct {
		need, dir, program, file string
		probe                    []string
	}{
		{"boto3", "clients/python", "python3", "saml.py", []string{"-c", "import boto3"}},
		{"node", "clients/js", "node", "credentials.mjs", []string{"-e", "import('@aws-sdk/credential-providers')"}},
	} {
		t.Run(sdk.need, func(t *testing.T) {
			probe := exec.Command(sdk.program, sdk.probe...)
			probe.Dir = sdk.dir
			testenv.Require(t, sdk.need, probe.Run() == nil, "its packages are not installed")
			text, err := json.Marshal(logins(samltest.Login{Name: "grace"}))
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), sdk.program, sdk.file)
			cmd.Dir, cmd.Env = sdk.dir, append(environment(), "POOLHOUSE="+w.server.URL, "API="+w.api.URL, "IDENTITY_POOL="+w.pool,
				"LOGINS="+string(text), "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region, "AWS_EC2_METADATA_DISABLED=true")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, tail(string(out)))
			}
		})
	}

	put("--audience", audience, "--recipient", acs)
	eventually(t, 30*time.Second, "it is for the application", func() bool { return getID(samltest.Login{Name: "ada", Audience: audience, Recipient: acs}) == nil })
	wantError(t, getID(samltest.Login{Name: "ada", Recipient: acs}), "NotAuthorizedException", "Invalid login token. Incorrect token audience.")
	if again, _ := w.credentials(logins(samltest.Login{Name: "ada", Audience: audience, Recipient: acs})); again != id {
		t.Errorf("ada is %s now, was %s", again, id)
	}

	run := func(args ...string) string {
		return command(t, append(append([]string{"saml-provider"}, args...), w.in.flags()...)...)
	}
	if out := run("list"); !strings.Contains(out, corp) || !strings.Contains(out, idp.EntityID) || !strings.Contains(out, time.Now().AddDate(2, 0, 0).UTC().Format("2006-01")) {
		t.Errorf("list printed %s", out)
	}
	if out := run("show", "corp"); !strings.Contains(out, acs) || !strings.HasSuffix(out, string(idp.Metadata())+"\n") {
		t.Errorf("show printed %s", out)
	}
	run("delete", "corp")
	if out, err := tryCommand(t, append([]string{"saml-provider", "show", "corp"}, w.in.flags()...)...); err == nil || !strings.Contains(err.Error(), "there is no SAML provider corp") {
		t.Errorf("show after delete: %s, %v", out, err)
	}
	eventually(t, 30*time.Second, "the provider is gone", func() bool { return getID(samltest.Login{Name: "ada", Audience: audience, Recipient: acs}) != nil })
}
