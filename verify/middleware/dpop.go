package middleware

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/dpop"
)

// dpopScheme begins the Authorization header of requests that come with a proof
// of possession (RFC 9449, 7.1).
const dpopScheme = "DPoP"

// checkBase finds what is no address of a server, or more than that.
func checkBase(base string) error {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(base, "?#") {
		return fmt.Errorf("middleware: BaseURLs: %.100q is no URL such as https://api.example.com", base)
	}
	return nil
}

// takesProofs says whether a request comes with a token and a proof, and such are
// taken.
func (m *Middleware) takesProofs(r *http.Request) bool {
	scheme, _, _ := strings.Cut(strings.Trim(r.Header.Get("Authorization"), " \t"), " ")
	return len(m.options.BaseURLs) > 0 && strings.EqualFold(scheme, dpopScheme)
}

// withProof authenticates a request by a token and a proof.
func (m *Middleware) withProof(r *http.Request) (context.Context, error) {
	values := r.Header.Values("Authorization")
	_, raw, _ := strings.Cut(strings.Trim(values[0], " \t"), " ")
	raw = strings.TrimLeft(raw, " ")
	if len(values) > 1 || raw == "" {
		return nil, verify.ErrMalformed
	}
	proofs := r.Header.Values("DPoP")
	if len(proofs) != 1 { // RFC 9449, 4.3
		return nil, &verify.Error{Code: verify.ErrProof, Err: dpop.ErrMalformed}
	}
	proof := verify.Proof{Header: proofs[0], Method: r.Method, URLs: make([]string, len(m.options.BaseURLs))}
	for i, base := range m.options.BaseURLs {
		proof.URLs[i] = base + r.URL.EscapedPath()
	}
	return m.AuthenticateDPoP(r.Context(), raw, proof)
}

// AuthenticateDPoP is Authenticate for a token that is bound to a key, with the
// proof that came along.
func (m *Middleware) AuthenticateDPoP(ctx context.Context, raw string, proof verify.Proof) (context.Context, error) {
	return m.admit(ctx, raw, func(ctx context.Context, raw string) (*verify.Token, error) {
		return m.verifier.VerifyDPoP(ctx, raw, proof)
	})
}

// giveNonce tells a client the nonce of its next proof, if nonces are wanted.
func (m *Middleware) giveNonce(w http.ResponseWriter) {
	if nonce := m.verifier.Nonce(); nonce != "" {
		w.Header().Set("DPoP-Nonce", nonce)
	}
}
