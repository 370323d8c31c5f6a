package app

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// soon is when a change has reached all nodes: within a second, and much later
// where a machine has other things to do, for no test is gated on time.
const soon = 30 * time.Second

// node is a server that shares its database with others.
type node struct {
	t *testing.T
	*App
}

// openNodes opens two nodes on one database.
func openNodes(t *testing.T, url string) [2]node {
	t.Helper()
	master := keys.GenerateMasterKey()
	var nodes [2]node
	for i := range nodes {
		a, err := New(t.Context(), Options{
			DatabaseURL: url, MasterKey: master, Migrate: true, PublicURL: "http://localhost", IssuerStyle: "url",
			Region: "us-east-1", AccountID: "123456789012", Dev: true, SkipSignatures: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
		nodes[i] = node{t, a}
	}
	return nodes
}

// call calls an operation. The error is as in "UserNotFoundException: text", and
// empty for success.
func (n node) call(operation, input string) (body, failure string) {
	r := httptest.NewRequest("POST", "/", strings.NewReader(input))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", idpapi.TargetPrefix+"."+operation)
	w := httptest.NewRecorder()
	n.Handler().ServeHTTP(w, r)
	if w.Code == 200 {
		return w.Body.String(), ""
	}
	var fault struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &fault); err != nil {
		n.t.Errorf("%s answered %d %s", operation, w.Code, w.Body)
	}
	return "", fault.Type + ": " + fault.Message
}

// do calls an operation that must succeed.
func (n node) do(operation, input string) string {
	n.t.Helper()
	body, failure := n.call(operation, input)
	if failure != "" {
		n.t.Fatalf("%s %s: %s", operation, input, failure)
	}
	return body
}

// newPool makes a pool with a client.
func (n node) newPool() (pool, client string) {
	n.t.Helper()
	var p struct{ UserPool struct{ Id string } }
	var c struct{ UserPoolClient struct{ ClientId string } } //nolint:revive // the API's name
	if err := json.Unmarshal([]byte(n.do("CreateUserPool", `{"PoolName":"p"}`)), &p); err != nil {
		n.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(n.do("CreateUserPoolClient", fmt.Sprintf(`{"UserPoolId":%q,"ClientName":"c"}`, p.UserPool.Id))), &c); err != nil {
		n.t.Fatal(err)
	}
	return p.UserPool.Id, c.UserPoolClient.ClientId
}

// TestOneOfManyIsCreated creates one thing fifty times at once at two nodes. One
// request wins, the others are told why they did not, and none fails.
func TestOneOfManyIsCreated(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := openNodes(t, url(t))
			pool, client := nodes[0].newPool()
			for _, tc := range []struct{ operation, input, want string }{
				{"CreateUserPoolDomain", `"Domain":"articles"`, "InvalidParameterException: User pool already has a domain configured."},
				{"CreateIdentityProvider", `"ProviderName":"press","ProviderType":"OIDC","IdpIdentifiers":["press"],"ProviderDetails":{"client_id":"c","client_secret":"s","authorize_scopes":"openid",` +
					`"attributes_request_method":"GET","oidc_issuer":"https://op.example.com","authorize_url":"https://op.example.com/a","token_url":"https://op.example.com/t",` +
					`"attributes_url":"https://op.example.com/u","jwks_uri":"https://op.example.com/k"}`, "DuplicateProviderException: "},
				{"CreateManagedLoginBranding", `"ClientId":"CLIENT","UseCognitoProvidedValues":true`, "ManagedLoginBrandingExistsException: "},
				{"CreateTerms", `"ClientId":"CLIENT","TermsName":"terms-of-use","TermsSource":"LINK","Enforcement":"NONE","Links":{"cognito:default":"https://example.com/"}`,
					"TermsExistsException: "},
				{"CreateResourceServer", `"Identifier":"articles","Name":"Articles"`, "InvalidParameterException: "},
				{"CreateGroup", `"GroupName":"writers"`, "GroupExistsException: A group with the name already exists."},
				{"AdminCreateUser", `"Username":"ada","MessageAction":"SUPPRESS"`, "UsernameExistsException: User account already exists"},
			} {
				input := `{"UserPoolId":"` + pool + `",` + strings.ReplaceAll(tc.input, "CLIENT", client) + `}`
				const tries = 50
				failures := make([]string, tries)
				var group sync.WaitGroup
				for i := range tries {
					group.Go(func() { _, failures[i] = nodes[i%2].call(tc.operation, input) })
				}
				group.Wait()
				told := map[string]int{}
				for _, f := range failures {
					told[f]++
				}
				won := told[""]
				delete(told, "")
				for f, times := range told {
					if !strings.HasPrefix(f, tc.want) {
						t.Errorf("%s answered %d times %s, want %s", tc.operation, times, f, tc.want)
					}
				}
				if won != 1 {
					t.Errorf("%s succeeded %d times", tc.operation, won)
				}
			}
		})
	}
}

