package iam

import (
	"fmt"
	"strings"
	"testing"
)

const (
	poolABC  = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_abc"
	poolXYZ  = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_xyz"
	identity = "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:0f8fad5b"
)

// document wraps statements in a policy document.
func document(statements string) string {
	return `{"Version":"2012-10-17","Statement":` + statements + `}`
}

func TestDecide(t *testing.T) {
	const (
		allowAll  = `{"Effect":"Allow","Action":"*","Resource":"*"}`
		allowABC  = `{"Effect":"Allow","Action":"cognito-idp:*","Resource":"` + poolABC + `"}`
		denyAdmin = `{"Effect":"Deny","Action":["cognito-idp:Admin*"],"Resource":["*"]}`
		denyXYZ   = `{"Effect":"Deny","Action":"*","Resource":"arn:aws:cognito-idp:*:*:userpool/us-east-1_xyz"}`
	)
	tests := []struct {
		name, statements, action, resource string
		want                               Decision
	}{
		{"everything", allowAll, "cognito-idp:AdminGetUser", poolABC, Allow},
		{"everything, no single pool", allowAll, "cognito-idp:ListUserPools", "*", Allow},
		{"exact action", `{"Effect":"Allow","Action":"cognito-idp:AdminGetUser","Resource":"*"}`, "cognito-idp:AdminGetUser", poolABC, Allow},
		{"exact action, a longer one", `{"Effect":"Allow","Action":"cognito-idp:AdminGetUser","Resource":"*"}`, "cognito-idp:AdminGetUsers", poolABC, ImplicitDeny},
		{"action in another case", `{"Effect":"Allow","Action":"Cognito-IDP:admingetuser","Resource":"*"}`, "cognito-idp:AdminGetUser", poolABC, Allow},
		{"action wildcard", `{"Effect":"Allow","Action":"cognito-idp:Admin*User","Resource":"*"}`, "cognito-idp:AdminGetUser", poolABC, Allow},
		{"action wildcard, other verb", `{"Effect":"Allow","Action":"cognito-idp:List*","Resource":"*"}`, "cognito-idp:AdminGetUser", poolABC, ImplicitDeny},
		{"action question mark", `{"Effect":"Allow","Action":"cognito-idp:Admin?etUser","Resource":"*"}`, "cognito-idp:AdminGetUser", poolABC, Allow},
		{"another service", `{"Effect":"Allow","Action":"cognito-identity:*","Resource":"*"}`, "cognito-idp:AdminGetUser", poolABC, ImplicitDeny},
		{"identity pools", `{"Effect":"Allow","Action":"cognito-identity:*","Resource":"arn:aws:cognito-identity:*"}`, "cognito-identity:DeleteIdentityPool", identity, Allow},
		{"list of actions", `{"Effect":"Allow","Action":["cognito-idp:A", "cognito-idp:B"],"Resource":"*"}`, "cognito-idp:B", poolABC, Allow},
		{"one pool", allowABC, "cognito-idp:AdminGetUser", poolABC, Allow},
		{"one pool, another asked", allowABC, "cognito-idp:AdminGetUser", poolXYZ, ImplicitDeny},
		{"one pool, in another case", allowABC, "cognito-idp:AdminGetUser", strings.ToUpper(poolABC), ImplicitDeny},
		{"one pool, a longer id", allowABC, "cognito-idp:AdminGetUser", poolABC + "d", ImplicitDeny},
		{"one pool, no single pool asked", allowABC, "cognito-idp:ListUserPools", "*", ImplicitDeny},
		{"all pools of a region", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:cognito-idp:us-east-1:*:userpool/*"}`, "cognito-idp:AdminGetUser", poolABC, Allow},
		{"all pools of another region", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:cognito-idp:eu-west-1:*:userpool/*"}`, "cognito-idp:AdminGetUser", poolABC, ImplicitDeny},
		{"deny after allow", "[" + allowAll + "," + denyAdmin + "]", "cognito-idp:AdminGetUser", poolABC, ExplicitDeny},
		{"deny before allow", "[" + denyAdmin + "," + allowAll + "]", "cognito-idp:AdminGetUser", poolABC, ExplicitDeny},
		{"deny of other actions", "[" + denyAdmin + "," + allowAll + "]", "cognito-idp:ListUsers", poolABC, Allow},
		{"deny of one pool", "[" + allowAll + "," + denyXYZ + "]", "cognito-idp:ListUsers", poolXYZ, ExplicitDeny},
		{"deny of another pool", "[" + allowAll + "," + denyXYZ + "]", "cognito-idp:ListUsers", poolABC, Allow},
		{"deny alone", denyXYZ, "cognito-idp:ListUsers", poolABC, ImplicitDeny},
		{"second statement", "[" + denyXYZ + "," + allowABC + "]", "cognito-idp:ListUsers", poolABC, Allow},
		{"action and resource of different statements", `[{"Effect":"Allow","Action":"cognito-idp:ListUsers","Resource":"` + poolXYZ + `"},{"Effect":"Allow","Action":"cognito-idp:ListGroups","Resource":"` + poolABC + `"}]`,
			"cognito-idp:ListUsers", poolABC, ImplicitDeny},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := ParsePolicy([]byte(document(tt.statements)))
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Decide(tt.action, tt.resource); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if got := p.Allows(tt.action, tt.resource); got != (tt.want == Allow) {
				t.Errorf("Allows = %t with decision %v", got, tt.want)
			}
		})
	}
	for name, p := range map[string]*Policy{"nil": nil, "zero": {}} {
		if got := p.Decide("cognito-idp:ListUsers", poolABC); got != ImplicitDeny {
			t.Errorf("%s policy: got %v, want ImplicitDeny", name, got)
		}
	}
}

func TestParsePolicyRefuses(t *testing.T) {
	const ok = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	with := func(member string) string { return document(strings.Replace(ok, "}", ","+member+"}", 1)) }
	without := func(member string) string { return document(strings.Replace(ok, member, "", 1)) }
	list := func(n int, item string) string { return "[" + strings.Repeat(item+",", n-1) + item + "]" }
	tests := []struct{ name, document, want string }{
		{"empty", "", "not a JSON object"},
		{"null", "null", "not a JSON object"},
		{"a list", "[]", "not a JSON object"},
		{"cut off", document(ok)[:40], "Statement: "},
		{"cut off at the end", strings.TrimSuffix(document(ok), "}"), "policy: "},
		{"text after", document(ok) + " {}", "text follows"},
		{"not UTF-8", document("\"\xff\""), "not UTF-8"},
		{"too big", document(ok) + strings.Repeat(" ", MaxPolicySize), "bytes, at most 20480"},
		{"no version", `{"Statement":` + ok + `}`, "Version: is missing"},
		{"old version", `{"Version":"2008-10-17","Statement":` + ok + `}`, `Version: "2008-10-17" is not supported`},
		{"version twice", `{"Version":"2012-10-17","Version":"2012-10-17","Statement":` + ok + `}`, "member Version stands twice"},
		{"unknown member", `{"Version":"2012-10-17","Extra":1,"Statement":` + ok + `}`, `unknown member "Extra"`},
		{"member in another case", `{"version":"2012-10-17","Statement":` + ok + `}`, `unknown member "version"`},
		{"no statement", `{"Version":"2012-10-17"}`, "statement 1: not a JSON object"},
		{"no statements", document("[]"), "0 statements"},
		{"too many statements", document(list(maxStatements+1, ok)), "129 statements"},
		{"statement is text", document(`"Allow"`), "statement 1: not a JSON object"},
		{"second statement is null", document("[" + ok + ",null]"), "statement 2: not a JSON object"},
		{"condition", with(`"Condition":{"Bool":{"aws:SecureTransport":"true"}}`), "member Condition is not supported"},
		{"empty condition", with(`"Condition":{}`), "member Condition is not supported"},
		{"not action", with(`"NotAction":"*"`), "member NotAction is not supported"},
		{"not resource", with(`"NotResource":"*"`), "member NotResource is not supported"},
		{"principal", with(`"Principal":"*"`), "member Principal is not supported"},
		{"not principal", with(`"NotPrincipal":"*"`), "member NotPrincipal is not supported"},
		{"unknown in statement", with(`"Effekt":"Deny"`), `unknown member "Effekt"`},
		{"effect twice", with(`"Effect":"Deny"`), "member Effect stands twice"},
		{"effect twice by case", with(`"effect":"Deny"`), `unknown member "effect"`},
		{"effect twice by escape", with(`"\u0045ffect":"Deny"`), "member Effect stands twice"},
		{"effect missing", without(`"Effect":"Allow",`), "Effect: is missing"},
		{"effect in another case", strings.Replace(document(ok), "Allow", "allow", 1), `"allow" is neither Allow nor Deny`},
		{"effect null", strings.Replace(document(ok), `"Allow"`, "null", 1), "Effect: is not a string"},
		{"action missing", without(`"Action":"*",`), "Action: is missing"},
		{"action null", strings.Replace(document(ok), `"Action":"*"`, `"Action":null`, 1), "Action: is not a string"},
		{"action empty", strings.Replace(document(ok), `"Action":"*"`, `"Action":""`, 1), "neither * nor of the form"},
		{"action list empty", strings.Replace(document(ok), `"Action":"*"`, `"Action":[]`, 1), "Action: 0 patterns"},
		{"action list of null", strings.Replace(document(ok), `"Action":"*"`, `"Action":[null]`, 1), "Action: is not a string"},
		{"action list nested", strings.Replace(document(ok), `"Action":"*"`, `"Action":[["*"]]`, 1), "Action: is not a string"},
		{"too many actions", strings.Replace(document(ok), `"Action":"*"`, `"Action":`+list(maxPatterns+1, `"*"`), 1), "Action: 257 patterns"},
		{"action without service", strings.Replace(document(ok), `"Action":"*"`, `"Action":"AdminGetUser"`, 1), "neither * nor of the form"},
		{"action of three parts", strings.Replace(document(ok), `"Action":"*"`, `"Action":"a:b:c"`, 1), "neither * nor of the form"},
		{"action with space", strings.Replace(document(ok), `"Action":"*"`, `"Action":"cognito-idp: *"`, 1), "neither * nor of the form"},
		{"action too long", strings.Replace(document(ok), `"Action":"*"`, `"Action":"a:`+strings.Repeat("b", maxAction)+`"`, 1), "at most 128"},
		{"resource missing", without(`,"Resource":"*"`), "Resource: is missing"},
		{"resource no ARN", strings.Replace(document(ok), `"Resource":"*"`, `"Resource":"us-east-1_abc"`, 1), "neither * nor an ARN"},
		{"resource variable", strings.Replace(document(ok), `"Resource":"*"`, `"Resource":"arn:aws:${aws:username}"`, 1), "policy variables"},
		{"resource control character", strings.Replace(document(ok), `"Resource":"*"`, `"Resource":"arn:\u0000"`, 1), "no ARN has"},
		{"resource too long", strings.Replace(document(ok), `"Resource":"*"`, `"Resource":"arn:`+strings.Repeat("b", maxResource)+`"`, 1), "at most 1024"},
		{"sid no string", with(`"Sid":1`), "Sid: is not a string"},
		{"sid with space", with(`"Sid":"a b"`), "Sid: only"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := ParsePolicy([]byte(tt.document))
			if err == nil || p != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v; want an error with %q", p, err, tt.want)
			}
		})
	}
}

func TestParsePolicyReadsLooseLayout(t *testing.T) {
	text := " {\n \"Statement\" : [ { \"Sid\" : \"One\", \"Resource\" : [ \"*\" ] ,\n\t\"Action\" : [ \"*\" , \"a:b\" ], \"Effect\" : \"Allow\" } ] , \"Version\" : \"2012-10-17\" } \n"
	p, err := ParsePolicy([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if !p.Allows("x:y", poolABC) {
		t.Error("the policy allows nothing")
	}
	if p.String() != text {
		t.Errorf("String() = %q, want the document", p.String())
	}
}

func TestAdministratorPolicy(t *testing.T) {
	admin := AdministratorPolicy()
	again, err := ParsePolicy([]byte(admin.String()))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*Policy{admin, again} {
		for _, resource := range []string{"*", poolABC, identity} {
			if !p.Allows("cognito-idp:DeleteUserPool", resource) {
				t.Errorf("refused on %s", resource)
			}
		}
	}
}

// FuzzParsePolicy: nothing panics, and what parses parses again from its own
// text with the same decisions.
func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(administratorDocument), "cognito-idp:ListUsers", poolABC)
	f.Add([]byte(document(`[{"Sid":"a","Effect":"Deny","Action":["a:*"],"Resource":["arn:?*"]}]`)), "a:b", "arn:x")
	f.Add([]byte(document(`{"Condition":{}}`)), "", "")
	f.Fuzz(func(t *testing.T, text []byte, action, resource string) {
		p, err := ParsePolicy(text)
		if err != nil {
			return
		}
		for _, refused := range []string{`"Condition"`, `"NotAction"`, `"NotResource"`, `"Principal"`} {
			if strings.Contains(string(text), refused+":") {
				t.Fatalf("accepted %s", text)
			}
		}
		again, err := ParsePolicy([]byte(p.String()))
		if err != nil {
			t.Fatal(err)
		}
		if a, b := p.Decide(action, resource), again.Decide(action, resource); a != b {
			t.Errorf("%v, then %v: %s", a, b, fmt.Sprintf("%q on %q", action, resource))
		}
	})
}
