package awsjson

import (
	"net/http"
	"strings"
)

// Browser clients call the API from any origin with credentials in the body,
// never in cookies, so that every origin is allowed.
const (
	corsExpose = "x-amzn-requestid, x-amzn-errortype, x-amzn-errormessage, Date"
	corsMaxAge = "172800" // seconds, as AWS answers

	// corsHeaders is the answer when a preflight asks for nothing: what Amplify,
	// amazon-cognito-identity-js and the AWS SDK for JavaScript send.
	corsHeaders = "amz-sdk-invocation-id, amz-sdk-request, authorization, cache-control, content-type, " +
		"x-amz-content-sha256, x-amz-date, x-amz-security-token, x-amz-target, x-amz-user-agent"

	maxCORSHeaders = 2048 // bytes of Access-Control-Request-Headers echoed
)

// allowOrigin is on every answer: a browser hides the others from the page.
func allowOrigin(h http.Header) {
	h["Access-Control-Allow-Origin"] = []string{"*"}
	h["Access-Control-Expose-Headers"] = []string{corsExpose}
}

// preflight answers OPTIONS. The headers asked for are echoed, because a
// wildcard does not cover Authorization (Fetch standard, section 3.2.4).
func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "POST, OPTIONS")
	h.Set("Access-Control-Max-Age", corsMaxAge)
	h.Set("Vary", "Access-Control-Request-Headers")
	allow := corsHeaders
	if asked := strings.Join(r.Header.Values("Access-Control-Request-Headers"), ","); headerNames(asked) {
		allow = asked
	}
	h.Set("Access-Control-Allow-Headers", allow)
	h.Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}

// headerNames reports whether s is a list of field names (RFC 9110, 5.1) and
// not too long to be echoed.
func headerNames(s string) bool {
	if s == "" || len(s) > maxCORSHeaders {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~, ", c) >= 0:
		default:
			return false
		}
	}
	return true
}
