package hosted

import (
	"context"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/oauth"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// visit is one request for a page.
type visit struct {
	pages   *Pages
	w       http.ResponseWriter
	r       *http.Request
	site    *oauth.Site
	pool    *userpool.Pool
	client  *userpool.Client // nil where a page belongs to none
	pending *oauth.Pending   // nil likewise
	texts   *texts
}

// maxForm bounds a form, in bytes: a passkey's answer is the longest.
const maxForm = 64 << 10

func (p *Pages) visit(w http.ResponseWriter, r *http.Request) *visit {
	site := oauth.SiteOf(r.Context())
	v := &visit{pages: p, w: w, r: r, site: site, pool: site.Pool, texts: p.locales.match(r)}
	if chosen := r.URL.Query().Get("lang"); chosen != "" && p.locales.find(chosen) != nil {
		http.SetCookie(w, p.OAuth.Cookie(r, languageCookie, chosen, 365*24*60*60))
	}
	return v
}

// ctx is the request's context, which says for triggers who calls.
func (v *visit) ctx() context.Context {
	caller := trigger.Caller{}
	if v.client != nil {
		caller.ClientID = v.client.ID
	}
	return trigger.WithCaller(v.r.Context(), caller)
}

// field is a value of the form, "" for one that is no text or longer than max
// characters.
func (v *visit) field(name string, most int) string {
	value := v.r.PostFormValue(name)
	if len(value) > 4*most || utf8.RuneCountInString(value) > most || !utf8.ValidString(value) {
		return ""
	}
	return value
}

// Bounds of fields, in characters, as the API model has them.
const (
	maxName  = 128
	maxWord  = 256 // a password
	maxValue = 2048
	maxCode  = 32
)

// path is the address of a page of the same authorization request.
func (v *visit) path(page string) string {
	if v.pending == nil {
		return v.site.Base + page
	}
	return v.pending.Path(page)
}

// pathWith is path with parameters set.
func (v *visit) pathWith(page string, set map[string]string) string {
	q := url.Values{}
	if v.pending != nil {
		q = v.pending.Query()
	}
	for name, value := range set {
		q.Set(name, value)
	}
	return v.site.Base + page + "?" + q.Encode()
}

// see sends the browser to another page of the site.
func (v *visit) see(address string) error {
	v.w.Header().Set("Cache-Control", "no-store")
	v.w.Header().Set("Location", address)
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}
