package idp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

const replicatedPool = `{"PoolName":"p","KeyConfiguration":{"KeyType":"CUSTOMER_MANAGED_KEY",` +
	`"KmsKeyArn":"arn:aws:kms:us-east-1:123456789012:key/mrk-0a1b2c3d00004000800000000000000a"}}`

func TestReplicas(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	id := a.do(t, "CreateUserPool", replicatedPool).text("UserPool.Id")
	input := func(rest string) string { return fill(`{"UserPoolId":"POOL"`+rest+`}`, id, "") }
	replica := func(region, status, role string) string {
		return fill(fmt.Sprintf(`{"RegionName":%q,"Role":%q,"Status":%q,"UserPoolArn":"arn:aws:cognito-idp:%s:123456789012:userpool/POOL"}`, region, role, status, region), id, "")
	}
	primary := replica("us-east-1", "ACTIVE", "PRIMARY")
	for _, tc := range []struct {
		name, operation, input string // one after the other
		answer, list           string
	}{
		{"create", "CreateUserPoolReplica", `,"RegionName":"eu-west-1","UserPoolTags":{"team":"identity"}`,
			replica("eu-west-1", "INACTIVE", "SECONDARY"), "[" + primary + "," + replica("eu-west-1", "INACTIVE", "SECONDARY") + "]"},
		{"activate", "UpdateUserPoolReplica", `,"RegionName":"eu-west-1","Status":"ACTIVE"`,
			replica("eu-west-1", "ACTIVE", "SECONDARY"), "[" + primary + "," + replica("eu-west-1", "ACTIVE", "SECONDARY") + "]"},
		{"deactivate", "UpdateUserPoolReplica", `,"RegionName":"eu-west-1","Status":"INACTIVE"`,
			replica("eu-west-1", "INACTIVE", "SECONDARY"), "[" + primary + "," + replica("eu-west-1", "INACTIVE", "SECONDARY") + "]"},
		{"delete", "DeleteUserPoolReplica", `,"RegionName":"eu-west-1"`,
			replica("eu-west-1", "DELETING", "SECONDARY"), "[" + primary + "]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := a.do(t, tc.operation, input(tc.input)).json("UserPoolReplica"); got != tc.answer {
				t.Errorf("answers %s, want %s", got, tc.answer)
			}
			if got := a.do(t, "ListUserPoolReplicas", input("")).json("UserPoolReplicas"); got != tc.list {
				t.Errorf("list %s, want %s", got, tc.list)
			}
		})
	}

	// A custom domain fails over to a replica, which then must stay.
	a.do(t, "CreateUserPoolReplica", input(`,"RegionName":"eu-west-1"`))
	const routing = `{"Failover":{"PrimaryRoute53HealthCheckId":"check","SecondaryRegion":"eu-west-1"}}`
	created := a.do(t, "CreateUserPoolDomain", input(`,"Domain":"id.example.com","CustomDomainConfig":{"CertificateArn":"`+testCertificate+`"},"Routing":`+routing))
	if got := created.json("Routing"); got != routing {
		t.Errorf("routing %s", got)
	}
	a.refuse(t, "DeleteUserPoolReplica", input(`,"RegionName":"eu-west-1"`), "InvalidParameterException: Domain id.example.com fails over to the replica in eu-west-1.")
	a.do(t, "UpdateUserPoolDomain", input(`,"Domain":"id.example.com","ManagedLoginVersion":2`))
	if got := a.do(t, "DescribeUserPoolDomain", `{"Domain":"id.example.com"}`).json("DomainDescription.Routing"); got != routing {
		t.Errorf("after another change the routing is %s", got)
	}
	if got := a.do(t, "UpdateUserPoolDomain", input(`,"Domain":"id.example.com","Routing":{}`)).json("Routing"); got != "null" {
		t.Errorf("the failover that was ended is %s", got)
	}
	a.do(t, "DeleteUserPoolReplica", input(`,"RegionName":"eu-west-1"`))
}

