package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// tokenAnswer is what the token endpoint gives (RFC 6749, 5.1).
type tokenAnswer struct {
	IDToken      string `json:"id_token,omitzero"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitzero"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	TokenType    string `json:"token_type"`
}

func answerOf(set *token.Set) *tokenAnswer {
	return &tokenAnswer{
		IDToken: set.IDToken, AccessToken: set.AccessToken, RefreshToken: set.RefreshToken,
		ExpiresIn: seconds(set.ExpiresIn), TokenType: token.TokenType(set.Thumbprint),
	}
}

// grants are the grants of the token endpoint. What they are given has proven to
// be the client, and to have the key of thumbprintOf.
var grants = map[string]func(*Server, *http.Request, *userpool.Pool, *userpool.Client, url.Values) (*tokenAnswer, error){
	"authorization_code": (*Server).grantCode,
	"refresh_token":      (*Server).grantRefresh,
	"client_credentials": (*Server).grantClient,
	deviceGrantType:      (*Server).grantDevice,
}

// token is /oauth2/token.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	answer, err := s.grantTokens(w, r)
	if err != nil {
		s.refuseJSON(w, r, http.StatusBadRequest, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *Server) grantTokens(w http.ResponseWriter, r *http.Request) (*tokenAnswer, error) {
	form, err := readForm(r)
	if err != nil {
		return nil, err
	}
	name := form.Get("grant_type")
	if name == "" {
		return nil, errInvalidRequest
	}
	grant, ok := grants[name]
	if !ok {
		return nil, &grantError{code: "unsupported_grant_type"}
	}
	pool, client, err := s.clientOf(r, form)
	if errors.Is(err, errTooMany) && name == deviceGrantType {
		return nil, errSlowDown // devices take what is not of RFC 8628, 3.5, for the end
	}
	if err != nil {
		return nil, err
	}
	thumbprint, err := s.prove(w, r, client)
	if err != nil {
		return nil, err
	}
	if thumbprint == "" && client.Extensions().DPoP == userpool.DPoPRequired {
		return nil, errNoProof
	}
	return grant(s, withThumbprint(r, thumbprint), pool, client, form)
}

var errUnauthorizedClient = &grantError{code: "unauthorized_client"}

// mayGrant says whether a client may use a flow of AllowedOAuthFlows.
func mayGrant(client *userpool.Client, flow string) bool {
	return client.AllowedOAuthFlowsUserPoolClient && slices.Contains(client.AllowedOAuthFlows, flow)
}

// maxVerifier is the longest PKCE verifier (RFC 7636, 4.1).
const maxVerifier = 128

func (s *Server) grantCode(r *http.Request, pool *userpool.Pool, client *userpool.Client, form url.Values) (*tokenAnswer, error) {
	use := codeUse{code: form.Get("code"), redirectURI: form.Get("redirect_uri"), verifier: form.Get("code_verifier"),
		thumbprint: thumbprintOf(r.Context())}
	switch {
	case !mayGrant(client, "code"):
		return nil, errUnauthorizedClient
	case use.code == "" || use.redirectURI == "" || len(use.verifier) > maxVerifier:
		return nil, errInvalidRequest
	case !isText(use.code):
		return nil, errInvalidGrant
	}
	set, err := s.exchange(r.Context(), pool, client, use, s.Origin(r))
	if err != nil {
		return nil, err
	}
	return answerOf(set), nil
}

func (s *Server) grantRefresh(r *http.Request, _ *userpool.Pool, client *userpool.Client, form url.Values) (*tokenAnswer, error) {
	text := form.Get("refresh_token")
	if text == "" {
		return nil, errInvalidRequest
	}
	refresh, err := s.Tokens.OpenProvenRefresh(r.Context(), client, text, thumbprintOf(r.Context()))
	if err != nil {
		return nil, err
	}
	refresh.Origin = s.Origin(r)
	set, err := s.Tokens.Renew(r.Context(), refresh)
	if err != nil {
		return nil, err
	}
	return answerOf(set), nil
}

// grantClient gives a client a token of its own. One that may not answers
// invalid_grant, as Cognito was seen to.
func (s *Server) grantClient(r *http.Request, pool *userpool.Pool, client *userpool.Client, form url.Values) (*tokenAnswer, error) {
	if !mayGrant(client, "client_credentials") {
		return nil, errInvalidGrant
	}
	metadata, err := readMetadata(form.Get("aws_client_metadata"))
	if err != nil {
		return nil, err
	}
	ctx := trigger.WithCaller(r.Context(), trigger.Caller{ClientID: client.ID, ClientMetadata: metadata})
	t, err := s.Tokens.IssueClient(ctx, token.ClientGrant{
		Pool: pool, Client: client, Scopes: strings.Fields(form.Get("scope")), Metadata: metadata,
		Thumbprint: thumbprintOf(r.Context()),
	})
	if fault.CodeOf(err) == fault.InvalidParameter {
		return nil, &grantError{code: "invalid_scope"}
	}
	if err != nil {
		return nil, err
	}
	return &tokenAnswer{AccessToken: t.AccessToken, ExpiresIn: seconds(t.ExpiresIn), TokenType: token.TokenType(thumbprintOf(r.Context()))}, nil
}

// readMetadata reads aws_client_metadata: a JSON object of texts, for triggers.
func readMetadata(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil
	}
	var metadata map[string]string
	if json.Unmarshal([]byte(text), &metadata) != nil {
		return nil, errInvalidRequest
	}
	return metadata, nil
}
