package iam

import (
	"strings"
	"testing"
)

const (
	testPool = "us-east-1:11111111-1111-1111-1111-111111111111"
	testSub  = "us-east-1:22222222-2222-2222-2222-222222222222"
)

func testContext() Context {
	return Context{
		KeyAudience: {testPool}, KeySubject: {testSub},
		KeyMethods:     {"authenticated", "id.example.com/us-east-1_a"},
		KeySessionName: {"CognitoIdentityCredentials"},

		PrefixPrincipalTag + "team": {"red"},
	}
}

func rolePolicy(t *testing.T, statement string) *Policy {
	t.Helper()
	p, err := ParseRolePolicy([]byte(`{"Version":"2012-10-17","Statement":[` + statement + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return p.For(testContext())
}

func TestRolePolicy(t *testing.T) {
	const get = `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"`
	for _, c := range []struct {
		name, statement, resource string
		want                      Decision
	}{
		{"plain", get + `}`, "arn:aws:s3:::b/x", Allow},
		{"own prefix", `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/*"}`, "arn:aws:s3:::b/" + testSub + "/x", Allow},
		{"prefix of another", `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/*"}`, "arn:aws:s3:::b/us-east-1:3/x", ImplicitDeny},
		{"name of the key in other letters", `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${Cognito-Identity.amazonaws.com:SUB}"}`, "arn:aws:s3:::b/" + testSub, Allow},
		{"tag", `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/team}/*"}`, "arn:aws:s3:::b/red/x", Allow},
		{"tag that is not there", `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/unit}*"}`, "arn:aws:s3:::b/", ImplicitDeny},
		{"one of two resources cannot be", `{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::b/${aws:PrincipalTag/unit}","arn:aws:s3:::b/x"]}`, "arn:aws:s3:::b/x", Allow},
		{"denied", get + `},{"Effect":"Deny","Action":"*","Resource":"*"}`, "arn:aws:s3:::b/x", ExplicitDeny},
		{"denied to others", get + `},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalTag/team":"red"}}}`, "arn:aws:s3:::b/x", Allow},

		{"equal", get + `,"Condition":{"StringEquals":{"aws:PrincipalTag/team":["blue","red"]}}}`, "arn:aws:s3:::b/x", Allow},
		{"equal but for letters", get + `,"Condition":{"StringEquals":{"aws:PrincipalTag/team":"RED"}}}`, "arn:aws:s3:::b/x", ImplicitDeny},
		{"equal, letters ignored", get + `,"Condition":{"StringEqualsIgnoreCase":{"aws:PrincipalTag/team":"RED"}}}`, "arn:aws:s3:::b/x", Allow},
		{"star is none in equals", get + `,"Condition":{"StringEquals":{"aws:PrincipalTag/team":"r*"}}}`, "arn:aws:s3:::b/x", ImplicitDeny},
		{"like", get + `,"Condition":{"StringLike":{"aws:PrincipalTag/team":"r?d"}}}`, "arn:aws:s3:::b/x", Allow},
		{"not like", get + `,"Condition":{"StringNotLike":{"aws:PrincipalTag/team":"r*"}}}`, "arn:aws:s3:::b/x", ImplicitDeny},
		{"absent", get + `,"Condition":{"StringEquals":{"aws:PrincipalTag/unit":"a"}}}`, "arn:aws:s3:::b/x", ImplicitDeny},
		{"absent, if it exists", get + `,"Condition":{"StringEqualsIfExists":{"aws:PrincipalTag/unit":"a"}}}`, "arn:aws:s3:::b/x", Allow},
		{"absent, negated", get + `,"Condition":{"StringNotEquals":{"aws:PrincipalTag/unit":"a"}}}`, "arn:aws:s3:::b/x", Allow},
		{"any value", get + `,"Condition":{"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}`, "arn:aws:s3:::b/x", Allow},
		{"no value", get + `,"Condition":{"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"unauthenticated"}}}`, "arn:aws:s3:::b/x", ImplicitDeny},
		{"all values", get + `,"Condition":{"ForAllValues:StringEquals":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}`, "arn:aws:s3:::b/x", ImplicitDeny},
		{"variable in a value", get + `,"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:sub":"${cognito-identity.amazonaws.com:sub}"}}}`, "arn:aws:s3:::b/x", Allow},
		{"absent variable in a value", get + `,"Condition":{"StringEquals":{"aws:PrincipalTag/team":"${aws:PrincipalTag/unit}"}}}`, "arn:aws:s3:::b/x", ImplicitDeny},
		{"two conditions, one holds", get + `,"Condition":{"StringEquals":{"aws:PrincipalTag/team":"red","cognito-identity.amazonaws.com:aud":"x"}}}`, "arn:aws:s3:::b/x", ImplicitDeny},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := rolePolicy(t, c.statement)
			if got := p.Decide("s3:GetObject", c.resource); got != c.want {
				t.Errorf("%s, want %s; resolved %s", got, c.want, p)
			}
		})
	}
}

