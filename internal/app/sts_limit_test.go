package app_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/app"
	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/keys"
)

// An address gets no more of the STS than of credentials by the API; others do not
// suffer from it.
func TestSTSLimit(t *testing.T) {
	a, err := app.New(t.Context(), app.Options{
		DatabaseURL: "sqlite::memory:", MasterKey: keys.GenerateMasterKey(), Migrate: true, Region: "us-east-1", AccountID: "123456789012",
		PublicURL: "https://id.example.com", IssuerStyle: "url", RateLimits: awsjson.Limits{awsjson.GetCredentialsForIdentity: 1e-6},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	const limited = "<Code>Throttling</Code><Message>Rate exceeded</Message>"
	for _, tc := range []struct {
		name, source string
		refused      bool
	}{{"first", "192.0.2.1:1", false}, {"second", "192.0.2.1:2", true}, {"another address", "192.0.2.2:1", false}} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("Action=AssumeRoleWithWebIdentity&Version=2011-06-15"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.RemoteAddr = tc.source
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		if got := strings.Contains(w.Body.String(), limited); got != tc.refused || w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", tc.name, w.Code, w.Body)
		}
	}
}
