package srp

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"math/big"
)

// ErrB says that the server's SRP_B or SALT is malformed, or that B or u is 0.
var ErrB = errors.New("invalid SRP_B or SALT")

// Client is a client's side of one handshake, for tests and for measuring.
type Client struct {
	poolName  string
	a, public *big.Int
}

// NewClient begins a handshake with a 256-bit secret. For a device, poolName
// is the device group key.
func NewClient(poolName string) *Client {
	var a [secretSize]byte
	rand.Read(a[:]) // never fails, see crypto/rand
	return newClient(poolName, new(big.Int).SetBytes(a[:]))
}

func newClient(poolName string, a *big.Int) *Client {
	return &Client{poolName: poolName, a: a, public: expG(a)}
}

// A returns the SRP_A parameter: minimal lower-case hex.
func (c *Client) A() string { return c.public.Text(16) }

// Claim answers PASSWORD_VERIFIER. salt and b are the hex parameters SALT and
// SRP_B, secretBlock is decoded. The error is [ErrB].
func (c *Client) Claim(userID, password, salt, b string, secretBlock []byte, timestamp string) (Claim, error) {
	public, err := ParseA(b) // B has the form of A
	if err != nil || len(salt) > 2*maxSaltSize {
		return Claim{}, ErrB
	}
	if len(salt)%2 == 1 {
		salt = "0" + salt
	}
	rawSalt, err := hex.DecodeString(salt)
	if err != nil {
		return Claim{}, ErrB
	}
	u := scramble(c.public, public.n)
	if u.Sign() == 0 {
		return Claim{}, ErrB
	}
	claim := Claim{PoolName: c.poolName, UserID: userID, SecretBlock: secretBlock, Timestamp: timestamp}
	x := privateKey(rawSalt, c.poolName, userID, password)
	claim.Signature = claim.sign(sessionKey(u, c.shared(public.n, u, x)))
	return claim, nil
}

// shared is S = (B - k*g^x)^(a + u*x).
func (c *Client) shared(b, u, x *big.Int) *big.Int {
	base := new(big.Int).Mul(multiplier, expG(x))
	mod(base.Sub(b, base))
	exponent := new(big.Int).Mul(u, x)
	return base.Exp(base, exponent.Add(exponent, c.a), prime)
}
