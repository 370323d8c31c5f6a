package app

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// The link in a notification asks, and only the button says it: mail programs
// open links by themselves.
func TestFeedbackLink(t *testing.T) {
	db := storetest.Memory(t)
	ring, err := keys.Open(t.Context(), db, keys.GenerateMasterKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	const pool, sub, event = "us-east-1_AbCdEf123", "34c84488-e0e1-70ae-d2ee-991ad1a898c8", "0190-1"
	if err := db.Update(t.Context(), func(tx *store.Tx) error {
		if err := tx.InsertUserPool(&store.UserPool{ID: pool, Name: "p", Doc: `{"UserPoolAddOns":{"AdvancedSecurityMode":"ENFORCED"}}`, CreatedAt: tx.Now()}); err != nil {
			return err
		}
		if err := tx.InsertUser(&store.User{PoolID: pool, Sub: sub, Username: "alice", Status: "CONFIRMED", Attributes: map[string]string{"sub": sub}}); err != nil {
			return err
		}
		return tx.PutAuthEvent(&store.AuthEvent{PoolID: pool, Sub: sub, ID: event, Type: "SignIn", Response: "Pass", Doc: "{}", CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(time.Hour)})
	}); err != nil {
		t.Fatal(err)
	}
	users := userpool.NewUsers(db, ring, message.NewOutbox(ring, true), userpool.NoLimits())
	token, err := users.FeedbackToken(pool, sub, event)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(feedbackPath+"{pool}", feedback(userpool.NewPools(db, ring, userpool.PoolsOptions{}), users, slog.New(slog.DiscardHandler)))
	ask := func(method, pool, token, value string) *httptest.ResponseRecorder {
		form := url.Values{"token": {token}, "value": {value}}.Encode()
		target, body := feedbackPath+pool, form
		if method != http.MethodPost {
			target, body = target+"?"+form, ""
		}
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
	said := func() (feedback string) {
		if err := db.View(t.Context(), func(tx *store.Tx) error {
			e, err := tx.AuthEvent(pool, sub, event)
			if err == nil {
				feedback = e.Feedback
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return feedback
	}
	for _, tc := range []struct {
		name, method, pool, token, value string
		status                           int
		text                             string
	}{
		{"the link", http.MethodGet, pool, token, "Invalid", http.StatusOK, `<button>It was not me</button>`},
		{"a script", http.MethodGet, pool, `"><script>`, "Valid", http.StatusOK, `value="&#34;&gt;&lt;script&gt;"`},
		{"no value", http.MethodGet, pool, token, "", http.StatusBadRequest, "not complete"},
		{"no token", http.MethodPost, pool, "", "Valid", http.StatusBadRequest, "not complete"},
		{"another token", http.MethodPost, pool, token[1:], "Valid", http.StatusBadRequest, "does not work any more"},
		{"another pool", http.MethodPost, "us-east-1_none", token, "Valid", http.StatusBadRequest, "does not work any more"},
		{"another method", http.MethodDelete, pool, token, "Valid", http.StatusMethodNotAllowed, "for a browser"},
		{"a long form", http.MethodPost, pool, strings.Repeat("x", maxFeedback), "Valid", http.StatusBadRequest, "not complete"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := ask(tc.method, tc.pool, tc.token, tc.value)
			if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.text) {
				t.Errorf("status %d, page %s", w.Code, w.Body)
			}
			if got := said(); got != "" {
				t.Errorf("it said %s", got)
			}
		})
	}
	if w := ask(http.MethodPost, pool, token, "Invalid"); w.Code != http.StatusOK || !strings.Contains(said(), `"v":"Invalid","p":"User"`) {
		t.Errorf("status %d, said %q", w.Code, said())
	}
}
