package poolhousetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/app"
	"github.com/poolhouse/poolhouse/internal/keys"
)

// Region is the AWS region that the server says to be in.
const Region = "us-east-1"

const (
	accountID    = "123456789012"
	maxBodyBytes = 16 << 20
)

// Server is a running Poolhouse with a user pool.
type Server struct {
	URL      string // the endpoint, as in "http://127.0.0.1:41243"
	Issuer   string // the iss of the pool's tokens
	PoolID   string // the user pool
	ClientID string // an app client of the pool, without a secret, for sign-ins by password, SRP and refresh

	t   testing.TB
	app *app.App
	// client is the server's own: its connections end with it.
	client *http.Client
}

// Option changes how a Server is made.
type Option func(*options)

type options struct {
	app.Options
	seedFile string
}

// WithSeed fills the server with the pools, clients and users of a file, which is
// as for poolhouse dev --seed. [Server.PoolID] and [Server.ClientID] are then the
// first of it.
func WithSeed(file string) Option {
	return func(o *options) { o.seedFile = file }
}

// WithLogger tells a logger what the server does. By default nobody hears of it.
func WithLogger(l *slog.Logger) Option {
	return func(o *options) { o.Logger = l }
}

// WithFunctions runs functions of the test as trigger functions, by the ARN that
// the LambdaConfig of a pool names them with. A function gets the event that AWS
// Lambda would give it and returns it with the response filled in; an error that
// it returns is one that the function throws. [Server.Call] with UpdateUserPool
// sets the LambdaConfig.
func WithFunctions(functions map[string]func(ctx context.Context, event json.RawMessage) (response json.RawMessage, err error)) Option {
	return func(o *options) { o.Functions = functions }
}

// New starts a server that ends with the test. Without options it has a pool
// whose users sign in by username and password, with one client; emails are
// verified by a code, see [Server.Code].
func New(t testing.TB, opts ...Option) *Server {
	t.Helper()
	o := options{Options: app.Options{
		DatabaseURL: "sqlite::memory:", MasterKey: keys.GenerateMasterKey(), Migrate: true,
		Region: Region, AccountID: accountID, Dev: true, SkipSignatures: true,
	}}
	for _, option := range opts {
		option(&o)
	}
	s := &Server{PoolID: app.DemoPoolID, ClientID: app.DemoClientID, t: t}
	if o.seedFile != "" {
		s.seed(&o)
	}
	server := httptest.NewUnstartedServer(nil)
	s.URL = "http://" + server.Listener.Addr().String()
	s.Issuer = s.URL + "/" + s.PoolID
	o.PublicURL = s.URL
	var err error
	if s.app, err = app.New(t.Context(), o.Options); err != nil {
		server.Close()
		t.Fatalf("poolhousetest: %v", err)
	}
	server.Config.Handler = s.app.Handler()
	server.Start()
	s.client = server.Client()
	t.Cleanup(func() {
		server.Close()
		if err := s.app.Close(); err != nil {
			t.Errorf("poolhousetest: %v", err)
		}
	})
	return s
}

// seed reads the file of WithSeed.
func (s *Server) seed(o *options) {
	s.t.Helper()
	var err error
	if o.Seed, err = app.ReadSeed(o.seedFile); err != nil {
		s.t.Fatalf("poolhousetest: %v", err)
	}
	if len(o.Seed.UserPools) == 0 || len(o.Seed.UserPools[0].Clients) == 0 {
		s.t.Fatalf("poolhousetest: %s: the first pool must be there and have a client", o.seedFile)
	}
	s.PoolID, s.ClientID = o.Seed.UserPools[0].ID, o.Seed.UserPools[0].Clients[0].ID
}

// Now is the server's time, in UTC.
func (s *Server) Now() time.Time { return s.app.Clock().Now().UTC() }

// Advance moves the server's clock by d, which may be negative.
func (s *Server) Advance(d time.Duration) { s.app.Clock().Advance(d) }

// RotateKeys gives the pool new keys to sign with. Those of before stay in the
// key set for as long as keep, by the server's clock; with 0 they are gone at
// once, and their tokens with them.
func (s *Server) RotateKeys(keep time.Duration) {
	s.t.Helper()
	if err := s.app.Ring().RotatePool(s.t.Context(), s.PoolID, 0, keep); err != nil {
		s.t.Fatalf("poolhousetest: %v", err)
	}
}

// APIError is what an operation was refused with.
type APIError struct {
	Code    string `json:"__type"` // as in "NotAuthorizedException"
	Message string `json:"message"`
}

func (e *APIError) Error() string { return e.Code + ": " + e.Message }

// Call performs an operation of Cognito's API, such as "AdminDisableUser", with
// the JSON of in, and reads the answer's JSON into out unless that is nil. It
// returns an *APIError if the server refuses. Nothing is added to in: most
// operations want a UserPoolId or a ClientId.
func (s *Server) Call(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	status, answer, err := s.do(r)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	if status != http.StatusOK {
		refusal := new(APIError)
		if err := json.Unmarshal(answer, refusal); err != nil || refusal.Code == "" {
			return fmt.Errorf("%s: status %d", operation, status)
		}
		return refusal
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	return nil
}

func (s *Server) do(r *http.Request) (status int, body []byte, err error) {
	answer, err := s.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxBodyBytes))
	return answer.StatusCode, body, err
}

// must calls an operation that has to succeed.
func (s *Server) must(operation string, in, out any) {
	s.t.Helper()
	if err := s.Call(s.t.Context(), operation, in, out); err != nil {
		s.t.Fatalf("poolhousetest: %s: %v", operation, err)
	}
}
