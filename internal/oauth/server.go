package oauth

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Parts are what a Server is made of.
type Parts struct {
	DB        *store.DB
	Ring      *keys.Ring
	Pools     *userpool.Pools
	Tokens    *token.Issuer
	PublicURL string // base of the issuer, without a slash at the end

	// PrefixHosts and CustomHosts say that the host names of domains of these kinds
	// can be resolved. Otherwise addresses that are given out are below /_domain/.
	PrefixHosts, CustomHosts bool

	// Origin tells where a request comes from. Nil: nothing is known.
	Origin func(*http.Request) token.Origin

	// Allow counts a request against a limit, for what key names (a domain or a
	// client that exists, or "" for names that may be of nothing), and reports
	// whether there was room. Nil: there are no limits.
	Allow func(r *http.Request, limit Limit, key string) bool

	// Observe is told of each request to a site. Nil: nobody is.
	Observe func(*http.Request, Observation)

	Log *slog.Logger
}

// Server serves the endpoints. It is safe for concurrent use.
type Server struct {
	Parts
	publicHost string // of PublicURL, without a port
	secure     bool   // PublicURL is https
}

// New returns a Server.
func New(p Parts) *Server {
	s := &Server{Parts: p}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Origin == nil {
		s.Origin = func(*http.Request) token.Origin { return token.Origin{} }
	}
	if s.Allow == nil {
		s.Allow = func(*http.Request, Limit, string) bool { return true }
	}
	if u, err := url.Parse(p.PublicURL); err == nil {
		s.publicHost, s.secure = strings.ToLower(u.Hostname()), u.Scheme == "https"
	}
	return s
}

// Site is the domain of a pool that a request came to.
type Site struct {
	Pool   *userpool.Pool
	Domain *userpool.Domain

	// Base stands before the paths of the site as browsers see them: "", or
	// /_domain/<domain>.
	Base string

	RequestID string // of the request, for the log
	Busy      bool   // the request is beyond a limit, which its answer says, and nothing else

	pages http.Handler
}

type siteKey struct{}

// SiteOf is the site of a request that Route passed on.
func SiteOf(ctx context.Context) *Site {
	site, _ := ctx.Value(siteKey{}).(*Site)
	return site
}

const domainPath = "/_domain/"

// Route serves requests to the domains of pools: the endpoints itself, and all
// other paths, such as /login and /error, by pages (nil: there are none). It leaves
// all other requests to next.
func (s *Server) Route(pages, next http.Handler) http.Handler {
	mux := s.routes(pages)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, base, path := s.domainOf(r)
		if name == "" {
			next.ServeHTTP(w, r)
			return
		}
		if !s.Pools.KnowsDomain(name) && !s.AllowLookUp(w, r) {
			return
		}
		pool, domain, err := s.Pools.ByDomain(r.Context(), name)
		switch {
		case fault.CodeOf(err) == fault.ResourceNotFound && base == "":
			next.ServeHTTP(w, r)
			return
		case fault.CodeOf(err) == fault.ResourceNotFound:
			http.Error(w, "No user pool has this domain.", http.StatusNotFound)
			return
		case err != nil:
			s.Log.ErrorContext(r.Context(), "domain", "name", name, "err", err)
			http.Error(w, "Internal server error", http.StatusInternalServerError)
			return
		}
		site := &Site{Pool: pool, Domain: domain, Base: base, RequestID: uuid.NewString(), pages: pages}
		inside := r.Clone(context.WithValue(r.Context(), siteKey{}, site))
		inside.URL.Path, inside.URL.RawPath = cleanPath(path), ""
		if !s.allows(inside, site) {
			site.refuse(w)
		}
		s.observed(w, inside, site, mux)
	})
}

// cleanPath is a path without empty and dotted parts. http.ServeMux would redirect
// to it, and not know what stands before.
func cleanPath(p string) string {
	clean := path.Clean(p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}

// domainOf is the name of the domain that a request may be for, "" for none, what
// stands before the site's paths, and the path within. Most requests are for the
// API: they are told apart without looking for a domain.
func (s *Server) domainOf(r *http.Request) (name, base, path string) {
	path = r.URL.Path
	if rest, ok := strings.CutPrefix(path, domainPath); ok {
		name, path, _ = strings.Cut(rest, "/")
		if name == "" || strings.Contains(name, ":") { // a host may have a port; what stands here is written into pages
			return "", "", ""
		}
		return name, domainPath + name, "/" + path
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	switch {
	case path == "/" || strings.HasPrefix(path, "/_poolhouse/") || strings.Contains(path, "/.well-known/"):
		return "", "", ""
	case !strings.Contains(host, ".") || net.ParseIP(host) != nil:
		return "", "", "" // no domain looks like this
	}
	return host, "", path
}

// routes are the paths of a site.
func (s *Server) routes(pages http.Handler) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/oauth2/authorize", page(s.authorize))
	mux.HandleFunc("/oauth2/token", open([]string{"POST"}, s.token))
	mux.HandleFunc("/oauth2/userInfo", open([]string{"GET", "POST"}, s.userInfo))
	mux.HandleFunc("/oauth2/revoke", open([]string{"POST"}, s.revoke))
	mux.HandleFunc("/oauth2/introspect", open([]string{"POST"}, s.introspect))
	mux.HandleFunc("/oauth2/device_authorization", open([]string{"POST"}, s.deviceAuthorization))
	mux.HandleFunc("/oauth2/par", open([]string{"POST"}, s.pushed))
	mux.HandleFunc("/oauth2/register", open([]string{"POST"}, s.register))
	mux.HandleFunc("/logout", page(s.logout))
	mux.HandleFunc("/oauth2/logout", page(s.logout))
	mux.HandleFunc("POST /logout", s.logoutForm)
	mux.HandleFunc("POST /oauth2/logout", s.logoutForm)
	if pages != nil {
		mux.Handle("/", pages)
	} else {
		mux.HandleFunc("/error", s.plainError)
	}
	return mux
}

// plainError stands for the error page where there are no pages.
func (s *Server) plainError(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "An error was encountered with the requested page.", http.StatusBadRequest)
}

// toErrorPage sends the browser to the site's error page: for a request that
// names no client or redirect URI that can be believed.
func (s *Server) toErrorPage(w http.ResponseWriter, r *http.Request, code, clientID string) {
	query := "error=" + url.QueryEscape(code)
	if clientID != "" {
		query += "&client_id=" + url.QueryEscape(clientID)
	}
	redirect(w, r, SiteOf(r.Context()).Base+"/error?"+query)
}

// internalError answers a failure that is nobody's fault outside.
func (s *Server) internalError(w http.ResponseWriter, r *http.Request, err error) {
	s.logError(r, err)
	noStore(w)
	http.Error(w, "Internal server error", http.StatusInternalServerError)
}

// logError logs a failure that is nobody's fault outside, whose answer tells
// nothing of it.
func (s *Server) logError(r *http.Request, err error) {
	s.Log.ErrorContext(r.Context(), "oauth", "request_id", SiteOf(r.Context()).RequestID, "path", r.URL.Path, "err", err)
}

// redirect sends a browser on. The address is written as it is: http.Redirect
// would clean paths of schemes of apps.
func redirect(w http.ResponseWriter, _ *http.Request, to string) {
	noStore(w)
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusFound)
}

// noStore keeps an answer out of caches, and its address out of the next site's
// log.
func noStore(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
	h.Set("Pragma", "no-cache")
	h.Set("Referrer-Policy", "no-referrer")
}

// seconds is a duration as OAuth writes it.
func seconds(d time.Duration) int64 { return int64(d / time.Second) }
