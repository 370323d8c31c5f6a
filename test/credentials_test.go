package test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	identitytypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/poolhouse/poolhouse/internal/testenv"
	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/sigv4"
)

// An identityWorld is a server with an identity pool for the users of a user pool,
// a role for those who signed in, and an API that takes its credentials.
type identityWorld struct {
	t        *testing.T
	in       *installation
	server   *server
	users    *client
	identity *cognitoidentity.Client
	pool     string
	provider string // in Logins
	api      *httptest.Server
}

const (
	memberTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],
		"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"%s"},
			"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}]}`
	memberPolicy = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"notes:*","Resource":"arn:aws:notes:::${cognito-identity.amazonaws.com:sub}/*"},
		{"Effect":"Allow","Action":"cognito-idp:ListUsers","Resource":"*"}]}`
	apiPolicy = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"poolhouse:GetSigningKey","Resource":"arn:aws:sts:us-east-1:123456789012:signing-key/execute-api"}]}`
)

func newIdentityWorld(t *testing.T) *identityWorld {
	t.Helper()
	in := install(t, "sqlite:"+filepath.Join(t.TempDir(), "poolhouse.db"))
	w := &identityWorld{t: t, in: in, server: in.startServe()}
	w.users = w.server.newPool(in)
	w.identity = cognitoidentity.New(cognitoidentity.Options{
		BaseEndpoint: &w.server.URL, Region: region, RetryMaxAttempts: 1, HTTPClient: wholeBodies{},
		Credentials: credentials.NewStaticCredentialsProvider(in.keyID, in.secret, ""),
	})
	w.provider = "cognito-idp.us-east-1.amazonaws.com/" + w.users.pool
	made := must[*cognitoidentity.CreateIdentityPoolOutput](t)(w.identity.CreateIdentityPool(t.Context(), &cognitoidentity.CreateIdentityPoolInput{
		IdentityPoolName: aws.String("notes"), AllowClassicFlow: aws.Bool(true), AllowUnauthenticatedIdentities: true,
		CognitoIdentityProviders: []identitytypes.CognitoIdentityProvider{{ProviderName: &w.provider, ClientId: &w.users.id}},
	}))
	w.pool = *made.IdentityPoolId
	role := w.putRole("Member", fmt.Sprintf(memberTrust, w.pool), memberPolicy)
	must[*cognitoidentity.SetIdentityPoolRolesOutput](t)(w.identity.SetIdentityPoolRoles(t.Context(), &cognitoidentity.SetIdentityPoolRolesInput{
		IdentityPoolId: &w.pool, Roles: map[string]string{"authenticated": role, "unauthenticated": role},
	}))
	w.serveNotes()
	return w
}

// file is a file with a text, for a command.
func (w *identityWorld) file(text string) string {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), "file.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return file
}

// putRole makes or changes a role by the command line, and returns its ARN.
func (w *identityWorld) putRole(name, trust, policy string) string {
	w.t.Helper()
	args := append([]string{"role", "put", name, "--trust", w.file(trust)}, w.in.flags()...)
	if policy != "" {
		args = append(args, "--policy", w.file(policy))
	}
	return strings.TrimSpace(command(w.t, args...))
}

// serveNotes runs an API: whoever may do so by the role's policy writes a note.
func (w *identityWorld) serveNotes() {
	w.t.Helper()
	id, secret := w.in.accessKey("notes", "--policy", w.file(apiPolicy))
	v, err := sigv4.New(sigv4.Config{
		Server: w.server.URL, Region: region, Service: "execute-api", Key: verify.AccessKey{ID: id, Secret: secret},
		CacheFor: time.Nanosecond, // asked each time, so that a change tells at once
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.api = httptest.NewServer(v.Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		session, _ := sigv4.FromContext(r.Context())
		body, err := io.ReadAll(r.Body)
		if err != nil || !session.Allows("notes:Write", "arn:aws:notes:::"+strings.TrimPrefix(r.URL.Path, "/notes/")) {
			http.Error(rw, "not yours", http.StatusUnauthorized)
			return
		}
		json.NewEncoder(rw).Encode(map[string]any{"identityId": session.IdentityID, "arn": session.ARN, "note": string(body)})
	})))
	w.t.Cleanup(w.api.Close)
}

