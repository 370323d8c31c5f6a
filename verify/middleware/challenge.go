package middleware

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/dpop"
)

// retryAfter is what a 503 advises, in seconds: the verifier's own interval.
const retryAfter = "10"

// Status is the HTTP status for an error of Authenticate or Rule.Check, and its
// code by RFC 6750 (3.1) or RFC 9449 (7.1), which a request without a token has none
// of. What has no verify.Code is a failure of something behind us that may pass: a
// 503.
func Status(err error) (status int, code string) {
	switch codeOf(err) {
	case verify.ErrMissing:
		return http.StatusUnauthorized, ""
	case verify.ErrScope, verify.ErrGroup:
		return http.StatusForbidden, "insufficient_scope"
	case verify.ErrProof:
		return http.StatusUnauthorized, "invalid_dpop_proof"
	case verify.ErrProofNonce:
		return http.StatusUnauthorized, "use_dpop_nonce"
	case verify.ErrKeysUnavailable, verify.ErrRevocationUnavailable, verify.ErrProofsUnavailable, "":
		return http.StatusServiceUnavailable, "temporarily_unavailable"
	}
	return http.StatusUnauthorized, "invalid_token"
}

// codeOf is the code in an error, "" if there is none.
func codeOf(err error) verify.Code {
	if e, ok := errors.AsType[*verify.Error](err); ok {
		return e.Code
	}
	code, _ := errors.AsType[verify.Code](err)
	return code
}

// refuse answers a request that goes no further. The answer tells the code of
// the error in words, never its cause, but for what is wrong with a proof. proven
// says that the request came with one. scopes are what a 403 asks for.
func (m *Middleware) refuse(w http.ResponseWriter, err error, proven bool, scopes []string) int {
	status, code := Status(err)
	description := "the service is unavailable, try again later"
	if status != http.StatusServiceUnavailable {
		description = strings.TrimPrefix(codeOf(err).Error(), "verify: ")
		if why, ok := errors.AsType[dpop.Error](err); ok {
			description = why.Error()
		}
	}
	h := w.Header()
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", retryAfter)
	} else {
		m.challenge(h, code, description, proven, scopes)
	}
	if code == "" {
		code = "unauthorized"
	}
	body, err := json.Marshal(struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{code, description})
	if err != nil {
		panic(err) // two strings
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
	return status
}

// challenge says how the request would get further (RFC 6750, 3; RFC 9449, 7.1).
// Where tokens with proofs are taken too, one without is told of that.
func (m *Middleware) challenge(h http.Header, code, description string, proven bool, scopes []string) {
	realm := " realm=" + quote(m.options.Realm)
	detail := ""
	if code != "" {
		detail += ", error=" + quote(code) + ", error_description=" + quote(description)
	}
	if len(scopes) > 0 {
		detail += ", scope=" + quote(strings.Join(scopes, " "))
	}
	algs := ", algs=" + quote(strings.Join(dpop.Algorithms(), " "))
	if proven {
		h.Set("WWW-Authenticate", "DPoP"+realm+detail+algs)
		return
	}
	h.Set("WWW-Authenticate", "Bearer"+realm+detail)
	if len(m.options.BaseURLs) > 0 {
		h.Add("WWW-Authenticate", "DPoP"+realm+algs)
	}
}

// quote makes a quoted-string (RFC 9110, 5.6.4) of printable ASCII.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c >= ' ' && c <= '~':
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
