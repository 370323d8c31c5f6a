package idp

import (
	"encoding/json"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

func TestRiskConfiguration(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	client := a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"c"}`, pool, "")).text("UserPoolClient.ClientId")
	const takeover = `"AccountTakeoverRiskConfiguration":{"Actions":{"HighAction":{"EventAction":"MFA_REQUIRED","Notify":true},"LowAction":{"EventAction":"NO_ACTION","Notify":false}},` +
		`"NotifyConfiguration":{"BlockEmail":{"HtmlBody":"<p>blocked</p>","Subject":"Blocked","TextBody":"blocked"},"From":"a@example.com","SourceArn":"arn:aws:ses:us-east-1:123456789012:identity/example.com"}}`
	const exceptions = `"RiskExceptionConfiguration":{"BlockedIPRangeList":["10.0.0.0/8","2001:db8::/32"],"SkippedIPRangeList":["192.0.2.1/32"]}`
	of := map[string]string{ // the ids of a request, and how an answer ends
		"pool":   `"UserPoolId":"POOL"`,
		"client": `"ClientId":"CLIENT","UserPoolId":"POOL"`,
	}
	for _, tc := range []struct{ name, of, input, pool, client string }{ // one after the other
		{"account takeover", "pool", takeover, takeover + ",", ""},
		{"exceptions replace it", "pool", exceptions, exceptions + ",", ""},
		{"a client has its own", "client", takeover, exceptions + ",", takeover + ","},
		{"events default to all", "client", `"CompromisedCredentialsRiskConfiguration":{"Actions":{"EventAction":"BLOCK"}}`,
			exceptions + ",", `"CompromisedCredentialsRiskConfiguration":{"Actions":{"EventAction":"BLOCK"},"EventFilter":["SIGN_IN","PASSWORD_CHANGE","SIGN_UP"]},`},
		{"events are chosen", "client", `"CompromisedCredentialsRiskConfiguration":{"Actions":{"EventAction":"NO_ACTION"},"EventFilter":["SIGN_UP"]}`,
			exceptions + ",", `"CompromisedCredentialsRiskConfiguration":{"Actions":{"EventAction":"NO_ACTION"},"EventFilter":["SIGN_UP"]},`},
		{"the pool's goes", "pool", "", "", `"CompromisedCredentialsRiskConfiguration":{"Actions":{"EventAction":"NO_ACTION"},"EventFilter":["SIGN_UP"]},`},
		{"the client's goes", "client", "", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			input := of[tc.of]
			if tc.input != "" {
				input += "," + tc.input
			}
			answered := a.do(t, "SetRiskConfiguration", fill("{"+input+"}", pool, client))
			a.do(t, "UpdateUserPool", fill(`{"UserPoolId":"POOL"}`, pool, ""))
			a.do(t, "UpdateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, pool, client))
			for which, want := range map[string]string{"pool": tc.pool, "client": tc.client} {
				shown := a.do(t, "DescribeRiskConfiguration", fill("{"+of[which]+"}", pool, client)).at("RiskConfiguration").(map[string]any)
				_, dated := shown["LastModifiedDate"].(float64)
				if dated != (want != "") {
					t.Errorf("the date of the %s's: %v", which, shown["LastModifiedDate"])
				}
				if which == tc.of && jsonOf(t, shown) != answered.json("RiskConfiguration") {
					t.Errorf("set %s\nshown %s", answered.json("RiskConfiguration"), jsonOf(t, shown))
				}
				delete(shown, "LastModifiedDate")
				if got, want := jsonOf(t, shown), sorted(t, fill("{"+want+of[which]+"}", pool, client)); got != want {
					t.Errorf("the %s's is\n%s, want\n%s", which, got, want)
				}
			}
		})
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sorted is JSON with its members in order.
func sorted(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return jsonOf(t, v)
}

func TestRiskConfigurationRefuses(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	strict := newTestAPI(t, userpool.PoolsOptions{StrictTiers: true})
	const exception = `"RiskExceptionConfiguration":{"SkippedIPRangeList":["10.0.0.0/8"]}`
	for _, tc := range []struct {
		name             string
		api              *testAPI
		operation, input string
		want             string
	}{
		{"address without a length", a, "SetRiskConfiguration", `"UserPoolId":"POOL","RiskExceptionConfiguration":{"BlockedIPRangeList":["10.0.0.1"]}`,
			"InvalidParameterException: Invalid IP range 10.0.0.1, use CIDR notation."},
		{"range that is too long", a, "SetRiskConfiguration", `"UserPoolId":"POOL","RiskExceptionConfiguration":{"SkippedIPRangeList":["10.0.0.0/8","10.0.0.0/33"]}`,
			"InvalidParameterException: Invalid IP range 10.0.0.0/33, use CIDR notation."},
		{"notice without a sender", a, "SetRiskConfiguration", `"UserPoolId":"POOL","AccountTakeoverRiskConfiguration":{"Actions":{"MediumAction":{"Notify":true,"EventAction":"BLOCK"}}}`,
			"InvalidParameterException: NotifyConfiguration is required for an action that notifies."},
		{"client that is not there", a, "SetRiskConfiguration", `"UserPoolId":"POOL","ClientId":"none",` + exception, "ResourceNotFoundException: User pool client none does not exist."},
		{"client to describe", a, "DescribeRiskConfiguration", `"UserPoolId":"POOL","ClientId":"none"`, "ResourceNotFoundException: User pool client none does not exist."},
		{"pool that is not there", a, "SetRiskConfiguration", `"UserPoolId":"us-east-1_none"`, "ResourceNotFoundException: User pool us-east-1_none does not exist."},
		{"pool to describe", a, "DescribeRiskConfiguration", `"UserPoolId":"us-east-1_none"`, "ResourceNotFoundException: User pool us-east-1_none does not exist."},
		{"no threat protection", strict, "SetRiskConfiguration", `"UserPoolId":"POOL",` + exception, "UserPoolAddOnNotEnabledException: User pool add-ons are not enabled."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			pool := tc.api.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
			tc.api.refuse(t, tc.operation, fill("{"+tc.input+"}", pool, ""), tc.want)
			if got := compact(t, tc.api.do(t, "DescribeRiskConfiguration", fill(`{"UserPoolId":"POOL"}`, pool, ""))); got != fill(`{"RiskConfiguration":{"UserPoolId":"POOL"}}`, pool, "") {
				t.Errorf("a refused request left %s", got)
			}
		})
	}
	// Without anything to set there is nothing to refuse.
	pool := strict.do(t, "CreateUserPool", `{"PoolName":"p","UserPoolTier":"PLUS","UserPoolAddOns":{"AdvancedSecurityMode":"AUDIT"}}`).text("UserPool.Id")
	strict.do(t, "SetRiskConfiguration", fill(`{"UserPoolId":"POOL",`+exception+`}`, pool, ""))
	strict.do(t, "UpdateUserPool", fill(`{"UserPoolId":"POOL"}`, pool, ""))
	strict.do(t, "SetRiskConfiguration", fill(`{"UserPoolId":"POOL"}`, pool, ""))
}