// signIn makes a user and returns what identity pools take of them.
func (w *identityWorld) signIn(name string) map[string]string {
	w.t.Helper()
	w.users.createUser(name, password)
	out := must[*cognito.InitiateAuthOutput](w.t)(w.users.InitiateAuth(w.t.Context(), &cognito.InitiateAuthInput{
		ClientId: &w.users.id, AuthFlow: types.AuthFlowTypeUserPasswordAuth, AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": password},
	}))
	return map[string]string{w.provider: *out.AuthenticationResult.IdToken}
}

// credentials are those of the enhanced flow.
func (w *identityWorld) credentials(logins map[string]string) (identityID string, c aws.Credentials) {
	w.t.Helper()
	id := must[*cognitoidentity.GetIdOutput](w.t)(w.identity.GetId(w.t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &w.pool, Logins: logins}))
	out := must[*cognitoidentity.GetCredentialsForIdentityOutput](w.t)(w.identity.GetCredentialsForIdentity(w.t.Context(),
		&cognitoidentity.GetCredentialsForIdentityInput{IdentityId: id.IdentityId, Logins: logins}))
	return *id.IdentityId, aws.Credentials{
		AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretKey, SessionToken: *out.Credentials.SessionToken,
	}
}

// write puts a note with the SDK's signature.
func (w *identityWorld) write(c aws.Credentials, path string) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPut, w.api.URL+"/notes/"+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if err := v4.NewSigner().SignHTTP(w.t.Context(), c, r, empty, "execute-api", region, time.Now()); err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func (w *identityWorld) wantStatus(what string, want int, c aws.Credentials, path string) {
	w.t.Helper()
	if status, body := w.write(c, path); status != want {
		w.t.Errorf("%s: %d %s, want %d", what, status, body, want)
	}
}

// TestCredentials has users write notes by their role, with AWS's SDK for Go.
func TestCredentials(t *testing.T) {
	w := newIdentityWorld(t)
	ada := w.signIn("ada")
	adaID, c := w.credentials(ada)
	w.wantStatus("own note", 200, c, adaID+"/1")
	w.wantStatus("note of another", 401, c, "us-east-1:00000000-0000-0000-0000-000000000000/1")
	stolen := c
	stolen.SecretAccessKey = strings.Repeat("x", 40)
	w.wantStatus("another secret", 403, stolen, adaID+"/1")
	w.wantStatus("access key without a session", 403, aws.Credentials{AccessKeyID: w.in.keyID, SecretAccessKey: w.in.secret}, adaID+"/1")

	service := sts.New(sts.Options{BaseEndpoint: &w.server.URL, Region: region, RetryMaxAttempts: 1, HTTPClient: wholeBodies{},
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)})
	who := must[*sts.GetCallerIdentityOutput](t)(service.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))
	if want := "arn:aws:sts::123456789012:assumed-role/Member/CognitoIdentityCredentials"; *who.Arn != want || *who.Account != "123456789012" {
		t.Errorf("caller %s of %s, want %s", *who.Arn, *who.Account, want)
	}
	_, err := service.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	wantError(t, err, "AccessDenied", "Cannot call GetSessionToken with session credentials")

	// The role's policy holds for the server's own operations, too.
	own := cognito.New(cognito.Options{BaseEndpoint: &w.server.URL, Region: region, RetryMaxAttempts: 1, HTTPClient: wholeBodies{},
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)})
	must[*cognito.ListUsersOutput](t)(own.ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: &w.users.pool}))
	_, err = own.AdminDeleteUser(t.Context(), &cognito.AdminDeleteUserInput{UserPoolId: &w.users.pool, Username: aws.String("ada")})
	wantError(t, err, "AccessDeniedException", "User: "+*who.Arn+" is not authorized to perform: cognito-idp:AdminDeleteUser on resource: "+
		"arn:aws:cognito-idp:us-east-1:123456789012:userpool/"+w.users.pool+" because no identity-based policy allows the cognito-idp:AdminDeleteUser action")

	// Guests are not trusted by the role.
	guest := must[*cognitoidentity.GetIdOutput](t)(w.identity.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &w.pool}))
	_, err = w.identity.GetCredentialsForIdentity(t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: guest.IdentityId})
	wantError(t, err, "InvalidIdentityPoolConfigurationException", "Invalid identity pool configuration. Check assigned IAM roles for this pool.")

	// A stricter policy, and a role that is gone, hold for what is out already.
	w.putRole("Member", fmt.Sprintf(memberTrust, w.pool), "")
	eventually(t, 30*time.Second, "the policy is gone", func() bool { status, _ := w.write(c, adaID+"/1"); return status == 401 })
	command(t, append([]string{"role", "delete", "Member"}, w.in.flags()...)...)
	eventually(t, 30*time.Second, "the role is gone", func() bool { status, _ := w.write(c, adaID+"/1"); return status == 403 })
}

