package idp

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	roleOne = "arn:aws:iam::123456789012:role/one"
	roleTwo = "arn:aws:iam::123456789012:role/two"
)

// newGroupAPI is a pool with a client and the users ann and bob.
func newGroupAPI(t *testing.T) (a *testAPI, pool, client string) {
	t.Helper()
	a = newTestAPI(t, userpool.PoolsOptions{})
	pool = a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	client = a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"c",
		"ExplicitAuthFlows":["ALLOW_USER_PASSWORD_AUTH","ALLOW_REFRESH_TOKEN_AUTH"]}`, pool, "")).text("UserPoolClient.ClientId")
	for _, user := range []string{"ann", "bob"} {
		a.do(t, "AdminCreateUser", fill(`{"UserPoolId":"POOL","Username":"`+user+`","MessageAction":"SUPPRESS"}`, pool, ""))
		a.do(t, "AdminSetUserPassword", fill(`{"UserPoolId":"POOL","Username":"`+user+`","Password":"Passw0rd!","Permanent":true}`, pool, ""))
	}
	return a, pool, client
}

// groupJSON is a group without its dates, which must be there.
func groupJSON(t *testing.T, group any) string {
	t.Helper()
	members, _ := group.(map[string]any)
	for _, date := range []string{"CreationDate", "LastModifiedDate"} {
		if seconds, _ := members[date].(float64); seconds == 0 {
			t.Errorf("group without %s: %v", date, group)
		}
		delete(members, date)
	}
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestGroup(t *testing.T) {
	a, pool, _ := newGroupAPI(t)
	for _, tc := range []struct{ operation, name, input, want string }{
		{"CreateGroup", "minimal", ``, `{"GroupName":"minimal","UserPoolId":"POOL"}`},
		{"GetGroup", "minimal", ``, `{"GroupName":"minimal","UserPoolId":"POOL"}`},
		{"UpdateGroup", "minimal", `,"Precedence":0`, `{"GroupName":"minimal","Precedence":0,"UserPoolId":"POOL"}`},
		{"GetGroup", "minimal", ``, `{"GroupName":"minimal","Precedence":0,"UserPoolId":"POOL"}`},
		{"CreateGroup", "größe+1", `,"Description":"all of it","RoleArn":"` + roleOne + `","Precedence":2147483647`,
			`{"Description":"all of it","GroupName":"größe+1","Precedence":2147483647,"RoleArn":"` + roleOne + `","UserPoolId":"POOL"}`},
		// What an update leaves out stays.
		{"UpdateGroup", "größe+1", `,"Description":"changed"`,
			`{"Description":"changed","GroupName":"größe+1","Precedence":2147483647,"RoleArn":"` + roleOne + `","UserPoolId":"POOL"}`},
		{"UpdateGroup", "größe+1", `,"RoleArn":"` + roleTwo + `"`,
			`{"Description":"changed","GroupName":"größe+1","Precedence":2147483647,"RoleArn":"` + roleTwo + `","UserPoolId":"POOL"}`},
		{"UpdateGroup", "größe+1", `,"Precedence":3`,
			`{"Description":"changed","GroupName":"größe+1","Precedence":3,"RoleArn":"` + roleTwo + `","UserPoolId":"POOL"}`},
		{"GetGroup", "größe+1", ``,
			`{"Description":"changed","GroupName":"größe+1","Precedence":3,"RoleArn":"` + roleTwo + `","UserPoolId":"POOL"}`},
		{"UpdateGroup", "größe+1", `,"Description":null`,
			`{"Description":"changed","GroupName":"größe+1","Precedence":3,"RoleArn":"` + roleTwo + `","UserPoolId":"POOL"}`},
		// An empty description is none.
		{"UpdateGroup", "größe+1", `,"Description":""`,
			`{"GroupName":"größe+1","Precedence":3,"RoleArn":"` + roleTwo + `","UserPoolId":"POOL"}`},
		{"GetGroup", "größe+1", ``, `{"GroupName":"größe+1","Precedence":3,"RoleArn":"` + roleTwo + `","UserPoolId":"POOL"}`},
	} {
		got := groupJSON(t, a.do(t, tc.operation, fill(`{"UserPoolId":"POOL","GroupName":"`+tc.name+`"`+tc.input+`}`, pool, "")).at("Group"))
		if want := fill(tc.want, pool, ""); got != want {
			t.Errorf("%s %s%s:\ngot  %s\nwant %s", tc.operation, tc.name, tc.input, got, want)
		}
	}
	for _, operation := range []string{"AdminAddUserToGroup", "AdminAddUserToGroup", "AdminRemoveUserFromGroup", "AdminRemoveUserFromGroup", "DeleteGroup"} {
		if got := a.do(t, operation, fill(groupInputs[operation], pool, "minimal")); len(got.body) != 0 {
			t.Errorf("%s answers %v, want {}", operation, got.body)
		}
	}
	a.refuse(t, "GetGroup", fill(groupInputs["GetGroup"], pool, "minimal"), "ResourceNotFoundException: Group not found.")
}

// groupInputs are the inputs of the operations on a pool's groups; CLIENT is the
// name of the group.
var groupInputs = map[string]string{
	"CreateGroup":              `{"UserPoolId":"POOL","GroupName":"CLIENT"}`,
	"GetGroup":                 `{"UserPoolId":"POOL","GroupName":"CLIENT"}`,
	"UpdateGroup":              `{"UserPoolId":"POOL","GroupName":"CLIENT"}`,
	"DeleteGroup":              `{"UserPoolId":"POOL","GroupName":"CLIENT"}`,
	"ListGroups":               `{"UserPoolId":"POOL"}`,
	"AdminAddUserToGroup":      `{"UserPoolId":"POOL","GroupName":"CLIENT","Username":"ann"}`,
	"AdminRemoveUserFromGroup": `{"UserPoolId":"POOL","GroupName":"CLIENT","Username":"ann"}`,
	"AdminListGroupsForUser":   `{"UserPoolId":"POOL","Username":"ann"}`,
	"ListUsersInGroup":         `{"UserPoolId":"POOL","GroupName":"CLIENT"}`,
}

func TestGroupRefuses(t *testing.T) {
	a, pool, _ := newGroupAPI(t)
	a.do(t, "CreateGroup", fill(groupInputs["CreateGroup"], pool, "taken"))
	for operation, input := range groupInputs {
		a.refuse(t, operation, fill(input, "us-east-1_none", "taken"), "ResourceNotFoundException: User pool us-east-1_none does not exist.")
		if operation != "CreateGroup" && strings.Contains(input, "GroupName") {
			a.refuse(t, operation, fill(input, pool, "none"), "ResourceNotFoundException: Group not found.")
			a.refuse(t, operation, fill(input, pool, "Taken"), "ResourceNotFoundException: Group not found.")
		}
		if strings.Contains(input, "ann") {
			a.refuse(t, operation, strings.Replace(fill(input, pool, "taken"), "ann", "nobody", 1), "UserNotFoundException: User does not exist.")
		}
	}
	const invalid = "InvalidParameterException: 1 validation error detected: Value "
	for _, tc := range []struct{ name, operation, input, want string }{
		{"name taken", "CreateGroup", `"GroupName":"taken"`, "GroupExistsException: A group with the name already exists."},
		{"name with a space", "CreateGroup", `"GroupName":"a b"`,
			invalid + `'a b' at 'groupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`},
		{"name with a line break", "CreateGroup", `"GroupName":"a\nb"`,
			invalid + `'a?b' at 'groupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`},
		{"name too long", "CreateGroup", `"GroupName":"` + strings.Repeat("a", 129) + `"`,
			invalid + `'` + strings.Repeat("a", 129) + `' at 'groupName' failed to satisfy constraint: Member must have length less than or equal to 128`},
		{"negative precedence", "CreateGroup", `"GroupName":"a","Precedence":-1`,
			invalid + `'-1' at 'precedence' failed to satisfy constraint: Member must have value greater than or equal to 0`},
		{"short role", "UpdateGroup", `"GroupName":"taken","RoleArn":"arn:x"`,
			"InvalidParameterException: 2 validation errors detected: " +
				`Value 'arn:x' at 'roleArn' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?; ` +
				"Value 'arn:x' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"},
		{"page of groups too large", "ListGroups", `"Limit":61`,
			invalid + `'61' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 60`},
		{"made-up token of groups", "ListGroups", `"NextToken":"x"`, "InvalidParameterException: Invalid pagination token."},
		{"made-up token of a user's groups", "AdminListGroupsForUser", `"Username":"ann","NextToken":"x"`, "InvalidParameterException: Invalid pagination token."},
		{"made-up token of users", "ListUsersInGroup", `"GroupName":"taken","NextToken":"x"`, "InvalidParameterException: Invalid pagination token."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a.refuse(t, tc.operation, `{"UserPoolId":"`+pool+`",`+tc.input+`}`, tc.want)
		})
	}
}

