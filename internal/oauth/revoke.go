package oauth

import (
	"net/http"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// revoke is /oauth2/revoke (RFC 7009). What is no refresh token, or is none any
// more, is revoked already.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	if err := s.revokeToken(r); err != nil {
		s.refuseClient(w, r, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (s *Server) revokeToken(r *http.Request) error {
	form, err := readForm(r)
	if err != nil {
		return err
	}
	_, client, err := s.clientOf(r, form)
	if err != nil {
		return err
	}
	text := form.Get("token")
	if text == "" {
		return errInvalidRequest
	}
	err = s.Tokens.Revoke(r.Context(), client, text, false)
	switch fault.CodeOf(err) {
	case fault.UnsupportedOperation:
		return &grantError{code: "invalid_request", description: "Token revocation is not enabled for the client"}
	case fault.Unauthorized:
		return errUnauthorizedClient
	}
	return err
}
