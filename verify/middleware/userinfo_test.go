package middleware

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// emailOf tells the verified email of a caller, which only userInfo knows.
var emailOf = &Users[string]{
	Key:  ByEmail,
	Find: func(_ context.Context, key string) (string, error) { return key, nil },
}

func infoServer(t *testing.T, handler http.HandlerFunc) *UserInfo {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &UserInfo{URL: server.URL + "/oauth2/userInfo", Timeout: time.Second, Now: clock}
}

var whatEmail = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	email, _ := UserFrom[string](r.Context())
	_, _ = w.Write([]byte(email))
})

const profile = `{"sub":"` + testSub + `","username":"kim","email":"kim@example.com","email_verified":"true"}`

func TestUserInfoIsAskedOncePerToken(t *testing.T) {
	var asked atomic.Int64
	token := accessToken(nil)
	info := infoServer(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		time.Sleep(20 * time.Millisecond) // lets the others arrive
		if r.URL.Path != "/oauth2/userInfo" || r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(profile))
	})
	now := testTime
	info.Now = func() time.Time { return now }
	h := newAuth(t, Options{Users: emailOf, UserInfo: info}).Handler(whatEmail)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if w := ask(t, h, "/", token); w.Code != 200 || w.Body.String() != "kim@example.com" {
				t.Errorf("got %d %q", w.Code, w.Body)
			}
		})
	}
	wg.Wait()
	ask(t, h, "/", token)
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	ask(t, h, "/", idToken(nil)) // tells the email itself
	if n := asked.Load(); n != 1 {
		t.Errorf("asked for an ID token")
	}
	now = now.Add(5 * time.Minute)
	if w := ask(t, h, "/", token); w.Code != 200 || asked.Load() != 2 {
		t.Errorf("%d after %d questions; want another question after 5 minutes", w.Code, asked.Load())
	}
	// Not asked at all where nobody wants to know.
	ask(t, newAuth(t, Options{UserInfo: info}).Handler(whoami), "/", accessToken(claims{"jti": "x"}))
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times without need", n)
	}
}

func TestUserInfoThatCannotBeTrusted(t *testing.T) {
	answer := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
	}
	elsewhere := httptest.NewServer(answer(profile))
	defer elsewhere.Close()
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    int
	}{
		"good":            {answer(profile), 200},
		"another user":    {answer(strings.Replace(profile, testSub, "root", 1)), 503},
		"no sub":          {answer(`{"email":"kim@example.com","email_verified":"true"}`), 503},
		"sub by case":     {answer(strings.Replace(profile, `"sub"`, `"SUB"`, 1)), 503},
		"no JSON":         {answer("<html>"), 503},
		"huge":            {answer(profile + strings.Repeat(" ", maxProfile)), 503},
		"not verified":    {answer(strings.Replace(profile, `"true"`, `"false"`, 1)), 401},
		"signed out":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, 401},
		"down":            {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, 503},
		"hangs":           {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 503},
		"goes to another": {http.RedirectHandler(elsewhere.URL, http.StatusFound).ServeHTTP, 503},
	} {
		t.Run(name, func(t *testing.T) {
			info := infoServer(t, test.handler)
			info.Timeout = 300 * time.Millisecond
			h := newAuth(t, Options{Users: emailOf, UserInfo: info}).Handler(whatEmail)
			if w := ask(t, h, "/", accessToken(nil)); w.Code != test.want {
				t.Errorf("got %d, want %d", w.Code, test.want)
			}
		})
	}
	h := newAuth(t, Options{Users: emailOf, UserInfo: &UserInfo{URL: "http://auth.example.com/oauth2/userInfo"}}).Handler(whatEmail)
	if w := ask(t, h, "/", accessToken(nil)); w.Code != 503 {
		t.Errorf("a token goes over http: %d", w.Code)
	}
}

func TestUserInfoIsBounded(t *testing.T) {
	info := infoServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(profile)) })
	info.Size = 4
	h := newAuth(t, Options{Users: emailOf, UserInfo: info}).Handler(whatEmail)
	for n := range 20 {
		if w := ask(t, h, "/", accessToken(claims{"jti": n})); w.Code != 200 {
			t.Fatalf("got %d", w.Code)
		}
		if kept := len(info.young) + len(info.old); kept > 4 {
			t.Fatalf("%d answers kept", kept)
		}
	}
}
