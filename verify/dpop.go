package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/poolhouse/poolhouse/verify/dpop"
)

// DPoP says how proofs of possession (RFC 9449) are checked. The zero value asks
// for no nonces and remembers proofs in memory.
type DPoP struct {
	// NonceKey is a secret of 16 bytes or more. With it, proofs must have a nonce of
	// ours, see Verifier.Nonce. Servers behind one address share the key.
	NonceKey []byte
	// Memory is how many proofs are remembered, for 4 to 8 minutes each. If half as
	// many come within 4 minutes, the next are refused with ErrProofsUnavailable
	// until these are over. The default is 1000000, which take 100 MB.
	Memory int
	// Spend, if set, remembers proofs in place of our memory, so that servers can
	// share what they know: it notes an id, of 43 characters, until a time, and says
	// whether nobody had noted it before.
	Spend func(ctx context.Context, id string, until time.Time) (first bool, err error)
}

const defaultProofMemory = 1_000_000

// proofs is a DPoP that is in order.
type proofs struct {
	nonces *dpop.Nonces // nil: none are wanted
	spend  func(ctx context.Context, id string, now time.Time) (first bool, err error)
}

var errMemory = errors.New("more proofs than DPoP.Memory")

func newProofs(d DPoP) (*proofs, error) {
	if d.Memory < 0 {
		return nil, errors.New("DPoP.Memory is negative")
	}
	p := &proofs{}
	if d.NonceKey != nil {
		var err error
		if p.nonces, err = dpop.NewNonces(d.NonceKey); err != nil {
			return nil, fmt.Errorf("DPoP.NonceKey: %w", err)
		}
	}
	if d.Spend != nil {
		p.spend = func(ctx context.Context, id string, now time.Time) (bool, error) {
			return d.Spend(ctx, id, now.Add(dpop.Kept))
		}
		return p, nil
	}
	if d.Memory == 0 {
		d.Memory = defaultProofMemory
	}
	seen := dpop.NewSeen(d.Memory)
	p.spend = func(_ context.Context, id string, now time.Time) (bool, error) {
		first, full := seen.Spend(id, now)
		if full {
			return false, errMemory
		}
		return first, nil
	}
	return p, nil
}

// A Proof is the proof of possession that came with a token, and the request that
// both came with.
type Proof struct {
	Header string // the value of the DPoP header, of which there must be one
	Method string // of the request
	// URLs are the address of the request as the client wrote it, or the addresses it
	// may have written. A query does not count. They must not be taken from the Host
	// header, which whoever replays a proof writes as they like.
	URLs []string
}

// VerifyDPoP is Verify for a token that is bound to a key (RFC 9449, 7): it wants a
// proof, made for this token and this request, by that key, just now and never used
// before.
func (v *Verifier) VerifyDPoP(ctx context.Context, raw string, proof Proof) (*Token, error) {
	t, err := v.signed(ctx, raw)
	if err != nil {
		return nil, err
	}
	if t.thumbprint == "" {
		return nil, fail(ErrUnbound)
	}
	now := v.now()
	p, err := dpop.Parse(proof.Header)
	if err == nil {
		err = p.Check(dpop.Request{Method: proof.Method, URLs: proof.URLs, Now: now, AccessToken: raw, Nonces: v.proofs.nonces})
	}
	switch {
	case errors.Is(err, dpop.ErrNonce):
		return nil, &Error{Code: ErrProofNonce, Err: err}
	case err != nil:
		return nil, &Error{Code: ErrProof, Err: err}
	case p.Thumbprint() != t.thumbprint:
		return nil, &Error{Code: ErrProof, Err: dpop.ErrKey}
	}
	if err := t.pool.checkNow(ctx, t); err != nil {
		return nil, err
	}
	switch first, err := v.proofs.spend(ctx, p.ID(), now); {
	case err != nil:
		return nil, &Error{Code: ErrProofsUnavailable, Err: err}
	case !first:
		return nil, &Error{Code: ErrProof, Err: dpop.ErrReplayed}
	}
	return t, nil
}

// Nonce is what the DPoP-Nonce header of answers should say, "" if no nonces are
// wanted.
func (v *Verifier) Nonce() string {
	if v.proofs.nonces == nil {
		return ""
	}
	return v.proofs.nonces.Nonce(v.now())
}
