package middleware_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/middleware"
)

// Author is a user of the application.
type Author struct {
	ID    int
	Email string
}

// An API whose users are found by email or made at first sight, with an area
// for editors and another that has a login of its own.
func Example() {
	v, err := verify.New(verify.Config{
		Pools:     []verify.Pool{{ID: "us-east-1_Example00", ClientIDs: []string{"1example23456789"}}},
		CacheSize: 10_000,
	})
	if err != nil {
		log.Fatal(err)
	}
	auth, err := middleware.New(v, middleware.Options{
		SkipPaths: []string{"/healthz", "/admin/"},
		UserInfo:  &middleware.UserInfo{URL: "https://example.auth.us-east-1.amazoncognito.com/oauth2/userInfo"},
		Users: &middleware.Users[*Author]{
			Key:    middleware.ByEmail,
			Find:   findAuthor,
			Create: createAuthor,
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /articles", func(w http.ResponseWriter, r *http.Request) {
		author, _ := middleware.UserFrom[*Author](r.Context())
		fmt.Fprintln(w, "articles for", author.Email)
	})
	mux.Handle("DELETE /articles", auth.Require(middleware.Rule{AnyGroup: []string{"editors"}}, http.NotFoundHandler()))
	_ = auth.Handler(mux) // to an http.Server
}

func findAuthor(_ context.Context, _ string) (*Author, error) {
	return nil, verify.ErrUserNotFound // as a database without the row does
}

func createAuthor(_ context.Context, email string, _ *middleware.Caller) (*Author, error) {
	return &Author{ID: 1, Email: email}, nil // or middleware.ErrUserExists from a unique index
}
