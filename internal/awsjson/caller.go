package awsjson

import (
	"net/http"

	"github.com/poolhouse/poolhouse/internal/iam"
)

// Caller says who signed r, a request without a body for something that is no
// operation of the API, as the operations of the service (its signing name) are
// signed. What they may do is theirs to be asked, see iam.Principal.Authorize. The
// error is a *fault.Error, or an internal one.
func (h *Handler) Caller(r *http.Request, service string) (*iam.Principal, error) {
	return h.CallerWith(r, nil, service)
}

// CallerWith is Caller of a request that had this body.
func (h *Handler) CallerWith(r *http.Request, body []byte, service string) (*iam.Principal, error) {
	if h.options.SkipSignatures {
		if foreignPage(r) {
			return nil, errForeignPage
		}
		return h.anyone, nil
	}
	signer, err := h.identify(r, service)
	if err != nil {
		return nil, err
	}
	if err := signer.signature.Verify(r, body, signer.secret, h.options.Now()); err != nil {
		return nil, err
	}
	return signer.principal, nil
}
