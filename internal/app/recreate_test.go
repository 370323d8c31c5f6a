package app

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// answer is what an operation, written as `Name {input}`, answers, the error of a
// refusal included.
func (n node) answer(call string) string {
	operation, input, _ := strings.Cut(call, " ")
	body, failure := n.call(operation, input)
	return body + failure
}

// find is a text member of an answer.
func (n node) find(body, name string) string {
	n.t.Helper()
	found := regexp.MustCompile(`"` + name + `":"([^"]+)"`).FindStringSubmatch(body)
	if found == nil {
		n.t.Fatalf("no %s in %s", name, body)
	}
	return found[1]
}

// TestNothingOfTheOldOne deletes things and creates others under their names. At the
// node that did it and at another, which has seen the old ones, nothing of those is
// left.
func TestNothingOfTheOldOne(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := openNodes(t, url(t))
			pool, client := nodes[0].newPool()
			other, _ := nodes[0].newPool()
			fill := strings.NewReplacer("POOL", `"UserPoolId":"`+pool+`"`, "OTHER", `"UserPoolId":"`+other+`"`, "CLIENT", `"ClientId":"`+client+`"`).Replace
			do := func(calls ...string) (last string) {
				t.Helper()
				for _, c := range calls {
					operation, input, _ := strings.Cut(fill(c), " ")
					last = nodes[0].do(operation, input)
				}
				return last
			}
			const (
				user     = `AdminCreateUser {POOL,"Username":"ada","MessageAction":"SUPPRESS","UserAttributes":[{"Name":"phone_number","Value":"+12345550100"}]}`
				google   = `"ProviderName":"Google","ProviderDetails":{"client_id":"ID","client_secret":"SECRET","authorize_scopes":"openid"}`
				link     = `AdminLinkProviderForUser {POOL,"DestinationUser":{"ProviderName":"Cognito","ProviderAttributeValue":"ada"},"SourceUser":{"ProviderName":"Google","ProviderAttributeName":"Cognito_Subject","ProviderAttributeValue":"117"}}`
				password = `AdminSetUserPassword {POOL,"Username":"ada","Password":"Correct-Horse-7","Permanent":true}`
				member   = `AdminAddUserToGroup {POOL,"Username":"ada","GroupName":"writers"}`
				terms    = `CreateTerms {POOL,CLIENT,"TermsName":"terms-of-use","TermsSource":"LINK","Enforcement":"NONE","Links":{"cognito:default":"https://example.com/PAGE"}}`
			)
			do(`UpdateUserPoolClient {POOL,CLIENT,"ExplicitAuthFlows":["ALLOW_USER_PASSWORD_AUTH","ALLOW_REFRESH_TOKEN_AUTH"]}`,
				`SetUserPoolMfaConfig {POOL,"MfaConfiguration":"OPTIONAL","SoftwareTokenMfaConfiguration":{"Enabled":true},"SmsMfaConfiguration":{"SmsConfiguration":{"SnsCallerArn":"arn:aws:iam::123456789012:role/sms","ExternalId":"x"}}}`,
				user, password, `CreateGroup {POOL,"GroupName":"writers","Description":"old","Precedence":7}`, member,
				`CreateIdentityProvider {POOL,"ProviderType":"Google","IdpIdentifiers":["old.example.com"],"AttributeMapping":{"nickname":"name"},`+google+`}`, link,
				`CreateUserPoolDomain {POOL,"Domain":"`+name+`","ManagedLoginVersion":2}`,
				`CreateResourceServer {POOL,"Identifier":"articles","Name":"old","Scopes":[{"ScopeName":"read","ScopeDescription":"old"}]}`)
			signedIn := do(`InitiateAuth {CLIENT,"AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"ada","PASSWORD":"Correct-Horse-7"}}`)
			do(`AdminSetUserMFAPreference {POOL,"Username":"ada","SMSMfaSettings":{"Enabled":true,"PreferredMfa":true}}`)
			access, refresh := nodes[0].find(signedIn, "AccessToken"), nodes[0].find(signedIn, "RefreshToken")
			terms1 := nodes[0].find(do(strings.Replace(terms, "PAGE", "old", 1)), "TermsId")

			type check struct {
				show string
				old  []string // texts that the answer has, each while the old thing is there, none after
				now  string   // a text that it has after
			}
			for _, tc := range []struct {
				name   string
				before []string // makes the old thing, where it is not there already
				again  []string
				checks []check
			}{
				{"group", nil, []string{`DeleteGroup {POOL,"GroupName":"writers"}`, `CreateGroup {POOL,"GroupName":"writers"}`}, []check{
					{`GetGroup {POOL,"GroupName":"writers"}`, []string{"old", `"Precedence"`}, `"GroupName":"writers"`},
					{`ListUsersInGroup {POOL,"GroupName":"writers"}`, []string{"ada"}, `"Users":[]`},
					{`AdminListGroupsForUser {POOL,"Username":"ada"}`, []string{"writers"}, `"Groups":[]`},
				}},
				{"identity provider", nil, []string{`DeleteIdentityProvider {POOL,"ProviderName":"Google"}`,
					`CreateIdentityProvider {POOL,"ProviderType":"Google",` + strings.NewReplacer("ID", "new", "SECRET", "fresh").Replace(google) + `}`}, []check{
					{`DescribeIdentityProvider {POOL,"ProviderName":"Google"}`, []string{"SECRET", "nickname", "old.example.com"}, `"client_secret":"fresh"`},
					{`GetIdentityProviderByIdentifier {POOL,"IdpIdentifier":"old.example.com"}`, []string{"Google"}, "ResourceNotFoundException"},
					{`AdminGetUser {POOL,"Username":"ada"}`, []string{"identities"}, `"Username":"ada"`},
				}},
				{"domain", nil, []string{`DeleteUserPoolDomain {POOL,"Domain":"` + name + `"}`, `CreateUserPoolDomain {OTHER,"Domain":"` + name + `"}`}, []check{
					{`DescribeUserPoolDomain {"Domain":"` + name + `"}`, []string{pool, `"ManagedLoginVersion":2`}, other},
					{`DescribeUserPool {POOL}`, []string{`"Domain":`}, pool},
				}},
				{"resource server", nil, []string{`DeleteResourceServer {POOL,"Identifier":"articles"}`, `CreateResourceServer {POOL,"Identifier":"articles","Name":"new"}`}, []check{
					{`DescribeResourceServer {POOL,"Identifier":"articles"}`, []string{"old", "read"}, `"Name":"new"`},
				}},
				{"terms", nil, []string{`DeleteTerms {POOL,"TermsId":"` + terms1 + `"}`, strings.Replace(terms, "PAGE", "new", 1)}, []check{
					{`DescribeTermsByClient {POOL,CLIENT,"TermsName":"terms-of-use"}`, []string{"old", terms1}, "example.com/new"},
				}},
				{"user", []string{member, link}, []string{`AdminDeleteUser {POOL,"Username":"ada"}`, user, password}, []check{
					{`AdminGetUser {POOL,"Username":"ada"}`, []string{"identities", "SMS_MFA"}, `"UserStatus":"CONFIRMED"`},
					{`AdminListGroupsForUser {POOL,"Username":"ada"}`, []string{"writers"}, `"Groups":[]`},
					{`ListUsersInGroup {POOL,"GroupName":"writers"}`, []string{"ada"}, `"Users":[]`},
					{`GetUser {"AccessToken":"` + access + `"}`, []string{"ada"}, "UserNotFoundException: User does not exist."},
					{`InitiateAuth {CLIENT,"AuthFlow":"REFRESH_TOKEN_AUTH","AuthParameters":{"REFRESH_TOKEN":"` + refresh + `"}}`, []string{`"AccessToken"`}, "NotAuthorizedException"},
					{`InitiateAuth {CLIENT,"AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"ada","PASSWORD":"Correct-Horse-7"}}`, []string{"SMS_MFA"}, `"AccessToken"`},
				}},
			} {
				do(tc.before...)
				for _, c := range tc.checks {
					got := nodes[1].answer(fill(c.show))
					for _, text := range c.old {
						if !strings.Contains(got, text) {
							t.Errorf("%s: %s answers %s before, without %s", tc.name, c.show, got, text)
						}
					}
				}
				do(tc.again...)
				for i, n := range nodes {
					for _, c := range tc.checks {
						var got string
						for end := time.Now().Add(time.Duration(i) * soon); ; time.Sleep(20 * time.Millisecond) {
							got = n.answer(fill(c.show))
							if !slices.ContainsFunc(c.old, isIn(got)) && strings.Contains(got, c.now) {
								break
							}
							if time.Now().After(end) {
								t.Errorf("%s: %s answers %s at node %d", tc.name, c.show, got, i)
								break
							}
						}
					}
				}
			}
		})
	}
}

// isIn reports whether a text is part of s.
func isIn(s string) func(string) bool {
	return func(text string) bool { return strings.Contains(s, text) }
}
