package keys

import (
	"bytes"
	"crypto/sha3"
	"encoding/hex"
	"testing"
)

// The vectors of https://c2sp.org/XAES-256-GCM.
func TestXAESVectors(t *testing.T) {
	for _, c := range []struct {
		name     string
		keyByte  byte
		aad, k1  string
		expected string
	}{
		{"MSB of L is 0", 1, "", "e531954aca063d5b8d9c47a47d4cc6f0",
			"ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
		{"MSB of L is 1", 3, "c2sp.org/XAES-256-GCM", "23810ec50edb99f374409466ed1f4b7b",
			"986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newXAES([32]byte(bytes.Repeat([]byte{c.keyByte}, 32)))
			if got := hex.EncodeToString(x.k1[:]); got != c.k1 {
				t.Errorf("K1 = %s, want %s", got, c.k1)
			}
			nonce := [24]byte([]byte("ABCDEFGHIJKLMNOPQRSTUVWX"))
			sealed := x.seal(nil, &nonce, []byte("XAES-256-GCM"), []byte(c.aad))
			if got := hex.EncodeToString(sealed); got != c.expected {
				t.Errorf("ciphertext = %s, want %s", got, c.expected)
			}
			plain, err := x.open(nil, &nonce, sealed, []byte(c.aad))
			if err != nil || string(plain) != "XAES-256-GCM" {
				t.Errorf("open = %q, %v", plain, err)
			}
			if _, err := x.open(nil, &nonce, sealed, []byte(c.aad+"x")); err == nil {
				t.Error("opened with other additional data")
			}
		})
	}
}

// The accumulated randomized test of the same page, 10 000 iterations.
func TestXAESAccumulated(t *testing.T) {
	rng, sum := sha3.NewSHAKE128(), sha3.NewSHAKE128()
	read := func(n int) []byte {
		b := make([]byte, n)
		if _, err := rng.Read(b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	for range 10_000 {
		x := newXAES([32]byte(read(32)))
		nonce := [24]byte(read(24))
		plaintext := read(int(read(1)[0]))
		aad := read(int(read(1)[0]))
		sealed := x.seal(nil, &nonce, plaintext, aad)
		if _, err := sum.Write(sealed); err != nil {
			t.Fatal(err)
		}
		opened, err := x.open(nil, &nonce, sealed, aad)
		if err != nil || !bytes.Equal(opened, plaintext) {
			t.Fatalf("open: %v", err)
		}
	}
	got := make([]byte, 32)
	if _, err := sum.Read(got); err != nil {
		t.Fatal(err)
	}
	const want = "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"
	if hex.EncodeToString(got) != want {
		t.Errorf("hash = %x, want %s", got, want)
	}
}
