// Package poolhousetest runs Poolhouse, a user pool server with the API of
// Amazon Cognito, inside a Go test. The tests of an application so sign users in
// and check their tokens against the real thing, without a network, a container
// or an account:
//
//	func TestProfile(t *testing.T) {
//		cognito := poolhousetest.New(t)
//		ada := cognito.CreateUser(poolhousetest.User{Username: "ada"})
//		tokens := cognito.SignIn(ada)
//
//		api := newAPI(cognito.Verifier()) // the handler under test
//		...
//	}
//
// A [Server] lives in memory and ends with its test; each test has its own and
// may run in parallel with others. It listens on a free port of this machine:
// AWS's SDKs, Amplify and everything else that speaks to Cognito works with
// [Server.URL] as its endpoint, with any credentials, as no signature is checked.
//
// # Tokens
//
// [Server.SignIn] gives what Cognito gives. [Server.Mint] signs any claims with
// the pool's key, for what a sign-in does not give easily, and [Server.Forge]
// makes tokens that must not be accepted.
//
// # Time
//
// The server's clock is moved by [Server.Advance] and [Server.Expire], and no test
// needs to sleep. [Server.Verifier] follows it; other verifiers are given
// [Server.Now] as their clock, as the moved time is not that of the machine.
//
// # Failures
//
// Methods that cannot fail in a correct test end it by t.Fatal. As that demands,
// they are for the goroutine of the test; [Server.Call], [Server.Now] and
// [Server.Advance] are for all.
package poolhousetest
