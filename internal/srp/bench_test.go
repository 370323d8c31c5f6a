package srp

import (
	"math/big"
	"testing"
)

func BenchmarkFixedBase(b *testing.B) {
	e := repeated(0xa7)
	expG(e)
	for b.Loop() {
		expG(e)
	}
}

func BenchmarkGeneric(b *testing.B) {
	base, e := randomElement(), repeated(0xa7)
	for b.Loop() {
		new(big.Int).Exp(base, e, prime)
	}
}

func BenchmarkNewServer(b *testing.B) {
	v := NewVerifier(testPool, testUser, testPassword)
	a := A{randomElement()}
	for b.Loop() {
		if _, err := NewServer(v, a); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	v := NewVerifier(testPool, testUser, testPassword)
	server, claim := handshake(b, v, testPassword, 2)
	for b.Loop() {
		if !server.Verify(v, claim) {
			b.Fatal("refused")
		}
	}
}

// Both sides.
func BenchmarkHandshake(b *testing.B) {
	v := NewVerifier(testPool, testUser, testPassword)
	for b.Loop() {
		server, claim := handshake(b, v, testPassword, 2)
		if !server.Verify(v, claim) {
			b.Fatal("refused")
		}
	}
}

func BenchmarkTable(b *testing.B) {
	for b.Loop() {
		newFixedBase()
	}
}
