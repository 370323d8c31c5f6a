package oauth

import (
	"net/http"
	"strings"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// A Limit is one of those that Cognito has for the domains of pools, in requests
// per second ("Quotas in Amazon Cognito" of the developer guide).
type Limit int

const (
	PerAddress Limit = iota // by one source address at a domain
	PerDomain               // at a domain
	PerClient               // for a client
)

// assetsPath is where the files are that pages have in common. Like Cognito's,
// which are not at the domains, they count for nothing.
const assetsPath = "/assets/"

// allows counts a request to a site. What one address does too often is not counted
// against the domain, which it would close to others.
func (s *Server) allows(r *http.Request, site *Site) bool {
	name := site.Domain.Name
	return asksForAsset(r) || s.Allow(r, PerAddress, name) && s.Allow(r, PerDomain, name)
}

// asksForAsset says whether a request is for one of those files. What else is below
// their path is answered by a page.
func asksForAsset(r *http.Request) bool {
	name, ok := strings.CutPrefix(r.URL.Path, assetsPath)
	return ok && !strings.Contains(name, "/") && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

// AllowLookUp counts a request that asks the database for what need not exist,
// before it is known to be for a site or where nothing else counts it, and reports
// whether there was room. If there was none, it has answered. An address may make as
// many of all kinds together as it may make requests at a domain.
func (s *Server) AllowLookUp(w http.ResponseWriter, r *http.Request) bool {
	if s.Allow(r, PerAddress, "") {
		return true
	}
	refuseText(w)
	return false
}

// AllowClient counts a request for a client and reports whether there was room. If
// there was none, it has answered. Only what could be granted counts, so that
// requests in the name of a client do not keep it from working.
func (s *Server) AllowClient(w http.ResponseWriter, r *http.Request, client *userpool.Client) bool {
	if s.Allow(r, PerClient, client.ID) {
		return true
	}
	SiteOf(r.Context()).tooMany(w, r)
	return false
}

const (
	// retryAfter is when a request beyond a limit has a chance again, in seconds.
	retryAfter = "1"

	rateExceeded = "Rate exceeded"
)

// errTooMany refuses a request of a program beyond a limit.
var errTooMany = &grantError{code: "too_many_requests", description: rateExceeded}

// refuse begins the answer to a request beyond a limit, which endpoints and pages
// finish in their own ways.
func (site *Site) refuse(w http.ResponseWriter) {
	site.Busy = true
	w.Header().Set("Retry-After", retryAfter)
}

// tooMany answers a browser beyond a limit: by a page, if there are any.
func (site *Site) tooMany(w http.ResponseWriter, r *http.Request) {
	site.refuse(w)
	if site.pages == nil {
		refuseText(w)
		return
	}
	site.pages.ServeHTTP(w, r.WithContext(r.Context())) // a copy: what this one was for stays known
}

// refuseText answers beyond a limit where there is neither a page nor a program.
func refuseText(w http.ResponseWriter) {
	noStore(w)
	w.Header().Set("Retry-After", retryAfter)
	http.Error(w, rateExceeded, http.StatusTooManyRequests)
}
