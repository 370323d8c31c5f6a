package hosted

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// everywhere is a browser whose user is signed in and in the midst of a sign-in, with
// the token of its forms: so far as anybody gets.
func everywhere(t testing.TB) (*browser, string) {
	t.Helper()
	b := newSite(t, setting{pool: codesByEmail()}).browser()
	b.user("ada", map[string]string{"email": "ada@example.com"})
	b.authorize()
	b.submit("username", "ada")
	b.submit("answer", "PASSWORD")
	b.submit("answer", password)
	b.wantCode()
	b.get(b.forms()[0] + "&other=1")
	b.submit("username", "ada")
	b.wantAt("/challenge", "How do you want to sign in?")
	token := b.request("answer", "PASSWORD").PostFormValue("_csrf")
	return b, token
}

// send sends a body to a page that takes forms and fails for what no page may do.
func (b *browser) send(path, kind string, body []byte) {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPost, b.base+path, bytes.NewReader(body))
	b.must(err)
	r.Header.Set("Content-Type", kind)
	b.do(r) // fails from 500 on
	if b.page.status < 400 && b.page.location == "" && b.page.method != http.MethodGet {
		b.t.Errorf("%s: %d to a form of %.80q\n%s", path, b.page.status, body, b.page.body)
	}
	if inlined.MatchString(b.page.body) {
		b.t.Errorf("%s: %s", path, b.page.body)
	}
}

const formType = "application/x-www-form-urlencoded"

// fieldNames are those of all pages.
var fieldNames = []string{"username", "password", "answer", "step", "factor", "resend", "continue", "skip", "do", "attribute", "current", "id",
	"name", "remember", "userAttributes.email", "userAttributes.name", "user_name", "confirmation_code", "client_id", "user_code"}

// No page breaks by what a form has: nothing, too much, what is no text, twice.
func TestFormsOfAnything(t *testing.T) {
	values := map[string][]string{
		"empty": {""}, "space": {" \t\r\n "}, "zero": {"\x00"}, "no text": {"\xff\xfe"}, "long": {strings.Repeat("x", 3000)}, "wide": {strings.Repeat("💥", 300)},
		"twice": {"ada", "eve"}, "newline": {"a\r\nSet-Cookie: x=y"}, "JSON": {`{"a":[]}`}, "markup": {markup}, "not at all": nil,
	}
	b, token := everywhere(t)
	step := b.request("answer", "PASSWORD").PostFormValue("step")
	before := b.cookies()
	requested := strings.SplitN(b.forms()[0], "?", 2)[1]
	for _, path := range append(b.forms(), "/device/confirm?"+requested, "/device/confirm", "/login", "/account") {
		for name, value := range values {
			for _, do := range []string{"", "profile", "verify", "password", "app-code", "remove-passkey", "end-session", "send-code"} {
				if do != "" && !strings.HasPrefix(path, "/account") {
					continue
				}
				form := url.Values{"_csrf": {token}}
				for _, field := range fieldNames {
					if value != nil && !strings.HasPrefix(path, "/account") && (field == "skip" || field == "continue" || field == "resend") {
						continue // buttons, which do without the fields
					}
					if value != nil {
						form[field] = value
					}
				}
				if do != "" {
					form.Set("do", do)
				}
				form.Set("step", step)
				b.with(before)
				b.t = t
				b.send(path, formType, []byte(form.Encode()))
				if b.page.status == http.StatusForbidden && strings.Contains(b.page.body, "an old page or from elsewhere") {
					t.Errorf("%s, %s: the form was not believed", path, name)
				}
			}
		}
		for _, body := range []string{"", "_csrf=" + token + "&username=%zz", "_csrf=" + token + ";username=a", "_csrf=" + token + "&" + strings.Repeat("a&", 30_000),
			strings.Repeat("x", maxForm+1)} {
			b.with(before)
			b.send(path, formType, []byte(body))
			if b.page.status < 400 && len(body) > maxForm {
				t.Errorf("%s: %d", path, b.page.status)
			}
		}
		for _, kind := range []string{"", "text/plain", "application/json", "multipart/form-data", "multipart/form-data; boundary=x", ";", "\xff"} {
			b.with(before)
			b.send(path, kind, []byte("_csrf="+token+"&username=ada"))
			if b.page.status != http.StatusForbidden && b.page.status != http.StatusBadRequest {
				t.Errorf("%s: %d to %q", path, b.page.status, kind)
			}
		}
	}
}

// FuzzForms sends any body to any page.
func FuzzForms(f *testing.F) {
	b, token := everywhere(f)
	before, paths := b.cookies(), b.forms()
	for i := range paths {
		f.Add(uint8(i), "username=ada&password=x&answer=PASSWORD", "")
		f.Add(uint8(i), "do=profile&userAttributes.email=%ff", "failed=x&verify=email&app=1")
	}
	f.Fuzz(func(t *testing.T, page uint8, form, query string) {
		if len(form) > 2000 || len(query) > 2000 || strings.ContainsFunc(query, func(r rune) bool { return r <= ' ' || r == '#' || r > '~' }) {
			return // no address of a page
		}
		b.t = t
		b.with(before)
		path := paths[int(page)%len(paths)]
		if strings.Contains(path, "?") {
			path += "&" + query
		}
		b.send(path, formType, []byte("_csrf="+token+"&"+form))
	})
}