func TestReplicasRefuse(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	id := a.do(t, "CreateUserPool", replicatedPool).text("UserPool.Id")
	plain := a.do(t, "CreateUserPool", `{"PoolName":"plain"}`).text("UserPool.Id")
	a.do(t, "CreateUserPoolReplica", fill(`{"UserPoolId":"POOL","RegionName":"eu-west-1"}`, id, ""))
	for _, tc := range []struct{ name, operation, input, want string }{
		{"create one that is there", "CreateUserPoolReplica", `"RegionName":"eu-west-1"`, "InvalidParameterException: User pool POOL already has a replica in eu-west-1."},
		{"create one in the pool's region", "CreateUserPoolReplica", `"RegionName":"us-east-1"`, "InvalidParameterException: User pool POOL is in us-east-1 already."},
		{"create one in no region", "CreateUserPoolReplica", `"RegionName":"Ireland"`, "InvalidParameterException: Invalid region name: Ireland"},
		{"create one in a short region", "CreateUserPoolReplica", `"RegionName":"eu"`,
			"InvalidParameterException: 1 validation error detected: Value 'eu' at 'regionName' failed to satisfy constraint: Member must have length greater than or equal to 5"},
		{"create one with a reserved tag", "CreateUserPoolReplica", `"RegionName":"eu-west-2","UserPoolTags":{"aws:x":"y"}`,
			"UserPoolTaggingException: aws: prefixed tag key names are not allowed for external use."},
		{"update none", "UpdateUserPoolReplica", `"RegionName":"eu-west-2","Status":"ACTIVE"`, "ResourceNotFoundException: User pool POOL has no replica in eu-west-2."},
		{"update the primary", "UpdateUserPoolReplica", `"RegionName":"us-east-1","Status":"INACTIVE"`, "InvalidParameterException: The user pool in us-east-1 is the primary one."},
		{"update to another status", "UpdateUserPoolReplica", `"RegionName":"eu-west-1","Status":"DELETING"`,
			"InvalidParameterException: 1 validation error detected: Value 'DELETING' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [ACTIVE, INACTIVE]"},
		{"delete none", "DeleteUserPoolReplica", `"RegionName":"eu-west-2"`, "ResourceNotFoundException: User pool POOL has no replica in eu-west-2."},
		{"delete the primary", "DeleteUserPoolReplica", `"RegionName":"us-east-1"`, "InvalidParameterException: The user pool in us-east-1 is the primary one."},
		{"list behind nothing", "ListUserPoolReplicas", `"NextToken":"junk"`, "InvalidParameterException: Invalid pagination token."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a.refuse(t, tc.operation, fill(`{"UserPoolId":"POOL",`+tc.input+`}`, id, ""), fill(tc.want, id, ""))
		})
	}
	a.refuse(t, "CreateUserPoolReplica", fill(`{"UserPoolId":"POOL","RegionName":"eu-west-1"}`, plain, ""),
		"OperationNotEnabledException: The user pool must be configured with a multi-Region customer managed key before it can be replicated.")
	for op, rest := range map[string]string{
		"CreateUserPoolReplica": `,"RegionName":"eu-west-1"`, "UpdateUserPoolReplica": `,"RegionName":"eu-west-1","Status":"ACTIVE"`,
		"DeleteUserPoolReplica": `,"RegionName":"eu-west-1"`, "ListUserPoolReplicas": ``,
	} {
		a.refuse(t, op, `{"UserPoolId":"us-east-1_none"`+rest+`}`, "ResourceNotFoundException: User pool us-east-1_none does not exist.")
	}
	for n := range 9 {
		a.do(t, "CreateUserPoolReplica", fill(fmt.Sprintf(`{"UserPoolId":"POOL","RegionName":"eu-north-%d"}`, n), id, ""))
	}
	a.refuse(t, "CreateUserPoolReplica", fill(`{"UserPoolId":"POOL","RegionName":"eu-south-1"}`, id, ""), "LimitExceededException: The maximum number of replicas, 10, is reached.")

	strict := newTestAPI(t, userpool.PoolsOptions{StrictTiers: true})
	lite := strict.do(t, "CreateUserPool", replicatedPool[:len(replicatedPool)-1]+`,"UserPoolTier":"LITE"}`).text("UserPool.Id")
	strict.refuse(t, "CreateUserPoolReplica", fill(`{"UserPoolId":"POOL","RegionName":"eu-west-1"}`, lite, ""),
		"FeatureUnavailableInTierException: The following features need to be disabled for the LITE pricing tier configured: Multi-Region Replication")

	// Nor does a pool with replicas become a LITE one.
	tier := func(name string) string {
		return strings.Replace(replicatedPool[:len(replicatedPool)-1], `"PoolName":"p"`, `"UserPoolId":"`+lite+`"`, 1) + `,"UserPoolTier":"` + name + `"}`
	}
	strict.do(t, "UpdateUserPool", tier("ESSENTIALS"))
	strict.do(t, "CreateUserPoolReplica", fill(`{"UserPoolId":"POOL","RegionName":"eu-west-1"}`, lite, ""))
	strict.refuse(t, "UpdateUserPool", tier("LITE"),
		"TierChangeNotAllowedException: The following features need to be disabled for the LITE pricing tier configured: Multi-Region Replication")
	strict.do(t, "DeleteUserPoolReplica", fill(`{"UserPoolId":"POOL","RegionName":"eu-west-1"}`, lite, ""))
	strict.do(t, "UpdateUserPool", tier("LITE"))
}

