package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	testPool   = "us-east-1_AbCdEf123"
	otherPool  = "us-east-1_ZyXwVu987"
	testSub    = "34c84488-e0e1-70ae-d2ee-991ad1a898c8"
	callback   = "https://app.example.com/callback"
	goodbye    = "https://app.example.com/bye"
	testSecret = "13ka4h7u28d9oo44tqpq9djqsfvhvu8rk4d2ighvpu0k8fj1c2r9"
	verifier   = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
	challenge  = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

	publicClient  = "1publicclient0000000000000"
	secretClient  = "2secretclient0000000000000"
	machineClient = "3machineclient000000000000"
	foreignClient = "4foreignclient000000000000"
)

// site is a server with two pools at the domains demo and other, and a page at
// /login that signs alice in at once if the query says now=1.
type site struct {
	*Server
	handler http.Handler
	offset  atomic.Int64 // of the clock
}

func (s *site) now() time.Time {
	return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(s.offset.Load()))
}
func (s *site) advance(d time.Duration) { s.offset.Add(int64(d)) }

// filled is a database with the pools in, which tests copy: making keys is slow.
var filled struct {
	once    sync.Once
	content []byte
	master  keys.MasterKey
}

// newSite is a server on a database of its own.
func newSite(t testing.TB) *site {
	t.Helper()
	filled.once.Do(func() {
		filled.master = keys.GenerateMasterKey()
		path := filepath.Join(t.TempDir(), "filled.db")
		newSiteAt(t, "sqlite:"+path, filled.master, true).DB.Close()
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		filled.content = content
	})
	path := filepath.Join(t.TempDir(), "oauth.db")
	if err := os.WriteFile(path, filled.content, 0o600); err != nil {
		t.Fatal(err)
	}
	return newSiteAt(t, "sqlite:"+path, filled.master, false)
}

