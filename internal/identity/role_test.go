package identity_test

import (
	"fmt"
	"strings"
	"testing"
)

const role = "arn:aws:iam::123456789012:role/"

// Which role an identity gets shows in what the STS is asked for.
func TestRoles(t *testing.T) {
	const (
		deny   = "NotAuthorizedException: No role could be determined for this identity."
		custom = "NotAuthorizedException: The custom role is not allowed for this identity."
	)
	s := withSTS(t)
	s.newUserPool()
	for _, user := range []string{"one", "two", "none"} {
		s.newUser(user)
	}
	for i, group := range []string{"admin", "staff"} {
		s.do("UserPool", "CreateGroup", `{"UserPoolId":%q,"GroupName":%q,"RoleArn":"%s%s","Precedence":1}`, s.pool, group, role, group)
		s.do("UserPool", "AdminAddUserToGroup", `{"UserPoolId":%q,"GroupName":%q,"Username":"two"}`, s.pool, group)
		if i == 0 {
			s.do("UserPool", "AdminAddUserToGroup", `{"UserPoolId":%q,"GroupName":%q,"Username":"one"}`, s.pool, group)
		}
	}
	pool := s.newPool("")
	rule := func(match, value, name string) string {
		return fmt.Sprintf(`{"Claim":"cognito:username","MatchType":%q,"Value":%q,"RoleARN":"%s%s"}`, match, value, role, name)
	}
	rules := func(resolution string, all ...string) string {
		return fmt.Sprintf(`{"Type":"Rules","AmbiguousRoleResolution":%q,"RulesConfiguration":{"Rules":[%s]}}`, resolution, strings.Join(all, ","))
	}
	const fromToken = `{"Type":"Token","AmbiguousRoleResolution":"AuthenticatedRole"}`
	missing := strings.Replace(rule("NotEqual", "x", "notequal"), "cognito:username", "custom:none", 1)
	for _, tc := range []struct{ name, mapping, user, custom, want string }{
		{"default", "", "two", "", "user"},
		{"default, asked for", "", "two", "user", "user"},
		{"default, another asked for", "", "two", "admin", custom},
		{"token, one role", fromToken, "one", "", "admin"},
		{"token, none", fromToken, "none", "", "user"},
		{"token, none and deny", `{"Type":"Token","AmbiguousRoleResolution":"Deny"}`, "none", "", deny},
		{"token, two of the same precedence", fromToken, "two", "", "user"},
		{"token, one of two", fromToken, "two", "staff", "staff"},
		{"token, another", fromToken, "one", "staff", custom},
		{"equals", rules("Deny", rule("Equals", "on", "x"), rule("Equals", "one", "equals")), "one", "", "equals"},
		{"contains", rules("Deny", rule("Contains", "x", "x"), rule("Contains", "n", "contains")), "one", "", "contains"},
		{"starts with", rules("Deny", rule("StartsWith", "ne", "x"), rule("StartsWith", "on", "starts")), "one", "", "starts"},
		{"not equal", rules("Deny", rule("NotEqual", "one", "x"), rule("NotEqual", "two", "notequal")), "one", "", "notequal"},
		{"not equal, no claim", rules("Deny", missing), "one", "", deny},
		{"the first counts", rules("Deny", rule("Equals", "one", "first"), rule("Contains", "n", "second")), "one", "", "first"},
		{"another that matches", rules("Deny", rule("Equals", "one", "first"), rule("Contains", "n", "second")), "one", "second", "second"},
		{"one that does not match", rules("Deny", rule("Equals", "one", "first"), rule("Contains", "x", "second")), "one", "second", custom},
		{"no match", rules("AuthenticatedRole", rule("Equals", "x", "x")), "one", "", "user"},
		{"groups as text", rules("Deny", strings.Replace(rule("Contains", "staff", "groups"), "cognito:username", "cognito:groups", 1)), "two", "", "groups"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			mappings := "{}"
			if tc.mapping != "" {
				mappings = fmt.Sprintf(`{"%s:%s":%s}`, s.provider(), s.client, tc.mapping)
			}
			s.do("Identity", "SetIdentityPoolRoles", `{"IdentityPoolId":%q,"Roles":{"authenticated":"%suser"},"RoleMappings":%s}`, pool, role, mappings)
			logins := s.login(s.signIn(tc.user, s.client, "IdToken"))
			input := fmt.Sprintf(`{"IdentityId":%q,"Logins":%s`, s.id(pool, logins), logins)
			if tc.custom != "" {
				input += fmt.Sprintf(`,"CustomRoleArn":"%s%s"`, role, tc.custom)
			}
			got := s.call("Identity", "GetCredentialsForIdentity", "%s}", input)
			result := got.err
			if result == "" {
				result = got.text("Credentials", "AccessKeyId")
			}
			if result != tc.want {
				t.Errorf("got %s, want %s", result, tc.want)
			}
		})
	}
	guest := s.id(pool, "{}")
	s.refuse("InvalidIdentityPoolConfigurationException: Invalid identity pool configuration. Check assigned IAM roles for this pool.",
		"GetCredentialsForIdentity", `{"IdentityId":%q}`, guest)

	for _, tc := range []struct{ name, input, want string }{
		{"no resolution", `"RoleMappings":{"p":{"Type":"Token"}}`, "AmbiguousRoleResolution is required for the role mapping of p."},
		{"no rules", `"RoleMappings":{"p":{"Type":"Rules","AmbiguousRoleResolution":"Deny"}}`, "The role mapping of p has no rules."},
		{"too many rules", `"RoleMappings":{"p":` + rules("Deny", strings.Split(strings.Repeat(rule("Equals", "a", "b")+"\n", 26), "\n")[:26]...) + `}`, "The role mapping of p has more than 25 rules."},
		{"no role", `"RoleMappings":{"p":` + strings.Replace(rules("Deny", rule("Equals", "a", "b")), ":role/", ":user/", 1) + `}`, "Invalid role ARN: arn:aws:iam::123456789012:user/b"},
		{"no ARN", `"Roles":{"authenticated":"twenty characters or more"}`, "Invalid role ARN: twenty characters or more"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if !strings.Contains(tc.input, `"Roles"`) {
				tc.input += `,"Roles":{}`
			}
			s.refuse("InvalidParameterException: "+tc.want, "SetIdentityPoolRoles", `{"IdentityPoolId":%q,%s}`, pool, tc.input)
		})
	}
}
