package hosted

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// secured puts the headers on every answer that keep a page to itself: nothing
// from elsewhere, no inline script or style, in nobody's frame.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy("'self'"))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
		next.ServeHTTP(w, r)
	})
}

// policy is the Content-Security-Policy of a page whose forms lead to targets.
func policy(targets ...string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"form-action " + strings.Join(targets, " ") + "; frame-ancestors 'none'; base-uri 'none'"
}

// formTargets are where a page's forms may lead: browsers hold the redirects that
// answer a form to the policy as well, and the last one leads to the client.
func (v *visit) formTargets() []string {
	targets := []string{"'self'"}
	redirect := ""
	switch {
	case v.pending != nil:
		redirect = v.pending.RedirectURI
	case v.owned != nil:
		redirect = v.owned.RedirectURI
	}
	u, err := url.Parse(redirect)
	if err != nil || redirect == "" {
		return targets
	}
	target := u.Scheme + ":"
	if u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
		target += "//" + u.Host
	}
	if strings.ContainsAny(target, " ;,'\"") || slices.Contains([]string{"data:", "javascript:", "blob:"}, target) {
		return targets
	}
	return append(targets, target)
}

// A form is believed when it has the token of the browser's cookie, which is bound
// to the pool. The browser's own word on where the form comes from is asked first.
const (
	guardCookie = "XSRF-TOKEN"
	guardField  = "_csrf"
	guardBytes  = 16
)

// guardToken is the token for the forms of a page, for which the browser gets a
// cookie unless it has one.
func (v *visit) guardToken() string { return v.guardOf(v.guardSecret()) }

// guardSecret is what the browser's cookie has, or gets.
func (v *visit) guardSecret() string {
	if secrets := v.guardSecrets(); len(secrets) > 0 {
		return secrets[0]
	}
	raw := make([]byte, guardBytes)
	rand.Read(raw) // never fails, see crypto/rand
	secret := base64.RawURLEncoding.EncodeToString(raw)
	http.SetCookie(v.w, v.pages.OAuth.Cookie(v.r, guardCookie, secret, 0))
	return secret
}

// guardSecrets are those of the browser's cookies: a domain above may have set one
// of the name.
func (v *visit) guardSecrets() (secrets []string) {
	for _, c := range v.r.CookiesNamed(guardCookie) {
		if validGuard(c.Value) {
			secrets = append(secrets, c.Value)
		}
	}
	return secrets
}

func validGuard(secret string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(secret)
	return err == nil && len(raw) == guardBytes
}

func (v *visit) guardOf(secret string) string {
	return base64.RawURLEncoding.EncodeToString(v.pages.Ring.MAC("page-form", v.pool.ID, secret))
}

// guarded lets only forms of our own pages through, and reads them.
func (p *Pages) guarded(next page) page {
	crossOrigin := http.NewCrossOriginProtection()
	return func(v *visit) error {
		v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
		if err := v.r.ParseForm(); err != nil {
			return v.fail(http.StatusBadRequest, "error.form")
		}
		if crossOrigin.Check(v.r) != nil || !v.believes() {
			return v.fail(http.StatusForbidden, "error.form")
		}
		return next(v)
	}
}

func (v *visit) believes() bool {
	given := v.r.PostForm.Get(guardField)
	return slices.ContainsFunc(v.guardSecrets(), func(secret string) bool { return hmac.Equal([]byte(v.guardOf(secret)), []byte(given)) })
}