// TestKeyOfReplicas updates a pool, which replaces its configuration, without the key
// that its replicas need.
func TestKeyOfReplicas(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	id := a.do(t, "CreateUserPool", replicatedPool).text("UserPool.Id")
	const replica = `{"UserPoolId":"POOL","RegionName":"eu-west-1"}`
	const key = "arn:aws:kms:us-east-1:123456789012:key/mrk-0a1b2c3d00004000800000000000000a"
	wantKey := func(want any) {
		t.Helper()
		if got := a.do(t, "DescribeUserPool", fill(`{"UserPoolId":"POOL"}`, id, "")).at("UserPool.KeyConfiguration.KmsKeyArn"); got != want {
			t.Errorf("key %v, want %v", got, want)
		}
	}
	a.do(t, "CreateUserPoolReplica", fill(replica, id, ""))
	a.do(t, "UpdateUserPool", fill(`{"UserPoolId":"POOL"}`, id, ""))
	wantKey(key)
	for _, other := range []string{`{"KeyType":"AWS_OWNED_KEY"}`, `{"KeyType":"CUSTOMER_MANAGED_KEY","KmsKeyArn":"arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0000-4000-8000-00000000000a"}`} {
		a.refuse(t, "UpdateUserPool", fill(`{"UserPoolId":"POOL","KeyConfiguration":`+other+`}`, id, ""),
			"OperationNotEnabledException: The user pool must be configured with a multi-Region customer managed key while it has replicas.")
	}
	wantKey(key)
	another := strings.Replace(key, "000a", "000b", 1)
	a.do(t, "UpdateUserPool", fill(`{"UserPoolId":"POOL","KeyConfiguration":{"KeyType":"CUSTOMER_MANAGED_KEY","KmsKeyArn":"`+another+`"}}`, id, ""))
	wantKey(another)
	a.do(t, "DeleteUserPoolReplica", fill(replica, id, ""))
	a.do(t, "UpdateUserPool", fill(`{"UserPoolId":"POOL"}`, id, ""))
	wantKey(nil)
}