// Each list gives everything once, page by page, and its tokens are good for no
// other list. Names of groups are as long as they may be.
func TestGroupLists(t *testing.T) {
	a, pool, _ := newGroupAPI(t)
	var names []string
	for n := range 5 {
		name := strings.Repeat("𝒢", 127) + fmt.Sprint(n)
		names = append(names, name)
		a.do(t, "CreateGroup", fill(groupInputs["CreateGroup"], pool, name))
		a.do(t, "AdminAddUserToGroup", fill(groupInputs["AdminAddUserToGroup"], pool, name))
	}
	a.do(t, "AdminAddUserToGroup", fill(strings.Replace(groupInputs["AdminAddUserToGroup"], "ann", "bob", 1), pool, names[0]))
	a.do(t, "CreateGroup", fill(groupInputs["CreateGroup"], pool, "alone"))

	tokens := map[string]string{}
	for _, tc := range []struct {
		operation, input, list, member string
		want                           []string
	}{
		{"ListGroups", `{"UserPoolId":"POOL"`, "Groups", "GroupName", append([]string{"alone"}, names...)},
		{"AdminListGroupsForUser", `{"UserPoolId":"POOL","Username":"ann"`, "Groups", "GroupName", names},
		{"ListUsersInGroup", `{"UserPoolId":"POOL","GroupName":"` + names[0] + `"`, "Users", "Username", []string{"ann", "bob"}},
	} {
		for _, limit := range []int{0, 1, 4} {
			var got []string
			for token, pages := "", 0; pages == 0 || token != ""; pages++ {
				input := fmt.Sprintf("%s,\"Limit\":%d", fill(tc.input, pool, ""), limit)
				if token != "" {
					input += fmt.Sprintf(`,"NextToken":%q`, token)
				}
				page := a.do(t, tc.operation, input+"}")
				token, _ = page.at("NextToken").(string)
				if token != "" {
					tokens[tc.operation] = token
				}
				items, ok := page.at(tc.list).([]any)
				if !ok || limit > 0 && len(items) > limit || pages > 10 {
					t.Fatalf("%s answers %v", tc.operation, page.body)
				}
				for _, item := range items {
					got = append(got, item.(map[string]any)[tc.member].(string))
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, tc.want) {
				t.Errorf("%s in pages of %d: %v, want %v", tc.operation, limit, got, tc.want)
			}
		}
	}
	for operation, token := range tokens {
		for other := range tokens {
			if other != operation {
				input := strings.TrimSuffix(fill(groupInputs[other], pool, names[0]), "}")
				a.refuse(t, other, fmt.Sprintf(`%s,"NextToken":%q}`, input, token), "InvalidParameterException: Invalid pagination token.")
			}
		}
	}
	if got := a.do(t, "ListUsersInGroup", fill(groupInputs["ListUsersInGroup"], pool, "alone")).json("Users"); got != "[]" {
		t.Errorf("users of an empty group: %s", got)
	}
	user := a.do(t, "ListUsersInGroup", fill(groupInputs["ListUsersInGroup"], pool, names[1])).at("Users").([]any)[0].(map[string]any)
	for _, member := range []string{"Username", "Attributes", "UserCreateDate", "UserLastModifiedDate", "Enabled", "UserStatus"} {
		if _, ok := user[member]; !ok {
			t.Errorf("ListUsersInGroup shows no %s", member)
		}
	}

	// Who is deleted is in no group, and comes back into none.
	a.do(t, "AdminDeleteUser", fill(`{"UserPoolId":"POOL","Username":"ann"}`, pool, ""))
	a.do(t, "AdminCreateUser", fill(`{"UserPoolId":"POOL","Username":"ann","MessageAction":"SUPPRESS"}`, pool, ""))
	if got := a.do(t, "AdminListGroupsForUser", fill(groupInputs["AdminListGroupsForUser"], pool, "")).json("Groups"); got != "[]" {
		t.Errorf("groups of a new user of an old name: %s", got)
	}
}

// Tokens say at the next sign-in and refresh what the groups are then.
func TestGroupsInTokens(t *testing.T) {
	a, pool, client := newGroupAPI(t)
	signIn := func(flow, parameters string) answer {
		t.Helper()
		return a.do(t, "InitiateAuth", fill(`{"ClientId":"CLIENT","AuthFlow":"`+flow+`","AuthParameters":`+parameters+`}`, pool, client))
	}
	refresh := signIn("USER_PASSWORD_AUTH", `{"USERNAME":"ann","PASSWORD":"Passw0rd!"}`).text("AuthenticationResult.RefreshToken")
	claims := func(token string) string {
		t.Helper()
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		var all map[string]any
		if err := json.Unmarshal(payload, &all); err != nil {
			t.Fatal(err)
		}
		ours := []any{all["cognito:groups"], all["cognito:roles"], all["cognito:preferred_role"]}
		text, err := json.Marshal(ours)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, step := range []struct{ operation, input, id, access string }{
		{"CreateGroup", `"GroupName":"writers","RoleArn":"` + roleTwo + `"`, `[null,null,null]`, `[null,null,null]`},
		{"AdminAddUserToGroup", `"GroupName":"writers","Username":"ann"`, `[["writers"],["` + roleTwo + `"],"` + roleTwo + `"]`, `[["writers"],null,null]`},
		{"CreateGroup", `"GroupName":"zealots","Precedence":4`, `[["writers"],["` + roleTwo + `"],"` + roleTwo + `"]`, `[["writers"],null,null]`},
		{"AdminAddUserToGroup", `"GroupName":"zealots","Username":"ann"`, `[["zealots","writers"],["` + roleTwo + `"],"` + roleTwo + `"]`, `[["zealots","writers"],null,null]`},
		{"UpdateGroup", `"GroupName":"zealots","RoleArn":"` + roleOne + `"`, `[["zealots","writers"],["` + roleOne + `","` + roleTwo + `"],"` + roleOne + `"]`, `[["zealots","writers"],null,null]`},
		{"UpdateGroup", `"GroupName":"writers","Precedence":4`, `[["writers","zealots"],["` + roleTwo + `","` + roleOne + `"],null]`, `[["writers","zealots"],null,null]`},
		{"AdminRemoveUserFromGroup", `"GroupName":"writers","Username":"ann"`, `[["zealots"],["` + roleOne + `"],"` + roleOne + `"]`, `[["zealots"],null,null]`},
		{"DeleteGroup", `"GroupName":"zealots"`, `[null,null,null]`, `[null,null,null]`},
	} {
		a.do(t, step.operation, `{"UserPoolId":"`+pool+`",`+step.input+`}`)
		for what, got := range map[string]answer{
			"sign-in": signIn("USER_PASSWORD_AUTH", `{"USERNAME":"ann","PASSWORD":"Passw0rd!"}`),
			"refresh": signIn("REFRESH_TOKEN_AUTH", `{"REFRESH_TOKEN":"`+refresh+`"}`),
		} {
			if id := claims(got.text("AuthenticationResult.IdToken")); id != step.id {
				t.Errorf("after %s %s: ID token of the %s has %s, want %s", step.operation, step.input, what, id, step.id)
			}
			if access := claims(got.text("AuthenticationResult.AccessToken")); access != step.access {
				t.Errorf("after %s %s: access token of the %s has %s, want %s", step.operation, step.input, what, access, step.access)
			}
		}
	}
}

// The access token of a user in the most and longest groups is one that the
// server takes.
func TestTokenOfManyGroups(t *testing.T) {
	a, pool, client := newGroupAPI(t)
	for n := range 100 {
		name := strings.Repeat("𝒢", 125) + fmt.Sprintf("%03d", n)
		a.do(t, "CreateGroup", fill(groupInputs["CreateGroup"], pool, name))
		a.do(t, "AdminAddUserToGroup", fill(groupInputs["AdminAddUserToGroup"], pool, name))
	}
	a.do(t, "CreateGroup", fill(groupInputs["CreateGroup"], pool, "more"))
	a.refuse(t, "AdminAddUserToGroup", fill(groupInputs["AdminAddUserToGroup"], pool, "more"),
		"LimitExceededException: The maximum number of groups of a user, 100, is reached.")
	token := a.do(t, "InitiateAuth", fill(`{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH",
		"AuthParameters":{"USERNAME":"ann","PASSWORD":"Passw0rd!"}}`, pool, client)).text("AuthenticationResult.AccessToken")
	if got := a.do(t, "GetUser", `{"AccessToken":"`+token+`"}`).text("Username"); got != "ann" {
		t.Errorf("GetUser tells of %s", got)
	}
}
