package hosted

import (
	"cmp"
	"context"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/oauth"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	callback = "https://app.example.com/callback"
	password = "Passw0rd!23"
)

// site is a server with a pool at the domain demo and a client, and a clock that
// stands still.
type site struct {
	*Pages
	t      testing.TB
	server *httptest.Server
	base   string // of the pool's domain
	pool   *userpool.Pool
	client *userpool.Client
	log    strings.Builder // what is logged; of servers whose requests come one by one
	now    atomic.Int64    // unix milliseconds
}

type setting struct {
	pool   userpool.PoolSettings
	client userpool.ClientSettings
	button bool // links confirm behind a button
	mfa    *userpool.MFAConfig

	functions trigger.Functions
}

func newSite(t testing.TB, s setting) *site {
	t.Helper()
	w := &site{t: t}
	w.now.Store(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixMilli())
	ctx := t.Context()
	db := storetest.OpenAt(t, storetest.SQLiteURL(t), func() time.Time { return time.UnixMilli(w.now.Load()) })
	ring, err := keys.Open(ctx, db, keys.GenerateMasterKey(), nil)
	w.must(err)
	t.Cleanup(ring.Close)
	pools := userpool.NewPools(db, ring, userpool.PoolsOptions{
		Triggers: trigger.New(trigger.Options{Runner: s.functions})})
	users := userpool.NewUsers(db, ring, message.NewOutbox(ring, true), userpool.NoLimits())
	tokens := token.NewIssuer(db, ring, pools, func(id string) string { return "https://id.example.com/" + id })
	machine := signin.New(db, ring, users, tokens)
	log := slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	endpoints := oauth.New(oauth.Parts{DB: db, Ring: ring, Pools: pools, Tokens: tokens, PublicURL: "http://localhost", Log: log})
	users.SetDomainURL(func(d *userpool.Domain) string { return w.base })
	w.Pages, err = New(Parts{DB: db, Ring: ring, Pools: pools, Users: users, Tokens: tokens, SignIn: machine, OAuth: endpoints,
		ConfirmButton: s.button, Log: log})
	w.must(err)
	w.server = httptest.NewServer(endpoints.Route(w.Pages, http.NotFoundHandler()))
	t.Cleanup(w.server.Close)
	w.base = strings.Replace(w.server.URL, "127.0.0.1", "localhost", 1) + "/_domain/demo"

	pool, err := pools.Create(ctx, userpool.NewPool{Region: "us-east-1", Name: "test", Settings: s.pool})
	w.must(err)
	if s.mfa != nil {
		_, err = pools.SetMFA(ctx, pool.ID, *s.mfa)
		w.must(err)
	}
	_, err = pools.CreateDomain(ctx, pool.ID, "demo", userpool.DomainSettings{})
	w.must(err)
	c := &s.client.ClientConfig
	c.CallbackURLs, c.AllowedOAuthFlowsUserPoolClient = []string{callback}, true
	c.AllowedOAuthFlows, c.AllowedOAuthScopes = []string{"code"}, []string{"openid", "email"}
	c.PreventUserExistenceErrors = cmp.Or(c.PreventUserExistenceErrors, "ENABLED")
	client, err := pools.CreateClient(ctx, userpool.NewClient{PoolID: pool.ID, Name: "Acme Notes", Settings: s.client})
	w.must(err)
	w.pool, w.client, err = pools.PoolClient(ctx, pool.ID, client.ID)
	w.must(err)
	return w
}

func (w *site) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *site) advance(d time.Duration) { w.now.Add(d.Milliseconds()) }

// user makes a confirmed user with the password.
func (w *site) user(name string, attributes map[string]string) *store.User {
	w.t.Helper()
	signed, err := w.Users.SignUp(w.t.Context(), userpool.SignUp{
		Pool: w.pool, Client: w.client, Username: name, Password: password, Attributes: attributes})
	w.must(err)
	return w.change(signed.User.Sub, func(u *store.User) {
		u.Status = userpool.StatusConfirmed
		for _, attribute := range []string{"email", "phone_number"} {
			if u.Attributes[attribute] != "" {
				u.Attributes[attribute+"_verified"] = "true"
			}
		}
	})
}

func (w *site) change(sub string, how func(*store.User)) *store.User {
	w.t.Helper()
	u, err := w.Users.Modify(w.t.Context(), w.pool, sub, func(_ *store.Tx, u *store.User) error { how(u); return nil })
	w.must(err)
	return u
}

// sent is the newest message.
func (w *site) sent() message.Message {
	w.t.Helper()
	var list []message.Message
	w.must(w.DB.View(context.Background(), func(tx *store.Tx) (err error) {
		list, err = message.NewOutbox(w.Ring, true).List(tx, store.MessageFilter{PoolID: w.pool.ID}, 1)
		return err
	}))
	if len(list) == 0 {
		w.t.Fatal("no message")
	}
	return list[0]
}

// browser follows redirects within the site and has no JavaScript.
type browser struct {
	*site
	http *http.Client
	page shown
}

// shown is what the browser shows.
type shown struct {
	status   int
	at       *url.URL
	body     string
	header   http.Header
	location string // where it would go next, outside of the site
	method   string // of the last request
}

func (w *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	w.must(err)
	b := &browser{site: w}
	b.http = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), w.base) || len(via) > 8 {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return b
}

func (b *browser) get(path string) {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodGet, b.base+path, nil)
	b.must(err)
	b.do(r)
}

