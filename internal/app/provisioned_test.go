package app

import (
	"fmt"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// TestProvisionedLimitsHoldOnAllNodes raises a rate at one node, and another lets
// more through within a second.
func TestProvisionedLimitsHoldOnAllNodes(t *testing.T) {
	url, master := storetest.SQLiteURL(t), keys.GenerateMasterKey()
	node := func() *App {
		a, err := New(t.Context(), Options{
			DatabaseURL: url, MasterKey: master, Migrate: true, PublicURL: "http://localhost", IssuerStyle: "url",
			Region: "us-east-1", AccountID: "123456789012", Dev: true, SkipSignatures: true,
			RateLimits:     awsjson.Limits{awsjson.UserRead: 2},
			TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, // httptest's
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
		return a
	}
	call := func(a *App, source, operation, input string) string {
		r := httptest.NewRequest("POST", "/", strings.NewReader(input))
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
		r.Header.Set("X-Forwarded-For", source)
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		return w.Body.String()
	}
	sources := 0
	// burst is how many requests of a new source get through at once, at most 20.
	burst := func(a *App) int {
		sources++
		for n := range 20 {
			answer := call(a, fmt.Sprintf("10.0.%d.%d", sources/250, sources%250), "AdminGetUser", `{"UserPoolId":"us-east-1_Demo00000","Username":"nobody"}`)
			if strings.Contains(answer, "TooManyRequestsException") {
				return n
			}
		}
		return 20
	}
	one, other := node(), node()
	if n := burst(other); n < 2 || n == 20 { // more than 2 where the machine is slow
		t.Errorf("%d requests got through of 2 a second", n)
	}
	const input = `{"LimitDefinition":{"LimitClass":"API_CATEGORY","Attributes":{"Category":"UserRead"}},"RequestedLimitValue":1000}`
	if answer := call(one, "10.1.0.1", "UpdateProvisionedLimit", input); !strings.Contains(answer, `"ProvisionedLimitValue":1000,"FreeLimitValue":2`) {
		t.Fatalf("UpdateProvisionedLimit answers %s", answer)
	}
	if n := burst(one); n != 20 {
		t.Errorf("at the node itself %d requests got through", n)
	}
	for deadline := time.Now().Add(soon); burst(other) != 20; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v the other node has not followed", soon)
		}
	}
}
