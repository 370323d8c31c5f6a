package hosted

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/message"
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
	owned   *owned           // of pages for users who are signed in
	texts   *texts
	refusal *refusal // what the page is to say of a form, nil for nothing
	step    string   // of a form that must not be taken twice, see twice.go
}

// maxForm bounds a form, in bytes: a passkey's answer is the longest.
const maxForm = 64 << 10

func (p *Pages) visit(w http.ResponseWriter, r *http.Request) *visit {
	site := oauth.SiteOf(r.Context())
	v := &visit{pages: p, w: w, r: r, site: site, pool: site.Pool, texts: p.locales.match(r)}
	v.refusal = v.readRefusal()
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
	return message.WithLanguages(trigger.WithCaller(v.r.Context(), caller), v.texts.Tag)
}

// field is a value of the form, or what was typed into the one that was refused; ""
// for one that is no text or longer than most characters.
func (v *visit) field(name string, most int) string {
	value := v.r.PostFormValue(name)
	if v.refusal != nil {
		value = v.refusal.Typed[name]
	}
	if len(value) > 4*most || utf8.RuneCountInString(value) > most || !utf8.ValidString(value) {
		return ""
	}
	return value
}

// checkFields refuses a form with fields that field does not take, by their names
// and what they may have.
func (v *visit) checkFields(most map[string]int) error {
	for name, most := range most {
		if strings.TrimSpace(v.r.PostFormValue(name)) != "" && v.field(name, most) == "" {
			return fault.New(fault.InvalidParameter, "A field is too long or has characters that are none.")
		}
	}
	return nil
}

// Bounds of fields, in characters, as the API model has them.
const (
	maxName  = 128
	maxWord  = 256 // a password
	maxValue = 2048
	maxCode  = 32
)

// Those of a page's address that say something to it alone: partParameters which part
// of it is shown, for a form that was refused too, and ownParameters are all.
var (
	partParameters = []string{"verify", "app", "from"}
	ownParameters  = slices.Concat(partParameters, []string{"done", "other", refusalParameter})
)

// carried are the parameters that go from page to page: those of the
// authorization request, or of what the page is for.
func (v *visit) carried() url.Values {
	q := url.Values{}
	switch {
	case v.pending != nil:
		q = v.pending.Query()
	case v.owned != nil:
		q = v.owned.query()
	}
	for _, name := range ownParameters {
		q.Del(name)
	}
	return q
}

// path is the address of a page of the same authorization request.
func (v *visit) path(page string) string { return v.pathWith(page, nil) }

// pathWith is path with parameters set.
func (v *visit) pathWith(page string, set map[string]string) string {
	q := v.carried()
	for name, value := range set {
		q.Set(name, value)
	}
	if len(q) == 0 {
		return v.site.Base + page
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
