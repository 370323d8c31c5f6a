package app

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// TestNothingOfAnotherPool names things of one pool together with another pool,
// which must have none of them, and leaves them as they were.
func TestNothingOfAnotherPool(t *testing.T) {
	n := openNodes(t, "sqlite::memory:")[0]
	pool, client := n.newPool()
	other, _ := n.newPool()
	mine := func(members string) string { return fmt.Sprintf(`{"UserPoolId":%q%s}`, pool, members) }
	id := func(body, name string) string {
		t.Helper()
		found := regexp.MustCompile(`"` + name + `":"([^"]+)"`).FindStringSubmatch(body)
		if found == nil {
			t.Fatalf("no %s in %s", name, body)
		}
		return found[1]
	}
	const ofClient = `,"ClientId":"CLIENT"`
	style := id(n.do("CreateManagedLoginBranding", mine(strings.Replace(ofClient, "CLIENT", client, 1)+`,"UseCognitoProvidedValues":true`)), "ManagedLoginBrandingId")
	terms := id(n.do("CreateTerms", mine(strings.Replace(ofClient, "CLIENT", client, 1)+`,"TermsName":"terms-of-use","TermsSource":"LINK","Enforcement":"NONE","Links":{"cognito:default":"https://example.com/"}`)), "TermsId")
	job := id(n.do("CreateUserImportJob", mine(`,"JobName":"j","CloudWatchLogsRoleArn":"arn:aws:iam::123456789012:role/import"`)), "JobId")
	n.do("CreateIdentityProvider", mine(`,"ProviderName":"Google","ProviderType":"Google","IdpIdentifiers":["gmail.com"],"ProviderDetails":{"client_id":"c","client_secret":"s","authorize_scopes":"openid"}`))
	n.do("CreateResourceServer", mine(`,"Identifier":"articles","Name":"Articles"`))
	n.do("CreateGroup", mine(`,"GroupName":"writers"`))
	n.do("AdminCreateUser", mine(`,"Username":"ada","MessageAction":"SUPPRESS"`))
	n.do("CreateUserPoolDomain", mine(`,"Domain":"articles"`))
	secretive := id(n.do("CreateUserPoolClient", mine(`,"ClientName":"secretive","GenerateSecret":true`)), "ClientId")
	secret := id(n.do("ListUserPoolClientSecrets", mine(fmt.Sprintf(`,"ClientId":%q`, secretive))), "ClientSecretId")

	fill := strings.NewReplacer("CLIENT", client, "STYLE", style, "TERMS", terms, "JOB", job, "SECRETIVE", secretive, "SECRET", secret).Replace
	shown := func() string {
		var all strings.Builder
		for _, show := range []string{
			`DescribeManagedLoginBranding ,"ManagedLoginBrandingId":"STYLE"`, `DescribeTerms ,"TermsId":"TERMS"`, `DescribeUserImportJob ,"JobId":"JOB"`,
			`DescribeIdentityProvider ,"ProviderName":"Google"`, `DescribeResourceServer ,"Identifier":"articles"`, `GetGroup ,"GroupName":"writers"`,
			`ListUsersInGroup ,"GroupName":"writers"`, `DescribeUserPoolClient ,"ClientId":"CLIENT"`, `ListUserPoolClientSecrets ,"ClientId":"SECRETIVE"`,
			`GetUICustomization ,"ClientId":"CLIENT"`, `DescribeRiskConfiguration ,"ClientId":"CLIENT"`, `DescribeUserPool `,
		} {
			operation, members, _ := strings.Cut(show, " ")
			all.WriteString(n.do(operation, mine(fill(members))) + "\n")
		}
		return all.String()
	}
	before := shown()
	for _, call := range []string{
		`DescribeManagedLoginBranding ,"ManagedLoginBrandingId":"STYLE"`,
		`DescribeManagedLoginBrandingByClient ,"ClientId":"CLIENT"`,
		`UpdateManagedLoginBranding ,"ManagedLoginBrandingId":"STYLE","Settings":{}`,
		`DeleteManagedLoginBranding ,"ManagedLoginBrandingId":"STYLE"`,
		`CreateManagedLoginBranding ,"ClientId":"CLIENT","UseCognitoProvidedValues":true`,
		`DescribeTerms ,"TermsId":"TERMS"`,
		`DescribeTermsByClient ,"ClientId":"CLIENT","TermsName":"terms-of-use"`,
		`UpdateTerms ,"TermsId":"TERMS","Links":{"cognito:default":"https://example.net/"}`,
		`DeleteTerms ,"TermsId":"TERMS"`,
		`CreateTerms ,"ClientId":"CLIENT","TermsName":"privacy-policy","TermsSource":"LINK","Enforcement":"NONE","Links":{"cognito:default":"https://example.com/"}`,
		`DescribeUserImportJob ,"JobId":"JOB"`,
		`StartUserImportJob ,"JobId":"JOB"`,
		`StopUserImportJob ,"JobId":"JOB"`,
		`DescribeIdentityProvider ,"ProviderName":"Google"`,
		`GetIdentityProviderByIdentifier ,"IdpIdentifier":"gmail.com"`,
		`UpdateIdentityProvider ,"ProviderName":"Google","AttributeMapping":{"email":"email"}`,
		`DeleteIdentityProvider ,"ProviderName":"Google"`,
		`DescribeResourceServer ,"Identifier":"articles"`,
		`UpdateResourceServer ,"Identifier":"articles","Name":"x"`,
		`DeleteResourceServer ,"Identifier":"articles"`,
		`GetGroup ,"GroupName":"writers"`,
		`UpdateGroup ,"GroupName":"writers","Description":"x"`,
		`DeleteGroup ,"GroupName":"writers"`,
		`AdminAddUserToGroup ,"GroupName":"writers","Username":"ada"`,
		`AdminGetUser ,"Username":"ada"`,
		`UpdateUserPoolDomain ,"Domain":"articles","ManagedLoginVersion":2`,
		`DeleteUserPoolDomain ,"Domain":"articles"`,
		`DescribeUserPoolClient ,"ClientId":"CLIENT"`,
		`UpdateUserPoolClient ,"ClientId":"CLIENT","ClientName":"x"`,
		`DeleteUserPoolClient ,"ClientId":"CLIENT"`,
		`AddUserPoolClientSecret ,"ClientId":"SECRETIVE"`,
		`ListUserPoolClientSecrets ,"ClientId":"SECRETIVE"`,
		`DeleteUserPoolClientSecret ,"ClientId":"SECRETIVE","ClientSecretId":"SECRET"`,
		`GetUserPoolClientSessionConfiguration ,"ClientId":"CLIENT"`,
		`SetUserPoolClientSessionConfiguration ,"ClientId":"CLIENT","SSOSession":{"MaxValidityMinutes":5}`,
		`SetUICustomization ,"ClientId":"CLIENT","CSS":".label-customizable {color: red}"`,
		`SetRiskConfiguration ,"ClientId":"CLIENT","RiskExceptionConfiguration":{"BlockedIPRangeList":["192.0.2.0/24"]}`,
	} {
		operation, members, _ := strings.Cut(call, " ")
		body, failure := n.call(operation, fmt.Sprintf(`{"UserPoolId":%q%s}`, other, fill(members)))
		switch code, _, _ := strings.Cut(failure, ":"); code {
		case "ResourceNotFoundException", "UserNotFoundException":
		case "InvalidParameterException": // of domains
			if !strings.HasSuffix(failure, "No such domain or user pool exists.") {
				t.Errorf("%s: %s", call, failure)
			}
		default:
			t.Errorf("%s: %s%s", call, body, failure)
		}
	}
	if after := shown(); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

// TestPageTokensAreOfTheirListing gives listings page tokens of other listings and
// of other pools, and what looks like one.
func TestPageTokensAreOfTheirListing(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { pageTokens(t, "sqlite::memory:") })
	t.Run("postgres", func(t *testing.T) { pageTokens(t, storetest.PostgresURL(t)) })
}

