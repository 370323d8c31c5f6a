package test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	identitytypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
)

const signingKeyPath = "/_poolhouse/sigv4/key"

// A keyQuestion is what an API asks of a session.
type keyQuestion struct {
	AccessKeyID  string `json:"accessKeyId"`
	SessionToken string `json:"sessionToken"`
	Date         string `json:"date"`
	Region       string `json:"region"`
	Service      string `json:"service"`
}

func askAbout(c aws.Credentials) keyQuestion {
	return keyQuestion{c.AccessKeyID, c.SessionToken, time.Now().UTC().Format("20060102"), region, "execute-api"}
}

func (q keyQuestion) text(t *testing.T) string {
	t.Helper()
	return string(must[[]byte](t)(json.Marshal(q)))
}

// keyRequest is a request for a signing key that key signs at a time for a service.
func (s *server) keyRequest(key aws.Credentials, service, body string, at time.Time) *http.Request {
	s.t.Helper()
	r := must[*http.Request](s.t)(http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.URL+signingKeyPath, strings.NewReader(body)))
	r.Header.Set("Content-Type", "application/json")
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(s.t.Context(), key, r, hex.EncodeToString(sum[:]), service, region, at); err != nil {
		s.t.Fatal(err)
	}
	return r
}

// keyAnswer is what came back: a key, or a refusal.
type keyAnswer struct {
	Status     int    `json:"-"`
	Type       string `json:"__type"`
	Message    string `json:"message"`
	SigningKey []byte `json:"signingKey"`
	Session    struct {
		IdentityPoolID string `json:"identityPoolId"`
	} `json:"session"`
}

func (s *server) askKey(r *http.Request) (a keyAnswer) {
	s.t.Helper()
	response := must[*http.Response](s.t)(wholeBodies{}.Do(r))
	defer response.Body.Close()
	body := must[[]byte](s.t)(io.ReadAll(response.Body))
	if err := json.Unmarshal(body, &a); err != nil || response.Header.Get("Cache-Control") != "no-store" {
		s.t.Fatalf("%d %s", response.StatusCode, body)
	}
	a.Status = response.StatusCode
	return a
}

func (a keyAnswer) want(t *testing.T, status int, kind, message string) {
	t.Helper()
	if a.Status != status || a.Type != kind || !strings.HasPrefix(a.Message, message) || (len(a.SigningKey) == sha256.Size) != (status == http.StatusOK) {
		t.Errorf("got %d %s %q with %d bytes of a key, want %d %s %q", a.Status, a.Type, a.Message, len(a.SigningKey), status, kind, message)
	}
}

