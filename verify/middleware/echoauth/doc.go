// Package echoauth lets only requests with a good Cognito token reach the
// handlers of an echo router (version 5). It is a module of its own, so that echo
// stays out of the builds of those who do not use it.
//
//	auth, err := middleware.New(v, middleware.Options{SkipPaths: []string{"/healthz"}})
//	...
//	e := echo.New()
//	e.Use(echoauth.Handler(auth))
//	e.POST("/articles", create, echoauth.Require(auth, middleware.Rule{AnyGroup: []string{"editors"}}))
//
// All of middleware.Options means here what it means with net/http, and refusals
// are answered in the same words; echo's HTTPErrorHandler does not see them.
// Handlers give c.Request().Context() to middleware.From and
// middleware.UserFrom.
package echoauth
