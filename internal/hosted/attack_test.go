package hosted

import (
	"encoding/base64"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// forms are the addresses that take forms.
func (b *browser) forms() []string {
	requested := url.Values{"client_id": {b.client.ID}, "response_type": {"code"}, "redirect_uri": {callback}, "scope": {"openid"}}.Encode()
	own := url.Values{"client_id": {b.client.ID}}.Encode()
	return []string{
		"/login?" + requested, "/challenge?" + requested, "/signup?" + requested, "/confirm?" + requested,
		"/forgotPassword?" + requested, "/resetPassword?" + requested, "/passkeys/add?" + requested,
		"/account?" + own, "/passkeys/add?" + own, "/confirmUser", "/device?user_code=BBBB-BBBB",
	}
}

func (b *browser) post(path string, form url.Values, header ...string) {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPost, b.base+path, strings.NewReader(form.Encode()))
	b.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	b.do(r)
}

// Each form of the templates has the token.
func TestEveryFormHasToken(t *testing.T) {
	files, err := fs.Glob(pageFiles, "page/*.html")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	form := regexp.MustCompile(`(?s)<form method="post".*?</form>`)
	for _, file := range files {
		text, err := pageFiles.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := form.FindAllString(string(text), -1)
		if len(found) != strings.Count(string(text), `method="post"`) {
			t.Errorf("%s has forms that are not understood", file)
		}
		for _, f := range found {
			if !strings.Contains(f, `{{template "hidden"`) {
				t.Errorf("%s: %s", file, f)
			}
		}
	}
}

// Forms from elsewhere do nothing, whatever they bring.
func TestForgedForms(t *testing.T) {
	w := newSite(t, setting{})
	w.user("ada", nil)
	other := w.browser()
	other.authorize()
	token := regexp.MustCompile(`name="_csrf" value="([^"]+)"`).FindStringSubmatch(other.page.body)[1]
	for _, c := range []struct {
		name   string
		token  string
		header []string
	}{
		{"no token", "", nil},
		{"made up", base64.RawURLEncoding.EncodeToString(make([]byte, 32)), nil},
		{"of another browser", token, nil},
		{"sent by another site", "own", []string{"Sec-Fetch-Site", "cross-site"}},
		{"sent by a site beside", "own", []string{"Sec-Fetch-Site", "same-site"}},
		{"of another origin", "own", []string{"Origin", "https://evil.example"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := w.browser()
			b.t = t
			b.signIn("ada")
			b.wantCode()
			b.get("/login?" + strings.SplitN(b.forms()[0], "?", 2)[1] + "&other=1")
			given := c.token
			if given == "own" {
				given = regexp.MustCompile(`name="_csrf" value="([^"]+)"`).FindStringSubmatch(b.page.body)[1]
			}
			for _, path := range b.forms() {
				b.post(path, url.Values{
					"_csrf": {given}, "username": {"ada"}, "password": {password}, "do": {"sign-out-everywhere"},
					"user_name": {"ada"}, "confirmation_code": {"1"}, "client_id": {b.client.ID},
				}, c.header...)
				if b.page.status != http.StatusForbidden || b.page.location != "" {
					t.Errorf("%s: %d, to %q", path, b.page.status, b.page.location)
				}
			}
			b.authorize()
			b.wantCode() // still signed in
		})
	}
}

// What belongs to one pool means nothing in another.
func TestCookiesOfAnotherPool(t *testing.T) {
	a, z := newSite(t, setting{}), newSite(t, setting{})
	a.user("ada", nil)
	z.user("ada", nil)
	b := a.browser()
	b.signIn("ada")
	b.wantCode()
	from, err := url.Parse(a.base + "/")
	a.must(err)
	to, err := url.Parse(z.base + "/")
	a.must(err)
	thief := z.browser()
	thief.http.Jar.SetCookies(to, b.http.Jar.Cookies(from))
	if len(thief.http.Jar.Cookies(to)) < 2 {
		t.Fatal("there are no cookies")
	}
	thief.authorize()
	thief.wantAt("/login", "Sign in")
	thief.get("/challenge?" + thief.page.at.RawQuery)
	thief.wantAt("/login", "Sign in")
}

