package idp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

func TestTerms(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	client := a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"c"}`, pool, "")).text("UserPoolClient.ClientId")
	made := a.do(t, "CreateTerms", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT","TermsName":"terms-of-use","TermsSource":"LINK","Enforcement":"NONE","Links":{"cognito:default":"https://example.com/terms"}}`, pool, client))
	id := made.text("Terms.TermsId")
	shown := func(r answer) string {
		terms := r.at("Terms").(map[string]any)
		for _, date := range []string{"CreationDate", "LastModifiedDate"} {
			if _, ok := terms[date].(float64); !ok {
				t.Errorf("%s is %v", date, terms[date])
			}
			delete(terms, date)
		}
		return r.json("Terms")
	}
	for _, tc := range []struct{ name, update, termsName, links string }{ // one after the other
		{"made", "", "terms-of-use", `{"cognito:default":"https://example.com/terms"}`},
		{"links are replaced", `,"Links":{"cognito:default":"https://example.com/","cognito:french":"https://example.com/fr"}`, "terms-of-use",
			`{"cognito:default":"https://example.com/","cognito:french":"https://example.com/fr"}`},
		{"the name changes", `,"TermsName":"privacy-policy"`, "privacy-policy", `{"cognito:default":"https://example.com/","cognito:french":"https://example.com/fr"}`},
		{"nothing changes", `,"TermsSource":"LINK","Enforcement":"NONE"`, "privacy-policy", `{"cognito:default":"https://example.com/","cognito:french":"https://example.com/fr"}`},
	} {
		want := fmt.Sprintf(`{"ClientId":%q,"Enforcement":"NONE","Links":%s,"TermsId":%q,"TermsName":%q,"TermsSource":"LINK","UserPoolId":%q}`,
			client, tc.links, id, tc.termsName, pool)
		if tc.update != "" {
			made = a.do(t, "UpdateTerms", fmt.Sprintf(`{"UserPoolId":%q,"TermsId":%q%s}`, pool, id, tc.update))
		}
		if got := shown(made); got != want {
			t.Errorf("%s: it answers\n%s, want\n%s", tc.name, got, want)
		}
		if got := shown(a.do(t, "DescribeTerms", fmt.Sprintf(`{"UserPoolId":%q,"TermsId":%q}`, pool, id))); got != want {
			t.Errorf("%s: DescribeTerms shows\n%s, want\n%s", tc.name, got, want)
		}
		if got := shown(a.do(t, "DescribeTermsByClient", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT","TermsName":"`+tc.termsName+`"}`, pool, client))); got != want {
			t.Errorf("%s: DescribeTermsByClient shows\n%s, want\n%s", tc.name, got, want)
		}
	}

	second := a.do(t, "CreateTerms", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT","TermsName":"terms-of-use","TermsSource":"LINK","Enforcement":"NONE","Links":{"cognito:default":"http://example.com/"}}`, pool, client)).text("Terms.TermsId")
	var listed []string
	for token := ""; ; {
		page := a.do(t, "ListTerms", fmt.Sprintf(`{"UserPoolId":%q,"MaxResults":1%s}`, pool, token))
		for _, item := range page.at("Terms").([]any) {
			terms := item.(map[string]any)
			if len(terms) != 5 || terms["Enforcement"] != "NONE" {
				t.Errorf("ListTerms shows %v", terms)
			}
			listed = append(listed, terms["TermsId"].(string))
		}
		if page.at("NextToken") == nil {
			break
		}
		token = fmt.Sprintf(`,"NextToken":%q`, page.text("NextToken"))
	}
	if len(listed) != 2 || listed[0] > listed[1] || !strings.Contains(strings.Join(listed, " "), id) {
		t.Errorf("ListTerms shows %q, want %s and %s", listed, id, second)
	}
	if got := a.do(t, "DeleteTerms", fmt.Sprintf(`{"UserPoolId":%q,"TermsId":%q}`, pool, id)); len(got.body) != 0 {
		t.Errorf("DeleteTerms answers %v, want {}", got.body)
	}
	a.do(t, "DeleteUserPoolClient", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, pool, client))
	if got := a.do(t, "ListTerms", fill(`{"UserPoolId":"POOL"}`, pool, "")).json("Terms"); got != `[]` {
		t.Errorf("left are %s", got)
	}
}