// TestBasicFlow assumes the role by the identity's token, at the server's own STS.
func TestBasicFlow(t *testing.T) {
	w := newIdentityWorld(t)
	ada := w.signIn("ada")
	id := must[*cognitoidentity.GetIdOutput](t)(w.identity.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &w.pool, Logins: ada}))
	token := must[*cognitoidentity.GetOpenIdTokenOutput](t)(w.identity.GetOpenIdToken(t.Context(),
		&cognitoidentity.GetOpenIdTokenInput{IdentityId: id.IdentityId, Logins: ada}))
	anybody := sts.New(sts.Options{BaseEndpoint: &w.server.URL, Region: region, RetryMaxAttempts: 1, HTTPClient: wholeBodies{}})
	input := sts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String("arn:aws:iam::123456789012:role/Member"), RoleSessionName: aws.String("phone"), WebIdentityToken: token.Token,
		DurationSeconds: aws.Int32(900),
	}
	out := must[*sts.AssumeRoleWithWebIdentityOutput](t)(anybody.AssumeRoleWithWebIdentity(t.Context(), &input))
	if *out.AssumedRoleUser.Arn != "arn:aws:sts::123456789012:assumed-role/Member/phone" || *out.SubjectFromWebIdentityToken != *id.IdentityId ||
		*out.Audience != w.pool || time.Until(*out.Credentials.Expiration) > 15*time.Minute {
		t.Errorf("assumed %s of %s at %s until %s", *out.AssumedRoleUser.Arn, *out.SubjectFromWebIdentityToken, *out.Audience, out.Credentials.Expiration)
	}
	w.wantStatus("own note", 200, aws.Credentials{
		AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken,
	}, *id.IdentityId+"/1")

	for _, c := range []struct {
		name      string
		change    func(*sts.AssumeRoleWithWebIdentityInput)
		code, say string
	}{
		{"unknown role", func(in *sts.AssumeRoleWithWebIdentityInput) {
			in.RoleArn = aws.String("arn:aws:iam::123456789012:role/Nobody")
		},
			"AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		{"token of a user pool", func(in *sts.AssumeRoleWithWebIdentityInput) { in.WebIdentityToken = aws.String(ada[w.provider]) },
			"InvalidIdentityToken", "Invalid login token. Not a valid OpenId Connect identity token."},
		{"broken token", func(in *sts.AssumeRoleWithWebIdentityInput) { in.WebIdentityToken = aws.String("broken") }, "InvalidIdentityToken", "Invalid login token. Not a valid OpenId Connect identity token."},
		{"no ARN", func(in *sts.AssumeRoleWithWebIdentityInput) { in.RoleArn = aws.String("role") }, "ValidationError", "role is invalid"},
		{"too short", func(in *sts.AssumeRoleWithWebIdentityInput) { in.DurationSeconds = aws.Int32(899) }, "ValidationError", "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
		{"session policy", func(in *sts.AssumeRoleWithWebIdentityInput) { in.Policy = aws.String("{}") }, "ValidationError", "The parameter Policy is not supported."},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input
			c.change(&in)
			_, err := anybody.AssumeRoleWithWebIdentity(t.Context(), &in)
			wantError(t, err, c.code, c.say)
		})
	}
}

