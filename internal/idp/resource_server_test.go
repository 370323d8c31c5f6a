package idp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

func TestResourceServers(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	id := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	for _, tc := range []struct {
		name, operation, input string // one after the other
		want                   string // of what it answers and DescribeResourceServer shows, less the identifiers
	}{
		{"without scopes", "CreateResourceServer", `"Name":"API"`, `"Name":"API"`},
		{"scopes are set", "UpdateResourceServer", `"Name":"API","Scopes":[{"ScopeName":"write","ScopeDescription":"may write"},{"ScopeName":"read","ScopeDescription":"may read"}]`,
			`"Name":"API","Scopes":[{"ScopeDescription":"may write","ScopeName":"write"},{"ScopeDescription":"may read","ScopeName":"read"}]`},
		{"scopes are replaced", "UpdateResourceServer", `"Name":"renamed","Scopes":[{"ScopeName":"read","ScopeDescription":"may read all"}]`,
			`"Name":"renamed","Scopes":[{"ScopeDescription":"may read all","ScopeName":"read"}]`},
		{"scopes go", "UpdateResourceServer", `"Name":"renamed"`, `"Name":"renamed"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			named := fill(`{"UserPoolId":"POOL","Identifier":"https://api.example.com"`, id, "")
			want := `{"Identifier":"https://api.example.com",` + tc.want + fill(`,"UserPoolId":"POOL"}`, id, "")
			if got := a.do(t, tc.operation, named+","+tc.input+"}").json("ResourceServer"); got != want {
				t.Errorf("%s answers\n%s, want\n%s", tc.operation, got, want)
			}
			if got := a.do(t, "DescribeResourceServer", named+"}").json("ResourceServer"); got != want {
				t.Errorf("DescribeResourceServer shows\n%s, want\n%s", got, want)
			}
		})
	}

	a.do(t, "CreateResourceServer", fill(`{"UserPoolId":"POOL","Identifier":"another","Name":"another"}`, id, ""))
	first := a.do(t, "ListResourceServers", fill(`{"UserPoolId":"POOL","MaxResults":1}`, id, ""))
	if got, want := first.json("ResourceServers"), fill(`[{"Identifier":"another","Name":"another","UserPoolId":"POOL"}]`, id, ""); got != want {
		t.Errorf("first page %s, want %s", got, want)
	}
	second := a.do(t, "ListResourceServers", fmt.Sprintf(`{"UserPoolId":%q,"MaxResults":1,"NextToken":%q}`, id, first.text("NextToken")))
	if got, want := second.json("ResourceServers"), fill(`[{"Identifier":"https://api.example.com","Name":"renamed","UserPoolId":"POOL"}]`, id, ""); got != want || second.at("NextToken") != nil {
		t.Errorf("second page %s, want %s and no token", second.body, want)
	}
	for _, identifier := range []string{"another", "https://api.example.com"} {
		if got := a.do(t, "DeleteResourceServer", fmt.Sprintf(`{"UserPoolId":%q,"Identifier":%q}`, id, identifier)); len(got.body) != 0 {
			t.Errorf("DeleteResourceServer answers %v, want {}", got.body)
		}
	}
	if got := a.do(t, "ListResourceServers", fill(`{"UserPoolId":"POOL"}`, id, "")).json("ResourceServers"); got != `[]` {
		t.Errorf("left are %s", got)
	}
}

func TestResourceServersRefuse(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	id := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	a.do(t, "CreateResourceServer", fill(`{"UserPoolId":"POOL","Identifier":"api","Name":"API"}`, id, ""))
	const scope = `{"ScopeName":"s","ScopeDescription":"d"}`
	for _, tc := range []struct{ name, operation, input, want string }{
		{"create one that is there", "CreateResourceServer", `"Identifier":"api","Name":"again"`, "InvalidParameterException: api already exists in user pool POOL."},
		{"create a reserved one", "CreateResourceServer", `"Identifier":"aws.cognito/dcr","Name":"n"`, "InvalidParameterException: The identifier aws.cognito/dcr is reserved."},
		{"create with a scope twice", "CreateResourceServer", `"Identifier":"b","Name":"n","Scopes":[` + scope + "," + scope + `]`, "InvalidParameterException: The scope s is there twice."},
		{"update to a scope twice", "UpdateResourceServer", `"Identifier":"api","Name":"n","Scopes":[` + scope + "," + scope + `]`, "InvalidParameterException: The scope s is there twice."},
		{"describe none", "DescribeResourceServer", `"Identifier":"b"`, "ResourceNotFoundException: Resource server b does not exist."},
		{"update none", "UpdateResourceServer", `"Identifier":"b","Name":"n"`, "ResourceNotFoundException: Resource server b does not exist."},
		{"delete none", "DeleteResourceServer", `"Identifier":"b"`, "ResourceNotFoundException: Resource server b does not exist."},
		{"list behind nothing", "ListResourceServers", `"NextToken":"junk"`, "InvalidParameterException: Invalid pagination token."},
		{"list a long page", "ListResourceServers", `"MaxResults":51`,
			"InvalidParameterException: 1 validation error detected: Value '51' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 50"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a.refuse(t, tc.operation, fill(`{"UserPoolId":"POOL",`+tc.input+`}`, id, ""), fill(tc.want, id, ""))
		})
	}
	for op, input := range map[string]string{
		"CreateResourceServer": `,"Identifier":"api","Name":"n"`, "DescribeResourceServer": `,"Identifier":"api"`,
		"UpdateResourceServer": `,"Identifier":"api","Name":"n"`, "DeleteResourceServer": `,"Identifier":"api"`, "ListResourceServers": ``,
	} {
		a.refuse(t, op, `{"UserPoolId":"us-east-1_none"`+input+"}", "ResourceNotFoundException: User pool us-east-1_none does not exist.")
	}

	for n := range 299 {
		a.do(t, "CreateResourceServer", fmt.Sprintf(`{"UserPoolId":%q,"Identifier":"api%d","Name":"n"}`, id, n))
	}
	a.refuse(t, "CreateResourceServer", fill(`{"UserPoolId":"POOL","Identifier":"more","Name":"n"}`, id, ""),
		"LimitExceededException: The maximum number of resource servers, 300, is reached.")
}

// A client may have the scopes that resource servers of its pool have.
func TestClientScopes(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	id := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	other := a.do(t, "CreateUserPool", `{"PoolName":"other"}`).text("UserPool.Id")
	for pool, identifier := range map[string]string{id: "https://api.example.com/v1", other: "elsewhere"} {
		a.do(t, "CreateResourceServer", fmt.Sprintf(`{"UserPoolId":%q,"Identifier":%q,"Name":"API","Scopes":[{"ScopeName":"read","ScopeDescription":"may read"}]}`, pool, identifier))
	}
	input := func(scopes ...string) string {
		return fill(`{"UserPoolId":"POOL","ClientId":"CLIENT","ClientName":"c","AllowedOAuthFlowsUserPoolClient":true,"AllowedOAuthFlows":["code"],`+
			`"CallbackURLs":["https://example.com/"],"AllowedOAuthScopes":["`+strings.Join(scopes, `","`)+`"]}`, id, "CLIENT")
	}
	create := func(scopes ...string) string { return strings.Replace(input(scopes...), `"ClientId":"CLIENT",`, "", 1) }
	client := a.do(t, "CreateUserPoolClient", create("openid", "https://api.example.com/v1/read")).text("UserPoolClient.ClientId")
	for _, scope := range []string{"https://api.example.com/v1/write", "https://api.example.com/read", "https://api.example.com/v1", "elsewhere/read", "read", "/read", "/"} {
		a.refuse(t, "CreateUserPoolClient", create(scope), "ScopeDoesNotExistException: Invalid scope requested: "+scope)
		a.refuse(t, "UpdateUserPoolClient", fill(input(scope), id, client), "ScopeDoesNotExistException: Invalid scope requested: "+scope)
	}

	// A scope that is gone stays where it was, until the client is updated.
	a.do(t, "DeleteResourceServer", fill(`{"UserPoolId":"POOL","Identifier":"https://api.example.com/v1"}`, id, ""))
	described := a.do(t, "DescribeUserPoolClient", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, id, client))
	if got := described.json("UserPoolClient.AllowedOAuthScopes"); got != `["openid","https://api.example.com/v1/read"]` {
		t.Errorf("the client's scopes are %s", got)
	}
	a.refuse(t, "UpdateUserPoolClient", fill(input("https://api.example.com/v1/read"), id, client), "ScopeDoesNotExistException: Invalid scope requested: https://api.example.com/v1/read")
}
