package app

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/verify"
)

const (
	testUser     = "kim"
	testPassword = "Correct-Horse-7"
	emptySHA256  = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// feedTest is a served development server that checks signatures, with a user.
type feedTest struct {
	*App
	t   *testing.T
	url string
}

func newFeedTest(t *testing.T, database string) *feedTest {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	url := "http://" + server.Listener.Addr().String()
	a, err := New(t.Context(), Options{
		DatabaseURL: database, MasterKey: keys.GenerateMasterKey(), Migrate: true, PublicURL: url,
		Region: "us-east-1", AccountID: "123456789012", Dev: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = a.Handler()
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	f := &feedTest{a, t, url}
	f.createUser(testUser)
	return f
}

func (f *feedTest) createUser(name string) {
	f.t.Helper()
	f.must(f.service.SeedUser(f.t.Context(), &idpapi.AdminCreateUserInput{UserPoolId: DemoPoolID, Username: name}, testPassword))
}

func (f *feedTest) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *feedTest) signIn(name string) *idpapi.AuthenticationResultType {
	f.t.Helper()
	out, err := f.service.InitiateAuth(f.t.Context(), &idpapi.InitiateAuthInput{
		ClientId: DemoClientID, AuthFlow: "USER_PASSWORD_AUTH",
		AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": testPassword},
	})
	f.must(err)
	return out.AuthenticationResult
}

func (f *feedTest) revoke(refreshToken string) {
	f.t.Helper()
	_, err := f.service.RevokeToken(f.t.Context(), &idpapi.RevokeTokenInput{ClientId: DemoClientID, Token: refreshToken})
	f.must(err)
}

func (f *feedTest) signOut(name string) {
	f.t.Helper()
	_, err := f.service.AdminUserGlobalSignOut(f.t.Context(), &idpapi.AdminUserGlobalSignOutInput{UserPoolId: DemoPoolID, Username: name})
	f.must(err)
}

// accessKey makes a key whose policy allows an action on a resource.
func (f *feedTest) accessKey(action, resource string) iam.AccessKey {
	f.t.Helper()
	policy, err := iam.ParsePolicy([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}]}`))
	f.must(err)
	key, err := NewAccessKeys(f.db, f.ring).Create(f.t.Context(), "verifier", policy)
	f.must(err)
	return key
}

const demoARN = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/" + DemoPoolID

// follow is a verifier of the demo pool that follows its revocations.
func (f *feedTest) follow() (*verify.Verifier, *verify.PoolhouseRevocations) {
	f.t.Helper()
	key := f.accessKey(listRevocations, demoARN)
	revocations, err := verify.NewPoolhouseRevocations(verify.RevocationFeed{
		URL: f.url, PoolID: DemoPoolID, AccessKey: verify.AccessKey{ID: key.ID, Secret: key.Secret},
	})
	f.must(err)
	v, err := verify.New(verify.Config{
		Pools: []verify.Pool{{
			Issuer: f.url + "/" + DemoPoolID, ClientIDs: []string{DemoClientID}, Use: verify.EitherToken, Revocation: revocations,
		}},
		Now: f.clock.Now, CacheSize: 10,
	})
	f.must(err)
	return v, revocations
}

// TestRevocationFeed lets tokens die at a verifier of others that follows the
// feed.
func TestRevocationFeed(t *testing.T) {
	for _, database := range []struct {
		name string
		url  func(testing.TB) string
	}{
		{"memory", func(testing.TB) string { return "sqlite::memory:" }},
		{"sqlite", storetest.SQLiteURL},
		{"postgres", storetest.PostgresURL},
	} {
		t.Run(database.name, func(t *testing.T) {
			f := newFeedTest(t, database.url(t))
			v, revocations := f.follow()
			ctx := t.Context()
			want := func(what string, result *idpapi.AuthenticationResultType, want error) {
				t.Helper()
				f.must(revocations.Poll(ctx))
				for _, token := range []string{result.AccessToken, result.IdToken} {
					if _, err := v.Verify(ctx, token); !errors.Is(err, want) {
						t.Errorf("%s: %v, want %v", what, err, want)
					}
				}
			}
			one, other := f.signIn(testUser), f.signIn(testUser)
			want("signed in", one, nil)
			f.revoke(one.RefreshToken)
			want("revoked", one, verify.ErrRevoked)
			want("another sign-in of the user", other, nil)

			f.signOut(testUser)
			want("signed out", other, verify.ErrRevoked)
			again := f.signIn(testUser)
			want("signed in again at once", again, nil)

			_, err := f.service.AdminDisableUser(ctx, &idpapi.AdminDisableUserInput{UserPoolId: DemoPoolID, Username: testUser})
			f.must(err)
			want("disabled", again, verify.ErrUserInactive)
			_, err = f.service.AdminEnableUser(ctx, &idpapi.AdminEnableUserInput{UserPoolId: DemoPoolID, Username: testUser})
			f.must(err)
			want("enabled", again, nil)
			_, err = f.service.AdminDeleteUser(ctx, &idpapi.AdminDeleteUserInput{UserPoolId: DemoPoolID, Username: testUser})
			f.must(err)
			want("deleted", again, verify.ErrUserNotFound)

			_, late := f.follow() // a verifier that starts now hears all of it
			f.must(late.Poll(ctx))
			token, err := v.Verify(ctx, f.signIn(f.another()).AccessToken)
			f.must(err)
			if err := late.CheckRevocation(ctx, token); err != nil {
				t.Errorf("somebody else: %v", err)
			}
		})
	}
}

func (f *feedTest) another() string {
	f.t.Helper()
	f.createUser("somebody else")
	return "somebody else"
}

// get asks for the feed with a signature.
func (f *feedTest) get(key iam.AccessKey, query string, change func(*http.Request)) (int, string) {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, f.url+"/_poolhouse/revocations?"+query, nil)
	f.must(err)
	if key.ID != "" {
		f.must(v4.NewSigner().SignHTTP(f.t.Context(), aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: key.Secret},
			r, emptySHA256, "cognito-idp", "us-east-1", time.Now()))
	}
	if change != nil {
		change(r)
	}
	answer, err := http.DefaultClient.Do(r)
	f.must(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	f.must(err)
	if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "" {
		f.t.Errorf("pages of %s may read the feed", got)
	}
	return answer.StatusCode, string(body)
}

func TestRevocationFeedRefuses(t *testing.T) {
	f := newFeedTest(t, "sqlite::memory:")
	mine := f.accessKey(listRevocations, demoARN)
	everything := f.accessKey("*", "*")
	const query = "version=1&pool=" + DemoPoolID + "&limit=10"
	for _, c := range []struct {
		name   string
		key    iam.AccessKey
		query  string
		change func(*http.Request)
		status int
		code   string
	}{
		{"fine", mine, query, nil, 200, ""},
		{"no limit", mine, "version=1&pool=" + DemoPoolID, nil, 200, ""},
		{"any name of the action", f.accessKey("poolhouse:List*", "*"), query, nil, 200, ""},
		{"an unknown cursor", mine, query + "&after=what", nil, 200, ""},
		{"no signature", iam.AccessKey{}, query, nil, 403, "MissingAuthenticationTokenException"},
		{"an unknown key", iam.NewAccessKey(), query, nil, 403, "UnrecognizedClientException"},
		{"a wrong secret", iam.AccessKey{ID: mine.ID, Secret: everything.Secret}, query, nil, 403, "InvalidSignatureException"},
		{"a changed query", mine, query, func(r *http.Request) { r.URL.RawQuery += "1" }, 403, "InvalidSignatureException"},
		{"all of Cognito's actions", f.accessKey("cognito-idp:*", "*"), query, nil, 403, "AccessDeniedException"},
		{"another pool's key", f.accessKey(listRevocations, demoARN+"x"), query, nil, 403, "AccessDeniedException"},
		{"an unknown pool with a key for ours", mine, "version=1&pool=us-east-1_Other0001", nil, 403, "AccessDeniedException"},
		{"an unknown pool", everything, "version=1&pool=us-east-1_Other0001", nil, 404, "ResourceNotFoundException"},
		{"no pool", everything, "version=1", nil, 400, "InvalidParameterException"},
		{"a long pool", everything, "version=1&pool=" + strings.Repeat("x", 56), nil, 400, "InvalidParameterException"},
		{"no version", mine, "pool=" + DemoPoolID, nil, 400, "InvalidParameterException"},
		{"another version", mine, "version=2&pool=" + DemoPoolID, nil, 400, "InvalidParameterException"},
		{"nothing wanted", mine, "version=1&limit=0&pool=" + DemoPoolID, nil, 400, "InvalidParameterException"},
		{"too much wanted", mine, "version=1&limit=1001&pool=" + DemoPoolID, nil, 400, "InvalidParameterException"},
		{"no number", mine, "version=1&limit=ten&pool=" + DemoPoolID, nil, 400, "InvalidParameterException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body := f.get(c.key, c.query, c.change)
			var answer struct {
				Type   string `json:"__type"`
				Cursor string `json:"cursor"`
			}
			if err := json.Unmarshal([]byte(body), &answer); err != nil {
				t.Fatalf("%v in %s", err, body)
			}
			if status != c.status || answer.Type != c.code || (status == 200) != (answer.Cursor != "") {
				t.Errorf("status %d, %s; want %d, %s", status, body, c.status, c.code)
			}
		})
	}
}

// page asks for a page, which must be there.
func (f *feedTest) page(key iam.AccessKey, limit, after string) (p revocationPage) {
	f.t.Helper()
	status, body := f.get(key, "version=1&pool="+DemoPoolID+"&limit="+limit+"&after="+after, nil)
	if status != http.StatusOK {
		f.t.Fatalf("status %d, %s", status, body)
	}
	f.must(json.Unmarshal([]byte(body), &p))
	return p
}

func TestRevocationPages(t *testing.T) {
	f := newFeedTest(t, "sqlite::memory:")
	key := f.accessKey(listRevocations, demoARN)
	revoked := func(jti string) {
		t.Helper()
		f.must(f.db.Update(t.Context(), func(tx *store.Tx) error {
			return tx.RevokeToken(DemoPoolID, jti, tx.Now().Add(time.Hour))
		}))
	}
	// next reads to the end, and returns what came and where to go on.
	next := func(after string) (subjects, cursor string) {
		t.Helper()
		for range 10 {
			p := f.page(key, "2", after)
			for _, e := range p.Events {
				subjects += e.OriginJTI
			}
			if len(p.Events) > 2 || p.More && len(p.Events) < 2 {
				t.Errorf("a page has %d events", len(p.Events))
			}
			after = p.Cursor
			if !p.More {
				return subjects, after
			}
		}
		t.Fatalf("the pages have no end: %s", subjects)
		return "", ""
	}
	want := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	got, cursor := next("")
	want("an empty log", got, "")
	for _, jti := range []string{"a", "b", "c", "d", "e"} {
		revoked(jti)
	}
	got, cursor = next(cursor)
	want("the first", got, "abcde")
	f.clock.Advance(lateCommit + time.Minute)
	revoked("f")
	got, cursor = next(cursor)
	want("an old end of the log with what is new", got, "abcdef")
	f.clock.Advance(-lateCommit / 2)
	revoked("g") // as by a transaction that ended late
	f.clock.Advance(lateCommit / 2)
	got, cursor = next(cursor)
	want("one that came late", got, "gf")
	f.clock.Advance(lateCommit + time.Minute)
	got, cursor = next(cursor)
	want("nothing new", got, "gf")
	got, cursor = next(cursor)
	want("still nothing", got, "")
	f.clock.Advance(-10 * time.Minute)
	revoked("h")
	got, cursor = next(cursor)
	want("after the clock was set back", got, "habcdegf")
	got, _ = next(cursor)
	want("what lies ahead comes again", got, "habcdegf")
	f.clock.Advance(time.Hour + 450*time.Second) // 40 s more than an hour after the first
	revoked("i")
	got, _ = next("")
	want("what is expired is left out", got, "gfi")
}

func FuzzRevocationCursor(f *testing.F) {
	now := time.UnixMilli(1_700_000_000_000).UTC()
	for _, text := range []string{"", "0.", "1.", "1700000000000.0123", "1700000000000", "-5.x", "99999999999999999999.x", "1700000060001.", "1700000060001.a", "1.a.b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := parseRevocationCursor(text, now)
		if c.ID == "" && c.At.After(now.Add(clockAhead)) || len(c.ID) > maxRevocationID || c.At.IsZero() && c.ID != "" {
			t.Errorf("%q is taken for %+v", text, c)
		}
		if again := parseRevocationCursor(revocationCursorText(c), now); again != c {
			t.Errorf("%+v comes back as %+v", c, again)
		}
	})
}
