package echoauth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/labstack/echo/v5"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/middleware"
	"github.com/poolhouse/poolhouse/verify/middleware/echoauth"
)

// Author is a user of the application.
type Author struct{ Email string }

// An API whose users are found by email or made at first sight.
func Example() {
	v, err := verify.New(verify.Config{Pools: []verify.Pool{{
		ID: "us-east-1_Example00", ClientIDs: []string{"1example23456789"}, Use: verify.IDToken,
	}}})
	if err != nil {
		panic(err)
	}
	auth, err := middleware.New(v, middleware.Options{
		SkipPaths: []string{"/healthz"},
		Users:     &middleware.Users[*Author]{Key: middleware.ByEmail, Find: findAuthor, Create: createAuthor},
	})
	if err != nil {
		panic(err)
	}
	router := echo.New()
	router.Use(echoauth.Handler(auth))
	router.GET("/articles", func(c *echo.Context) error {
		author, _ := middleware.UserFrom[*Author](c.Request().Context())
		return c.String(http.StatusOK, "articles for "+author.Email)
	})
	router.DELETE("/articles", func(c *echo.Context) error { return c.NoContent(http.StatusNoContent) },
		echoauth.Require(auth, middleware.Rule{AnyGroup: []string{"editors"}}))

	w := httptest.NewRecorder()
	router.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/articles", nil))
	fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))
	// Output: 401 Bearer realm="api"
}

func findAuthor(_ context.Context, _ string) (*Author, error) {
	return nil, verify.ErrUserNotFound // as a database without the row does
}

func createAuthor(_ context.Context, email string, _ *middleware.Caller) (*Author, error) {
	return &Author{Email: email}, nil // or middleware.ErrUserExists from a unique index
}
