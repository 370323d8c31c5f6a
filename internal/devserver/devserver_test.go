package devserver

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestLocal(t *testing.T) {
	for _, c := range []struct {
		name, method, host, origin string
		status                     int
	}{
		{"address", "GET", "127.0.0.1:9339", "", 200},
		{"localhost", "GET", "localhost:9339", "", 200},
		{"IPv6", "GET", "[::1]:9339", "", 200},
		{"subdomain of localhost", "GET", "demo.localhost", "", 200},
		{"foreign name that points here", "GET", "evil.example:9339", "", 403},
		{"look-alike", "GET", "localhost.evil.example", "", 403},
		{"another page's POST", "POST", "127.0.0.1:9339", "https://evil.example", 403},
		{"our own page's POST", "POST", "127.0.0.1:9339", "http://127.0.0.1:9339", 200},
		{"a program's POST", "POST", "127.0.0.1:9339", "", 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := Local(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			r := httptest.NewRequest(c.method, "http://"+c.host+"/_poolhouse/clock", nil)
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.status {
				t.Errorf("status %d, want %d", w.Code, c.status)
			}
		})
	}
}

func TestClock(t *testing.T) {
	var clock Clock
	call := func(method, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		clock.ServeHTTP(w, httptest.NewRequest(method, "/_poolhouse/clock", strings.NewReader(body)))
		return w
	}
	near := func(want time.Duration) {
		t.Helper()
		if off := time.Until(clock.Now()) - want; off > time.Minute || off < -time.Minute {
			t.Errorf("the clock is %v ahead, want %v", time.Until(clock.Now()), want)
		}
	}
	near(0)
	if w := call("POST", `{"advance":"25h"}`); w.Code != 200 || !strings.Contains(w.Body.String(), `"offset": "25h0m0s"`) {
		t.Errorf("advance: %d %s", w.Code, w.Body)
	}
	near(25 * time.Hour)
	call("POST", `{"advance":"-1h"}`)
	near(24 * time.Hour)
	for _, body := range []string{"", "{}", `{"advance":"tomorrow"}`, `{"advance":"1000000h"}`} {
		if w := call("POST", body); w.Code != http.StatusBadRequest {
			t.Errorf("POST %q: status %d, want 400", body, w.Code)
		}
	}
	near(24 * time.Hour)
	if w := call("PUT", ""); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("PUT: status %d", w.Code)
	}
	call("DELETE", "")
	near(0)
}