// A browser that keeps no cookies is told to try again, and nothing happens.
func TestNoCookies(t *testing.T) {
	w := newSite(t, setting{})
	w.user("ada", nil)
	b := w.browser()
	b.authorize()
	r := b.request("username", "ada", "password", password)
	b.http.Jar = nil
	b.do(r)
	if b.page.status != http.StatusForbidden {
		t.Errorf("status %d", b.page.status)
	}
	b.wantAt("/login", "Please try again.")
	if strings.Contains(b.page.body, password) {
		t.Error("the password is on the page")
	}
}

// A form that is sent twice leads where it led the first time.
func TestDoubleSubmit(t *testing.T) {
	w := newSite(t, setting{})
	w.user("ada", nil)
	b := w.browser()
	b.authorize()
	first, second := b.request("username", "ada", "password", password), b.request("username", "ada", "password", password)
	b.do(first)
	b.wantCode()
	code := b.page.location
	b.do(second)
	b.wantCode()
	if b.page.location == code {
		t.Error("the same code was given twice")
	}
}

var inlined = regexp.MustCompile(`(?i)<script(?:>| [^>]*[^r]>[^<])| on[a-z]+\s*=\s*["']|<style|style\s*=\s*"|javascript:`)

// Every page of the site keeps itself out of frames and caches, has no inline
// script, and its forms lead to the site or the client.
func TestHeadersOfPages(t *testing.T) {
	b := newSite(t, setting{}).browser()
	b.user("ada", nil)
	b.signIn("ada")
	for _, path := range append(b.forms(), "/error?error=x", "/nowhere", "/signedOut") {
		b.get(path)
		h := b.page.header
		csp := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: the policy lacks %s: %s", path, part, csp)
			}
		}
		for name, want := range map[string]string{"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if !strings.Contains(h.Get("Cache-Control"), "no-store") {
			t.Errorf("%s: Cache-Control is %q", path, h.Get("Cache-Control"))
		}
		if found := inlined.FindString(b.page.body); found != "" {
			t.Errorf("%s has %q", path, found)
		}
	}
	for _, c := range b.page.header["Set-Cookie"] {
		if !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") || !strings.Contains(c, "Path=/_domain/demo/") {
			t.Errorf("cookie %s", c)
		}
	}
}

const markup = `"><script>alert(1)</script><img src=x onerror='alert(2)'>{{.}}`

// Text from outside is text on the page, wherever it comes from.
func TestNoMarkupFromOutside(t *testing.T) {
	s := setting{pool: verifiesEmail()}
	w := newSite(t, s)
	w.user("eve", map[string]string{"email": "eve@example.com", "name": markup, "nickname": `'"><script>`})
	check := func(b *browser, what string) {
		t.Helper()
		if inlined.MatchString(b.page.body) || strings.Contains(b.page.body, "<img src=x") {
			t.Errorf("%s: %s", what, b.page.body)
		}
		if b.page.status >= 500 {
			t.Errorf("%s: %d", what, b.page.status)
		}
	}
	for _, path := range w.browser().forms() {
		b := w.browser()
		b.get(path + "&login_hint=" + url.QueryEscape(markup) + "&username=" + url.QueryEscape(markup) + "&done=" + url.QueryEscape(markup))
		check(b, path)
	}
	b := w.browser()
	b.get("/error?error=" + url.QueryEscape(markup) + "&client_id=" + url.QueryEscape(markup))
	check(b, "error page")
	if !strings.Contains(html.UnescapeString(b.page.body), markup) {
		t.Error("the error page does not tell what was wrong")
	}
	if strings.Contains(b.page.body, `role="status"`) {
		t.Error("the error page tells of a success")
	}
	b.get("/" + url.PathEscape(markup))
	check(b, "no page")
	for _, lang := range []string{markup, "de\r\nX: y", strings.Repeat("a", 10_000)} {
		b.get("/error?lang=" + url.QueryEscape(lang))
		check(b, "language")
	}
	b.authorize("login_hint", markup, "state", markup)
	check(b, "login hint")
	b.submit("username", markup, "password", markup)
	check(b, "username")
	b.follow("Create an account")
	b.submit("username", markup, "userAttributes.email", markup, "password", password)
	check(b, "sign-up")
	b = w.browser()
	b.signIn("eve")
	b.wantCode()
	b.get("/account?client_id=" + b.client.ID)
	b.wantAt("/account", "Your account")
	check(b, "account")
}

