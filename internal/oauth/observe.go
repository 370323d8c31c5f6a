package oauth

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// An Observation is what there is to tell about a request to a site that was
// answered.
type Observation struct {
	RequestID string // a UUID, which the answer has as well
	Domain    string // its name
	Operation string // one of few names, such as oauth2/token or login; unknown
	Path      string // within the site
	Status    int
	Took      time.Duration
}

// observed serves a request to a site and tells of it.
func (s *Server) observed(w http.ResponseWriter, r *http.Request, site *Site, next http.Handler) {
	start := time.Now() // real time: how long it took, not what the clock says
	w.Header().Set("X-Amzn-Requestid", site.RequestID)
	w.Header().Set("X-Amz-Cognito-Request-Id", site.RequestID)
	answer := &statusWriter{ResponseWriter: w}
	defer func() {
		cause := recover()
		if cause != nil && cause != http.ErrAbortHandler {
			s.Log.ErrorContext(r.Context(), "panic", "request_id", site.RequestID, "path", r.URL.Path, "err", fmt.Sprint(cause), "stack", string(debug.Stack()))
			if answer.status == 0 {
				http.Error(answer, "Internal server error", http.StatusInternalServerError)
				cause = nil
			} else {
				cause = http.ErrAbortHandler // half an answer is none
			}
		}
		if s.Observe != nil {
			s.Observe(r, Observation{
				RequestID: site.RequestID, Domain: site.Domain.Name, Operation: operationOf(r.Pattern), Path: r.URL.Path,
				Status: max(answer.status, http.StatusOK), Took: time.Since(start),
			})
		}
		if cause != nil {
			panic(cause)
		}
	}()
	next.ServeHTTP(answer, r)
}

// operationOf is the operation of what the mux found, or two of them one in the
// other: its pattern without method and slash.
func operationOf(pattern string) string {
	_, path, _ := strings.Cut(pattern, "/")
	if path == "" {
		return "unknown"
	}
	return path
}

// statusWriter remembers the status of an answer, 0 until there is one.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
