package srp

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"math/big"
)

const (
	stateVersion = 1
	maxStateSize = 2 + secretSize + groupSize + maxASize
)

// ErrState says that bytes are not the state of a [Server].
var ErrState = errors.New("invalid SRP server state")

// Server is the server's side of one handshake, between sending B and
// receiving the claim. Its binary form is secret: seal it.
type Server struct {
	a, b, public *big.Int
	negative     byte // 1: B = k*v - g^b, see the package comment
}

// NewServer begins a handshake. It returns [ErrVerifier] for the zero verifier
// and [ErrA] for the zero A.
func NewServer(v Verifier, a A) (*Server, error) {
	for {
		var random [secretSize + 1]byte
		rand.Read(random[:]) // never fails, see crypto/rand
		s, err := newServer(v, a, new(big.Int).SetBytes(random[1:]), random[0]&1)
		if err != nil || s.usable() {
			return s, err
		}
	}
}

func newServer(v Verifier, a A, b *big.Int, negative byte) (*Server, error) {
	if v.v == nil {
		return nil, ErrVerifier
	}
	if a.n == nil {
		return nil, ErrA
	}
	gb := expG(b)
	// Both are computed, so that time does not tell which was taken.
	bases := [2]*big.Int{gb, new(big.Int).Sub(prime, gb)}
	public := new(big.Int).Mul(multiplier, v.v)
	mod(public.Add(public, bases[negative]))
	return &Server{a: a.n, b: b, public: public, negative: negative}, nil
}

// usable tells that neither B nor u is 0, which the client would refuse.
func (s *Server) usable() bool {
	return s.public.Sign() != 0 && scramble(s.a, s.public).Sign() != 0
}

// B returns the SRP_B challenge parameter: minimal lower-case hex.
func (s *Server) B() string { return s.public.Text(16) }

// Claim is the client's answer to PASSWORD_VERIFIER.
type Claim struct {
	PoolName    string // the device group key for a device
	UserID      string // USER_ID_FOR_SRP, or the device key
	SecretBlock []byte // decoded
	Timestamp   string // as sent, see [ParseTimestamp]
	Signature   []byte // decoded
}

// Verify reports whether the claim proves knowledge of the password of v, the
// verifier that the handshake began with. Whether the secret block is the one
// handed out, and the timestamp near, is for the caller to see.
func (s *Server) Verify(v Verifier, c Claim) bool {
	if v.v == nil {
		return false
	}
	u := scramble(s.a, s.public)
	// Two exponentiations of 256 bits cost 512 squarings. A^b * v^(u*b) at once
	// costs as many and more multiplications, outside Montgomery form.
	shared := new(big.Int).Exp(v.v, u, prime)
	mod(shared.Mul(shared, s.a))
	shared.Exp(shared, s.b, prime)

	proof := hmac.Equal(c.sign(sessionKey(u, shared)), c.Signature)
	other := hmac.Equal(c.sign(sessionKey(u, new(big.Int).Sub(prime, shared))), c.Signature)
	return (proof || other && s.negative == 1) && !v.fake
}

// String and GoString keep the state out of logs.
func (*Server) String() string   { return "srp.Server(secret)" }
func (*Server) GoString() string { return "srp.Server(secret)" }

// MarshalBinary returns about 800 bytes: version | sign | b (32) | B (384) | A (minimal).
func (s *Server) MarshalBinary() ([]byte, error) {
	if s.a == nil {
		return nil, ErrState
	}
	out := make([]byte, 2+secretSize+groupSize, maxStateSize)
	out[0], out[1] = stateVersion, s.negative
	s.b.FillBytes(out[2 : 2+secretSize])
	s.public.FillBytes(out[2+secretSize:])
	return append(out, s.a.Bytes()...), nil
}

// UnmarshalBinary reads what MarshalBinary wrote, or returns [ErrState].
func (s *Server) UnmarshalBinary(b []byte) error {
	if len(b) < 2+secretSize+groupSize || len(b) > maxStateSize || b[0] != stateVersion || b[1] > 1 {
		return ErrState
	}
	read := Server{
		negative: b[1],
		b:        new(big.Int).SetBytes(b[2 : 2+secretSize]),
		public:   new(big.Int).SetBytes(b[2+secretSize : 2+secretSize+groupSize]),
		a:        new(big.Int).SetBytes(b[2+secretSize+groupSize:]),
	}
	if read.public.Cmp(prime) >= 0 || new(big.Int).Mod(read.a, prime).Sign() == 0 || !read.usable() {
		return ErrState
	}
	*s = read
	return nil
}

// scramble is u = H(pad(A) || pad(B)).
func scramble(a, b *big.Int) *big.Int { return hashInt(pad(a), pad(b)) }

// sessionKey is HKDF-SHA256 of S, salted with u, cut to 16 bytes.
func sessionKey(u, shared *big.Int) []byte {
	key, err := hkdf.Key(sha256.New, pad(shared), pad(u), "Caldera Derived Key", 16)
	if err != nil {
		panic("srp: " + err.Error()) // only for lengths above 255 hashes
	}
	return key
}

// sign returns the HMAC-SHA256 that PASSWORD_CLAIM_SIGNATURE carries.
func (c Claim) sign(key []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(c.PoolName + c.UserID))
	h.Write(c.SecretBlock)
	h.Write([]byte(c.Timestamp))
	return h.Sum(nil)
}
