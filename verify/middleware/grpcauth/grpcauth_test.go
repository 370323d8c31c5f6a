package grpcauth

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/middleware"
)

const issuer = "https://auth.example.com/us-east-1_Example00"

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func mint(t *testing.T, key *rsa.PrivateKey, changes map[string]any) string {
	t.Helper()
	c := map[string]any{"sub": "s", "iss": issuer, "client_id": "c", "token_use": "access", "username": "kim", "exp": now.Unix() + 60}
	maps.Copy(c, changes)
	payload, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	signed := b64([]byte(`{"kid":"one","alg":"RS256"}`)) + "." + b64(payload)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64(signature)
}

// callers is a health service that counts only if it sees who calls.
type callers struct {
	health.UnimplementedHealthServer
}

func (callers) Check(ctx context.Context, _ *health.HealthCheckRequest) (*health.HealthCheckResponse, error) {
	return answer(ctx)
}

func (callers) Watch(_ *health.HealthCheckRequest, stream grpc.ServerStreamingServer[health.HealthCheckResponse]) error {
	response, err := answer(stream.Context())
	if err != nil {
		return err
	}
	return stream.Send(response)
}

func answer(ctx context.Context) (*health.HealthCheckResponse, error) {
	c, ok := middleware.From(ctx)
	if !ok || c.Token.Username() != "kim" {
		return nil, status.Error(codes.Internal, "no caller")
	}
	return &health.HealthCheckResponse{Status: health.HealthCheckResponse_SERVING}, nil
}

// revocation is down, or nil.
type revocation struct{ err error }

func (r *revocation) CheckRevocation(context.Context, *verify.Token) error { return r.err }

func TestCalls(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	revoked := new(revocation)
	v, err := verify.New(verify.Config{
		Pools: []verify.Pool{{
			Issuer: issuer, ClientIDs: []string{"c"}, Revocation: revoked,
			JWKS: fmt.Appendf(nil, `{"keys":[{"kid":"one","kty":"RSA","e":"AQAB","n":"%s"}]}`, b64(key.N.Bytes())),
		}},
		Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	auth, err := middleware.New(v, middleware.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rule := middleware.Rule{AnyGroup: []string{"editors"}}
	rules := map[string]middleware.Rule{health.Health_Check_FullMethodName: rule, health.Health_Watch_FullMethodName: rule}
	server := grpc.NewServer(grpc.UnaryInterceptor(Unary(auth, rules)), grpc.StreamInterceptor(Stream(auth, rules)))
	health.RegisterHealthServer(server, callers{})
	listener := bufconn.Listen(1 << 16)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	conn, err := grpc.NewClient("passthrough:///bufconn", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := health.NewHealthClient(conn)

	editor := mint(t, key, map[string]any{"cognito:groups": []string{"editors"}})
	for name, test := range map[string]struct {
		values  []string
		down    error
		want    codes.Code
		message string
	}{
		"good":    {[]string{"Bearer " + editor}, nil, codes.OK, ""},
		"bare":    {[]string{editor}, nil, codes.OK, ""},
		"none":    {nil, nil, codes.Unauthenticated, "token is missing"},
		"two":     {[]string{editor, editor}, nil, codes.Unauthenticated, "token is malformed"},
		"rubbish": {[]string{"Bearer a.b.c"}, nil, codes.Unauthenticated, "token is malformed"},
		"expired": {[]string{"Bearer " + mint(t, key, map[string]any{"exp": now.Unix()})}, nil, codes.Unauthenticated, "token has expired"},
		"bound": {[]string{"Bearer " + mint(t, key, map[string]any{"cnf": map[string]string{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}})}, nil, codes.Unauthenticated,
			"token is bound to a key and came without a proof of it"},
		"no group": {[]string{"Bearer " + mint(t, key, nil)}, nil, codes.PermissionDenied, "token lacks a group"},
		"revoked":  {[]string{"Bearer " + editor}, verify.ErrRevoked, codes.Unauthenticated, "token has been revoked"},
		"down":     {[]string{"Bearer " + editor}, errors.New("10.0.0.1 refused"), codes.Unavailable, "the service is unavailable, try again later"},
	} {
		t.Run(name, func(t *testing.T) {
			revoked.err = test.down
			ctx := t.Context()
			for _, value := range test.values {
				ctx = metadata.AppendToOutgoingContext(ctx, "authorization", value)
			}
			_, unary := client.Check(ctx, &health.HealthCheckRequest{})
			stream, err := client.Watch(ctx, &health.HealthCheckRequest{})
			if err == nil {
				_, err = stream.Recv()
			}
			for kind, err := range map[string]error{"unary": unary, "stream": err} {
				if s := status.Convert(err); s.Code() != test.want || s.Message() != test.message {
					t.Errorf("%s: %v %q, want %v %q", kind, s.Code(), s.Message(), test.want, test.message)
				}
			}
		})
	}
}
