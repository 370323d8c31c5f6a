package oauth

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// maxBody is the longest form that is read, in bytes: the longest refresh token
// fits.
const maxBody = 64 << 10

// open makes an endpoint for programs: any origin may call it, since what it takes
// is in the request and never in a cookie, and nothing of it may be cached.
func open(methods []string, serve http.HandlerFunc) http.HandlerFunc {
	allow := strings.Join(append(slices.Clone(methods), http.MethodOptions), ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", "x-amz-cognito-request-id, WWW-Authenticate, DPoP-Nonce, Retry-After")
		h.Set("X-Content-Type-Options", "nosniff")
		noStore(w)
		switch {
		case SiteOf(r.Context()).Busy:
			writeTooMany(w)
		case slices.Contains(methods, r.Method):
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			serve(w, r)
		case r.Method == http.MethodOptions:
			h.Set("Access-Control-Allow-Methods", allow)
			h.Set("Access-Control-Allow-Headers", "authorization, content-type, x-amz-user-agent, amz-sdk-invocation-id, amz-sdk-request, cache-control, dpop")
			h.Set("Access-Control-Max-Age", "7200")
			w.WriteHeader(http.StatusNoContent)
		default:
			h.Set("Allow", allow)
			s := http.StatusMethodNotAllowed
			writeJSON(w, s, map[string]string{"error": "invalid_request", "error_description": http.StatusText(s)})
		}
	}
}

// page makes an endpoint for browsers.
func page(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Use GET.", http.StatusMethodNotAllowed)
			return
		}
		if site := SiteOf(r.Context()); site.Busy {
			site.tooMany(w, r)
			return
		}
		serve(w, r)
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(body) // the client went away
}

// refuseJSON answers an error in the form of RFC 6749, 5.2.
func (s *Server) refuseJSON(w http.ResponseWriter, r *http.Request, status int, err error) {
	refused := grantErrorOf(err)
	if refused == nil {
		s.logError(r, err)
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	if refused == errTooMany {
		writeTooMany(w)
		return
	}
	body := map[string]string{"error": refused.code}
	if refused.description != "" {
		body["error_description"] = refused.description
	}
	writeJSON(w, status, body)
}

// refuseClient is refuseJSON for the endpoints at which a client that has not proven
// itself gets a status of its own (RFC 6749, 5.2), other than at Cognito's token
// endpoint.
func (s *Server) refuseClient(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadRequest
	if errors.Is(err, errInvalidClient) {
		status = http.StatusUnauthorized
		if r.Header.Get("Authorization") != "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="oauth2"`)
		}
	}
	s.refuseJSON(w, r, status, err)
}

// writeTooMany answers a program beyond a limit.
func writeTooMany(w http.ResponseWriter) {
	w.Header().Set("Retry-After", retryAfter)
	writeJSON(w, http.StatusTooManyRequests, map[string]string{"error": errTooMany.code, "error_description": errTooMany.description})
}

var errInvalidRequest = &grantError{code: "invalid_request"}

// readForm reads the form in a request's body; what stands in its address does not
// count, for addresses are logged. A parameter may be there once (RFC 6749, 3.2),
// but for those in several.
func readForm(r *http.Request, several ...string) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, errInvalidRequest
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, errInvalidRequest
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errInvalidRequest
	}
	for name, values := range form {
		if len(values) > 1 && !slices.Contains(several, name) || !isText(name) {
			return nil, errInvalidRequest
		}
	}
	return form, nil
}

var errInvalidClient = &grantError{code: "invalid_client"}

// nobody stands in for clients that do not exist, so that they take as long.
var nobody = new(userpool.Client)

// clientOf finds the client that sends a form and has it prove itself: by
// client_secret_basic, client_secret_post, or not at all for a client without a
// secret (RFC 6749, 2.3.1).
func (s *Server) clientOf(r *http.Request, form url.Values) (*userpool.Pool, *userpool.Client, error) {
	pool := SiteOf(r.Context()).Pool
	id, secrets, err := credentialsOf(r, form)
	if err != nil {
		return nil, nil, err
	}
	_, client, err := s.Pools.PoolClient(r.Context(), pool.ID, id)
	if fault.CodeOf(err) == fault.ResourceNotFound {
		client = nobody
	} else if err != nil {
		return nil, nil, err
	}
	proven := false
	for _, secret := range secrets {
		proven = client.VerifySecret(secret) || proven
	}
	if client == nobody || client.HasSecret() != proven || !client.HasSecret() && len(secrets) > 0 {
		return nil, nil, errInvalidClient
	}
	if !s.Allow(r, PerClient, client.ID) {
		return nil, nil, errTooMany
	}
	return pool, client, nil
}

// credentialsOf are the client id and the secret that a request has, in the ways
// in which clients write the latter.
func credentialsOf(r *http.Request, form url.Values) (id string, secrets []string, err error) {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	basicID, basic, ok := r.BasicAuth()
	switch {
	case r.Header.Get("Authorization") != "" && !ok && strings.HasPrefix(strings.ToLower(r.Header.Get("Authorization")), "basic"):
		return "", nil, errInvalidClient
	case ok && secret != "":
		return "", nil, errInvalidRequest // one way at a time
	case ok && id != "" && id != basicID:
		return "", nil, errInvalidClient
	case ok:
		// The specification wants both encoded as in a form. Many clients do not, and
		// a secret may have a plus sign.
		secrets = []string{basic}
		if decoded, err := url.QueryUnescape(basic); err == nil && decoded != basic {
			secrets = append(secrets, decoded)
		}
		return basicID, secrets, nil
	case id == "":
		return "", nil, errInvalidRequest
	case secret != "":
		secrets = []string{secret}
	}
	return id, secrets, nil
}