func TestProvisionedLimits(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	definition := func(attributes string) string {
		return `{"LimitDefinition":{"LimitClass":"API_CATEGORY","Attributes":{` + attributes + `}}`
	}
	limit := func(category string, provisioned, free int) string {
		return fmt.Sprintf(`{"FreeLimitValue":%d,"LimitDefinition":{"Attributes":{"Category":%q},"LimitClass":"API_CATEGORY"},"ProvisionedLimitValue":%d}`, free, category, provisioned)
	}
	get := func(want string) {
		t.Helper()
		if got := a.do(t, "GetProvisionedLimit", definition(`"Category":"UserAuthentication"`)+"}").json("Limit"); got != want {
			t.Errorf("GetProvisionedLimit answers %s, want %s", got, want)
		}
	}
	get(limit("UserAuthentication", 120, 120))
	for _, value := range []int{600, 120, 1_000_000} {
		got := a.do(t, "UpdateProvisionedLimit", definition(`"Category":"UserAuthentication"`)+fmt.Sprintf(`,"RequestedLimitValue":%d}`, value)).json("Limit")
		if want := limit("UserAuthentication", value, 120); got != want {
			t.Errorf("UpdateProvisionedLimit answers %s, want %s", got, want)
		}
		get(limit("UserAuthentication", value, 120))
	}
	const (
		attributes = "InvalidParameterException: The attributes of an API_CATEGORY limit are Category and nothing else."
		none       = "ResourceNotFoundException: There is no adjustable limit for the category."
	)
	for _, tc := range []struct{ name, operation, input, want string }{
		{"below the default", "UpdateProvisionedLimit", definition(`"Category":"UserRead"`) + `,"RequestedLimitValue":119}`,
			"InvalidParameterException: The requested limit value 119 is below the default limit, 120."},
		{"negative", "UpdateProvisionedLimit", definition(`"Category":"UserRead"`) + `,"RequestedLimitValue":-1}`,
			"InvalidParameterException: The requested limit value -1 is below the default limit, 120."},
		{"above the quota", "UpdateProvisionedLimit", definition(`"Category":"UserRead"`) + `,"RequestedLimitValue":1000001}`,
			"ServiceQuotaExceededException: The requested limit value 1000001 is above the quota of the account, 1000000."},
		{"without a value", "UpdateProvisionedLimit", definition(`"Category":"UserRead"`) + `}`,
			"InvalidParameterException: 1 validation error detected: Value null at 'requestedLimitValue' failed to satisfy constraint: Member must not be null"},
		{"unknown category", "UpdateProvisionedLimit", definition(`"Category":"Nonsense"`) + `,"RequestedLimitValue":1}`, none},
		{"fixed category", "GetProvisionedLimit", definition(`"Category":"UserPoolRead"`) + `}`, none},
		{"no category", "GetProvisionedLimit", definition(``) + `}`, attributes},
		{"another attribute", "GetProvisionedLimit", definition(`"Category":"UserRead","Operation":"GetUser"`) + `}`, attributes},
		{"another class", "GetProvisionedLimit", `{"LimitDefinition":{"LimitClass":"X","Attributes":{"Category":"UserRead"}}}`,
			"InvalidParameterException: 1 validation error detected: Value 'X' at 'limitDefinition.limitClass' failed to satisfy constraint: Member must satisfy enum value set: [API_CATEGORY]"},
	} {
		t.Run(tc.name, func(t *testing.T) { a.refuse(t, tc.operation, tc.input, tc.want) })
	}
}

// A replica has tags of its own, by its own ARN in its own region.
func TestReplicaTags(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool, err := a.service.pools.Create(t.Context(), userpool.NewPool{Region: "eu-west-1", Name: "p", Settings: userpool.PoolSettings{
		PoolConfig: userpool.PoolConfig{KeyConfiguration: &userpool.KeyConfiguration{
			KeyType: "CUSTOMER_MANAGED_KEY", KmsKeyArn: "arn:aws:kms:eu-west-1:123456789012:key/mrk-0a1b2c3d00004000800000000000000a",
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	arn := fill(`"ResourceArn":"arn:aws:cognito-idp:us-east-1:123456789012:userpool/POOL"`, pool.ID, "")
	a.refuse(t, "ListTagsForResource", "{"+arn+"}", "ResourceNotFoundException: User pool "+pool.ID+" does not exist.")
	a.do(t, "CreateUserPoolReplica", fill(`{"UserPoolId":"POOL","RegionName":"us-east-1","UserPoolTags":{"stage":"test"}}`, pool.ID, ""))
	for _, tc := range []struct{ operation, input, want string }{
		{"ListTagsForResource", ``, `{"stage":"test"}`},
		{"TagResource", `,"Tags":{"team":"identity"}`, `{"stage":"test","team":"identity"}`},
		{"UntagResource", `,"TagKeys":["stage","none"]`, `{"team":"identity"}`},
		{"UntagResource", `,"TagKeys":["team"]`, `{}`},
		{"TagResource", `,"Tags":{"a":"b"}`, `{"a":"b"}`},
	} {
		a.do(t, tc.operation, "{"+arn+tc.input+"}")
		if got := a.do(t, "ListTagsForResource", "{"+arn+"}").json("Tags"); got != tc.want {
			t.Errorf("after %s%s the tags are %s, want %s", tc.operation, tc.input, got, tc.want)
		}
	}
	a.refuse(t, "TagResource", "{"+arn+`,"Tags":{"aws:x":"y"}}`, "InvalidParameterException: aws: prefixed tag key names are not allowed for external use.")
	if got := a.do(t, "DescribeUserPool", fill(`{"UserPoolId":"POOL"}`, pool.ID, "")).json("UserPool.UserPoolTags"); got != `{}` {
		t.Errorf("the pool itself has the tags %s", got)
	}
}
