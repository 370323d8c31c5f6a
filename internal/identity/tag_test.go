package identity_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// What users may write themselves becomes no pattern in the policies of roles: a
// value that a session tag cannot have is none.
func TestTagsThatUsersWrite(t *testing.T) {
	s := newServer(t)
	s.newUserPool()
	pool := s.newPool(`,"AllowClassicFlow":true`)
	s.do("Identity", "SetPrincipalTagAttributeMap", `{"IdentityPoolId":%q,"IdentityProviderName":"%s:%s","PrincipalTags":{"team":"name","who":"cognito:username"}}`, pool, s.provider(), s.client)
	for i, tc := range []struct{ name, value, tag string }{
		{"text", "red team", "red team"},
		{"star", "*", ""},
		{"star in it", "red*", ""},
		{"question mark", "r?d", ""},
		{"variable", "${aws:PrincipalTag/who}", ""},
		{"list", "red,blue", ""},
		{"quote", `red"`, ""},
		{"line", "red\nblue", ""},
		{"long", strings.Repeat("x", 256), strings.Repeat("x", 256)},
		{"too long", strings.Repeat("x", 257), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			user := fmt.Sprint("user", i)
			s.newUser(user)
			value, err := json.Marshal(tc.value)
			if err != nil {
				t.Fatal(err)
			}
			s.do("UserPool", "AdminUpdateUserAttributes", `{"UserPoolId":%q,"Username":%q,"UserAttributes":[{"Name":"name","Value":%s}]}`, s.pool, user, value)
			logins := s.login(s.signIn(user, s.client, "IdToken"))
			got := claimsOf(t, s.do("Identity", "GetOpenIdToken", `{"IdentityId":%q,"Logins":%s}`, s.id(pool, logins), logins).text("Token"))["https://aws.amazon.com/tags"]
			want := map[string]any{"who": []any{user}}
			if tc.tag != "" {
				want["team"] = []any{tc.tag}
			}
			if !reflect.DeepEqual(got, map[string]any{"principal_tags": want}) {
				t.Errorf("tags are %v, want %v", got, want)
			}
		})
	}
}
