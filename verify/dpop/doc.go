// Package dpop checks the proofs of possession of RFC 9449: the DPoP header, by
// which a client shows with each request that it has the key that its access token
// is bound to. It needs nothing but the standard library.
//
// APIs that check Cognito tokens need not call it: verify.Verifier and package
// verify/middleware do. A proof is checked in three steps,
//
//	proof, err := dpop.Parse(header)              // the form and the signature
//	err = proof.Check(dpop.Request{...})          // what it was made for, and when
//	first, full := seen.Spend(proof.ID(), now)    // that it is new
//
// and proof.Thumbprint() must be the member jkt of the token's claim cnf.
//
// # What is accepted
//
// A JWS in compact form of at most 8 KiB, typ dpop+jwt, signed by ES256, ES384,
// RS256, PS256 or EdDSA with Ed25519 (also by its newer name Ed25519), with the
// public key in its header: of the algorithm's curve, or RSA of 2048 to 8192 bits,
// and without anything private. Texts that could mean two things are refused, as
// package verify refuses tokens.
//
// Addresses are compared without query and fragment, after the normalization of
// RFC 3986, 6.2.2 and 6.2.3: the letters of scheme and host, the default port, an
// empty path and needless percent-encoding make no difference. Dot segments do.
//
// A proof is good for [Window] around its iat claim; one with a nonce of the
// server's for as long as the nonce, whatever the client's clock says.
package dpop