// What is sent to others has neither conditions nor variables, so that they read it
// as it is meant.
func TestResolvedPolicyIsPlain(t *testing.T) {
	p := rolePolicy(t, `{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/team}/*",
		"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"`+testPool+`"}}}`)
	again, err := ParsePolicy([]byte(p.String()))
	if err != nil {
		t.Fatalf("%s: %v", p, err)
	}
	if !again.Allows("s3:GetObject", "arn:aws:s3:::b/red/x") || again.Allows("s3:GetObject", "arn:aws:s3:::b/blue/x") {
		t.Errorf("resolved policy %s", p)
	}
}

func TestValueThatLooksLikeAPattern(t *testing.T) {
	p, err := ParseRolePolicy([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/team}"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"*", "r?d", "${x}", ""} {
		if got := p.For(Context{PrefixPrincipalTag + "team": {value}}); got.Allows("s3:GetObject", "arn:aws:s3:::b/red") {
			t.Errorf("the tag %q allows everything: %s", value, got)
		}
	}
}

func TestParseRolePolicyRefuses(t *testing.T) {
	for name, c := range map[string]struct{ statement, want string }{
		"unknown variable":   {`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username}"}`, "no policy variable"},
		"default":            {`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/a, 'x'}"}`, "no policy variable"},
		"unfinished":         {`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/a"}`, "no policy variable"},
		"request tag":        {`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/a":"x"}}}`, "not supported"},
		"date operator":      {`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"2030-01-01"}}}`, "DateLessThan"},
		"both quantifiers":   {`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAllValues:ForAnyValue:StringLike":{"aws:PrincipalTag/a":"x"}}}`, "operator"},
		"number for a value": {`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/a":1}}}`, "not a string"},
		"no values":          {`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/a":[]}}}`, "0 values"},
		"principal":          {`{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}`, "Principal"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseRolePolicy([]byte(`{"Version":"2012-10-17","Statement":[` + c.statement + `]}`))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

const trusts = `"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"}`

func TestTrustPolicy(t *testing.T) {
	aud := `"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + testPool + `"}`
	one := func(action, conditions string) string {
		return `{` + trusts + `,"Action":` + action + `,"Condition":{` + conditions + `}}`
	}
	const assume, both = `"sts:AssumeRoleWithWebIdentity"`, `["sts:AssumeRoleWithWebIdentity","sts:TagSession"]`
	for _, c := range []struct {
		name, statements string
		tags             bool
		want             bool
	}{
		{"the pool", one(assume, aud), false, true},
		{"another pool", one(assume, strings.Replace(aud, "1111", "9999", 1)), false, false},
		{"signed in", one(assume, aud+`,"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}`), false, true},
		{"guests only", one(assume, aud+`,"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"unauthenticated"}`), false, false},
		{"one identity", one(assume, aud+`,"StringLike":{"cognito-identity.amazonaws.com:sub":"us-east-1:2222*"}`), false, true},
		{"another identity", one(assume, aud+`,"StringLike":{"cognito-identity.amazonaws.com:sub":"us-east-1:3333*"}`), false, false},
		{"another action", one(`"sts:AssumeRole"`, aud), false, false},
		{"tags without leave", one(assume, aud), true, false},
		{"tags with leave", one(both, aud), true, true},
		{"tag of another value", one(both, aud+`,"StringEquals":{"aws:RequestTag/team":"blue"}`), true, false},
		{"denied", one(both, aud) + `,{"Effect":"Deny","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:*"}`, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := ParseTrustPolicy([]byte(`{"Version":"2012-10-17","Statement":[` + strings.ReplaceAll(c.statements, aud+`,"StringEquals":{`, strings.TrimSuffix(aud, "}")+`,`) + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			context := testContext()
			if c.tags {
				context[KeyTagKeys], context[PrefixRequestTag+"team"] = []string{"team"}, []string{"red"}
			}
			if got := p.Allows(context); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
	if (*TrustPolicy)(nil).Allows(testContext()) {
		t.Error("no policy trusts somebody")
	}
}

func TestParseTrustPolicyRefuses(t *testing.T) {
	for name, c := range map[string]struct{ statement, want string }{
		"every pool":      {`{` + trusts + `,"Action":"sts:AssumeRoleWithWebIdentity"}`, "which identity pools"},
		"any pool":        {`{` + trusts + `,"Action":"*","Condition":{"StringLike":{"cognito-identity.amazonaws.com:aud":"*"}}}`, "which identity pools"},
		"any pool, twice": {`{` + trusts + `,"Action":"*","Condition":{"StringLike":{"cognito-identity.amazonaws.com:aud":["us-east-1:1","**"]}}}`, "which identity pools"},
		"any pool's form": {`{` + trusts + `,"Action":"*","Condition":{"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:aud":"??-*-*:?*-*"}}}`, "which identity pools"},
		"pools if any":    {`{` + trusts + `,"Action":"*","Condition":{"StringEqualsIfExists":{"cognito-identity.amazonaws.com:aud":"us-east-1:1"}}}`, "which identity pools"},
		"all but a pool":  {`{` + trusts + `,"Action":"*","Condition":{"StringNotEquals":{"cognito-identity.amazonaws.com:aud":"x"}}}`, "which identity pools"},
		"everybody":       {`{"Effect":"Allow","Principal":"*","Action":"*"}`, "Principal"},
		"another issuer":  {`{"Effect":"Allow","Principal":{"Federated":"accounts.google.com"},"Action":"*"}`, "accounts.google.com"},
		"an account":      {`{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"*"}`, "AWS"},
		"nobody":          {`{"Effect":"Allow","Action":"*"}`, "Principal: is missing"},
		"a resource":      {`{` + trusts + `,"Action":"*","Resource":"*"}`, "Resource"},
		"its own pool":    {`{` + trusts + `,"Action":"*","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"${cognito-identity.amazonaws.com:aud}"}}}`, "variables"},
		"a variable":      {`{` + trusts + `,"Action":"*","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"${aws:PrincipalTag/a}"}}}`, "variables"},
		"a principal tag": {`{` + trusts + `,"Action":"*","Condition":{"StringEquals":{"aws:PrincipalTag/a":"x"}}}`, "not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseTrustPolicy([]byte(`{"Version":"2012-10-17","Statement":[` + c.statement + `]}`))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestCheckTags(t *testing.T) {
	for name, c := range map[string]struct {
		key, value string
		good       bool
	}{
		"plain":          {"team", "red", true},
		"address":        {"email", "ada+x@example.com", true},
		"letters":        {"größe", "änderung 1", true},
		"empty value":    {"team", "", true},
		"empty key":      {"", "red", false},
		"reserved key":   {"AWS:team", "red", false},
		"star":           {"team", "*", false},
		"question":       {"team", "r?d", false},
		"brace":          {"team", "${x}", false},
		"control":        {"team", "a\nb", false},
		"long value":     {"team", strings.Repeat("ä", 257), false},
		"longest value":  {"team", strings.Repeat("ä", 256), true},
		"long key":       {strings.Repeat("k", 129), "", false},
		"broken letters": {"team", "\xff", false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := CheckTags(map[string]string{c.key: c.value}); (err == nil) != c.good {
				t.Errorf("error %v", err)
			}
		})
	}
}

// Which of two such tags a policy would find is chance.
func TestTagsThatDifferInCase(t *testing.T) {
	for other, good := range map[string]bool{"Team": false, "TEAM": false, "teams": true} {
		if err := CheckTags(map[string]string{"team": "red", other: "blue"}); (err == nil) != good {
			t.Errorf("team and %s: %v", other, err)
		}
	}
}

// FuzzRolePolicy: what is read decides without a panic, and what it resolves to can
// be read by those it is sent to.
func FuzzRolePolicy(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/team}/*",` +
		`"Condition":{"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}]}`)
	f.Add(`{"Version":"2012-10-17","Statement":[{` + trusts + `,"Action":"sts:*","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"x"}}}]}`)
	f.Fuzz(func(t *testing.T, document string) {
		if trust, err := ParseTrustPolicy([]byte(document)); err == nil {
			trust.Allows(testContext())
		}
		p, err := ParseRolePolicy([]byte(document))
		if err != nil {
			return
		}
		resolved := p.For(testContext())
		if len(resolved.statements) == 0 {
			return
		}
		if _, err := ParsePolicy([]byte(resolved.String())); err != nil {
			t.Fatalf("%s resolves to %s: %v", document, resolved, err)
		}
	})
}
