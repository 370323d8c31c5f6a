package identity_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/app"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// server is a development server, called the way clients do but for signatures.
type server struct {
	t       testing.TB
	handler http.Handler
	pool    string // a user pool
	client  string // of it
}

const publicURL = "http://id.example.com:9339"

func newServer(t testing.TB) *server {
	return serverAt(t, "sqlite::memory:", keys.GenerateMasterKey(), "")
}

// withSTS is a server that gets credentials from a service whose access keys are
// called as the roles they are of.
func withSTS(t testing.TB) *server {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims := claimsOf(t, r.PostFormValue("WebIdentityToken"))
		if claims["iss"] != publicURL+"/_identity" || r.PostFormValue("RoleSessionName") != "CognitoIdentityCredentials" {
			t.Errorf("the service is asked for %v with %v", r.PostForm, claims)
		}
		fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>
			<AccessKeyId>%s</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration>
			</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, strings.TrimPrefix(r.PostFormValue("RoleArn"), role))
	}))
	t.Cleanup(service.Close)
	return serverAt(t, "sqlite::memory:", keys.GenerateMasterKey(), service.URL)
}

func serverAt(t testing.TB, database string, master keys.MasterKey, sts string) *server {
	return serverWith(t, app.Options{DatabaseURL: database, MasterKey: master, STSURL: sts})
}

func serverWith(t testing.TB, o app.Options) *server {
	t.Helper()
	o.Migrate, o.PublicURL, o.IssuerStyle, o.Region, o.AccountID = true, publicURL, "url", "us-east-1", "123456789012"
	o.Dev, o.SkipSignatures = true, true
	a, err := app.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return &server{t: t, handler: a.Handler()}
}

// newUserPool makes a user pool with a client that takes passwords.
func (s *server) newUserPool() {
	s.pool = s.do("UserPool", "CreateUserPool", `{"PoolName":"p"}`).text("UserPool", "Id")
	s.client = s.newClient()
}

func (s *server) newClient() string {
	return s.do("UserPool", "CreateUserPoolClient", `{"UserPoolId":%q,"ClientName":"c","ExplicitAuthFlows":["ALLOW_USER_PASSWORD_AUTH"]}`, s.pool).text("UserPoolClient", "ClientId")
}

// newUser makes a user.
func (s *server) newUser(name string) {
	s.do("UserPool", "AdminCreateUser", `{"UserPoolId":%q,"Username":%q,"MessageAction":"SUPPRESS"}`, s.pool, name)
	s.do("UserPool", "AdminSetUserPassword", `{"UserPoolId":%q,"Username":%q,"Password":"Correct-horse-1","Permanent":true}`, s.pool, name)
}

// signIn returns a user's ID token, or another of the tokens.
func (s *server) signIn(name, client, token string) string {
	return s.do("UserPool", "InitiateAuth", `{"ClientId":%q,"AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":%q,"PASSWORD":"Correct-horse-1"}}`,
		client, name).text("AuthenticationResult", token)
}

// provider is the user pool as a provider of logins.
func (s *server) provider() string { return "cognito-idp.us-east-1.amazonaws.com/" + s.pool }

// newPool makes an identity pool of the user pool's client, with more members.
func (s *server) newPool(more string) string {
	return s.do("Identity", "CreateIdentityPool", `{"IdentityPoolName":"p","AllowUnauthenticatedIdentities":true,"CognitoIdentityProviders":[{"ProviderName":%q,"ClientId":%q}]%s}`,
		s.provider(), s.client, more).text("IdentityPoolId")
}

// login is Logins with one token, as JSON.
func (s *server) login(token string) string { return fmt.Sprintf(`{%q:%q}`, s.provider(), token) }

func (s *server) id(pool, logins string) string {
	return s.do("Identity", "GetId", `{"IdentityPoolId":%q,"Logins":%s}`, pool, logins).text("IdentityId")
}

type answer struct {
	t    testing.TB
	body map[string]any
	err  string // "Type: message"
}

func (s *server) call(service, operation, input string, args ...any) answer {
	s.t.Helper()
	target := "AWSCognitoIdentityService."
	if service == "UserPool" {
		target = "AWSCognitoIdentityProviderService."
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader(fmt.Sprintf(input, args...)))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", target+operation)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	got := answer{t: s.t}
	if err := json.Unmarshal(w.Body.Bytes(), &got.body); err != nil {
		s.t.Fatalf("%s answered %q: %v", operation, w.Body, err)
	}
	if w.Code != http.StatusOK {
		got.err = fmt.Sprintf("%v: %v", got.body["__type"], got.body["message"])
	}
	return got
}

// do calls an operation that must succeed.
func (s *server) do(service, operation, input string, args ...any) answer {
	s.t.Helper()
	got := s.call(service, operation, input, args...)
	if got.err != "" {
		s.t.Fatalf("%s %s: %s", operation, fmt.Sprintf(input, args...), got.err)
	}
	return got
}

// refuse calls an operation of identity pools that must fail.
func (s *server) refuse(want, operation, input string, args ...any) {
	s.t.Helper()
	if got := s.call("Identity", operation, input, args...); got.err != want {
		s.t.Errorf("%s %s:\ngot  %s\nwant %s", operation, fmt.Sprintf(input, args...), got.err, want)
	}
}

func (a answer) at(path ...string) any {
	var v any = a.body
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func (a answer) text(path ...string) string {
	a.t.Helper()
	text, ok := a.at(path...).(string)
	if !ok {
		a.t.Fatalf("no text at %v of %v", path, a.body)
	}
	return text
}

func (a answer) json(path ...string) string {
	b, err := json.Marshal(a.at(path...))
	if err != nil {
		a.t.Fatal(err)
	}
	return string(b)
}

// advance moves the clock of the server.
func (s *server) advance(by string) {
	s.t.Helper()
	r := httptest.NewRequest("POST", "http://127.0.0.1/_poolhouse/clock", strings.NewReader(`{"advance":"`+by+`"}`))
	r.RemoteAddr = "127.0.0.1:1"
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		s.t.Fatalf("clock: %d %s", w.Code, w.Body)
	}
}

// Both databases, for what depends on them.
func databases(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("SQLite", func(t *testing.T) { test(t, storetest.SQLiteURL(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, storetest.PostgresURL(t)) })
}
