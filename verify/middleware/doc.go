// Package middleware lets only requests with a good Cognito token reach a
// net/http handler, and finds the application's user for each. It needs the
// standard library and package verify.
//
//	auth, err := middleware.New(v, middleware.Options{SkipPaths: []string{"/healthz", "/admin/"}})
//	...
//	mux.Handle("POST /articles", auth.Require(middleware.Rule{AnyGroup: []string{"editors"}}, create))
//	http.ListenAndServe(addr, auth.Handler(mux))
//
// A handler behind it asks [From] for the [Caller], who has the token, and
// [UserFrom] for the user that [Options.Users] found or made.
//
// Requests are refused by RFC 6750: 401 with a WWW-Authenticate challenge where
// there is no token or a bad one, 403 where it lacks a scope or a group, and 503
// where keys, revocations, userInfo or users could not be reached and the same
// request may succeed later. The body is JSON, {"error", "error_description"}.
//
// With [Options.BaseURLs], clients may also send tokens that are bound to their keys,
// by the scheme DPoP and with a proof of possession (RFC 9449); a token that is bound to
// no key is not accepted so. A challenge of the same scheme tells what was wrong. An
// API that browsers call from other origins must allow the request header DPoP and
// expose the answer's headers WWW-Authenticate and DPoP-Nonce.
//
// A browser sends a cookie with requests that other sites make it send: whoever
// takes tokens from cookies must set SameSite or check the origin of requests
// that change something, as with net/http.CrossOriginProtection.
package middleware
