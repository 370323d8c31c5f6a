package devserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/devserver"
	"github.com/poolhouse/poolhouse/internal/trigger"
)

// TestTriggers looks at the page and its JSON: escaped, bounded, newest first, for
// this machine only.
func TestTriggers(t *testing.T) {
	var calls devserver.Invocations
	mux := http.NewServeMux()
	devserver.Mount(mux, devserver.Parts{Invocations: &calls, Clock: &devserver.Clock{}})
	get := func(path, accept, host string) *httptest.ResponseRecorder {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = host
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
	list := func(query string) []devserver.Invocation {
		t.Helper()
		var list []devserver.Invocation
		if err := json.Unmarshal(get("/_poolhouse/triggers"+query, "application/json", "localhost").Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	if got := get("/_poolhouse/triggers", "text/html", "localhost:9339"); got.Code != 200 || !strings.Contains(got.Body.String(), "No calls yet") {
		t.Errorf("empty: %d %s", got.Code, got.Body)
	}

	functions := trigger.Functions{
		"echo": func(_ context.Context, event json.RawMessage) (json.RawMessage, error) { return event, nil },
		"long": func(context.Context, json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage(`"` + strings.Repeat("x", 100_000) + `"`), nil
		},
		"fail": func(context.Context, json.RawMessage) (json.RawMessage, error) {
			return nil, fmt.Errorf("<script>alert(1)</script>")
		},
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	runner := calls.Record(functions, func() time.Time { return at })
	event := func(user string) []byte {
		return []byte(`{"triggerSource":"PreSignUp_SignUp","userPoolId":"us-east-1_Demo00000","userName":"` + user + `"}`)
	}
	answer, err := runner.Invoke(t.Context(), "echo", event("<b>ada"))
	if err != nil || string(answer) != string(event("<b>ada")) {
		t.Errorf("the call is changed: %s %v", answer, err)
	}
	if _, err := runner.Invoke(t.Context(), "fail", event("bob")); err == nil {
		t.Error("the failure is lost")
	}
	all := list("")
	if len(all) != 2 || all[0].Username != "bob" || all[0].Error != "function failed: Error: <script>alert(1)</script>" || all[0].Response != "" ||
		all[1].Source != "PreSignUp_SignUp" || all[1].UserPoolID != "us-east-1_Demo00000" || !all[1].At.Equal(at) || !strings.Contains(all[1].Response, "\n  \"userName\": \"<b>ada\"") {
		t.Errorf("list %+v", all)
	}
	for query, want := range map[string]int{"?username=bob": 1, "?source=PreSignUp": 2, "?source=PostConfirmation": 0, "?pool=other": 0} {
		if got := list(query); len(got) != want {
			t.Errorf("%s: %d calls", query, len(got))
		}
	}
	page := get("/_poolhouse/triggers", "text/html", "localhost").Body.String()
	if strings.Contains(page, "<script>") || strings.Contains(page, "<b>") || !strings.Contains(page, "&lt;script&gt;") {
		t.Error("the page does not escape what functions say")
	}
	if got := get("/_poolhouse/triggers", "application/json", "evil.example.com"); got.Code != http.StatusForbidden {
		t.Errorf("under a foreign name: %d", got.Code)
	}
	for range 250 {
		if _, err := runner.Invoke(t.Context(), "long", event("ada")); err != nil {
			t.Fatal(err)
		}
	}
	if got := list(""); len(got) != 200 || len(got[0].Response) > 33_000 || !strings.HasSuffix(got[0].Response, "(cut)") {
		t.Errorf("%d calls are kept, of %d bytes", len(got), len(got[0].Response))
	}
	calls.Reset()
	if got := list(""); len(got) != 0 {
		t.Errorf("%d calls after the reset", len(got))
	}
}
