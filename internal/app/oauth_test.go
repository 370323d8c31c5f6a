package app

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// TestDiscoveryAddresses finds a pool's document at each of its addresses, with the
// endpoints of its domain.
func TestDiscoveryAddresses(t *testing.T) {
	a, err := New(t.Context(), Options{DatabaseURL: storetest.SQLiteURL(t), MasterKey: keys.GenerateMasterKey(), Migrate: true,
		PublicURL: "http://localhost:9339", IssuerStyle: "aws", Region: "us-east-1", AccountID: "123456789012", Dev: true, SkipSignatures: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	pool, err := a.pools.Create(t.Context(), userpool.NewPool{Region: "us-east-1", Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.pools.CreateDomain(t.Context(), pool.ID, "demo", userpool.DomainSettings{}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{
		"/" + pool.ID + "/.well-known/openid-configuration":                           200,
		"/" + pool.ID + "/.well-known/oauth-authorization-server":                     200,
		"/.well-known/oauth-authorization-server/" + pool.ID:                          200,
		"/" + pool.ID + "/.well-known/oauth-authorization-server/us-east-1_000000000": 404,
		"/.well-known/oauth-authorization-server/us-east-1_000000000":                 404,
	} {
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost:9339"+path, nil))
		if w.Code != want {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		var d struct {
			Endpoint string `json:"token_endpoint"`
			Keys     string `json:"jwks_uri"`
		}
		if w.Code == 200 && (json.Unmarshal(w.Body.Bytes(), &d) != nil || d.Endpoint != "http://localhost:9339/_domain/demo/oauth2/token" ||
			d.Keys != "http://localhost:9339/"+pool.ID+"/.well-known/jwks.json") {
			t.Errorf("%s: %+v", path, d)
		}
	}
}