// newSiteAt is a node on a database; fill puts the pools in.
func newSiteAt(t testing.TB, dbURL string, master keys.MasterKey, fill bool) *site {
	t.Helper()
	s := &site{}
	db, err := store.Open(t.Context(), store.Options{URL: dbURL, Now: s.now, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Open(t.Context(), db, master, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	pools := userpool.NewPools(db, ring, userpool.PoolsOptions{})
	issuer := token.NewIssuer(db, ring, pools, func(poolID string) string { return "https://id.example.com/" + poolID })
	s.Server = New(Parts{DB: db, Ring: ring, Pools: pools, Tokens: issuer, PublicURL: "https://id.example.com"})
	s.handler = s.Route(http.HandlerFunc(s.loginPage), http.NotFoundHandler())
	if fill {
		s.fill(t)
	}
	return s
}

// loginPage stands for internal/hosted.
func (s *site) loginPage(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, devicePage) {
		s.devicePages(w, r)
		return
	}
	if r.URL.Path != "/login" {
		http.Error(w, "page "+r.URL.Path, http.StatusBadRequest)
		return
	}
	p := s.Pending(w, r)
	if p == nil {
		return
	}
	if r.Header.Get("Sign-In") == "" {
		_, _ = io.WriteString(w, "sign in")
		return
	}
	var user *store.User
	err := s.DB.View(r.Context(), func(tx *store.Tx) (err error) {
		user, err = p.Pool.User(tx, testSub)
		return err
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.Complete(w, r, p, Proven{User: user, AMR: []string{"pwd"}})
}

func (s *site) fill(t testing.TB) {
	t.Helper()
	ctx := t.Context()
	for id, domain := range map[string]string{testPool: "demo", otherPool: "other"} {
		if _, err := s.Pools.Create(ctx, userpool.NewPool{ID: id, Region: "us-east-1", Name: domain}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Pools.CreateDomain(ctx, id, domain, userpool.DomainSettings{}); err != nil {
			t.Fatal(err)
		}
		s.update(t, func(tx *store.Tx) error {
			return tx.InsertUser(&store.User{
				PoolID: id, Sub: testSub, Username: "alice", Status: userpool.StatusConfirmed, Enabled: true,
				Attributes: map[string]string{"sub": testSub, "email": "alice@example.com", "email_verified": "true",
					"phone_number": "+15555550100", "phone_number_verified": "false", "name": "Alice", "custom:level": "7"},
				CreatedAt: tx.Now(), ModifiedAt: tx.Now(),
			})
		})
	}
	err := s.Pools.CreateResourceServer(ctx, userpool.ResourceServer{PoolID: testPool, Identifier: "https://api.example.com", Name: "api",
		Scopes: []userpool.Scope{{Name: "read", Description: "r"}, {Name: "write", Description: "w"}}})
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"openid", "email", "phone", "profile", "aws.cognito.signin.user.admin", "https://api.example.com/read"}
	web := userpool.ClientConfig{
		CallbackURLs: []string{callback, "https://app.example.com/other?a=1", "myapp://callback"}, LogoutURLs: []string{goodbye},
		AllowedOAuthFlows: []string{"code", "implicit"}, AllowedOAuthScopes: all, AllowedOAuthFlowsUserPoolClient: true,
	}
	s.addClient(t, testPool, publicClient, "", web)
	s.addClient(t, testPool, secretClient, testSecret, web)
	s.addClient(t, otherPool, foreignClient, "", func() userpool.ClientConfig {
		c := web
		c.AllowedOAuthScopes = all[:5]
		return c
	}())
	s.addClient(t, testPool, machineClient, testSecret, userpool.ClientConfig{
		AllowedOAuthFlows: []string{"client_credentials"}, AllowedOAuthFlowsUserPoolClient: true,
		AllowedOAuthScopes: []string{"https://api.example.com/read", "https://api.example.com/write"},
	})
}

func (s *site) addClient(t testing.TB, poolID, id, secret string, c userpool.ClientConfig) {
	t.Helper()
	if _, err := s.Pools.CreateClient(t.Context(), userpool.NewClient{ID: id, PoolID: poolID, Name: id, Secret: secret,
		Settings: userpool.ClientSettings{ClientConfig: c}}); err != nil {
		t.Fatal(err)
	}
}

func (s *site) update(t testing.TB, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.DB.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// answer is what came back.
type answer struct {
	*http.Response
	body string
}

func (s *site) do(r *http.Request) answer {
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	resp := w.Result()
	body, _ := io.ReadAll(resp.Body)
	return answer{resp, string(body)}
}

// get asks a page of the domain demo.
func (s *site) get(path string, q url.Values, cookies ...*http.Cookie) answer {
	return s.do(getRequest("demo", path, q, cookies...))
}

func getRequest(domain, path string, q url.Values, cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://id.example.com/_domain/"+domain+path+"?"+q.Encode(), nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

// post sends a form to an endpoint of the domain demo.
func (s *site) post(path string, form url.Values, basic ...string) answer {
	r := httptest.NewRequest(http.MethodPost, "https://id.example.com/_domain/demo"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if len(basic) == 2 {
		r.SetBasicAuth(basic[0], basic[1])
	}
	return s.do(r)
}

// request is a good authorization request of the public client, changed by pairs
// of a name and a value; "" takes a parameter out.
func request(change ...string) url.Values {
	q := url.Values{"client_id": {publicClient}, "response_type": {"code"}, "redirect_uri": {callback}, "scope": {"openid email"},
		"state": {"s t&=#?"}, "nonce": {"n-1"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"}}
	for i := 0; i < len(change); i += 2 {
		q.Set(change[i], change[i+1])
		if change[i+1] == "" {
			q.Del(change[i])
		}
	}
	return q
}

// signIn signs alice in for a request and returns where the browser was sent, and
// its cookies.
func (s *site) signIn(t testing.TB, q url.Values, cookies ...*http.Cookie) (*url.URL, []*http.Cookie) {
	t.Helper()
	r := getRequest("demo", "/login", q, cookies...)
	r.Header.Set("Sign-In", "1")
	a := s.do(r)
	to, err := a.Location()
	if err != nil {
		t.Fatalf("%d %s: %v", a.StatusCode, a.body, err)
	}
	return to, a.Cookies()
}

// code is a code for a request.
func (s *site) code(t testing.TB, q url.Values) string {
	t.Helper()
	to, _ := s.signIn(t, q)
	code := to.Query().Get("code")
	if code == "" {
		t.Fatalf("no code in %s", to)
	}
	return code
}

func codeForm(code string, change ...string) url.Values {
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {publicClient}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
		if change[i+1] == "" {
			form.Del(change[i])
		}
	}
	return form
}

// tokens are those of an answer that must be good.
func (a answer) tokens(t testing.TB) tokenAnswer {
	t.Helper()
	var got tokenAnswer
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	return got
}

func claims(t testing.TB, jwt string) map[string]any {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", jwt)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// want holds an answer to a status and a body in which JSON is compared as text.
func (a answer) want(t testing.TB, status int, body string) {
	t.Helper()
	if got := strings.TrimSpace(a.body); a.StatusCode != status || got != body {
		t.Errorf("got %d %s, want %d %s", a.StatusCode, got, status, body)
	}
}

func oauthError(code string) string { return fmt.Sprintf(`{"error":%q}`, code) }

func claimsOfBody(t testing.TB, a answer) map[string]any {
	t.Helper()
	var c map[string]any
	if err := json.Unmarshal([]byte(a.body), &c); err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	return c
}

func atHashOf(accessToken string) string {
	digest := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(digest[:16])
}
