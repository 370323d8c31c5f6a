// Package passkey is WebAuthn (level 3) as a relying party sees it: what is asked
// of authenticators, and whether their answers are good. It keeps nothing and
// knows neither pools nor users; userpool stores passkeys, signin signs in with
// them.
//
// A ceremony is a question with a challenge ([CreationOptions],
// [RequestOptions]) and the answer that a browser or phone gives to it
// ([ParseRegistration], [ParseAssertion]). An answer names its challenge itself,
// in signed data, so that a caller may seal into the challenge what it has to
// remember.
//
// Attestation is asked of nobody ("none"), as in Cognito: what an authenticator
// says of its maker is dropped. So all that is left of go-webauthn is its CBOR,
// the keys of COSE and their signatures; its packages above these bring HTTP, JWT
// and chains of certificates along, none of which would be used.
package passkey
