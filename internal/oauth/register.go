package oauth

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// registration is what a client says of itself, and is told (RFC 7591, 2 and 3.2.1).
// What it says beyond that is not kept.
type registration struct {
	RedirectURIs    []string `json:"redirect_uris,omitzero"`
	GrantTypes      []string `json:"grant_types"`
	ResponseTypes   []string `json:"response_types"`
	AuthMethod      string   `json:"token_endpoint_auth_method"`
	ClientName      string   `json:"client_name,omitzero"`
	Scope           string   `json:"scope"`
	DPoP            bool     `json:"dpop_bound_access_tokens,omitzero"`            // RFC 9449, 5.2
	PostLogoutURIs  []string `json:"post_logout_redirect_uris,omitzero"`           // OpenID Connect RP-Initiated Logout 1.0, 3.1
	LogoutURI       string   `json:"backchannel_logout_uri,omitzero"`              // OpenID Connect Back-Channel Logout 1.0, 2.2
	SessionRequired bool     `json:"backchannel_logout_session_required,omitzero"` // likewise
	ClientID        string   `json:"client_id"`
	ClientSecret    string   `json:"client_secret,omitzero"`
	IssuedAt        int64    `json:"client_id_issued_at"`                // unix seconds
	SecretExpiresAt *int64   `json:"client_secret_expires_at,omitempty"` // 0: never; there with a secret
}

// Bounds of what a client can say: those of the API.
const (
	maxRedirectURIs = 100
	maxRedirectURI  = 1024
	maxScopes       = 50
	maxScope        = 256
)

func badMetadata(description string) error {
	return &grantError{code: "invalid_client_metadata", description: description}
}

// register is /oauth2/register: dynamic client registration, as the pool's
// DcrConfiguration has it. A client vouches for another with a token of its own
// that has the scope aws.cognito/dcr/register; without one the pool must be open.
func (s *Server) register(w http.ResponseWriter, r *http.Request) {
	pool := SiteOf(r.Context()).Pool
	enabled, open := pool.Registers()
	if !enabled {
		writeJSON(w, http.StatusNotFound, map[string]string{"error": "invalid_request", "error_description": "Dynamic client registration is not enabled"})
		return
	}
	vouched, err := s.vouched(r, pool)
	if err == nil && !vouched && (!open || r.Header.Get("Authorization") != "") {
		refuseBearer(w, http.StatusUnauthorized, "invalid_token", "The initial access token is missing, not valid, or lacks the scope "+userpool.ScopeRegister+".")
		return
	}
	var answer *registration
	if err == nil {
		answer, err = s.registerClient(r, pool, !vouched)
	}
	if err != nil {
		s.refuseJSON(w, r, http.StatusBadRequest, err)
		return
	}
	writeJSON(w, http.StatusCreated, answer)
}

// vouched says whether the request has an initial access token, that of a bearer
// (RFC 7591, 3).
func (s *Server) vouched(r *http.Request, pool *userpool.Pool) (bool, error) {
	text := bearerOf(r)
	if text == "" {
		return false, nil
	}
	t, err := s.Tokens.Inspect(r.Context(), pool, text)
	return err == nil && t != nil && t.Username == "" && t.Thumbprint == "" && slices.Contains(t.Scopes, userpool.ScopeRegister), err
}

func (s *Server) registerClient(r *http.Request, pool *userpool.Pool, open bool) (*registration, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, errInvalidRequest
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, errInvalidRequest
	}
	var asked registration
	if err := json.Unmarshal(body, &asked); err != nil {
		return nil, badMetadata("The body is not the JSON of client metadata")
	}
	wanted, err := asked.wanted(open)
	if err != nil {
		return nil, err
	}
	client, err := s.Pools.Register(r.Context(), pool, *wanted)
	f := fault.CodeOf(err)
	switch {
	case f == fault.InvalidParameter || f == fault.InvalidOAuthFlow:
		return nil, badMetadata(strings.TrimPrefix(err.Error(), string(f)+": "))
	case err != nil:
		return nil, err
	}
	answer := &registration{
		RedirectURIs: client.CallbackURLs, GrantTypes: asked.GrantTypes, ResponseTypes: asked.ResponseTypes, AuthMethod: asked.AuthMethod,
		ClientName: client.Name, Scope: strings.Join(client.AllowedOAuthScopes, " "), DPoP: asked.DPoP, ClientID: client.ID, ClientSecret: client.Secret(),
		IssuedAt: client.CreatedAt.Unix(), PostLogoutURIs: client.LogoutURLs,
		LogoutURI: client.Extensions().BackChannelLogoutURI, SessionRequired: client.Extensions().BackChannelLogoutSessionRequired,
	}
	if client.HasSecret() {
		answer.SecretExpiresAt = new(int64)
	}
	return answer, nil
}

// wanted checks what a client asks for and fills in what it leaves out.
func (m *registration) wanted(open bool) (*userpool.Registration, error) {
	if len(m.GrantTypes) == 0 {
		m.GrantTypes = []string{"authorization_code"}
	}
	if m.AuthMethod == "" {
		m.AuthMethod = "client_secret_basic"
	}
	if !slices.Contains([]string{"none", "client_secret_basic", "client_secret_post"}, m.AuthMethod) {
		return nil, badMetadata("token_endpoint_auth_method is not supported")
	}
	w := &userpool.Registration{Name: m.ClientName, Secret: m.AuthMethod != "none", RedirectURIs: m.RedirectURIs, Open: open, Scopes: strings.Fields(m.Scope), DPoP: m.DPoP,
		LogoutURLs: m.PostLogoutURIs, BackChannelLogoutURI: m.LogoutURI, SessionRequired: m.SessionRequired}
	var kept []string
	for _, grant := range m.GrantTypes {
		switch grant {
		case "authorization_code":
			w.Flows = append(w.Flows, "code")
		case "client_credentials":
			w.Flows = append(w.Flows, "client_credentials")
		case "refresh_token": // comes with codes
		case "implicit":
			continue // accepted and ignored, as in Cognito
		default:
			return nil, badMetadata("A grant type is not supported")
		}
		kept = append(kept, grant)
	}
	m.GrantTypes, m.ResponseTypes = kept, []string{}
	if slices.Contains(w.Flows, "code") {
		m.ResponseTypes = []string{"code"}
	}
	tooLong := func(most int) func(string) bool {
		return func(text string) bool { return len(text) > most || !isText(text) }
	}
	switch {
	case len(w.Flows) == 0 || len(w.Flows) != len(slices.Compact(slices.Sorted(slices.Values(w.Flows)))):
		return nil, badMetadata("grant_types has no grant type, or one twice")
	case len(w.RedirectURIs) > maxRedirectURIs || slices.ContainsFunc(w.RedirectURIs, tooLong(maxRedirectURI)):
		return nil, &grantError{code: "invalid_redirect_uri"}
	case len(w.LogoutURLs) > maxRedirectURIs || slices.ContainsFunc(w.LogoutURLs, tooLong(maxRedirectURI)):
		return nil, badMetadata("post_logout_redirect_uris is too long")
	case len(w.Scopes) > maxScopes || slices.ContainsFunc(w.Scopes, tooLong(maxScope)):
		return nil, badMetadata("scope is too long")
	}
	if err := userpool.CheckRedirects(w.RedirectURIs); err != nil {
		return nil, &grantError{code: "invalid_redirect_uri"}
	}
	return w, nil
}