func (b *browser) do(r *http.Request) {
	b.t.Helper()
	response, err := b.http.Do(r)
	b.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	b.must(err)
	b.page = shown{response.StatusCode, response.Request.URL, string(body), response.Header, response.Header.Get("Location"), response.Request.Method}
	if response.StatusCode >= 500 {
		b.t.Fatalf("%s %s: %d\n%s", r.Method, r.URL, response.StatusCode, b.log.String())
	}
}

// authorize begins an authorization request.
func (b *browser) authorize(with ...string) {
	b.t.Helper()
	q := url.Values{"client_id": {b.client.ID}, "response_type": {"code"}, "redirect_uri": {callback}, "state": {"xyz"}, "scope": {"openid"}}
	for i := 0; i < len(with); i += 2 {
		q.Set(with[i], with[i+1])
	}
	b.get("/oauth2/authorize?" + q.Encode())
}

var (
	formPattern  = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)".*?</form>`)
	inputPattern = regexp.MustCompile(`<input[^>]*?name="([^"]*)"[^>]*>`)
	valuePattern = regexp.MustCompile(` value="([^"]*)"`)
)

// submit fills in the first form that has all the fields or buttons, given as pairs
// of name and value, and sends it.
func (b *browser) submit(pairs ...string) {
	b.t.Helper()
	b.do(b.request(pairs...))
}

// request is what submit sends.
func (b *browser) request(pairs ...string) *http.Request {
	b.t.Helper()
	for _, form := range formPattern.FindAllStringSubmatch(b.page.body, -1) {
		values := url.Values{}
		for _, input := range inputPattern.FindAllStringSubmatch(form[0], -1) {
			value := ""
			if found := valuePattern.FindStringSubmatch(input[0]); found != nil && !strings.Contains(input[0], `type="checkbox"`) {
				value = html.UnescapeString(found[1])
			}
			values.Set(html.UnescapeString(input[1]), value)
			if strings.Contains(input[0], `type="checkbox"`) {
				values.Del(html.UnescapeString(input[1]))
			}
		}
		fits := true
		for i := 0; i < len(pairs); i += 2 {
			fits = fits && strings.Contains(form[0], ` name="`+pairs[i]+`"`)
			if pairs[i] == "do" || strings.Contains(form[0], `type="submit" name="`+pairs[i]+`"`) {
				fits = fits && strings.Contains(form[0], `name="`+pairs[i]+`" value="`+html.EscapeString(pairs[i+1])+`"`)
			}
			values.Set(pairs[i], pairs[i+1])
		}
		if !fits {
			continue
		}
		to, err := b.page.at.Parse(html.UnescapeString(form[1]))
		b.must(err)
		r, err := http.NewRequest(http.MethodPost, to.String(), strings.NewReader(values.Encode()))
		b.must(err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	b.t.Fatalf("no form with %q at %s:\n%s", pairs, b.page.at, b.page.body)
	return nil
}

// follow goes where the link with the text leads.
func (b *browser) follow(text string) {
	b.t.Helper()
	found := regexp.MustCompile(`<a [^>]*href="([^"]*)"[^>]*>` + regexp.QuoteMeta(text)).FindStringSubmatch(b.page.body)
	if found == nil {
		b.t.Fatalf("no link %q at %s:\n%s", text, b.page.at, b.page.body)
	}
	to, err := b.page.at.Parse(html.UnescapeString(found[1]))
	b.must(err)
	r, err := http.NewRequest(http.MethodGet, to.String(), nil)
	b.must(err)
	b.do(r)
}

// wantAt checks the path of the page and a text on it.
func (b *browser) wantAt(path, text string) {
	b.t.Helper()
	if got := strings.TrimPrefix(b.page.at.Path, "/_domain/demo"); got != path || b.page.location != "" {
		b.t.Fatalf("at %s (to %q), want %s\n%s", got, b.page.location, path, b.page.body)
	}
	if !strings.Contains(html.UnescapeString(b.page.body), text) {
		b.t.Fatalf("%s does not say %q:\n%s", path, text, b.page.body)
	}
}

// wantCode checks that the browser is sent to the client with a code.
func (b *browser) wantCode() {
	b.t.Helper()
	to, err := url.Parse(b.page.location)
	if err != nil || !strings.HasPrefix(b.page.location, callback) || to.Query().Get("code") == "" || to.Query().Get("state") != "xyz" {
		b.t.Fatalf("got %d to %q at %s, want a code\n%s", b.page.status, b.page.location, b.page.at, b.page.body)
	}
}

// wantRefused checks that a form is shown again with a sentence, as an error that
// is announced, and that nothing has to be sent again to see it.
func (b *browser) wantRefused(path, sentence string) {
	b.t.Helper()
	b.wantAt(path, sentence)
	if b.page.status != http.StatusOK || b.page.method != http.MethodGet || !strings.Contains(b.page.body, `role="alert" id="failure"`) {
		b.t.Fatalf("%s: status %d\n%s", path, b.page.status, b.page.body)
	}
}

// wantError checks that the address itself was refused.
func (b *browser) wantError(path, sentence string) {
	b.t.Helper()
	b.wantAt(path, sentence)
	if b.page.status != http.StatusBadRequest {
		b.t.Fatalf("%s: status %d\n%s", path, b.page.status, b.page.body)
	}
}

// signIn signs in with the password in pools that ask for both at once.
func (b *browser) signIn(name string) {
	b.t.Helper()
	b.authorize()
	b.submit("username", name, "password", password)
}
