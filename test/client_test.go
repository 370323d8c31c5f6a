package test

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"github.com/poolhouse/poolhouse/internal/srp"
)

const (
	password    = "Correct-Horse-7"
	newPassword = "Battery-Staple-8"
)

// client is AWS's SDK, as a program would set it up, with the app client that it
// signs its users in through.
type client struct {
	*cognito.Client
	t        *testing.T
	server   *server
	pool, id string
}

// sdk is AWS's SDK for a server, with an access key.
func (s *server) sdk(keyID, secret string) *cognito.Client {
	return cognito.New(cognito.Options{
		BaseEndpoint:     &s.URL,
		Region:           region,
		Credentials:      credentials.NewStaticCredentialsProvider(keyID, secret, ""),
		RetryMaxAttempts: 1,
		HTTPClient:       wholeBodies{},
	})
}

// wholeBodies sends requests with bodies of its own. The SDK closes the body it
// gave to net/http once the answer's header is there; when a server answers so
// fast that net/http has not yet looked for the body's end, that look fails, and
// net/http drops the connection with the rest of the answer in it.
type wholeBodies struct{}

func (wholeBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return http.DefaultClient.Do(r)
}

// demo is the SDK with the demo client of a development server, which takes any
// credentials.
func (s *server) demo() *client {
	return &client{Client: s.sdk("any", "thing"), t: s.t, server: s, pool: demoPool, id: demoClient}
}

// newPool makes a pool and an app client that may sign in by SRP and password.
func (s *server) newPool(in *installation) *client {
	t := s.t
	t.Helper()
	api := s.sdk(in.keyID, in.secret)
	pool, err := api.CreateUserPool(t.Context(), &cognito.CreateUserPoolInput{PoolName: aws.String("test")})
	if err != nil {
		t.Fatal(err)
	}
	made, err := api.CreateUserPoolClient(t.Context(), &cognito.CreateUserPoolClientInput{
		UserPoolId: pool.UserPool.Id, ClientName: aws.String("test"),
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{
			types.ExplicitAuthFlowsTypeAllowUserSrpAuth, types.ExplicitAuthFlowsTypeAllowUserPasswordAuth,
			types.ExplicitAuthFlowsTypeAllowAdminUserPasswordAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth,
		},
		PreventUserExistenceErrors: types.PreventUserExistenceErrorTypesEnabled,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &client{Client: api, t: t, server: s, pool: *pool.UserPool.Id, id: *made.UserPoolClient.ClientId}
}

// at is the same client at another server.
func (c *client) at(s *server, in *installation) *client {
	return &client{Client: s.sdk(in.keyID, in.secret), t: c.t, server: s, pool: c.pool, id: c.id}
}

// createUser makes a confirmed user.
func (c *client) createUser(name, password string) {
	c.t.Helper()
	ctx := c.t.Context()
	if _, err := c.AdminCreateUser(ctx, &cognito.AdminCreateUserInput{
		UserPoolId: &c.pool, Username: &name, MessageAction: types.MessageActionTypeSuppress,
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(name + "@example.com")}},
	}); err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.AdminSetUserPassword(ctx, &cognito.AdminSetUserPasswordInput{
		UserPoolId: &c.pool, Username: &name, Password: &password, Permanent: true,
	}); err != nil {
		c.t.Fatal(err)
	}
}

// signUp signs a user up with an email address.
func (c *client) signUp(name, password string) {
	c.t.Helper()
	if _, err := c.SignUp(c.t.Context(), &cognito.SignUpInput{
		ClientId: &c.id, Username: &name, Password: &password,
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(name + "@example.com")}},
	}); err != nil {
		c.t.Fatal(err)
	}
}

// tryPassword signs in with a plain password.
func (c *client) tryPassword(name, password string) (*cognito.InitiateAuthOutput, error) {
	return c.InitiateAuth(c.t.Context(), &cognito.InitiateAuthInput{
		ClientId: &c.id, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": password},
	})
}

// signIn signs in with a plain password, which must yield tokens.
func (c *client) signIn(name, password string) *types.AuthenticationResultType {
	c.t.Helper()
	out, err := c.tryPassword(name, password)
	if err != nil {
		c.t.Fatalf("sign in as %s: %v", name, err)
	}
	return tokens(c.t, out.AuthenticationResult)
}

// tokens checks that a sign-in came to its end.
func tokens(t *testing.T, result *types.AuthenticationResultType) *types.AuthenticationResultType {
	t.Helper()
	if result == nil || result.AccessToken == nil || result.IdToken == nil {
		t.Fatal("no tokens, but another challenge")
	}
	return result
}

// srpAnswer answers a PASSWORD_VERIFIER challenge.
type srpAnswer struct {
	*cognito.RespondToAuthChallengeInput
}

