// Package rsakey makes the RSA keys that tokens are signed with. It stands apart
// so that tests, which make thousands, can have them from keystest instead; the
// import law keeps everything else away from both.
package rsakey

import (
	"crypto/rand"
	"crypto/rsa"
)

// Bits is how long the keys are.
const Bits = 2048

// Make makes a key, in about a tenth of a second. Only keystest puts another
// function here, before anything runs.
var Make = Generate

// Generate makes a key of random primes.
func Generate() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, Bits) }