func TestTermsRefuse(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	newClient := func() string {
		return a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"c"}`, pool, "")).text("UserPoolClient.ClientId")
	}
	client := newClient()
	create := func(pool, client, name, links string) string {
		return fill(`{"UserPoolId":"POOL","ClientId":"CLIENT","TermsName":"`+name+`","TermsSource":"LINK","Enforcement":"NONE"`+links+`}`, pool, client)
	}
	const links = `,"Links":{"cognito:default":"https://example.com/"}`
	id := a.do(t, "CreateTerms", create(pool, client, "terms-of-use", links)).text("Terms.TermsId")
	a.do(t, "CreateTerms", create(pool, client, "privacy-policy", links))
	const none = "3f2b4c1e-5b1e-4c6e-9a53-000000000000"
	for _, tc := range []struct{ name, operation, input, want string }{
		{"create of no pool", "CreateTerms", create("us-east-1_none", client, "terms-of-use", links), "ResourceNotFoundException: User pool us-east-1_none does not exist."},
		{"create of no client", "CreateTerms", create(pool, "none", "terms-of-use", links), "ResourceNotFoundException: User pool client none does not exist."},
		{"create again", "CreateTerms", create(pool, client, "terms-of-use", links), "TermsExistsException: Terms with the name terms-of-use already exist for app client CLIENT."},
		{"rename to what is there", "UpdateTerms", `{"UserPoolId":"POOL","TermsId":"` + id + `","TermsName":"privacy-policy"}`,
			"TermsExistsException: Terms with the name privacy-policy already exist for app client CLIENT."},
		{"no links", "CreateTerms", create(pool, client, "terms-of-use", ""), "InvalidParameterException: Links must include a URL for cognito:default."},
		{"no default link", "UpdateTerms", `{"UserPoolId":"POOL","TermsId":"` + id + `","Links":{"cognito:french":"https://example.com/"}}`,
			"InvalidParameterException: Links must include a URL for cognito:default."},
		{"a link that runs", "UpdateTerms", `{"UserPoolId":"POOL","TermsId":"` + id + `","Links":{"cognito:default":"javascript:alert(1)"}}`,
			"InvalidParameterException: The link for cognito:default is not a valid URL."},
		{"a link without a host", "UpdateTerms", `{"UserPoolId":"POOL","TermsId":"` + id + `","Links":{"cognito:default":"https:///x"}}`,
			"InvalidParameterException: The link for cognito:default is not a valid URL."},
		{"describe none", "DescribeTerms", `{"UserPoolId":"POOL","TermsId":"` + none + `"}`, "ResourceNotFoundException: Terms " + none + " do not exist."},
		{"update none", "UpdateTerms", `{"UserPoolId":"POOL","TermsId":"` + none + `"}`, "ResourceNotFoundException: Terms " + none + " do not exist."},
		{"delete none", "DeleteTerms", `{"UserPoolId":"POOL","TermsId":"` + none + `"}`, "ResourceNotFoundException: Terms " + none + " do not exist."},
		{"describe of no client", "DescribeTermsByClient", `{"UserPoolId":"POOL","ClientId":"none","TermsName":"terms-of-use"}`, "ResourceNotFoundException: User pool client none does not exist."},
		{"describe in no pool", "DescribeTerms", `{"UserPoolId":"us-east-1_none","TermsId":"` + id + `"}`, "ResourceNotFoundException: User pool us-east-1_none does not exist."},
		{"list of no pool", "ListTerms", `{"UserPoolId":"us-east-1_none"}`, "ResourceNotFoundException: User pool us-east-1_none does not exist."},
		{"list behind nothing", "ListTerms", `{"UserPoolId":"POOL","NextToken":"junk"}`, "InvalidParameterException: Invalid pagination token."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a.refuse(t, tc.operation, fill(tc.input, pool, client), fill(tc.want, pool, client))
		})
	}
	other := newClient()
	a.refuse(t, "DescribeTermsByClient", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT","TermsName":"terms-of-use"}`, pool, other),
		"ResourceNotFoundException: Terms with the name terms-of-use do not exist for app client "+other+".")

	for range 19 {
		c := newClient()
		a.do(t, "CreateTerms", create(pool, c, "terms-of-use", links))
		a.do(t, "CreateTerms", create(pool, c, "privacy-policy", links))
	}
	a.refuse(t, "CreateTerms", create(pool, other, "terms-of-use", links), "LimitExceededException: The maximum number of terms documents, 40, is reached.")
}
