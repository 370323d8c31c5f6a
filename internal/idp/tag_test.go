package idp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

func TestTags(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	created := a.do(t, "CreateUserPool", `{"PoolName":"p"}`)
	id, arn := created.text("UserPool.Id"), created.text("UserPool.Arn")
	for _, tc := range []struct {
		name, operation, input string // one after the other
		want                   string
	}{
		{"none", "ListTagsForResource", ``, `{}`},
		{"first", "TagResource", `,"Tags":{"team":"identity","stage":"test"}`, `{"stage":"test","team":"identity"}`},
		{"one more, one changed", "TagResource", `,"Tags":{"stage":"","aws":"x"}`, `{"aws":"x","stage":"","team":"identity"}`},
		{"nothing to set", "TagResource", `,"Tags":{}`, `{"aws":"x","stage":"","team":"identity"}`},
		{"two away, one never there", "UntagResource", `,"TagKeys":["stage","aws","none"]`, `{"team":"identity"}`},
		{"keys have a case", "UntagResource", `,"TagKeys":["TEAM"]`, `{"team":"identity"}`},
		{"last away", "UntagResource", `,"TagKeys":["team"]`, `{}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resource := fmt.Sprintf(`{"ResourceArn":%q`, arn)
			answered := a.do(t, tc.operation, resource+tc.input+"}")
			if tc.operation != "ListTagsForResource" && len(answered.body) != 0 {
				t.Errorf("%s answers %v, want {}", tc.operation, answered.body)
			}
			if got := a.do(t, "ListTagsForResource", resource+"}").json("Tags"); got != tc.want {
				t.Errorf("ListTagsForResource shows %s, want %s", got, tc.want)
			}
			if got := a.do(t, "DescribeUserPool", fill(`{"UserPoolId":"POOL"}`, id, "")).json("UserPool.UserPoolTags"); got != tc.want {
				t.Errorf("DescribeUserPool shows %s, want %s", got, tc.want)
			}
		})
	}
}

func TestTagsRefuse(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	created := a.do(t, "CreateUserPool", `{"PoolName":"p","UserPoolTags":{"kept":"yes"}}`)
	id, arn := created.text("UserPool.Id"), created.text("UserPool.Arn")
	swap := func(old, new string) string { return strings.Replace(arn, old, new, 1) }
	missing := fmt.Sprintf("ResourceNotFoundException: User pool %s does not exist.", id)
	noPool := func(arn string) string {
		return fmt.Sprintf("InvalidParameterException: %s is not the ARN of a user pool.", arn)
	}
	for _, tc := range []struct{ name, arn, want string }{
		{"another account", swap("123456789012", "210987654321"), missing},
		{"another region in front", swap("us-east-1", "eu-west-1"), missing},
		{"another partition", swap("arn:aws:", "arn:aws-cn:"), missing},
		{"no such pool", swap(id, "us-east-1_None00000"), "ResourceNotFoundException: User pool us-east-1_None00000 does not exist."},
		{"another service", swap("cognito-idp", "cognito-identity"), noPool(swap("cognito-idp", "cognito-identity"))},
		{"another kind", swap("userpool/", "identitypool/"), noPool(swap("userpool/", "identitypool/"))},
		{"something below", arn + "/client/c", noPool(arn + "/client/c")},
		{"something behind", arn + ":x", noPool(arn + ":x")},
		{"a wildcard", swap(id, "us-east-1_+"), noPool(swap(id, "us-east-1_+"))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for op, input := range map[string]string{
				"TagResource": `,"Tags":{"a":"b"}`, "UntagResource": `,"TagKeys":["kept"]`, "ListTagsForResource": ``,
			} {
				a.refuse(t, op, fmt.Sprintf(`{"ResourceArn":%q`, tc.arn)+input+"}", tc.want)
			}
		})
	}

	// A pool of another region of this deployment is out of sight too.
	far, err := a.service.pools.Create(t.Context(), userpool.NewPool{Region: "eu-west-1", Name: "far"})
	if err != nil {
		t.Fatal(err)
	}
	a.refuse(t, "ListTagsForResource", fmt.Sprintf(`{"ResourceArn":%q}`, a.service.pools.ARN(far.ID)),
		fmt.Sprintf("ResourceNotFoundException: User pool %s does not exist.", far.ID))

	var many []string
	for i := range 50 {
		many = append(many, fmt.Sprintf(`"t%d":""`, i))
	}
	for _, tc := range []struct{ name, tags, want string }{
		{"reserved", `"Aws:x":"y"`, "InvalidParameterException: aws: prefixed tag key names are not allowed for external use."},
		{"one too many", strings.Join(many, ","), "InvalidParameterException: A user pool can not have more than 50 tags."},
		{"long key", `"` + strings.Repeat("k", 129) + `":"v"`, "InvalidParameterException: 1 validation error detected: Value '{" + strings.Repeat("k", 129) +
			"=v}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a.refuse(t, "TagResource", fmt.Sprintf(`{"ResourceArn":%q,"Tags":{%s}}`, arn, tc.tags), tc.want)
		})
	}
	if got := a.do(t, "ListTagsForResource", fmt.Sprintf(`{"ResourceArn":%q}`, arn)).json("Tags"); got != `{"kept":"yes"}` {
		t.Errorf("refused requests left the tags %s", got)
	}
}
