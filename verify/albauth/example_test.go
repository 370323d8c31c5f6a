package albauth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/albauth"
	"github.com/poolhouse/poolhouse/verify/middleware"
)

// Author is a user of the application.
type Author struct{ Email string }

// An API behind a load balancer that signs users in with Cognito. Authors are found
// by email, or made at first sight.
func Example() {
	const pool, client = "us-east-1_Example00", "1example23456789"
	v, err := verify.New(verify.Config{Pools: []verify.Pool{{ID: pool, ClientIDs: []string{client}}}})
	if err != nil {
		panic(err)
	}
	alb, err := albauth.New(albauth.Config{
		Signers:   []string{"arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188"},
		Issuer:    "https://cognito-idp.us-east-1.amazonaws.com/" + pool,
		ClientIDs: []string{client},
	})
	if err != nil {
		panic(err)
	}
	auth, err := middleware.New(v, middleware.Options{
		Source:    alb.Source,
		SkipPaths: []string{"/healthz"}, // the load balancer's health checks are not signed
		Users:     &middleware.Users[*Author]{Key: albauth.ByEmail, Find: findAuthor, Create: createAuthor},
	})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /articles", func(w http.ResponseWriter, r *http.Request) {
		author, _ := middleware.UserFrom[*Author](r.Context())
		_, _ = fmt.Fprintln(w, "articles for", author.Email)
	})
	handler := albauth.WithIdentity(auth.Handler(mux)) // to an http.Server

	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/articles", nil))
	fmt.Println(w.Code)
	// Output: 401
}

func findAuthor(_ context.Context, _ string) (*Author, error) {
	return nil, verify.ErrUserNotFound // as a database without the row does
}

func createAuthor(_ context.Context, email string, _ *middleware.Caller) (*Author, error) {
	return &Author{Email: email}, nil // or middleware.ErrUserExists from a unique index
}