// TestSigningKeyRefusals asks for keys of sessions that there are not, in ways that
// are not good, with the signer of AWS's SDK.
func TestSigningKeyRefusals(t *testing.T) {
	w := newIdentityWorld(t)
	_, ada := w.credentials(w.signIn("ada"))
	_, ben := w.credentials(w.signIn("ben"))
	id, secret := w.in.accessKey("gateway", "--policy", w.file(apiPolicy))
	gateway := aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}
	forger := aws.Credentials{AccessKeyID: id, SecretAccessKey: secret + "x"}
	administrator := aws.Credentials{AccessKeyID: w.in.keyID, SecretAccessKey: w.in.secret}

	ask := func(change func(*keyQuestion)) string {
		q := askAbout(ada)
		change(&q)
		return q.text(t)
	}
	good := askAbout(ada).text(t)
	const (
		noSession = "There is no such session."
		malformed = "accessKeyId, region and service must be those of a signature."
		badDate   = "date must be the day of a signature that can still be good, as YYYYMMDD."
	)
	for _, c := range []struct {
		name, body    string
		status        int
		kind, message string
	}{
		{"good", good, 200, "", ""},
		{"once more", good, 200, "", ""},
		{"unknown access key", ask(func(q *keyQuestion) { q.AccessKeyID = "ASIA" + strings.Repeat("X", 16) }), 404, "ResourceNotFoundException", noSession},
		{"key of another session", ask(func(q *keyQuestion) { q.AccessKeyID = ben.AccessKeyID }), 404, "ResourceNotFoundException", noSession},
		{"token of another session", ask(func(q *keyQuestion) { q.SessionToken = ben.SessionToken }), 404, "ResourceNotFoundException", noSession},
		{"cut token", ask(func(q *keyQuestion) { q.SessionToken = q.SessionToken[:len(q.SessionToken)-4] }), 404, "ResourceNotFoundException", noSession},
		{"no token", ask(func(q *keyQuestion) { q.SessionToken = "" }), 404, "ResourceNotFoundException", noSession},
		{"a long-lived key", ask(func(q *keyQuestion) { q.AccessKeyID, q.SessionToken = w.in.keyID, "" }), 404, "ResourceNotFoundException", noSession},
		{"no access key", ask(func(q *keyQuestion) { q.AccessKeyID = "" }), 400, "InvalidParameterException", malformed},
		{"service with a line", ask(func(q *keyQuestion) { q.Service = "execute-api\n" }), 400, "InvalidParameterException", malformed},
		{"no date", ask(func(q *keyQuestion) { q.Date = "" }), 400, "InvalidParameterException", malformed},
		{"no such day", ask(func(q *keyQuestion) { q.Date = "20261301" }), 400, "InvalidParameterException", badDate},
		{"date of long ago", ask(func(q *keyQuestion) { q.Date = "20200101" }), 400, "InvalidParameterException", badDate},
		{"date to come", ask(func(q *keyQuestion) { q.Date = "99991231" }), 400, "InvalidParameterException", badDate},
		{"another service", ask(func(q *keyQuestion) { q.Service = "notes" }), 403, "AccessDeniedException", "User: "},
		{"another region", ask(func(q *keyQuestion) { q.Region = "eu-west-1" }), 403, "AccessDeniedException", "User: "},
		{"the server's own service", ask(func(q *keyQuestion) { q.Service = "cognito-idp" }), 403, "AccessDeniedException", "No signing keys are given out for the service cognito-idp."},
		{"no JSON", "accessKeyId=x", 400, "InvalidParameterException", "The body is not the JSON of a request."},
		{"nothing", "", 400, "InvalidParameterException", "The body is not the JSON of a request."},
		{"oversize", ask(func(q *keyQuestion) { q.SessionToken = strings.Repeat("x", 16<<10) }), 400, "InvalidParameterException", "The body cannot be read or is too large."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.server.askKey(w.server.keyRequest(gateway, "sts", c.body, time.Now())).want(t, c.status, c.kind, c.message)
		})
	}

	changed := w.server.keyRequest(gateway, "sts", good, time.Now())
	other := w.server.keyRequest(gateway, "sts", askAbout(ben).text(t), time.Now())
	changed.Body, changed.ContentLength = other.Body, other.ContentLength
	unsigned := w.server.keyRequest(gateway, "sts", good, time.Now())
	unsigned.Header.Del("Authorization")
	for _, c := range []struct {
		name    string
		request *http.Request
		status  int
		kind    string
	}{
		{"not signed", unsigned, 403, "MissingAuthenticationTokenException"},
		{"by an unknown key", w.server.keyRequest(aws.Credentials{AccessKeyID: "AKIA" + strings.Repeat("X", 16), SecretAccessKey: secret}, "sts", good, time.Now()), 403, "UnrecognizedClientException"},
		{"with another secret", w.server.keyRequest(forger, "sts", good, time.Now()), 403, "InvalidSignatureException"},
		{"for another service", w.server.keyRequest(gateway, "cognito-idp", good, time.Now()), 403, "InvalidSignatureException"},
		{"with another body", changed, 403, "InvalidSignatureException"},
		{"replayed after its time", w.server.keyRequest(gateway, "sts", good, time.Now().Add(-16*time.Minute)), 403, "InvalidSignatureException"},
		{"ahead of its time", w.server.keyRequest(gateway, "sts", good, time.Now().Add(16*time.Minute)), 403, "InvalidSignatureException"},
		{"by the session itself", w.server.keyRequest(ada, "sts", good, time.Now()), 403, "AccessDeniedException"},
		{"by an administrator", w.server.keyRequest(administrator, "sts", good, time.Now()), 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) { w.server.askKey(c.request).want(t, c.status, c.kind, "") })
	}

	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		if status, body := w.server.do(method, signingKeyPath, good); status != http.StatusNotFound || strings.Contains(body, "signingKey") {
			t.Errorf("%s: %d %s", method, status, body)
		}
	}

	// A session of another identity pool is a session, and the API is told of which.
	pool := must[*cognitoidentity.CreateIdentityPoolOutput](t)(w.identity.CreateIdentityPool(t.Context(), &cognitoidentity.CreateIdentityPoolInput{
		IdentityPoolName: aws.String("other"), AllowUnauthenticatedIdentities: true,
		CognitoIdentityProviders: []identitytypes.CognitoIdentityProvider{{ProviderName: &w.provider, ClientId: &w.users.id}},
	})).IdentityPoolId
	// The role trusts the first pool alone.
	role := w.putRole("Other", strings.Replace(memberTrust, "%s", *pool, 1), memberPolicy)
	must[*cognitoidentity.SetIdentityPoolRolesOutput](t)(w.identity.SetIdentityPoolRoles(t.Context(), &cognitoidentity.SetIdentityPoolRolesInput{
		IdentityPoolId: pool, Roles: map[string]string{"authenticated": role},
	}))
	first := w.pool
	w.pool = *pool
	_, foreign := w.credentials(w.signIn("cem"))
	w.pool = first
	a := w.server.askKey(w.server.keyRequest(gateway, "sts", askAbout(foreign).text(t), time.Now()))
	if a.want(t, 200, "", ""); a.Session.IdentityPoolID != *pool {
		t.Errorf("of %s, want %s", a.Session.IdentityPoolID, *pool)
	}
}

