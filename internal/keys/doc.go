// Package keys holds the keys of a Poolhouse: the signing keys of each user
// pool, and the master key under which everything secret is kept.
//
// A [Ring] is all of them as one node holds them, and follows what other nodes
// change.
//
// Signing keys (signing.go, supply.go): each pool has one RSA key per token
// use, rotated with an overlap during which the old key still verifies, and
// published as a JWKS. Package token signs with them.
//
// Sealing (data.go, seal*.go, xaes.go): an operator holds one [MasterKey]. It wraps a
// few random data keys, which are stored wrapped; a [Sealer] holds them
// unwrapped in memory. The Sealer encrypts what rests in the database
// (verifiers, seeds, client secrets) and what clients carry for us (challenge
// sessions, refresh tokens), each purpose under a subkey of its own. Rotating
// the master key rewraps the data keys and touches no sealed value; rotating
// the data key seals new values under the new key and still opens old ones.
//
// Moving a pool (carried.go): refresh tokens are sealed under a key of the pool's
// own, which another deployment can be given together with the pool.
//
// The package knows no rules about what it seals: userpool, token, signin,
// message and app choose the purpose and the context.
package keys