func pageTokens(t *testing.T, url string) {
	n := openNodes(t, url)[0]
	one, client := n.newPool()
	two, _ := n.newPool()
	for _, pool := range []string{one, two} {
		for i := range 3 {
			for _, make := range []string{`CreateGroup "GroupName":"g%d"`, `CreateResourceServer "Identifier":"r%d","Name":"R"`, `CreateUserPoolClient "ClientName":"c%d"`,
				`AdminCreateUser "Username":"u%d","MessageAction":"SUPPRESS"`, `AdminAddUserToGroup "Username":"u%d","GroupName":"g0"`, `AdminAddUserToGroup "Username":"u0","GroupName":"g%d"`,
				`CreateUserImportJob "JobName":"j%d","CloudWatchLogsRoleArn":"arn:aws:iam::123456789012:role/import"`,
				`CreateIdentityProvider "ProviderName":"press-%d","ProviderType":"OIDC","ProviderDetails":{"client_id":"c","client_secret":"s","authorize_scopes":"openid",` +
					`"attributes_request_method":"GET","oidc_issuer":"https://op.example.com","authorize_url":"https://op.example.com/a","token_url":"https://op.example.com/t",` +
					`"attributes_url":"https://op.example.com/u","jwks_uri":"https://op.example.com/k"}`,
			} {
				operation, members, _ := strings.Cut(make, " ")
				n.do(operation, fmt.Sprintf(`{"UserPoolId":%q,%s}`, pool, fmt.Sprintf(members, i)))
			}
		}
	}
	for i := range 2 {
		n.do("CreateTerms", fmt.Sprintf(`{"UserPoolId":%q,"ClientId":%q,"TermsName":%q,"TermsSource":"LINK","Enforcement":"NONE","Links":{"cognito:default":"https://example.com/"}}`,
			one, client, []string{"terms-of-use", "privacy-policy"}[i]))
	}
	listings := []struct{ operation, members, size, token string }{
		{"ListGroups", "", "Limit", "NextToken"},
		{"ListUsersInGroup", `,"GroupName":"g0"`, "Limit", "NextToken"},
		{"AdminListGroupsForUser", `,"Username":"u0"`, "Limit", "NextToken"},
		{"ListResourceServers", "", "MaxResults", "NextToken"},
		{"ListUserPoolClients", "", "MaxResults", "NextToken"},
		{"ListIdentityProviders", "", "MaxResults", "NextToken"},
		{"ListUserImportJobs", "", "MaxResults", "PaginationToken"},
		{"ListTerms", "", "MaxResults", "NextToken"},
		{"ListUsers", "", "Limit", "PaginationToken"},
	}
	tokens := map[string]string{}
	for _, l := range listings {
		var page map[string]any
		body := n.do(l.operation, fmt.Sprintf(`{"UserPoolId":%q%s,%q:1}`, one, l.members, l.size))
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatal(err)
		}
		token, _ := page[l.token].(string)
		if token == "" {
			t.Errorf("%s has no next page: %s", l.operation, body)
		}
		tokens[l.operation] = token
	}
	for _, l := range listings {
		list := func(pool, token string) string {
			_, failure := n.call(l.operation, fmt.Sprintf(`{"UserPoolId":%q%s,%q:1,%q:%q}`, pool, l.members, l.size, l.token, token))
			return failure
		}
		own := tokens[l.operation]
		if failure := list(one, own); failure != "" {
			t.Errorf("%s refuses its own token: %s", l.operation, failure)
		}
		if l.operation != "ListTerms" { // the other pool has none
			if failure := list(two, own); !strings.HasPrefix(failure, "InvalidParameterException: ") {
				t.Errorf("%s takes a token of another pool: %q", l.operation, failure)
			}
		}
		wrong := map[string]string{"nonsensical": "x", "long": strings.Repeat("x", 5000)}
		// Most are the kind of list and the key of the last item: that key is looked
		// for in the database, which does not take every text.
		if text, err := base64.RawURLEncoding.DecodeString(own); err == nil {
			if kind, _, ok := strings.Cut(string(text), "\n"); ok {
				for _, key := range []string{"", "\x00", "a\x00", "\xff", "\xed\xa0\x80"} {
					wrong[fmt.Sprintf("forged (%q)", key)] = base64.RawURLEncoding.EncodeToString([]byte(kind + "\n" + key))
				}
			}
		}
		for what, token := range wrong {
			if failure := list(one, token); !strings.HasPrefix(failure, "InvalidParameterException: ") {
				t.Errorf("%s takes a %s token: %q", l.operation, what, failure)
			}
		}
		for from, token := range tokens {
			if failure := list(one, token); from != l.operation && !strings.HasPrefix(failure, "InvalidParameterException: ") {
				t.Errorf("%s takes a token of %s: %q", l.operation, from, failure)
			}
		}
	}
}
