package oauth

import (
	"maps"
	"net/http"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// The descriptions are Cognito's.
const (
	badUserInfo  = "Bad OAuth2 request at UserInfo Endpoint"
	deadUserInfo = "Access token is expired, disabled, or deleted, or the user has globally signed out."
)

// userInfo is /oauth2/userInfo (OpenID Connect Core 1.0, 5.3).
func (s *Server) userInfo(w http.ResponseWriter, r *http.Request) {
	text := bearerOf(r)
	if text == "" {
		refuseBearer(w, http.StatusBadRequest, "invalid_request", badUserInfo)
		return
	}
	access, err := s.Tokens.AuthenticateOpenID(r.Context(), text)
	switch code := fault.CodeOf(err); {
	case code == fault.Forbidden:
		refuseBearer(w, http.StatusForbidden, "insufficient_scope", "The access token lacks the scope openid.")
		return
	case code == fault.NotAuthorized || code == fault.UserNotFound:
		refuseBearer(w, http.StatusUnauthorized, "invalid_token", deadUserInfo)
		return
	case err != nil:
		s.logError(r, err)
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	case access.Pool.ID != SiteOf(r.Context()).Pool.ID:
		refuseBearer(w, http.StatusUnauthorized, "invalid_token", deadUserInfo)
		return
	}
	if !s.Allow(r, PerClient, access.Client.ID) {
		writeTooMany(w)
		return
	}
	claims := maps.Clone(access.Readable())
	for _, name := range []string{"email_verified", "phone_number_verified"} {
		if verified, ok := claims[name].(bool); ok {
			claims[name] = map[bool]string{true: "true", false: "false"}[verified] // texts here, as in Cognito
		}
	}
	if _, ok := claims["identities"]; ok {
		claims["identities"] = access.User.Attributes["identities"]
	}
	claims["sub"] = access.User.Sub
	claims["username"] = access.User.Username
	writeJSON(w, http.StatusOK, claims)
}

// bearerOf is the access token that a request brings (RFC 6750, 2.1 and 2.2).
func bearerOf(r *http.Request) string {
	if scheme, text, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(text)
	}
	if r.Method == http.MethodPost && r.Header.Get("Authorization") == "" {
		if form, err := readForm(r); err == nil {
			return form.Get("access_token")
		}
	}
	return ""
}

// refuseBearer answers in the form of RFC 6750, 3, and as JSON.
func refuseBearer(w http.ResponseWriter, status int, code, description string) {
	w.Header().Set("WWW-Authenticate", `Bearer error="`+code+`", error_description="`+description+`"`)
	writeJSON(w, status, map[string]string{"error": code, "error_description": description})
}