// TestSigningKeyOfExpiredSession waits until a session is over.
func TestSigningKeyOfExpiredSession(t *testing.T) {
	s := startDev(t)
	identity := cognitoidentity.New(cognitoidentity.Options{BaseEndpoint: &s.URL, Region: region, RetryMaxAttempts: 1, HTTPClient: wholeBodies{},
		Credentials: aws.CredentialsProviderFunc(anybody)})
	pool := must[*cognitoidentity.CreateIdentityPoolOutput](t)(identity.CreateIdentityPool(t.Context(), &cognitoidentity.CreateIdentityPoolInput{
		IdentityPoolName: aws.String("guests"), AllowUnauthenticatedIdentities: true,
	})).IdentityPoolId
	must[*cognitoidentity.SetIdentityPoolRolesOutput](t)(identity.SetIdentityPoolRoles(t.Context(), &cognitoidentity.SetIdentityPoolRolesInput{
		IdentityPoolId: pool, Roles: map[string]string{"unauthenticated": "arn:aws:iam::123456789012:role/Guest"},
	}))
	guest := must[*cognitoidentity.GetIdOutput](t)(identity.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: pool}))
	given := must[*cognitoidentity.GetCredentialsForIdentityOutput](t)(identity.GetCredentialsForIdentity(t.Context(),
		&cognitoidentity.GetCredentialsForIdentityInput{IdentityId: guest.IdentityId})).Credentials
	question := askAbout(aws.Credentials{AccessKeyID: *given.AccessKeyId, SessionToken: *given.SessionToken})
	caller := must[aws.Credentials](t)(anybody(t.Context()))
	ask := func() keyAnswer { return s.askKey(s.keyRequest(caller, "sts", question.text(t), time.Now())) }
	ask().want(t, 200, "", "")
	question.Date = s.advance(2 * time.Hour).UTC().Format("20060102")
	ask().want(t, 400, "SessionExpiredException", "The session has expired.")
}

// anybody are credentials that a development server takes.
func anybody(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "any", SecretAccessKey: "thing"}, nil
}
