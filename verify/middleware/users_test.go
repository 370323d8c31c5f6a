package middleware

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

type account struct {
	Key    string
	Banned bool
}

// accounts are an application's users; other is set if another node is to win.
type accounts struct {
	mu      sync.Mutex
	byKey   map[string]*account
	created atomic.Int64
	other   bool
}

func (a *accounts) find(_ context.Context, key string) (*account, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if found := a.byKey[key]; found != nil {
		return found, nil
	}
	return nil, verify.ErrUserNotFound
}

func (a *accounts) create(_ context.Context, key string, _ *Caller) (*account, error) {
	a.created.Add(1)
	time.Sleep(5 * time.Millisecond) // a database; lets the others arrive
	a.mu.Lock()
	defer a.mu.Unlock()
	made := &account{Key: key}
	a.byKey[key] = made
	if a.other {
		return nil, ErrUserExists
	}
	return made, nil
}

var whichUser = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	user, ok := UserFrom[*account](r.Context())
	if !ok {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	_, _ = w.Write([]byte(user.Key))
})

func TestUsers(t *testing.T) {
	create := func(a *accounts) func(context.Context, string, *Caller) (*account, error) { return a.create }
	tests := []struct {
		name   string
		key    Key
		create bool
		token  string
		status int
		want   string
	}{
		{"by sub, known", BySubject, false, accessToken(claims{"sub": "known"}), 200, "known"},
		{"by sub, unknown", BySubject, false, accessToken(nil), 401, ""},
		{"by sub, made", BySubject, true, accessToken(nil), 200, testSub},
		{"by username", ByUsername, true, accessToken(nil), 200, "kim"},
		{"by email", ByEmail, true, idToken(nil), 200, "kim@example.com"},
		{"by an email that is not verified", ByEmail, true, idToken(claims{"email_verified": false}), 401, ""},
		{"by the email of an access token", ByEmail, true, accessToken(nil), 401, ""},
		{"by claim", ByClaim("custom:id"), true, idToken(claims{"custom:id": "7"}), 200, "7"},
		{"by a claim that is missing", ByClaim("custom:id"), true, idToken(nil), 401, ""},
		{"by a claim that is no text", ByClaim("custom:id"), true, idToken(claims{"custom:id": 7}), 401, ""},
		{"inactive", BySubject, false, accessToken(claims{"sub": "banned"}), 401, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := &accounts{byKey: map[string]*account{"known": {Key: "known"}, "banned": {Key: "banned", Banned: true}}}
			users := &Users[*account]{Key: test.key, Find: a.find, Inactive: func(u *account) bool { return u.Banned }}
			if test.create {
				users.Create = create(a)
			}
			w := ask(t, newAuth(t, Options{Users: users}).Handler(whichUser), "/", test.token)
			if w.Code != test.status || test.want != "" && w.Body.String() != test.want {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, test.status, test.want)
			}
		})
	}
}

func TestFirstRequestsMakeOneUser(t *testing.T) {
	for _, other := range []bool{false, true} {
		a := &accounts{byKey: map[string]*account{}, other: other}
		h := newAuth(t, Options{Users: &Users[*account]{Key: BySubject, Find: a.find, Create: a.create}}).Handler(whichUser)
		token := accessToken(nil)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if w := ask(t, h, "/", token); w.Code != 200 || w.Body.String() != testSub {
					t.Errorf("got %d %q", w.Code, w.Body)
				}
			})
		}
		wg.Wait()
		if n := a.created.Load(); n != 1 {
			t.Errorf("%d users made", n)
		}
	}
}

func TestCreateFails(t *testing.T) {
	a := &accounts{byKey: map[string]*account{}}
	for name, create := range map[string]func(context.Context, string, *Caller) (*account, error){
		"an error":  func(context.Context, string, *Caller) (*account, error) { return nil, errors.New("disk") },
		"a panic":   func(context.Context, string, *Caller) (*account, error) { panic("disk") },
		"a refusal": func(context.Context, string, *Caller) (*account, error) { return nil, verify.ErrUserInactive },
	} {
		want := 503
		if name == "a refusal" {
			want = 401
		}
		h := newAuth(t, Options{Users: &Users[*account]{Key: BySubject, Find: a.find, Create: create}}).Handler(whichUser)
		if w := ask(t, h, "/", accessToken(nil)); w.Code != want {
			t.Errorf("%s: %d, want %d", name, w.Code, want)
		}
	}
}

func TestStateless(t *testing.T) {
	var got User
	h := newAuth(t, Options{Users: Stateless()}).Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, _ = UserFrom[User](r.Context())
	}))
	ask(t, h, "/", accessToken(nil))
	if got.Subject != testSub || got.Username != "kim" || len(got.Groups) != 1 || len(got.Scopes) != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestUsersOptions(t *testing.T) {
	v := newAuth(t, Options{}).verifier
	find := func(context.Context, string) (int, error) { return 0, nil }
	fromCaller := func(context.Context, *Caller) (int, error) { return 0, nil }
	for name, users := range map[string]*Users[int]{
		"nil": nil, "nothing": {}, "no key": {Find: find}, "no find": {Key: BySubject},
		"two ways": {Key: BySubject, Find: find, FromCaller: fromCaller},
	} {
		if _, err := New(v, Options{Users: users}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := New(nil, Options{}); err == nil {
		t.Error("no verifier: accepted")
	}
}