// A page redirects within the site or to the client's callback URLs and nowhere
// else.
func TestNoOpenRedirect(t *testing.T) {
	w := newSite(t, setting{})
	w.user("ada", nil)
	for _, elsewhere := range []string{
		"https://evil.example/", "//evil.example/", `/\evil.example`, "javascript:alert(1)", callback + ".evil.example",
		callback + "/../x", callback + "#@evil.example", "https://app.example.com@evil.example/callback", strings.ToUpper(callback),
	} {
		b := w.browser()
		for _, path := range []string{
			"/oauth2/authorize?response_type=code&", "/login?response_type=code&", "/signup?response_type=code&", "/account?", "/passkeys/add?",
			"/logout?response_type=code&",
		} {
			b.get(path + url.Values{"client_id": {b.client.ID}, "redirect_uri": {elsewhere}, "logout_uri": {elsewhere}, "return_to": {elsewhere}}.Encode())
			if b.page.location != "" || b.page.status < 400 || strings.Contains(b.page.body, `href="`+html.EscapeString(elsewhere)) {
				t.Errorf("%s%s: %d to %q", path, elsewhere, b.page.status, b.page.location)
			}
		}
	}
	b := w.browser()
	b.get("/login?" + url.Values{"client_id": {b.client.ID}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"xyz"},
		"return_to": {"https://evil.example/"}}.Encode())
	b.submit("username", "ada", "password", password)
	b.wantCode()
}

// Fields and forms beyond their bounds are refused with a sentence, and never
// reach a password check's cost.
func TestOversizedFields(t *testing.T) {
	b := newSite(t, setting{}).browser()
	b.user("ada", nil)
	long := strings.Repeat("x", 60_000)
	for _, c := range []struct{ name, username, password string }{
		{"name", long, password},
		{"password", "ada", long},
		{"not text", "ada\x00\xff", "\xff\xfe"},
		{"empty", "", ""},
	} {
		b.authorize()
		b.submit("username", c.username, "password", c.password)
		b.wantRefused("/login", "Incorrect username or password.")
	}
	b.authorize()
	b.submit("username", "ada", "password", strings.Repeat("x", maxForm+1))
	if b.page.status != http.StatusBadRequest {
		t.Errorf("form: %d", b.page.status)
	}
	for _, cookie := range []string{guardCookie, progressCookie, deviceCookie, languageCookie} {
		b := b.browser()
		r, err := http.NewRequest(http.MethodGet, b.base+b.forms()[1], nil)
		b.must(err)
		r.Header.Set("Cookie", cookie+"="+strings.Repeat("A", 20_000))
		b.do(r)
		b.wantAt("/login", "Sign in")
	}
}

// Sign-ins that wait at a second page are kept by the browsers: ten thousand of
// them leave nothing in the database.
func TestPendingSignInsAreNotKept(t *testing.T) {
	count := 10_000
	if testing.Short() {
		count = 200
	}
	s := setting{pool: verifiesEmail()}
	s.pool.EmailConfiguration = &userpool.EmailConfiguration{EmailSendingAccount: "DEVELOPER",
		SourceArn: "arn:aws:ses:us-east-1:123456789012:identity/a@example.com"}
	s.pool.Policies = userpool.PolicySettings{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: []string{"PASSWORD", "EMAIL_OTP"}}}
	w := newSite(t, s)
	b := w.browser()
	b.authorize()
	again := b.request("username", "nobody")
	b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for i := range count {
		r := again.Clone(t.Context())
		r.Body, _ = again.GetBody()
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("10.0.%d.%d", i/250, i%250))
		b.do(r)
		if b.page.status != http.StatusSeeOther {
			t.Fatalf("%d\n%s", b.page.status, b.page.body)
		}
	}
	w.advance(365 * 24 * time.Hour)
	w.must(w.DB.Update(t.Context(), func(tx *store.Tx) error {
		kept, err := tx.DeleteExpired(2 * count)
		if kept > 0 {
			t.Errorf("%d rows were kept", kept)
		}
		return err
	}))
}
