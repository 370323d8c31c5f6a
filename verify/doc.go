// Package verify checks the ID and access tokens of Amazon Cognito user pools,
// AWS's own or those of Poolhouse, so that an API can trust what they say. It
// needs nothing but the standard library.
//
// A [Verifier] is made once and used by all goroutines:
//
//	v, err := verify.New(verify.Config{Pools: []verify.Pool{{
//		ID:        "us-east-1_Example00",
//		ClientIDs: []string{"1example23456789"},
//	}}})
//	...
//	token, err := v.Verify(ctx, raw)
//	if errors.Is(err, verify.ErrExpired) { ... }
//	fmt.Println(token.Subject(), token.Groups())
//
// # What is checked
//
// A token is a JSON Web Signature in compact form (RFC 7515) over JSON claims
// (RFC 7519). Only RS256 is accepted, whatever the header says, and keys come
// only from the pool that the iss claim names exactly; jku, jwk, x5c and x5u are
// never read. Tokens that could mean two things are refused: duplicate members
// at any depth, base64 with a second spelling, critical extensions, JSON nested
// too deep, too many bytes. Names of claims are compared as they are written.
//
// Of the claims, iss, exp, token_use and sub must be there and nbf and iat, where
// they are, must not lie in the future. The app client is checked by client_id
// in access tokens and by aud in ID tokens; a pool must name its clients or say
// [Pool.AnyClient]. A pool accepts access tokens alone unless it says otherwise.
// Times are integers: Cognito writes no others.
//
// # Keys
//
// Keys are fetched when first needed, at most one request at a time for each
// URL, refreshed in the background before they are too old, and kept for a while
// when the issuer cannot be reached. An unknown key id leads to one new fetch per
// [Config.RefetchInterval] however many tokens carry it, and nobody waits for the
// next one. [Verifier.Hydrate] fetches all keys ahead, [Verifier.Ready] says
// whether there are any, and [Pool.JWKS] does without the network.
//
// # Revocation
//
// A signature stays valid until the token expires, even if the user signs out.
// [Pool.Revocation] asks a [RevocationChecker] each time; [PoolhouseRevocations]
// is one for Poolhouse, which answers from memory.
//
// # Proof of possession
//
// A token with a thumbprint in its claim cnf is bound to a key of its client (DPoP,
// RFC 9449), and Verify refuses it: whoever stole it could send it too.
// [Verifier.VerifyDPoP] takes it with the proof that came along. What a proof must be
// package verify/dpop tells. Proofs that were used are remembered in memory, by each
// server for itself; [DPoP] has a hook for servers that share what they remember.
//
// # Errors
//
// Every error of Verify is an [*Error], and errors.Is compares it with the
// constants of type [Code]. No message holds any part of a token.
//
// Package verify/middleware puts a Verifier in front of net/http handlers.
package verify
