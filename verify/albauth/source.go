package albauth

import (
	"errors"
	"net/http"
	"strings"

	"github.com/poolhouse/poolhouse/verify"
)

// Source is a middleware.Source: it verifies the load balancer's data and
// returns the access token beside it, which must be of the same user. A request
// without data has no token.
func (v *Verifier) Source(r *http.Request) (string, error) {
	raw, err := only(r, "X-Amzn-Oidc-Data")
	if raw == "" {
		return "", err
	}
	i, err := v.Verify(r.Context(), raw)
	if err != nil {
		return "", err
	}
	token, err := only(r, "X-Amzn-Oidc-Accesstoken")
	switch {
	case err != nil:
		return "", err
	case token == "":
		return "", fail(verify.ErrMissing)
	case subjectOf(token) != i.Subject():
		return "", &verify.Error{Code: verify.ErrRejected, Err: errors.New("albauth: the access token is another user's")}
	}
	if kept, _ := r.Context().Value(identityKey{}).(**Identity); kept != nil {
		*kept = i
	}
	return token, nil
}

// only is the value of a header that may come once.
func only(r *http.Request, name string) (string, error) {
	values := r.Header.Values(name)
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	}
	return "", fail(verify.ErrMalformed)
}

// subjectOf is the claim sub of a token that is yet to be verified, "" if it has
// none. Verifier.Verify of package verify reads the same claim of the same bytes
// or refuses them.
func subjectOf(token string) string {
	if len(token) > maxData {
		return ""
	}
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	claims, _ := decodeObject(payload)
	return claims.text("sub")
}
