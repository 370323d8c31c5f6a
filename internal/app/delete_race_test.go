package app

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// TestUpdatesOfWhatIsDeleted updates and uses things at both nodes while others
// delete them and create them anew. Nobody is told more than that the thing is not
// there, or there already, and nothing of the last one is left in the end.
func TestUpdatesOfWhatIsDeleted(t *testing.T) {
	const (
		google = `"ProviderName":"Google","ProviderDetails":{"client_id":"c","client_secret":"s","authorize_scopes":"openid"}`
		link   = `AdminLinkProviderForUser {POOL,"DestinationUser":{"ProviderName":"Cognito","ProviderAttributeValue":"user-#"},` +
			`"SourceUser":{"ProviderName":"Google","ProviderAttributeName":"Cognito_Subject","ProviderAttributeValue":"#"}}`
	)
	races := []struct {
		create, remove string
		others         []string // # is 0, 1 or 2
		refusals       string
		end            []string // what is there after the last one was deleted and created again
		want           string
	}{
		{`CreateGroup {POOL,"GroupName":"g"}`, `DeleteGroup {POOL,"GroupName":"g"}`, []string{
			`UpdateGroup {POOL,"GroupName":"g","Description":"d"}`, `AdminAddUserToGroup {POOL,"GroupName":"g","Username":"user-#"}`,
			`AdminRemoveUserFromGroup {POOL,"GroupName":"g","Username":"user-#"}`, `ListUsersInGroup {POOL,"GroupName":"g"}`,
		}, `^(GroupExists|ResourceNotFound)Exception: `, []string{`ListUsersInGroup {POOL,"GroupName":"g"}`, `AdminListGroupsForUser {POOL,"Username":"user-0"}`}, `[]`},
		{`CreateIdentityProvider {POOL,"ProviderType":"Google","IdpIdentifiers":["x"],` + google + `}`, `DeleteIdentityProvider {POOL,"ProviderName":"Google"}`, []string{
			`UpdateIdentityProvider {POOL,"IdpIdentifiers":["y"],` + google + `}`, link, `DescribeIdentityProvider {POOL,"ProviderName":"Google"}`,
		}, `^(DuplicateProvider|ResourceNotFound|InvalidParameter|ConcurrentModification)Exception: `, []string{`GetIdentityProviderByIdentifier {POOL,"IdpIdentifier":"y"}`}, `ResourceNotFoundException`},
		{`CreateUserPoolDomain {POOL,"Domain":"NAME"}`, `DeleteUserPoolDomain {POOL,"Domain":"NAME"}`, []string{
			`UpdateUserPoolDomain {POOL,"Domain":"NAME","ManagedLoginVersion":2}`, `DescribeUserPoolDomain {"Domain":"NAME"}`, `DescribeUserPool {POOL}`,
		}, `^InvalidParameterException: (User pool already has a domain configured\.|No such domain or user pool exists\.)$`,
			[]string{`DescribeUserPoolDomain {"Domain":"NAME"}`}, `"ManagedLoginVersion":1`},
		{`CreateResourceServer {POOL,"Identifier":"r","Name":"R"}`, `DeleteResourceServer {POOL,"Identifier":"r"}`, []string{
			`UpdateResourceServer {POOL,"Identifier":"r","Name":"S"}`, `ListResourceServers {POOL,"MaxResults":5}`,
		}, `^(InvalidParameter|ResourceNotFound)Exception: `, []string{`DescribeResourceServer {POOL,"Identifier":"r"}`}, `"Name":"R"`},
		{`AdminCreateUser {POOL,"Username":"user-#","MessageAction":"SUPPRESS"}`, `AdminDeleteUser {POOL,"Username":"user-#"}`, []string{
			`AdminUpdateUserAttributes {POOL,"Username":"user-#","UserAttributes":[{"Name":"name","Value":"x"}]}`,
			`AdminSetUserPassword {POOL,"Username":"user-#","Password":"Correct-Horse-7","Permanent":true}`,
			`AdminAddUserToGroup {POOL,"GroupName":"g","Username":"user-#"}`, link, `AdminGetUser {POOL,"Username":"user-#"}`,
		}, `^(UsernameExists|UserNotFound|InvalidParameter|AliasExists)Exception: `,
			[]string{`ListUsersInGroup {POOL,"GroupName":"g"}`, `AdminListGroupsForUser {POOL,"Username":"user-0"}`}, `[]`},
	}
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := openNodes(t, url(t))
			pool, _ := nodes[0].newPool()
			fill := func(call string, number int) string {
				return strings.NewReplacer("POOL", `"UserPoolId":"`+pool+`"`, "NAME", name, "#", fmt.Sprint(number)).Replace(call)
			}
			for i := range 3 {
				nodes[0].do("AdminCreateUser", fmt.Sprintf(`{"UserPoolId":%q,"Username":"user-%d","MessageAction":"SUPPRESS"}`, pool, i))
			}
			for _, race := range races {
				refusals := regexp.MustCompile(race.refusals)
				calls := append([]string{race.create, race.remove}, race.others...)
				var group sync.WaitGroup
				for i := range 60 {
					call := fill(calls[i%len(calls)], i%3)
					group.Go(func() {
						operation, input, _ := strings.Cut(call, " ")
						if _, failure := nodes[i%2].call(operation, input); failure != "" && !refusals.MatchString(failure) {
							t.Errorf("%s answered %s", call, failure)
						}
					})
				}
				group.Wait()
				for i := range 3 { // of what has no number, twice for nothing
					nodes[0].answer(fill(race.remove, i))
				}
				operation, input, _ := strings.Cut(fill(race.create, 0), " ")
				nodes[0].do(operation, input)
				for _, call := range race.end {
					if got := nodes[0].answer(fill(call, 0)); !strings.Contains(got, race.want) {
						t.Errorf("after %s, %s answers %s", race.create, call, got)
					}
				}
			}
		})
	}
}
