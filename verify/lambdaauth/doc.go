// Package lambdaauth makes AWS Lambda authorizers of a middleware.Middleware, for
// API Gateway's REST and HTTP APIs and for AppSync. It is a module of its own, so
// that aws-lambda-go stays out of the builds of those who do not use it.
//
//	authorize, err := lambdaauth.Token(auth, lambdaauth.Options{
//		Rules: map[string]middleware.Rule{
//			"GET /*":         {},
//			"POST /articles": {AnyGroup: []string{"editors"}},
//		},
//	})
//	...
//	lambda.Start(authorize)
//
// [Token] and [Request] are for the two kinds of authorizers of REST APIs,
// [HTTPPolicy] and [HTTPSimple] for HTTP APIs (payload format 2.0) that take IAM
// policies or simple responses, [AppSync] for GraphQL APIs. Make the verifier
// and the middleware once, outside the handler, so that keys and verified tokens
// stay from one invocation to the next. Of middleware.Options, SkipPaths, Source,
// Realm and OnResult mean nothing here: paths without an authorizer are named in
// the gateway, and for the rest there is [Options].
//
// # Answers
//
// The gateway decides what a client sees. A missing or bad token becomes its 401,
// a missing scope or group its 403, and an authorizer that cannot know, since
// keys, revocations or users are out of reach, its 500. A gateway response of
// REST APIs can add the WWW-Authenticate header to the first and make the last
// (AUTHORIZER_FAILURE) a 503.
//
// # Caches
//
// A gateway may keep an answer for a token, 5 minutes unless told otherwise, and
// use it for other routes of the API. Policies are therefore made for the whole
// stage: they allow all routes that the token may use, whichever was asked for. A
// kept answer outlives its token and does not know of revocations; only AppSync
// can be told how long to keep it, see [Options.TTL]. For the others set the
// authorizer's TTL no longer than that may last, or to 0.
package lambdaauth
