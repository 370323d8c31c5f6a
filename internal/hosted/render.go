package hosted

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
)

//go:embed page/*.html
var pageFiles embed.FS

// templates are the pages by their names, each with the layout around it.
type templates map[string]*template.Template

func readTemplates() (templates, error) {
	files, err := fs.Glob(pageFiles, "page/*.html")
	if err != nil {
		return nil, err
	}
	all := make(templates)
	for _, file := range files {
		if path.Base(file) == "layout.html" {
			continue
		}
		t, err := template.ParseFS(pageFiles, "page/layout.html", file)
		if err != nil {
			return nil, fmt.Errorf("page: %w", err)
		}
		all[strings.TrimSuffix(path.Base(file), ".html")] = t
	}
	return all, nil
}

// view is what every page's template sees. A page that has more embeds it.
type view struct {
	*visit
	appearance

	AssetVersion string
	CSRF         string
	Failure      string // what was wrong with the form
	Wrong        string // the field that was, by its name
	Notice       string // what went well
	Detail       string // of a failure, for developers; on the error page
	Wide         bool
}

// pair is a parameter of the page's address.
type pair struct{ Name, Value string }

// T is a text in the visitor's language.
func (v *view) T(key string, pairs ...any) string { return v.texts.text(key, pairs...) }

// Linked is a text with a link in it.
func (v *view) Linked(key, page string) template.HTML { return v.texts.linked(key, "", v.path(page)) }

// Path is the address of a page of the same authorization request.
func (v *view) Path(page string) string { return v.path(page) }

// Language is the tag of the page's language.
func (v *view) Language() string { return v.texts.Tag }

// Languages are all there are.
func (v *view) Languages() []*texts { return v.pages.locales.all }

// Base stands before all paths of the site.
func (v *view) Base() string { return v.site.Base }

// Self is the path of the page, without a query.
func (v *view) Self() string { return v.site.Base + v.r.URL.Path }

// PageSelf is the address of the page, for forms that lead to it again.
func (v *view) PageSelf() string {
	query := v.r.URL.Query()
	query.Del(refusalParameter)
	query.Del("done")
	return v.site.Base + v.r.URL.Path + "?" + query.Encode()
}

// Query are the parameters of the page's address, but for the language.
func (v *view) Query() (pairs []pair) {
	query := v.r.URL.Query()
	for name, values := range query {
		if name != "lang" && len(values) == 1 {
			pairs = append(pairs, pair{name, values[0]})
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int { return strings.Compare(a.Name, b.Name) })
	return pairs
}

// ClientID is the client that the page is for, or "".
func (v *view) ClientID() string {
	if v.client == nil {
		return ""
	}
	return v.client.ID
}

// view begins what a page's template sees.
func (v *visit) view() (*view, error) {
	look, err := v.pages.appearance(v.r.Context(), v.site, v.pool.ID, v.client)
	if err != nil {
		return nil, err
	}
	page := &view{visit: v, appearance: look.appearance, AssetVersion: v.pages.assets.version, CSRF: v.guardToken()}
	if why := v.refusal; why != nil {
		page.Failure, page.Wrong = v.texts.text(why.Text, "detail", why.Detail), why.Field
	}
	return page, nil
}

// render answers with a page.
func (v *visit) render(status int, name string, data any) error {
	var page bytes.Buffer
	if err := v.pages.templates[name].ExecuteTemplate(&page, "layout", data); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.texts.Tag)
	h.Set("Content-Security-Policy", policy(v.formTargets()...))
	h.Set("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
	v.w.WriteHeader(status)
	if v.r.Method == http.MethodHead {
		return nil
	}
	if _, err := page.WriteTo(v.w); err != nil {
		v.pages.Log.DebugContext(v.r.Context(), "page not sent", "page", name, "err", err)
	}
	return nil
}

// Requested says whether the page belongs to an authorization request.
func (v *view) Requested() bool { return v.pending != nil }
