package idp

import (
	"fmt"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// What is set is answered and shown, and stays when the pool and the client are
// updated.
func TestSessionConfiguration(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	client := a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"c"}`, pool, "")).text("UserPoolClient.ClientId")
	named := fill(`{"UserPoolId":"POOL"`, pool, "")
	namedClient := fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"`, pool, client)

	shows := func(operation, input, want string) {
		t.Helper()
		if got := compact(t, a.do(t, operation, input+"}")); got != want {
			t.Errorf("%s: %s, want %s", operation, got, want)
		}
	}
	poolShows := func(tracking string, most int) {
		t.Helper()
		want := fmt.Sprintf(`{"TokenSession":{"MaxPerUser":%d},"UserPoolId":%q,"UserSessionTracking":%q}`, most, pool, tracking)
		shows("GetUserPoolSessionConfiguration", named, want)
	}
	clientShows := func(minutes int) {
		t.Helper()
		want := fmt.Sprintf(`{"ClientId":%q,"SSOSession":{"MaxValidityMinutes":%d},"UserPoolId":%q}`, client, minutes, pool)
		shows("GetUserPoolClientSessionConfiguration", namedClient, want)
	}
	poolShows("DISABLED", 20)
	clientShows(60)
	a.refuse(t, "SetUserPoolClientSessionConfiguration", namedClient+`,"SSOSession":{"MaxValidityMinutes":5}}`,
		fmt.Sprintf("InvalidParameterException: User session tracking is not enabled for user pool %s.", pool))
	clientShows(60)

	shows("SetUserPoolSessionConfiguration", named+`,"UserSessionTracking":"ENABLED","TokenSession":{"MaxPerUser":100}`,
		fmt.Sprintf(`{"TokenSession":{"MaxPerUser":100},"UserPoolId":%q,"UserSessionTracking":"ENABLED"}`, pool))
	shows("SetUserPoolClientSessionConfiguration", namedClient+`,"SSOSession":{"MaxValidityMinutes":0}`,
		fmt.Sprintf(`{"ClientId":%q,"SSOSession":{"MaxValidityMinutes":0},"UserPoolId":%q}`, client, pool))
	for _, operation := range []string{"UpdateUserPool", "DescribeUserPool"} {
		a.do(t, operation, named+"}")
	}
	updated := a.do(t, "UpdateUserPoolClient", namedClient+"}")
	if got := updated.at("UserPoolClient.SSOSession"); got != nil {
		t.Errorf("the client shows SSOSession %v", got)
	}
	if got := a.do(t, "DescribeUserPool", named+"}").at("UserPool.Sessions"); got != nil {
		t.Errorf("the pool shows Sessions %v", got)
	}
	poolShows("ENABLED", 100)
	clientShows(0)
}

func TestSessionConfigurationRefuses(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{StrictTiers: true})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p","UserPoolTier":"LITE"}`).text("UserPool.Id")
	const session = `,"UserSessionTracking":"ENABLED","TokenSession":{"MaxPerUser":5}`
	const sso = `,"SSOSession":{"MaxValidityMinutes":5}`
	for _, tc := range []struct{ name, operation, input, want string }{
		{"lite tier", "SetUserPoolSessionConfiguration", `"UserPoolId":"POOL"` + session,
			"FeatureUnavailableInTierException: The following features need to be disabled for the LITE pricing tier configured: User Session Tracking"},
		{"too many", "SetUserPoolSessionConfiguration", `"UserPoolId":"POOL","UserSessionTracking":"ENABLED","TokenSession":{"MaxPerUser":101}`,
			"InvalidParameterException: 1 validation error detected: Value '101' at 'tokenSession.maxPerUser' failed to satisfy constraint: Member must have value less than or equal to 100"},
		{"no such pool", "GetUserPoolSessionConfiguration", `"UserPoolId":"us-east-1_none"`, "ResourceNotFoundException: User pool us-east-1_none does not exist."},
		{"no such pool to set", "SetUserPoolSessionConfiguration", `"UserPoolId":"us-east-1_none"` + session, "ResourceNotFoundException: User pool us-east-1_none does not exist."},
		{"no such client", "GetUserPoolClientSessionConfiguration", `"UserPoolId":"POOL","ClientId":"none"`, "ResourceNotFoundException: User pool client none does not exist."},
		{"no such client to set", "SetUserPoolClientSessionConfiguration", `"UserPoolId":"POOL","ClientId":"none"` + sso, "ResourceNotFoundException: User pool client none does not exist."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a.refuse(t, tc.operation, fill("{"+tc.input+"}", pool, ""), tc.want)
		})
	}
	// Where it is on, the tier cannot go below what has it.
	a.do(t, "UpdateUserPool", fill(`{"UserPoolId":"POOL","UserPoolTier":"ESSENTIALS"}`, pool, ""))
	a.do(t, "SetUserPoolSessionConfiguration", fill(`{"UserPoolId":"POOL"`+session+"}", pool, ""))
	a.refuse(t, "UpdateUserPool", fill(`{"UserPoolId":"POOL","UserPoolTier":"LITE"}`, pool, ""),
		"TierChangeNotAllowedException: The following features need to be disabled for the LITE pricing tier configured: User Session Tracking")
}
