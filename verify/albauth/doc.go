// Package albauth verifies what an AWS Application Load Balancer that signs
// users in says of them: the header x-amzn-oidc-data, a JSON Web Signature by
// ES256. It needs the standard library and packages verify and middleware.
//
// With Cognito behind the load balancer, it is a Source of the middleware:
//
//	alb, err := albauth.New(albauth.Config{
//		Signers:   []string{"arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188"},
//		Issuer:    "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example00",
//		ClientIDs: []string{"1example23456789"},
//	})
//	...
//	auth, err := middleware.New(v, middleware.Options{
//		Source: alb.Source,
//		Users:  &middleware.Users[*Author]{Key: albauth.ByEmail, Find: find, Create: create},
//	})
//	...
//	http.ListenAndServe(addr, albauth.WithIdentity(auth.Handler(mux)))
//
// The load balancer passes on the user's access token, too, in
// x-amzn-oidc-accesstoken. Source lets a request through only if both are there
// and of the same user; the access token then goes the way of all tokens, and
// the rules, challenges and users are those of the middleware. What the data tells
// beyond it, such as the email address, is in the [Identity].
//
// With another identity provider there is no access token that verify knows:
// [Verifier.Verify] is then all there is.
//
// Whoever reaches a target past its load balancer can send any header. The
// signature shows which load balancer wrote one, and so each must be named; the
// header lives for about two minutes.
package albauth