// TestOneDomainOfTwoPools gives two pools the same domain at once.
func TestOneDomainOfTwoPools(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := openNodes(t, url(t))
			one, _ := nodes[0].newPool()
			two, _ := nodes[1].newPool()
			pools := [2]string{one, two}
			for round := range 10 {
				var failures [2]string
				var group sync.WaitGroup
				for i := range nodes {
					group.Go(func() {
						_, failures[i] = nodes[i].call("CreateUserPoolDomain", fmt.Sprintf(`{"UserPoolId":%q,"Domain":"articles"}`, pools[i]))
					})
				}
				group.Wait()
				const taken = "InvalidParameterException: Domain already associated with another user pool."
				winner := 0
				if failures[0] != "" {
					winner = 1
				}
				if failures[winner] != "" || failures[1-winner] != taken {
					t.Fatalf("round %d: %q", round, failures)
				}
				if body := nodes[winner].do("DescribeUserPoolDomain", `{"Domain":"articles"}`); !strings.Contains(body, pools[winner]) {
					t.Errorf("round %d: the domain is %s, want that of %s", round, body, pools[winner])
				}
				named := fmt.Sprintf(`{"UserPoolId":%q,"Domain":"articles"}`, pools[1-winner])
				if _, failure := nodes[1-winner].call("DeleteUserPoolDomain", named); failure != "InvalidParameterException: No such domain or user pool exists." {
					t.Errorf("round %d: the loser's pool deletes the domain: %q", round, failure)
				}
				nodes[winner].do("DeleteUserPoolDomain", fmt.Sprintf(`{"UserPoolId":%q,"Domain":"articles"}`, pools[winner]))
			}
		})
	}
}

