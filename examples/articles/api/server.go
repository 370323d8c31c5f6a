package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/middleware"
)

// options are what the server is made of.
type options struct {
	verifier  *verify.Verifier
	store     *store
	webOrigin string // the one origin whose pages may read the API
	https     bool
	now       func() time.Time
}

// newHandler puts the API, the admin area and the health check together.
//
// The token is wanted everywhere but on the paths that are named: a route added
// later is guarded unless somebody says otherwise.
func newHandler(o options) (http.Handler, error) {
	auth, err := middleware.New(o.verifier, middleware.Options{
		SkipPaths: []string{"/healthz", "/admin/"},
		Users: &middleware.Users[*user]{
			Key:  middleware.ByEmail,
			Find: o.store.findUser,
			Create: func(ctx context.Context, email string, _ *middleware.Caller) (*user, error) {
				return o.store.createUser(ctx, email, o.now())
			},
			Inactive: func(u *user) bool {
				return !u.Active
			},
		},
		OnResult: func(r *http.Request, result middleware.Result) {
			if result.Err != nil {
				slog.InfoContext(r.Context(), "refused", "path", r.URL.Path, "status", result.Status, "err", result.Err)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	articles := &articleAPI{store: o.store, now: o.now}
	mux.HandleFunc("GET /api/articles", articles.list)
	mux.HandleFunc("POST /api/articles", articles.create)
	mux.Handle("/admin/", newAdmin(o))
	return cors(o.webOrigin, auth.Handler(mux)), nil
}

// cors lets pages of origin call the API. It stands before the check of tokens:
// browsers send none with a preflight, and a page may read a 401 only if that
// names its origin, too.
func cors(origin string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/") {
			next.ServeHTTP(w, r)
			return
		}
		header := w.Header()
		header.Add("Vary", "Origin")
		if r.Header.Get("Origin") == origin {
			header.Set("Access-Control-Allow-Origin", origin)
			header.Set("Access-Control-Expose-Headers", "WWW-Authenticate")
			if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
				header.Set("Access-Control-Allow-Methods", "GET, POST")
				header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
				header.Set("Access-Control-Max-Age", "600")
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// writeJSON answers with v.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // v is always one of our structs
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(append(body, '\n')) // a client that is gone needs no answer
}

// writeError answers in the form that the middleware has for refused tokens.
func writeError(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": description})
}

// internalError answers 500, and tells the log alone why.
func internalError(w http.ResponseWriter, r *http.Request, err error) {
	slog.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "err", err)
	writeError(w, http.StatusInternalServerError, "internal", "Something went wrong here. Try again later.")
}
