package identity_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestPools(t *testing.T) {
	s := newServer(t)
	s.newUserPool()
	created := s.do("Identity", "CreateIdentityPool", `{"IdentityPoolName":"first pool","AllowUnauthenticatedIdentities":false}`)
	pool := created.text("IdentityPoolId")
	show := func(a answer) string { return strings.ReplaceAll(a.json(), pool, "POOL") }
	const minimal = `{"AllowClassicFlow":false,"AllowUnauthenticatedIdentities":false,"IdentityPoolId":"POOL","IdentityPoolName":"first pool","IdentityPoolTags":{}}`
	if got := show(created); got != minimal {
		t.Errorf("CreateIdentityPool answers\n%s, want\n%s", got, minimal)
	}
	full := fmt.Sprintf(`{"AllowClassicFlow":true,"AllowUnauthenticatedIdentities":true,"CognitoIdentityProviders":[{"ClientId":%q,"ProviderName":%q,"ServerSideTokenCheck":true}],`+
		`"DeveloperProviderName":"login.example.com","IdentityPoolId":"POOL","IdentityPoolName":"renamed","IdentityPoolTags":{"team":"looms"},`+
		`"OpenIdConnectProviderARNs":["arn:aws:iam::123456789012:oidc-provider/a.example.com"],"SamlProviderARNs":["arn:aws:iam::123456789012:saml-provider/corp"],`+
		`"SupportedLoginProviders":{"accounts.google.com":"a"}}`, s.client, s.provider())
	if got := show(s.do("Identity", "UpdateIdentityPool", "%s", strings.ReplaceAll(full, "POOL", pool))); got != full {
		t.Errorf("UpdateIdentityPool answers\n%s, want\n%s", got, full)
	}
	if got := show(s.do("Identity", "DescribeIdentityPool", `{"IdentityPoolId":%q}`, pool)); got != full {
		t.Errorf("DescribeIdentityPool shows\n%s, want\n%s", got, full)
	}
	// All is replaced but tags and the developer provider, which stay where none are given.
	s.do("Identity", "UpdateIdentityPool", `{"IdentityPoolId":%q,"IdentityPoolName":"first pool","AllowUnauthenticatedIdentities":false}`, pool)
	want := strings.Replace(strings.Replace(minimal, `{}`, `{"team":"looms"}`, 1), `"IdentityPoolId"`, `"DeveloperProviderName":"login.example.com","IdentityPoolId"`, 1)
	if got := show(s.do("Identity", "DescribeIdentityPool", `{"IdentityPoolId":%q}`, pool)); got != want {
		t.Errorf("after the update\n%s, want\n%s", got, want)
	}

	arn := "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/" + pool
	s.do("Identity", "TagResource", `{"ResourceArn":%q,"Tags":{"a":"b"}}`, arn)
	s.do("Identity", "UntagResource", `{"ResourceArn":%q,"TagKeys":["team","none"]}`, arn)
	if got := s.do("Identity", "ListTagsForResource", `{"ResourceArn":%q}`, arn).json("Tags"); got != `{"a":"b"}` {
		t.Errorf("the tags are %s", got)
	}
	tags := `{"IdentityPoolId":%q,"IdentityProviderName":"p"%s}`
	s.do("Identity", "SetPrincipalTagAttributeMap", tags, pool, `,"UseDefaults":false,"PrincipalTags":{"a":"sub"}`)
	if got := s.do("Identity", "GetPrincipalTagAttributeMap", tags, pool, "").json("PrincipalTags"); got != `{"a":"sub"}` {
		t.Errorf("the principal tags are %s", got)
	}

	second := s.newPool("")
	seen := map[string]bool{}
	token := ""
	for range 2 {
		page := s.do("Identity", "ListIdentityPools", `{"MaxResults":1%s}`, token)
		item, _ := page.at("IdentityPools").([]any)[0].(map[string]any)
		seen[fmt.Sprint(item["IdentityPoolId"])] = true
		if next, ok := page.at("NextToken").(string); ok {
			token = fmt.Sprintf(`,"NextToken":%q`, next)
		}
	}
	if !seen[pool] || !seen[second] {
		t.Errorf("the pages have %v", seen)
	}

	const create = `{"IdentityPoolName":"p","AllowUnauthenticatedIdentities":true,%s}`
	const none = "us-east-1:00000000-0000-0000-0000-000000000000"
	for _, tc := range []struct{ name, operation, input, want string }{
		{"name", "CreateIdentityPool", `{"IdentityPoolName":"a/b","AllowUnauthenticatedIdentities":true}`,
			`ValidationException: 1 validation error detected: Value 'a/b' at 'identityPoolName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w\s+=,.@-]+`},
		{"no user pool", "CreateIdentityPool", fmt.Sprintf(create, `"CognitoIdentityProviders":[{"ProviderName":"example.com/x","ClientId":"c"}]`), "InvalidParameterException: Invalid Cognito Identity Provider"},
		{"no client", "CreateIdentityPool", fmt.Sprintf(create, fmt.Sprintf(`"CognitoIdentityProviders":[{"ProviderName":%q}]`, s.provider())), "InvalidParameterException: Invalid Cognito Identity Provider"},
		{"no ARN", "CreateIdentityPool", fmt.Sprintf(create, `"OpenIdConnectProviderARNs":["https://login.example.com"]`), "InvalidParameterException: Invalid OpenId Connect provider ARN: https://login.example.com"},
		{"no SAML ARN", "CreateIdentityPool", fmt.Sprintf(create, `"SamlProviderARNs":["arn:aws:iam::1:role/x-and-more"]`), "InvalidParameterException: Invalid SAML provider ARN: arn:aws:iam::1:role/x-and-more"},
		{"reserved tag", "CreateIdentityPool", fmt.Sprintf(create, `"IdentityPoolTags":{"aws:x":"y"}`), "InvalidParameterException: Tag keys that begin with aws: are reserved: aws:x"},
		{"another developer provider", "UpdateIdentityPool", fmt.Sprintf(`{"IdentityPoolId":%q,"IdentityPoolName":"p","AllowUnauthenticatedIdentities":true,"DeveloperProviderName":"other"}`, pool),
			"InvalidParameterException: The developer provider name cannot be changed once it is set."},
		{"developer provider of a public name", "CreateIdentityPool", fmt.Sprintf(create, `"DeveloperProviderName":"accounts.google.com","SupportedLoginProviders":{"accounts.google.com":"a"}`),
			"InvalidParameterException: Invalid developer provider name: accounts.google.com"},
		{"developer provider of an issuer's name", "CreateIdentityPool", fmt.Sprintf(create, `"DeveloperProviderName":"login.example.com","OpenIdConnectProviderARNs":["arn:aws:iam::123456789012:oidc-provider/login.example.com"]`),
			"InvalidParameterException: Invalid developer provider name: login.example.com"},
		{"issuer of the developer provider's name", "UpdateIdentityPool", fmt.Sprintf(`{"IdentityPoolId":%q,"IdentityPoolName":"p","AllowUnauthenticatedIdentities":true,"OpenIdConnectProviderARNs":["arn:aws:iam::123456789012:oidc-provider/login.example.com"]}`, pool),
			"InvalidParameterException: Invalid developer provider name: login.example.com"},
		{"no pool's ARN", "ListTagsForResource", `{"ResourceArn":"arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_x"}`,
			"InvalidParameterException: arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_x is not the ARN of an identity pool."},
		{"another account's", "ListTagsForResource", fmt.Sprintf(`{"ResourceArn":%q}`, strings.Replace(arn, "123456789012", "210987654321", 1)), "ResourceNotFoundException: IdentityPool '" + pool + "' not found."},
		{"behind nothing", "ListIdentityPools", `{"MaxResults":1,"NextToken":"junk"}`, "InvalidParameterException: Invalid pagination token."},
		{"describe none", "DescribeIdentityPool", `{"IdentityPoolId":"` + none + `"}`, "ResourceNotFoundException: IdentityPool '" + none + "' not found."},
		{"delete none", "DeleteIdentityPool", `{"IdentityPoolId":"` + none + `"}`, "ResourceNotFoundException: IdentityPool '" + none + "' not found."},
		{"update none", "UpdateIdentityPool", `{"IdentityPoolId":"` + none + `","IdentityPoolName":"p","AllowUnauthenticatedIdentities":true}`, "ResourceNotFoundException: IdentityPool '" + none + "' not found."},
		{"roles of none", "SetIdentityPoolRoles", `{"IdentityPoolId":"` + none + `","Roles":{}}`, "ResourceNotFoundException: IdentityPool '" + none + "' not found."},
		{"list of none", "ListIdentities", `{"IdentityPoolId":"` + none + `","MaxResults":1}`, "ResourceNotFoundException: IdentityPool '" + none + "' not found."},
		{"credentials of none", "GetCredentialsForIdentity", `{"IdentityId":"` + none + `"}`, "ResourceNotFoundException: Identity '" + none + "' not found."},
	} {
		t.Run(tc.name, func(t *testing.T) { s.refuse(tc.want, tc.operation, "%s", tc.input) })
	}
}
