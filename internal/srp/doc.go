// Package srp is the mathematics of Secure Remote Password (SRP-6a, RFC 5054)
// as Amazon Cognito speaks it: the 3072-bit group of RFC 3526 section 5 with
// g = 2, SHA-256, a session key from HKDF, and one HMAC over the claim as the
// proof. It knows no users, sessions or errors of the API; package signin
// drives it and seals the [Server] state between two requests.
//
// A handshake of a device is the same with the device group key for the pool
// name and the device key for the user id.
//
// # One departure from SRP-6a: the sign of g^b
//
// SRP asks that g generate the whole group. Cognito's g = 2 generates only the
// quadratic residues of RFC 3526's prime. With B = k*v + g^b, anybody who asks
// for a B can therefore test a guessed password without answering: B - k*v' of
// a wrong guess is a non-residue half of the time, and every further B halves
// the remaining guesses. The server here takes B = k*v + g^b or B = k*v - g^b
// at random. As -1 is a non-residue, the residuosity of B - k*v then says
// nothing. A client computes with the B it gets, and arrives at S or at N - S
// (by the parity of its exponent, which the server cannot know), so in the
// second case the server accepts the proof under either. Clients cannot see a
// difference.
//
// # Timing
//
// The secret exponents are x (fixed per user and password), b and a (fresh per
// handshake). math/big is not constant time. For g^x and g^b the fixed-base
// table does a fixed number of full-width multiplications, reads whole rows
// under a mask, and works on values blinded by a factor drawn once per process,
// so neither the number of operations nor the addresses depend on the exponent;
// what remains is the small variation of math/big's division over blinded
// operands. (A*v^u)^b uses math/big's Montgomery exponentiation: a fixed
// sequence of operations for exponents of 256 bits, whose table addresses
// depend on b. An attacker over the network has one measurement per b. An
// attacker who shares the processor's cache is outside what this defends against.
package srp
