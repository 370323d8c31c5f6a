package app

import (
	_ "embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

//go:embed confirm.html
var confirmHTML string

var confirmPage = template.Must(template.New("confirm").Parse(confirmHTML))

const (
	confirmPath     = "/confirmUser"
	maxConfirmField = 2048 // bytes; the API's own limits are below
)

// confirmation is what a link says, and what came of it.
type confirmation struct {
	ClientID, Username, Code string
	Confirmed                bool
	Error                    string
}

// confirmations serves the links that confirm sign-ups, on the domains of pools and
// below /_domain/<domain>, and leaves other requests to next.
type confirmations struct {
	pools  *userpool.Pools
	users  *userpool.Users
	button bool
	log    *slog.Logger
	next   http.Handler
}

func (c *confirmations) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	domain, isPath := strings.CutPrefix(r.URL.Path, "/_domain/")
	domain, ok := strings.CutSuffix(domain, confirmPath)
	switch {
	case isPath && ok && !strings.Contains(domain, "/"):
	case r.URL.Path == confirmPath:
		domain = r.Host
	default:
		c.next.ServeHTTP(w, r)
		return
	}
	c.serve(w, r, domain)
}

func (c *confirmations) serve(w http.ResponseWriter, r *http.Request, domain string) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	var values interface{ Get(string) string }
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		values = r.URL.Query()
	case http.MethodPost:
		r.Body = http.MaxBytesReader(w, r.Body, 4*maxConfirmField)
		if err := r.ParseForm(); err != nil {
			plain(w, http.StatusBadRequest, "The form cannot be read.\n")
			return
		}
		values = r.PostForm
	default:
		h.Set("Allow", "GET, HEAD, POST")
		plain(w, http.StatusMethodNotAllowed, "Use GET or POST.\n")
		return
	}
	page := confirmation{ClientID: values.Get("client_id"), Username: values.Get("user_name"), Code: values.Get("confirmation_code")}
	status := http.StatusOK
	if r.Method == http.MethodPost || r.Method == http.MethodGet && !c.button && !ahead(r) {
		switch err := c.confirm(r, domain, page); {
		case err == nil:
			page.Confirmed = true
		default:
			status, page.Error = c.explain(r, err)
		}
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	if err := confirmPage.Execute(w, page); err != nil {
		c.log.DebugContext(r.Context(), "confirmation page not sent", "err", err)
	}
}

// ahead says whether a browser asks before its user does.
func ahead(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") || r.Header.Get("Purpose") == "prefetch"
}

var errLink = fault.New(fault.InvalidParameter, "The link is not complete. Open it as it stands in the message.")

func (c *confirmations) confirm(r *http.Request, domain string, p confirmation) error {
	for _, v := range []string{p.ClientID, p.Username, p.Code} {
		if v == "" || len(v) > maxConfirmField {
			return errLink
		}
	}
	pool, _, err := c.pools.ByDomain(r.Context(), domain)
	if err != nil {
		return err
	}
	ofClient, client, err := c.pools.Client(r.Context(), p.ClientID)
	if err != nil {
		return err
	}
	if ofClient.ID != pool.ID {
		return errLink
	}
	_, err = c.users.ConfirmSignUp(r.Context(), pool, client, p.Username, p.Code, false)
	return err
}

// explain is the status and the text for an error.
func (c *confirmations) explain(r *http.Request, err error) (int, string) {
	refused, ok := errors.AsType[*fault.Error](err)
	switch {
	case !ok:
		c.log.ErrorContext(r.Context(), "confirm a sign-up by a link", "err", err)
		return http.StatusInternalServerError, "Something went wrong. Try again later."
	case refused.Code == fault.ResourceNotFound:
		return http.StatusNotFound, errLink.Message
	}
	return http.StatusBadRequest, refused.Message
}
