package app

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// TestClientExtensions switches what a client has beyond Cognito on and off.
func TestClientExtensions(t *testing.T) {
	a, err := New(t.Context(), Options{DatabaseURL: storetest.SQLiteURL(t), MasterKey: keys.GenerateMasterKey(), Migrate: true,
		PublicURL: "http://localhost:9339", IssuerStyle: "url", Region: "us-east-1", AccountID: "123456789012", Dev: true, SkipSignatures: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	pool, err := a.pools.Create(t.Context(), userpool.NewPool{Region: "us-east-1", Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	client, err := a.pools.CreateClient(t.Context(), userpool.NewClient{PoolID: pool.ID, Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, clientID, body string) (int, string) {
		r := httptest.NewRequest(method, "http://localhost:9339/_poolhouse/clients/"+pool.ID+"/"+clientID+"/oauth", strings.NewReader(body))
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		got, _ := io.ReadAll(w.Body)
		return w.Code, strings.TrimSpace(string(got))
	}
	const (
		rest   = `,"deviceGrant":false,"pushedOnly":false,"dpop":"","dpopNonce":false,"backChannelLogoutUri":"","backChannelLogoutSessionRequired":false}`
		off    = `{"introspection":false` + rest
		on     = `{"introspection":true` + rest
		refuse = `{"__type":"InvalidParameterException","message":"The body must be a JSON object of extensions, as GET shows them."}`
	)
	for _, c := range []struct {
		name, method, client, body string
		status                     int
		want                       string
	}{
		{"never set", http.MethodGet, client.ID, "", 200, off},
		{"switched on", http.MethodPut, client.ID, `{"introspection": true}`, 200, on},
		{"read back", http.MethodGet, client.ID, "", 200, on},
		{"unknown switch", http.MethodPut, client.ID, `{"introspection": false, "x": true}`, 400, `{"__type":"InvalidParameterException","message":"There is no extension \"x\"."}`},
		{"text for a switch", http.MethodPut, client.ID, `{"introspection": "false"}`, 400, `{"__type":"InvalidParameterException","message":"introspection cannot be a string."}`},
		{"number for all", http.MethodPut, client.ID, `1`, 400, refuse},
		{"null", http.MethodPut, client.ID, `null`, 400, refuse},
		{"twice", http.MethodPut, client.ID, `{} {}`, 400, refuse},
		{"no JSON", http.MethodPut, client.ID, `x`, 400, refuse},
		{"too long", http.MethodPut, client.ID, strings.Repeat(" ", maxExtensions+1), 400, `{"__type":"InvalidParameterException","message":"The body is too long or broke off."}`},
		{"kept", http.MethodGet, client.ID, "", 200, on},
		{"no such client", http.MethodGet, "nobody", "", 404, `{"__type":"ResourceNotFoundException","message":"User pool client nobody does not exist."}`},
		{"no such client to switch", http.MethodPut, "nobody", `{}`, 404, `{"__type":"ResourceNotFoundException","message":"User pool client nobody does not exist."}`},
		{"switched off", http.MethodPut, client.ID, `{}`, 200, off},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status, body := ask(c.method, c.client, c.body); status != c.status || body != c.want {
				t.Errorf("got %d %s, want %d %s", status, body, c.status, c.want)
			}
		})
	}
}

// TestClientExtensionsAreGuarded refuses who does not sign.
func TestClientExtensionsAreGuarded(t *testing.T) {
	a, err := New(t.Context(), Options{DatabaseURL: storetest.SQLiteURL(t), MasterKey: keys.GenerateMasterKey(), Migrate: true,
		PublicURL: "http://localhost:9339", IssuerStyle: "url", Region: "us-east-1", AccountID: "123456789012"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	r := httptest.NewRequest(http.MethodPut, "http://localhost:9339/_poolhouse/clients/us-east-1_x/y/oauth", strings.NewReader(`{}`))
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
