package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// logout is /logout: it ends the browser's session and goes on to a logout URL of
// the client's (logout_uri), or to the sign-in page (redirect_uri and
// response_type). Beyond Cognito it knows the parameters of OpenID Connect
// RP-Initiated Logout 1.0, post_logout_redirect_uri and id_token_hint, with which
// Cognito shows an error page. A session of another user than the hint's is left
// alone: it is not the one that the application asks to end.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(r.URL.RawQuery) > maxQuery {
		s.toErrorPage(w, r, "invalid_request", "")
		return
	}
	client, sub, code, err := s.logoutClient(r, query)
	if err != nil {
		s.internalError(w, r, err)
		return
	}
	to := ""
	if code == "" {
		to, code = s.afterLogout(r, client, query)
	}
	if code != "" {
		s.toErrorPage(w, r, code, query.Get("client_id"))
		return
	}
	if !s.AllowClient(w, r, client) {
		return
	}
	if err := s.endSessions(w, r, sub); err != nil {
		s.internalError(w, r, err)
		return
	}
	redirect(w, r, to)
}

// logoutForm is logout with the parameters in a form, which OpenID Connect wants, too.
// A browser does not send its cookie with a form of another site's: it is to come
// again with GET.
func (s *Server) logoutForm(w http.ResponseWriter, r *http.Request) {
	if site := SiteOf(r.Context()); site.Busy {
		site.tooMany(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxQuery)
	form, err := readForm(r)
	if err != nil {
		s.toErrorPage(w, r, "invalid_request", "")
		return
	}
	noStore(w)
	w.Header().Set("Location", SiteOf(r.Context()).Base+"/logout?"+form.Encode())
	w.WriteHeader(http.StatusSeeOther)
}

// logoutClient is the client that a user signs out from. An ID token names it too,
// even an expired one, and its user (sub, otherwise "").
func (s *Server) logoutClient(r *http.Request, query url.Values) (client *userpool.Client, sub, code string, err error) {
	pool := SiteOf(r.Context()).Pool
	id, once := single(query, "client_id")
	if !once {
		return nil, "", "invalid_request", nil
	}
	hint, once := single(query, "id_token_hint")
	if !once {
		return nil, "", "invalid_request", nil
	}
	if hint != "" {
		hinted, err := s.Tokens.VerifyID(r.Context(), pool.ID, hint)
		switch {
		case errors.Is(err, token.ErrNoIDToken), errors.Is(err, token.ErrIDIssuer), errors.Is(err, token.ErrIDSignature),
			err == nil && id != "" && id != hinted.ClientID:
			return nil, "", "invalid_request", nil
		case err != nil:
			return nil, "", "", err
		}
		id, sub = hinted.ClientID, hinted.Sub
	}
	if id == "" {
		return nil, "", missingParameter("client_id"), nil
	}
	_, client, err = s.Pools.PoolClient(r.Context(), pool.ID, id)
	if fault.CodeOf(err) == fault.ResourceNotFound {
		return nil, "", "invalid_client", nil
	}
	return client, sub, "", err
}

// afterLogout is where the browser goes then, or the error to show.
func (s *Server) afterLogout(r *http.Request, client *userpool.Client, query url.Values) (to, code string) {
	logout, once := single(query, "logout_uri")
	standard, onceToo := single(query, "post_logout_redirect_uri")
	switch {
	case !once || !onceToo:
		return "", "invalid_request"
	case logout != "":
		if !slices.Contains(client.LogoutURLs, logout) {
			return "", "invalid_request"
		}
		return logout, ""
	case standard != "":
		if !slices.Contains(client.LogoutURLs, standard) {
			return "", "invalid_request"
		}
		if state, once := single(query, "state"); once && state != "" && len(state) <= maxState {
			separator := "?"
			if strings.Contains(standard, "?") {
				separator = "&"
			}
			standard += separator + "state=" + url.QueryEscape(state)
		}
		return standard, ""
	case query.Get("redirect_uri") == "" && query.Get("id_token_hint") != "": // OpenID Connect asks for no more
		return SiteOf(r.Context()).Base + "/signedOut?client_id=" + client.ID, ""
	case query.Get("redirect_uri") == "":
		return "", missingParameter("redirect_uri")
	}
	// The sign-in page checks the request.
	if query.Get("scope") == "" {
		query.Set("scope", strings.Join(client.AllowedOAuthScopes, " "))
	}
	query.Set("client_id", client.ID)
	return SiteOf(r.Context()).Base + "/login?" + query.Encode(), ""
}
