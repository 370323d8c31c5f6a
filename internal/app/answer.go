package app

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// errRateExceeded refuses what comes beyond a rate limit.
var errRateExceeded = fault.New(fault.TooManyRequests, "Rate exceeded")

// answerJSON answers what only administrators and verifiers ask for, called what in
// the log: with body, or with the refusal that err is.
func (a *App) answerJSON(w http.ResponseWriter, r *http.Request, what string, body any, err error) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		status, refusal := explainRefusal(err)
		level := slog.LevelInfo
		if status >= http.StatusInternalServerError {
			level = slog.LevelError
		}
		a.log.Log(r.Context(), level, what, "err", err)
		if status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "1")
		}
		body = map[string]string{"__type": string(refusal.Code), "message": refusal.Message}
		w.WriteHeader(status)
	}
	if err := json.NewEncoder(w).Encode(body); err != nil {
		a.log.DebugContext(r.Context(), what+" not sent", "err", err)
	}
}

// explainRefusal is how the caller sees err. The statuses are those of AWS's REST
// APIs: verifiers log nothing but the status.
func explainRefusal(err error) (status int, f *fault.Error) {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return http.StatusInternalServerError, fault.New(fault.InternalError, "Internal server error")
	}
	switch f.Code {
	case fault.AccessDenied, fault.MissingAuthenticationToken, fault.IncompleteSignature, fault.InvalidSignature, fault.UnrecognizedClient, fault.ExpiredToken:
		return http.StatusForbidden, f
	case fault.ResourceNotFound:
		return http.StatusNotFound, f
	case fault.TooManyRequests:
		return http.StatusTooManyRequests, f
	}
	return f.HTTPStatus(), f
}
