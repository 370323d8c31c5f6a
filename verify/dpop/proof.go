package dpop

import (
	"crypto/sha256"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/verify/internal/jose"
)

// Bounds of what is looked at, in bytes.
const (
	maxProof = 8 << 10 // a key of 8192 bits and its signature fit
	maxID    = 512
	maxURL   = 4096
)

// Window is how far the time in a proof without a nonce may lie from now, either
// way: requests take seconds, and clocks differ.
const Window = time.Minute

// Kept is how long a proof that was used must be known, so that it is not taken
// again: a minute longer than any is good for, since clocks of servers differ.
const Kept = max(2*Window, 3*Turn) + time.Minute

// Proof is a proof whose form and signature are right. Whether it is one for a
// request, Check tells.
type Proof struct {
	id, method, url string
	issued          time.Time
	nonce, ath      string // "" if absent
	thumbprint      string
}

// Parse reads the value of a DPoP header and checks its signature. Its errors are
// of type Error.
func Parse(text string) (*Proof, error) {
	header, rest, _ := strings.Cut(text, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || len(text) > maxProof || strings.Contains(signature, ".") {
		return nil, ErrMalformed
	}
	head, ok := object(header)
	if !ok || head.Get("crit") != "" { // no extension is understood here: RFC 7515, 4.1.11
		return nil, ErrMalformed
	}
	if typ, _ := head.Text("typ"); !strings.EqualFold(typ, "dpop+jwt") {
		return nil, ErrType
	}
	alg, _ := head.Text("alg")
	i := slices.IndexFunc(algorithms, func(a algorithm) bool { return a.name == alg })
	if i < 0 {
		return nil, ErrAlgorithm
	}
	jwk, ok := jose.ParseObject(head.Get("jwk"))
	if !ok {
		return nil, ErrKey
	}
	claims, ok := object(payload)
	if !ok {
		return nil, ErrMalformed
	}
	p, ok := readClaims(claims)
	if !ok {
		return nil, ErrMalformed
	}
	sig, ok := jose.Decode(signature)
	if !ok {
		return nil, ErrMalformed
	}
	k, ok := readKey(jwk, algorithms[i])
	if !ok {
		return nil, ErrKey
	}
	if !k.verify(text[:len(header)+1+len(payload)], sig) {
		return nil, ErrSignature
	}
	p.thumbprint = k.thumbprint
	return p, nil
}

// object is a part of the proof that is JSON.
func object(part string) (jose.Object, bool) {
	text, ok := jose.Decode(part)
	if !ok {
		return nil, false
	}
	return jose.ParseObject(string(text))
}

// readClaims reads the claims of RFC 9449, 4.2.
func readClaims(claims jose.Object) (*Proof, bool) {
	p := &Proof{}
	for name, to := range map[string]*string{"jti": &p.id, "htm": &p.method, "htu": &p.url, "nonce": &p.nonce, "ath": &p.ath} {
		var ok bool
		if *to, ok = claims.Text(name); !ok {
			return nil, false
		}
	}
	var ok bool
	p.issued, ok = numericDate(claims.Get("iat"))
	return p, ok && p.id != "" && len(p.id) <= maxID && p.method != "" && p.url != "" && len(p.url) <= maxURL
}

// numericDate is a time in seconds since 1970, of which clients also write
// fractions (RFC 7519, 2).
func numericDate(raw string) (time.Time, bool) {
	if raw == "" || raw[0] < '0' || raw[0] > '9' {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseFloat(raw, 64)
	if err != nil || seconds > jose.MaxSeconds {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}

// Thumbprint is the SHA-256 thumbprint of the proof's key (RFC 7638), 43
// characters: what tokens that are bound to it have in cnf.jkt.
func (p *Proof) Thumbprint() string { return p.thumbprint }

// ID names the proof among all others, in 43 characters of base64url: no two keys
// share one.
func (p *Proof) ID() string { return hash(p.thumbprint + " " + p.id) }

// HashToken is what a proof for an access token has in its claim ath.
func HashToken(accessToken string) string { return hash(accessToken) }

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return jose.Encoding.EncodeToString(sum[:])
}

// Request is what a proof must have been made for.
type Request struct {
	Method string
	URLs   []string // the addresses of the resource; a query and a fragment do not count
	Now    time.Time

	// AccessToken is the token that comes with the proof, "" where a token is asked
	// for.
	AccessToken string
	// Nonces, if there are any, are those of which the proof must have one.
	Nonces *Nonces
}

// Check holds the proof against a request. Its errors are of type Error. The nonce
// comes last: a client that gets ErrNonce has done all else right.
func (p *Proof) Check(r Request) error {
	url, ok := normalize(p.url)
	switch {
	case p.method != r.Method:
		return ErrMethod
	case !ok || !slices.ContainsFunc(r.URLs, func(u string) bool { u, ok := normalize(u); return ok && u == url }):
		return ErrURL
	case r.AccessToken != "" && p.ath != HashToken(r.AccessToken):
		return ErrToken
	case r.Nonces != nil && !r.Nonces.good(p.nonce, r.Now):
		return ErrNonce
	case r.Nonces == nil && p.issued.Sub(r.Now).Abs() > Window:
		return ErrTime
	}
	return nil
}
