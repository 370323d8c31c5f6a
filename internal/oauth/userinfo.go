package oauth

import (
	"errors"
	"maps"
	"net/http"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/verify/dpop"
)

// The descriptions are Cognito's, which has no bound tokens.
const (
	badUserInfo   = "Bad OAuth2 request at UserInfo Endpoint"
	deadUserInfo  = "Access token is expired, disabled, or deleted, or the user has globally signed out."
	boundUserInfo = "Access token and DPoP proof are not of one key."
)

// userInfo is /oauth2/userInfo (OpenID Connect Core 1.0, 5.3), for tokens of bearers
// and for those that come with a proof (RFC 9449, 7.1).
func (s *Server) userInfo(w http.ResponseWriter, r *http.Request) {
	text, proven := provenOf(r)
	refuse := refuseDPoP
	if !proven {
		text, refuse = bearerOf(r), refuseBearer
	}
	if text == "" {
		refuse(w, http.StatusBadRequest, "invalid_request", badUserInfo)
		return
	}
	access, err := s.authenticate(w, r, text, proven)
	refused, _ := errors.AsType[*grantError](err)
	switch code := fault.CodeOf(err); {
	case refused == errTooMany:
		writeTooMany(w)
		return
	case refused != nil: // the proof
		refuse(w, http.StatusUnauthorized, refused.code, refused.description)
		return
	case errors.Is(err, token.ErrBound):
		refuse(w, http.StatusUnauthorized, "invalid_token", boundUserInfo)
		return
	case code == fault.Forbidden:
		refuse(w, http.StatusForbidden, "insufficient_scope", "The access token lacks the scope openid.")
		return
	case code == fault.NotAuthorized || code == fault.UserNotFound:
		refuse(w, http.StatusUnauthorized, "invalid_token", deadUserInfo)
		return
	case err != nil:
		s.logError(r, err)
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
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

// provenOf is the access token that a request brings with a proof (RFC 9449, 7.1),
// and whether it brings one so.
func provenOf(r *http.Request) (text string, ok bool) {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(text), strings.EqualFold(scheme, "DPoP")
}

// authenticate checks the access token of a request to the site, and the proof that
// must come with it if it is to be proven. Errors are those of AuthenticateOpenID
// and of proofs, and errTooMany.
func (s *Server) authenticate(w http.ResponseWriter, r *http.Request, text string, proven bool) (*token.Access, error) {
	var proof *dpop.Proof
	thumbprint := ""
	if proven {
		var err error
		if proof, err = parseProof(r); err != nil {
			return nil, err
		}
		thumbprint = proof.Thumbprint()
	}
	access, err := s.Tokens.AuthenticateOpenID(r.Context(), text, thumbprint)
	switch {
	case err != nil:
		return nil, err
	case access.Pool.ID != SiteOf(r.Context()).Pool.ID:
		return nil, fault.New(fault.NotAuthorized, "Access Token of another user pool")
	case !s.Allow(r, PerClient, access.Client.ID):
		return nil, errTooMany
	case proven:
		return access, s.spendProof(w, r, access.Client, proof, text)
	}
	return access, nil
}

// refuseBearer answers in the form of RFC 6750, 3, and as JSON.
func refuseBearer(w http.ResponseWriter, status int, code, description string) {
	refuseWith(w, "Bearer", "", status, code, description)
}

// refuseDPoP answers in the form of RFC 9449, 7.1, and as JSON.
func refuseDPoP(w http.ResponseWriter, status int, code, description string) {
	refuseWith(w, "DPoP", `, algs="`+strings.Join(dpop.Algorithms(), " ")+`"`, status, code, description)
}

func refuseWith(w http.ResponseWriter, scheme, more string, status int, code, description string) {
	w.Header().Set("WWW-Authenticate", scheme+` error="`+code+`", error_description="`+description+`"`+more)
	writeJSON(w, status, map[string]string{"error": code, "error_description": description})
}
