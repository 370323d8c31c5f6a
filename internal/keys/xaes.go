package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

const (
	xaesKeySize   = 32
	xaesNonceSize = 24
	xaesTagSize   = 16
)

// xaes is XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM under a
// key derived from the first half of a 192-bit nonce. The nonce may be random
// for as many messages as anybody will ever seal, which AES-GCM's own 96 bits
// do not allow under one long-lived key.
//
// It is safe for concurrent use.
type xaes struct {
	block cipher.Block
	k1    [aes.BlockSize]byte // the CMAC subkey, SP 800-38B section 6.1
}

func newXAES(key [xaesKeySize]byte) *xaes {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("keys: " + err.Error()) // the key size is fixed by the type
	}
	x := &xaes{block: block}
	block.Encrypt(x.k1[:], x.k1[:])
	var carry byte
	for i := len(x.k1) - 1; i >= 0; i-- {
		b := x.k1[i]
		x.k1[i] = b<<1 | carry
		carry = b >> 7
	}
	// Without a branch, because L is derived from the key alone.
	x.k1[len(x.k1)-1] ^= carry * 0b10000111
	return x
}

// gcm returns the AES-256-GCM of one message, to be used with nonce[12:].
func (x *xaes) gcm(nonce *[xaesNonceSize]byte) cipher.AEAD {
	var key [2 * aes.BlockSize]byte
	for i := range 2 {
		m := key[i*aes.BlockSize:][:aes.BlockSize]
		m[1], m[2] = byte(i+1), 'X'
		copy(m[4:], nonce[:12])
		subtle.XORBytes(m, m, x.k1[:])
		x.block.Encrypt(m, m)
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("keys: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("keys: " + err.Error())
	}
	return aead
}

// seal appends the ciphertext of plaintext, 16 bytes longer, to dst.
func (x *xaes) seal(dst []byte, nonce *[xaesNonceSize]byte, plaintext, additional []byte) []byte {
	return x.gcm(nonce).Seal(dst, nonce[12:], plaintext, additional)
}

// open appends the plaintext of ciphertext to dst.
func (x *xaes) open(dst []byte, nonce *[xaesNonceSize]byte, ciphertext, additional []byte) ([]byte, error) {
	return x.gcm(nonce).Open(dst, nonce[12:], ciphertext, additional)
}
