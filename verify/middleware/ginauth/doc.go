// Package ginauth lets only requests with a good Cognito token reach the
// handlers of a gin router. It is a module of its own, so that gin stays out of
// the builds of those who do not use it.
//
//	auth, err := middleware.New(v, middleware.Options{SkipPaths: []string{"/healthz"}})
//	...
//	router := gin.New()
//	router.Use(gin.Recovery(), ginauth.Handler(auth))
//	router.POST("/articles", ginauth.Require(auth, middleware.Rule{AnyGroup: []string{"editors"}}), create)
//
// All of middleware.Options means here what it means with net/http, and refusals
// are answered in the same words. Handlers give c.Request.Context() to
// middleware.From and middleware.UserFrom; c itself will do only where the
// engine's ContextWithFallback is on.
package ginauth