// startSRP begins an SRP sign-in and prepares the answer to its challenge.
func (c *client) startSRP(name, password string) srpAnswer {
	c.t.Helper()
	_, poolName, _ := strings.Cut(c.pool, "_")
	handshake := srp.NewClient(poolName)
	out, err := c.InitiateAuth(c.t.Context(), &cognito.InitiateAuthInput{
		ClientId: &c.id, AuthFlow: types.AuthFlowTypeUserSrpAuth,
		AuthParameters: map[string]string{"USERNAME": name, "SRP_A": handshake.A()},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	if out.ChallengeName != types.ChallengeNameTypePasswordVerifier {
		c.t.Fatalf("challenge %q", out.ChallengeName)
	}
	p := out.ChallengeParameters
	secretBlock, err := base64.StdEncoding.DecodeString(p["SECRET_BLOCK"])
	if err != nil {
		c.t.Fatal(err)
	}
	timestamp := srp.FormatTimestamp(time.Now())
	claim, err := handshake.Claim(p["USER_ID_FOR_SRP"], password, p["SALT"], p["SRP_B"], secretBlock, timestamp)
	if err != nil {
		c.t.Fatal(err)
	}
	return srpAnswer{&cognito.RespondToAuthChallengeInput{
		ClientId: &c.id, ChallengeName: out.ChallengeName, Session: out.Session,
		ChallengeResponses: map[string]string{
			"USERNAME": p["USER_ID_FOR_SRP"], "TIMESTAMP": timestamp, "PASSWORD_CLAIM_SECRET_BLOCK": p["SECRET_BLOCK"],
			"PASSWORD_CLAIM_SIGNATURE": base64.StdEncoding.EncodeToString(claim.Signature),
		},
	}}
}

// sendTo finishes the sign-in at a server.
func (a srpAnswer) sendTo(c *client) (*cognito.RespondToAuthChallengeOutput, error) {
	return c.RespondToAuthChallenge(c.t.Context(), a.RespondToAuthChallengeInput)
}

// refresh turns a refresh token into new tokens.
func (c *client) refresh(token *string) (*cognito.InitiateAuthOutput, error) {
	return c.InitiateAuth(c.t.Context(), &cognito.InitiateAuthInput{
		ClientId: &c.id, AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
		AuthParameters: map[string]string{"REFRESH_TOKEN": *token},
	})
}

// whoAmI asks GetUser.
func (c *client) whoAmI(accessToken *string) (string, error) {
	out, err := c.GetUser(c.t.Context(), &cognito.GetUserInput{AccessToken: accessToken})
	if err != nil {
		return "", err
	}
	return *out.Username, nil
}

// must fails the test on an error; it takes the result of any call.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// wantError checks the type and the text of a refusal. An empty text is any.
func wantError(t *testing.T, err error, code, text string) {
	t.Helper()
	api, ok := errors.AsType[smithy.APIError](err)
	switch {
	case err == nil:
		t.Errorf("no error, want %s", code)
	case !ok:
		t.Errorf("error %v, want %s", err, code)
	case api.ErrorCode() != code || text != "" && api.ErrorMessage() != text:
		t.Errorf("error %s: %s, want %s: %s", api.ErrorCode(), api.ErrorMessage(), code, text)
	}
}

// message is a message of the inbox.
type message struct {
	ID, UserPoolID, Username, Medium, To, Subject, Body, Code, Link, Source string
	SentAt                                                                  time.Time
}

// inbox reads a development server's messages to a user, newest first.
func (s *server) inbox(username string) []message {
	s.t.Helper()
	status, body := s.get("/_poolhouse/inbox?username="+url.QueryEscape(username), "Accept", "application/json")
	if status != 200 {
		s.t.Fatalf("inbox: %d %s", status, body)
	}
	var list []message
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		s.t.Fatal(err)
	}
	return list
}

// code is the newest code that a user got.
func (s *server) code(username string) *string {
	s.t.Helper()
	for _, m := range s.inbox(username) {
		if m.Code != "" {
			return &m.Code
		}
	}
	s.t.Fatalf("no message with a code for %s", username)
	return nil
}

// verifyToken checks a token's signature with the pool's published keys, as any
// API would, and returns its claims.
func (s *server) verifyToken(pool, token string) map[string]any {
	t := s.t
	t.Helper()
	status, body := s.get("/" + pool + "/.well-known/jwks.json")
	if status != 200 {
		t.Fatalf("jwks.json: %d %s", status, body)
	}
	var set struct {
		Keys []struct{ Kid, N, E, Alg, Kty, Use string }
	}
	if err := json.Unmarshal([]byte(body), &set); err != nil {
		t.Fatal(err)
	}
	signed, signature, _ := cutLast(token, ".")
	head, payload, _ := strings.Cut(signed, ".")
	var header struct{ Kid, Alg string }
	if err := json.Unmarshal(unbase64(t, head), &header); err != nil {
		t.Fatal(err)
	}
	for _, k := range set.Keys {
		if k.Kid != header.Kid {
			continue
		}
		key := &rsa.PublicKey{
			N: new(big.Int).SetBytes(unbase64(t, k.N)),
			E: int(new(big.Int).SetBytes(unbase64(t, k.E)).Int64()),
		}
		digest := sha256.Sum256([]byte(signed))
		if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], unbase64(t, signature)); err != nil {
			t.Fatal(err)
		}
		var claims map[string]any
		if err := json.Unmarshal(unbase64(t, payload), &claims); err != nil {
			t.Fatal(err)
		}
		return claims
	}
	t.Fatalf("no published key %q", header.Kid)
	return nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func unbase64(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// secretHash is the SECRET_HASH of a client with a secret.
func secretHash(secret, username, clientID string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(username + clientID))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// errorText is the message of a refusal, or "" for success.
func errorText(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorMessage()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
