package oauth

import (
	"net/http"
	"strings"
)

// introspection is what /oauth2/introspect answers (RFC 7662, 2.2).
type introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitzero"`
	ClientID  string `json:"client_id,omitzero"`
	Username  string `json:"username,omitzero"`
	TokenType string `json:"token_type,omitzero"`
	Exp       int64  `json:"exp,omitzero"`
	Iat       int64  `json:"iat,omitzero"`
	Sub       string `json:"sub,omitzero"`
	Iss       string `json:"iss,omitzero"`
	JTI       string `json:"jti,omitzero"`

	// Cnf names the key that the token is bound to (RFC 9449, 6.2).
	Cnf map[string]string `json:"cnf,omitempty"`
}

// introspect is /oauth2/introspect, which Cognito does not have: it tells at once of
// sign-outs and disabled users, which a signature cannot.
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	answer, err := s.inspect(r)
	if err != nil {
		s.refuseClient(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *Server) inspect(r *http.Request) (*introspection, error) {
	form, err := readForm(r)
	if err != nil {
		return nil, err
	}
	pool, client, err := s.clientOf(r, form)
	if err != nil {
		return nil, err
	}
	if !client.HasSecret() { // anybody could ask in its name
		return nil, errInvalidClient
	}
	text := form.Get("token")
	if text == "" {
		return nil, errInvalidRequest
	}
	t, err := s.Tokens.Inspect(r.Context(), pool, text)
	if err != nil {
		return nil, err
	}
	if t == nil || t.ClientID != client.ID && !client.Extensions().Introspection {
		return &introspection{}, nil
	}
	answer := &introspection{
		Active: true, Scope: strings.Join(t.Scopes, " "), ClientID: t.ClientID, Username: t.Username, TokenType: t.TokenType,
		Exp: t.ExpiresAt.Unix(), Iat: t.IssuedAt.Unix(), Sub: t.Sub, Iss: t.Issuer, JTI: t.JTI,
	}
	if t.Thumbprint != "" {
		answer.Cnf = map[string]string{"jkt": t.Thumbprint}
	}
	return answer, nil
}