// TestConfigurationReachesAllNodes changes what nodes cache at one node, and finds
// it at the other, which has it in its cache, within a second.
func TestConfigurationReachesAllNodes(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := openNodes(t, url(t))
			pool, client := nodes[0].newPool()
			fill := strings.NewReplacer("POOL", `"UserPoolId":"`+pool+`"`, "CLIENT", `"ClientId":"`+client+`"`).Replace
			const details = `"ProviderDetails":{"client_id":"ID","client_secret":"s","authorize_scopes":"openid"}`
			for _, tc := range []struct{ show, change, shown string }{
				{`DescribeUserPool {POOL}`, `UpdateUserPool {POOL,"PoolName":"renamed"}`, `"Name":"renamed"`},
				{`DescribeUserPoolClient {POOL,CLIENT}`, `UpdateUserPoolClient {POOL,CLIENT,"ClientName":"renamed"}`, `"ClientName":"renamed"`},
				{`GetUserPoolMfaConfig {POOL}`, `SetUserPoolMfaConfig {POOL,"MfaConfiguration":"ON","SoftwareTokenMfaConfiguration":{"Enabled":true}}`, `"MfaConfiguration":"ON"`},
				{`DescribeUserPoolDomain {"Domain":"` + name + `"}`, `CreateUserPoolDomain {POOL,"Domain":"` + name + `"}`, `"ManagedLoginVersion":1`},
				{`DescribeUserPoolDomain {"Domain":"` + name + `"}`, `UpdateUserPoolDomain {POOL,"Domain":"` + name + `","ManagedLoginVersion":2}`, `"ManagedLoginVersion":2`},
				{`DescribeIdentityProvider {POOL,"ProviderName":"Google"}`, `CreateIdentityProvider {POOL,"ProviderName":"Google","ProviderType":"Google",` +
					strings.Replace(details, "ID", "one", 1) + `}`, `"client_id":"one"`},
				{`DescribeIdentityProvider {POOL,"ProviderName":"Google"}`, `UpdateIdentityProvider {POOL,"ProviderName":"Google",` +
					strings.Replace(details, "ID", "two", 1) + `}`, `"client_id":"two"`},
				{`GetUserPoolSessionConfiguration {POOL}`, `SetUserPoolSessionConfiguration {POOL,"UserSessionTracking":"ENABLED","TokenSession":{"MaxPerUser":7}}`, `"MaxPerUser":7`},
				{`GetUserPoolClientSessionConfiguration {POOL,CLIENT}`, `SetUserPoolClientSessionConfiguration {POOL,CLIENT,"SSOSession":{"MaxValidityMinutes":33}}`, `33`},
				{`DescribeRiskConfiguration {POOL}`, `SetRiskConfiguration {POOL,"RiskExceptionConfiguration":{"BlockedIPRangeList":["192.0.2.0/24"]}}`, `192.0.2.0/24`},
				{`GetLogDeliveryConfiguration {POOL}`, `SetLogDeliveryConfiguration {POOL,"LogConfigurations":[{"LogLevel":"ERROR","EventSource":"userNotification",` +
					`"CloudWatchLogsConfiguration":{"LogGroupArn":"arn:aws:logs:us-east-1:123456789012:log-group:cognito"}}]}`, `log-group:cognito`},
				{`GetUICustomization {POOL}`, `SetUICustomization {POOL,"CSS":".label-customizable {color: red}"}`, `color: red`},
				{`DescribeResourceServer {POOL,"Identifier":"a"}`, `CreateResourceServer {POOL,"Identifier":"a","Name":"A"}`, `"Name":"A"`},
				{`ListTagsForResource {"ResourceArn":"arn:aws:cognito-idp:us-east-1:123456789012:userpool/` + pool + `"}`,
					`TagResource {"ResourceArn":"arn:aws:cognito-idp:us-east-1:123456789012:userpool/` + pool + `","Tags":{"a":"b"}}`, `"a":"b"`},
				{`DescribeIdentityProvider {POOL,"ProviderName":"Google"}`, `DeleteIdentityProvider {POOL,"ProviderName":"Google"}`, "ResourceNotFoundException"},
				{`DescribeUserPoolDomain {"Domain":"` + name + `"}`, `DeleteUserPoolDomain {POOL,"Domain":"` + name + `"}`, `{"DomainDescription":{}}`},
				{`DescribeUserPoolClient {POOL,CLIENT}`, `DeleteUserPoolClient {POOL,CLIENT}`, "ResourceNotFoundException"},
				{`DescribeUserPool {POOL}`, `DeleteUserPool {POOL}`, "ResourceNotFoundException"},
			} {
				operation, input, _ := strings.Cut(fill(tc.show), " ")
				shows := func() bool {
					body, failure := nodes[1].call(operation, input)
					return strings.Contains(body+failure, tc.shown)
				}
				if shows() {
					t.Errorf("%s shows %s before it was changed", tc.show, tc.shown)
				}
				change, changed, _ := strings.Cut(fill(tc.change), " ")
				nodes[0].do(change, changed)
				for end := time.Now().Add(soon); !shows(); time.Sleep(20 * time.Millisecond) {
					if time.Now().After(end) {
						body, failure := nodes[1].call(operation, input)
						t.Errorf("after %s, %s shows %s%s at another node", tc.change, tc.show, body, failure)
						break
					}
				}
			}
		})
	}
}
