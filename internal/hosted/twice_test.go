package hosted

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// cookies are what the browser would send to the site.
func (b *browser) cookies() []*http.Cookie {
	b.t.Helper()
	at, err := url.Parse(b.base + "/")
	b.must(err)
	all := b.http.Jar.Cookies(at)
	for _, c := range all {
		c.Path = at.Path
	}
	return all
}

// with makes the browser forget everything but some cookies.
func (b *browser) with(cookies []*http.Cookie) {
	b.t.Helper()
	jar, err := cookiejar.New(nil)
	b.must(err)
	at, err := url.Parse(b.base + "/")
	b.must(err)
	jar.SetCookies(at, cookies)
	b.http.Jar = jar
}

// submitTwice sends a form twice, as a double click does: the browser has not seen
// the answer to the first when it sends the second.
func (b *browser) submitTwice(pairs ...string) (first shown) {
	b.t.Helper()
	before := b.cookies()
	one, two := b.request(pairs...), b.request(pairs...)
	b.do(one)
	first = b.page
	b.with(before)
	b.do(two)
	return first
}

func codesByEmail() userpool.PoolSettings {
	s := verifiesEmail()
	s.EmailConfiguration = &userpool.EmailConfiguration{EmailSendingAccount: "DEVELOPER",
		SourceArn: "arn:aws:ses:us-east-1:123456789012:identity/a@example.com"}
	s.Policies = userpool.PolicySettings{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: []string{"PASSWORD", "EMAIL_OTP"}}}
	return s
}

// A code that is sent twice leads where it led the first time, though it is spent.
func TestCodeSentTwice(t *testing.T) {
	for _, c := range []struct {
		name  string
		at    setting
		begin func(b *browser) (form []string)
	}{
		{"of an app", setting{mfa: appOnly("OPTIONAL")}, func(b *browser) []string {
			secret := b.giveApp(b.user("ada", nil))
			b.signIn("ada")
			return []string{"answer", b.codeOf(secret)}
		}},
		{"as a first factor", setting{pool: codesByEmail()}, func(b *browser) []string {
			b.user("ada", map[string]string{"email": "ada@example.com"})
			b.authorize()
			b.submit("username", "ada")
			b.submit("answer", "EMAIL_OTP")
			return []string{"answer", b.sent().Code}
		}},
		{"of a sign-up with a password", setting{pool: verifiesEmail()}, func(b *browser) []string {
			b.authorize()
			b.follow("Create an account")
			b.submit("username", "ada", "userAttributes.email", "ada@example.com", "password", password)
			return []string{"answer", b.sent().Code}
		}},
		{"of a sign-up without", setting{pool: codesByEmail()}, func(b *browser) []string {
			b.authorize()
			b.follow("Create an account")
			b.submit("username", "ada", "userAttributes.email", "ada@example.com")
			return []string{"answer", b.sent().Code}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newSite(t, c.at).browser()
			first := b.submitTwice(c.begin(b)...)
			b.wantCode()
			if b.page.location == first.location {
				t.Error("the same authorization code was given twice")
			}
			b.page = first
			b.wantCode()
			b.authorize()
			b.wantCode() // signed in
		})
	}
}

// Where the first form led to another page, the second does.
func TestChoiceSentTwice(t *testing.T) {
	b := newSite(t, setting{pool: codesByEmail()}).browser()
	b.user("ada", map[string]string{"email": "ada@example.com"})
	b.authorize()
	b.submit("username", "ada")
	b.submitTwice("answer", "EMAIL_OTP")
	b.wantAt("/challenge", "Enter the code that was sent to")
	b.submit("answer", b.sent().Code)
	b.wantCode()
}

// Both of two forms that come at once lead on.
func TestCodeSentAtOnce(t *testing.T) {
	b := newSite(t, setting{mfa: appOnly("OPTIONAL")}).browser()
	secret := b.giveApp(b.user("ada", nil))
	b.signIn("ada")
	before, page := b.cookies(), b.page
	answers := make([]*browser, 2)
	var all sync.WaitGroup
	for i := range answers {
		one := b.site.browser()
		one.page = page
		one.with(before)
		r := one.request("answer", b.codeOf(secret))
		answers[i] = one
		all.Go(func() {
			response, err := one.http.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			response.Body.Close()
			one.page = shown{status: response.StatusCode, at: response.Request.URL, location: response.Header.Get("Location")}
		})
	}
	all.Wait()
	for _, one := range answers {
		one.wantCode()
	}
}

// What a spent form led to is for the browser that has its step still, for the very
// form, and for a moment.
func TestSpentCode(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(b *browser, u *store.User, r *http.Request) *http.Request
	}{
		{"another answer", func(b *browser, _ *store.User, _ *http.Request) *http.Request { return b.request("answer", "000000") }},
		{"later", func(b *browser, _ *store.User, r *http.Request) *http.Request { b.advance(endLife); return r }},
		{"signed out everywhere", func(b *browser, u *store.User, r *http.Request) *http.Request {
			b.advance(time.Second)
			b.must(b.Tokens.SignOutEverywhere(b.t.Context(), b.pool, u.Sub))
			return r
		}},
		{"disabled", func(b *browser, u *store.User, r *http.Request) *http.Request {
			b.change(u.Sub, func(u *store.User) { u.Enabled = false })
			return r
		}},
		{"deleted", func(b *browser, u *store.User, r *http.Request) *http.Request {
			b.must(b.Users.Delete(b.t.Context(), b.pool, u.Sub))
			return r
		}},
		{"the step is gone", func(b *browser, _ *store.User, r *http.Request) *http.Request {
			var kept []*http.Cookie
			for _, c := range b.cookies() {
				if c.Name != progressCookie {
					kept = append(kept, c)
				}
			}
			b.with(kept)
			return r
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newSite(t, setting{mfa: appOnly("OPTIONAL")}).browser()
			u := b.user("ada", nil)
			secret := b.giveApp(u)
			b.signIn("ada")
			before, page := b.cookies(), b.page
			again := b.request("answer", b.codeOf(secret))
			b.submit("answer", b.codeOf(secret))
			b.wantCode()
			b.with(before)
			b.page = page
			b.do(c.change(b, u, again))
			if b.page.location != "" {
				t.Errorf("led to %s", b.page.location)
			}
			b.authorize()
			b.wantAt("/login", "Sign in") // not signed in
		})
	}
}

// An answer is for the step whose page it was typed into.
func TestStepOfAnotherTab(t *testing.T) {
	b := newSite(t, setting{pool: codesByEmail()}).browser()
	b.user("ada", map[string]string{"email": "ada@example.com"})
	b.authorize()
	b.submit("username", "ada")
	tab := b.page
	b.authorize()
	b.submit("username", "ada")
	b.submit("answer", "EMAIL_OTP")
	b.wantAt("/challenge", "Enter the code that was sent to")
	now := b.sent()
	b.page = tab
	b.submit("answer", "PASSWORD")
	b.wantAt("/challenge", "Enter the code that was sent to")
	if sent := b.sent(); sent.ID != now.ID {
		t.Errorf("another message went out: %+v", message.Message{ID: sent.ID})
	}
	b.submit("answer", now.Code)
	b.wantCode()
}