// TestSessionToken has an access key get temporary credentials, which die with it.
func TestSessionToken(t *testing.T) {
	in := install(t, "sqlite:"+filepath.Join(t.TempDir(), "poolhouse.db"))
	s := in.startServe()
	id, secret := in.accessKey("deploy")
	service := sts.New(sts.Options{BaseEndpoint: &s.URL, Region: region, RetryMaxAttempts: 1, HTTPClient: wholeBodies{},
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, "")})
	out := must[*sts.GetSessionTokenOutput](t)(service.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{}))
	c := out.Credentials
	idp := cognito.New(cognito.Options{BaseEndpoint: &s.URL, Region: region, RetryMaxAttempts: 1, HTTPClient: wholeBodies{},
		Credentials: credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)})
	list := func() error {
		_, err := idp.ListUserPools(t.Context(), &cognito.ListUserPoolsInput{MaxResults: aws.Int32(1)})
		return err
	}
	if err := list(); err != nil {
		t.Fatal(err)
	}
	command(t, append([]string{"access-key", "revoke", id}, in.flags()...)...)
	eventually(t, 30*time.Second, "the key is revoked", func() bool { return list() != nil })
	wantError(t, list(), "UnrecognizedClientException", "The security token included in the request is invalid.")
}

// TestSigningKeyIsForOneService keeps an API from acting for its clients elsewhere.
func TestSigningKeyIsForOneService(t *testing.T) {
	w := newIdentityWorld(t)
	_, c := w.credentials(w.signIn("ada"))
	id, secret := w.in.accessKey("any", "--policy", w.file(strings.Replace(apiPolicy, "signing-key/execute-api", "signing-key/*", 1)))
	narrow, narrowSecret := w.in.accessKey("narrow", "--policy", w.file(apiPolicy))
	for _, tt := range []struct {
		service, id, secret string
		want                error
	}{
		{"notes", id, secret, nil},
		{"notes", narrow, narrowSecret, sigv4.ErrUnavailable},
		{"cognito-idp", id, secret, sigv4.ErrUnavailable},
		{"sts", id, secret, sigv4.ErrUnavailable},
		{"notes", id, "wrong" + secret, sigv4.ErrUnavailable},
	} {
		v, err := sigv4.New(sigv4.Config{Server: w.server.URL, Region: region, Service: tt.service, Key: verify.AccessKey{ID: tt.id, Secret: tt.secret}})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "http://api.example.com/", nil)
		if err := v4.NewSigner().SignHTTP(t.Context(), c, r, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", tt.service, region, time.Now()); err != nil {
			t.Fatal(err)
		}
		_, err = v.Verify(r)
		if tt.want == nil && err != nil || tt.want != nil && !strings.HasPrefix(fmt.Sprint(err), tt.want.Error()) {
			t.Errorf("%s: %v, want %v", tt.service, err, tt.want)
		}
	}
}

// TestCredentialsOfOtherSDKs has boto3 and AWS's SDK for JavaScript do the same.
func TestCredentialsOfOtherSDKs(t *testing.T) {
	for _, c := range []struct {
		need, dir, program, file string
		probe                    []string
	}{
		{"boto3", "clients/python", "python3", "credentials.py", []string{"-c", "import boto3"}},
		{"node", "clients/js", "node", "credentials.mjs", []string{"-e", "import('@aws-sdk/credential-providers')"}},
	} {
		t.Run(c.need, func(t *testing.T) {
			probe := exec.Command(c.program, c.probe...)
			probe.Dir = c.dir
			err := probe.Run()
			testenv.Require(t, c.need, err == nil, "its packages are not installed")
			w := newIdentityWorld(t)
			logins, err := json.Marshal(w.signIn("ada"))
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), c.program, c.file)
			cmd.Dir, cmd.Env = c.dir, append(environment(), "POOLHOUSE="+w.server.URL, "API="+w.api.URL, "IDENTITY_POOL="+w.pool,
				"LOGINS="+string(logins), "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region, "AWS_EC2_METADATA_DISABLED=true")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, tail(string(out)))
			}
		})
	}
}
