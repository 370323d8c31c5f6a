package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
	"github.com/poolhouse/poolhouse/verify/dpop"
)

const (
	nonceKeyPurpose     = keys.Purpose("dpop-nonce")
	thumbprintParameter = "dpop_jkt" // of authorization requests
	dpopHeader          = "Dpop"     // DPoP, as net/http keeps it
)

var (
	errNoProof   = &grantError{code: "invalid_dpop_proof", description: "The client must send a DPoP proof"}
	errTwoProofs = &grantError{code: "invalid_dpop_proof", description: "There must be one DPoP proof"}
)

// proofError is the answer for a proof that is not accepted (RFC 9449, 5 and 8).
func proofError(err error) error {
	why, ok := errors.AsType[dpop.Error](err)
	switch {
	case !ok:
		return err
	case why == dpop.ErrNonce:
		return &grantError{code: "use_dpop_nonce", description: why.Error()}
	}
	return &grantError{code: "invalid_dpop_proof", description: why.Error()}
}

type thumbprintKey struct{}

// withThumbprint keeps the key that a client has proven for the grants.
func withThumbprint(r *http.Request, thumbprint string) *http.Request {
	if thumbprint == "" {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), thumbprintKey{}, thumbprint))
}

// thumbprintOf is that of the key that the client of a token request has proven to
// have, "" for none: what its tokens are to be bound to.
func thumbprintOf(ctx context.Context) string {
	thumbprint, _ := ctx.Value(thumbprintKey{}).(string)
	return thumbprint
}

// prove is the thumbprint of the key that a client proves to have by its request for
// something, "" if it does not, or if its proofs do not count. Errors are
// invalid_dpop_proof and use_dpop_nonce.
func (s *Server) prove(w http.ResponseWriter, r *http.Request, client *userpool.Client) (string, error) {
	if client.Extensions().DPoP == userpool.DPoPOff || len(r.Header[dpopHeader]) == 0 {
		return "", nil
	}
	proof, err := parseProof(r)
	if err == nil {
		err = s.spendProof(w, r, client, proof, "")
	}
	if err != nil {
		return "", err
	}
	return proof.Thumbprint(), nil
}

// parseProof reads the proof of a request, of which there must be one.
func parseProof(r *http.Request) (*dpop.Proof, error) {
	headers := r.Header[dpopHeader]
	switch len(headers) {
	case 0:
		return nil, errNoProof
	case 1:
		proof, err := dpop.Parse(headers[0])
		return proof, proofError(err)
	}
	return nil, errTwoProofs
}

// spendProof holds a proof against the request that it came with, and uses it up on
// all nodes. accessToken is the token that it must be for, or "".
func (s *Server) spendProof(w http.ResponseWriter, r *http.Request, client *userpool.Client, proof *dpop.Proof, accessToken string) error {
	now := s.DB.Now()
	want := dpop.Request{Method: r.Method, URLs: s.addresses(r), Now: now, AccessToken: accessToken}
	if client.Extensions().DPoPNonce {
		nonces, err := dpop.NewNonces(s.Ring.MAC(nonceKeyPurpose, client.PoolID))
		if err != nil {
			return err
		}
		want.Nonces = nonces
		w.Header().Set("DPoP-Nonce", nonces.Nonce(now))
	}
	if err := proof.Check(want); err != nil {
		return proofError(err)
	}
	var first bool
	err := s.DB.Update(r.Context(), func(tx *store.Tx) (err error) {
		first, err = tx.SpendSession(client.PoolID, "dpop "+proof.ID(), now.Add(dpop.Kept))
		return err
	})
	if err == nil && !first {
		err = proofError(dpop.ErrReplayed)
	}
	return err
}

// addresses are those at which clients may have sent a request: the path of the
// domain below the public URL, as they spelled it, and the domain's own host name,
// with the port of the public URL or, for it may be elsewhere, without. What the Host
// header says does not count: it is the sender's.
func (s *Server) addresses(r *http.Request) []string {
	site := SiteOf(r.Context())
	base := site.Base
	if base == "" {
		base = domainPath + site.Domain.Name
	}
	urls := []string{s.PublicURL + base + r.URL.Path}
	u, err := url.Parse(s.PublicURL)
	if err != nil {
		return urls
	}
	host := s.Pools.DomainHost(site.Domain)
	urls = append(urls, u.Scheme+"://"+host+r.URL.Path)
	if port := u.Port(); port != "" {
		urls = append(urls, u.Scheme+"://"+host+":"+port+r.URL.Path)
	}
	return urls
}
