package apimodel_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/identityapi"
	"github.com/poolhouse/poolhouse/internal/idpapi"
)

// TestValidationError gives whole messages for bodies of real operations.
func TestValidationError(t *testing.T) {
	const failed = " failed to satisfy constraint: "
	const poolID = `[\w-]+_[0-9a-zA-Z]+`
	const client = `"UserPoolId":"us-east-1_a","ClientName":"c"`
	for _, tc := range []struct {
		name string
		op   *apimodel.Operation
		dst  any
		body string
		want string
	}{
		{
			"missing, not sensitive", idpapi.OpDescribeUserPool, new(idpapi.DescribeUserPoolInput), ``,
			"1 validation error detected: Value null at 'userPoolId'" + failed + "Member must not be null",
		}, {
			"null is missing", idpapi.OpDescribeUserPool, new(idpapi.DescribeUserPoolInput), `{"UserPoolId":null}`,
			"1 validation error detected: Value null at 'userPoolId'" + failed + "Member must not be null",
		}, {
			"missing, sensitive", idpapi.OpSignUp, new(idpapi.SignUpInput), `{}`,
			"2 validation errors detected: Value at 'clientId'" + failed + "Member must not be null; " +
				"Value at 'username'" + failed + "Member must not be null",
		}, {
			"pattern", idpapi.OpDescribeUserPool, new(idpapi.DescribeUserPoolInput), `{"UserPoolId":"x"}`,
			"1 validation error detected: Value 'x' at 'userPoolId'" + failed + "Member must satisfy regular expression pattern: " + poolID,
		}, {
			"pattern matches the whole", idpapi.OpDescribeUserPool, new(idpapi.DescribeUserPoolInput), `{"UserPoolId":"a_b\n"}`,
			"1 validation error detected: Value 'a_b?' at 'userPoolId'" + failed + "Member must satisfy regular expression pattern: " + poolID,
		}, {
			"pattern and length", idpapi.OpDescribeUserPool, new(idpapi.DescribeUserPoolInput), `{"UserPoolId":""}`,
			"2 validation errors detected: Value '' at 'userPoolId'" + failed + "Member must satisfy regular expression pattern: " + poolID +
				"; Value '' at 'userPoolId'" + failed + "Member must have length greater than or equal to 1",
		}, {
			"several in model order", idpapi.OpSignUp, new(idpapi.SignUpInput),
			`{"UserContextData":null,"Password":" ab","Username":"` + strings.Repeat("é", 129) + `","ClientId":"-","SecretHash":"!"}`,
			"4 validation errors detected: Value at 'clientId'" + failed + `Member must satisfy regular expression pattern: [\w+]+; ` +
				"Value at 'secretHash'" + failed + `Member must satisfy regular expression pattern: [\w+=/]+; ` +
				"Value at 'username'" + failed + "Member must have length less than or equal to 128; " +
				"Value at 'password'" + failed + `Member must satisfy regular expression pattern: ^[\S]+.*[\S]+$`,
		}, {
			"vertical tab is a space, as in Java", idpapi.OpSignUp, new(idpapi.SignUpInput), `{"ClientId":"c","Username":"u","Password":"ab\u000b"}`,
			"1 validation error detected: Value at 'password'" + failed + `Member must satisfy regular expression pattern: ^[\S]+.*[\S]+$`,
		}, {
			"nested in a list", idpapi.OpSignUp, new(idpapi.SignUpInput),
			`{"ClientId":"c","Username":"u","UserAttributes":[{"Name":"email"},{"Value":"v"},{"Name":"x","Value":"` + strings.Repeat("v", 2049) + `"}]}`,
			"2 validation errors detected: Value null at 'userAttributes.2.member.name'" + failed + "Member must not be null; " +
				"Value at 'userAttributes.3.member.value'" + failed + "Member must have length less than or equal to 2048",
		}, {
			"null structure in a list", idpapi.OpSignUp, new(idpapi.SignUpInput), `{"ClientId":"c","Username":"u","UserAttributes":[null]}`,
			"1 validation error detected: Value null at 'userAttributes.1.member'" + failed + "Member must not be null",
		}, {
			"schema", idpapi.OpCreateUserPool, new(idpapi.CreateUserPoolInput),
			`{"PoolName":"p","Schema":[{"Name":"123456789012345678901","AttributeDataType":"Text"}]}`,
			"2 validation errors detected: Value '123456789012345678901' at 'schema.1.member.name'" + failed + "Member must have length less than or equal to 20; " +
				"Value 'Text' at 'schema.1.member.attributeDataType'" + failed + "Member must satisfy enum value set: [String, Number, DateTime, Boolean]",
		}, {
			"empty list", idpapi.OpCreateUserPool, new(idpapi.CreateUserPoolInput), `{"PoolName":"p","Schema":[]}`,
			"1 validation error detected: Value '[]' at 'schema'" + failed + "Member must have length greater than or equal to 1",
		}, {
			"nested structure", idpapi.OpCreateUserPool, new(idpapi.CreateUserPoolInput),
			`{"PoolName":"p","Policies":{"PasswordPolicy":{"MinimumLength":5}},"SmsVerificationMessage":"{####}\r"}`,
			"2 validation errors detected: Value '5' at 'policies.passwordPolicy.minimumLength'" + failed + "Member must have value greater than or equal to 6; " +
				"Value '{####}?' at 'smsVerificationMessage'" + failed + `Member must satisfy regular expression pattern: .*\{####\}.*`,
		}, {
			"map keys", idpapi.OpCreateUserPool, new(idpapi.CreateUserPoolInput), `{"PoolName":"p","UserPoolTags":{"":"v"}}`,
			"1 validation error detected: Value '{=v}' at 'userPoolTags'" + failed +
				"Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]",
		}, {
			"map value", idpapi.OpTagResource, new(idpapi.TagResourceInput),
			`{"ResourceArn":"arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a","Tags":{"k":"` + strings.Repeat("v", 257) + `"}}`,
			"1 validation error detected: Value '{k=" + strings.Repeat("v", 253) + "...' at 'tags'" + failed +
				"Map value must satisfy constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal to 0]",
		}, {
			"map of structures", idpapi.OpCreateUserPool, new(idpapi.CreateUserPoolInput), `{"PoolName":"p","AcrConfiguration":{"Level1":{}}}`,
			"1 validation error detected: Value null at 'acrConfiguration.Level1.acrValue'" + failed + "Member must not be null",
		}, {
			"empty map", idpapi.OpCreateTerms, new(idpapi.CreateTermsInput),
			`{"UserPoolId":"a_b","ClientId":"c","TermsName":"terms-of-use","TermsSource":"LINK","Enforcement":"NONE","Links":{}}`,
			"1 validation error detected: Value '{}' at 'links'" + failed + "Member must have length greater than or equal to 1",
		}, {
			"too many entries and a bad key", identityapi.OpSetIdentityPoolRoles, new(identityapi.SetIdentityPoolRolesInput),
			`{"IdentityPoolId":"us-east-1:0","Roles":{"authenticated":"arn:aws:iam::123456789012:role/x","unauthenticated":"arn:aws:iam::123456789012:role/x","x":"arn:aws:iam::123456789012:role/x"}}`,
			"2 validation errors detected: Value '{authenticated=arn:aws:iam::123456789012:role/x, unauthenticated=arn:aws:iam::123456789012:role/x, x=arn:aws:iam::123456789012:role/x}' at 'roles'" +
				failed + "Member must have length less than or equal to 2; " +
				"Value '{authenticated=arn:aws:iam::123456789012:role/x, unauthenticated=arn:aws:iam::123456789012:role/x, x=arn:aws:iam::123456789012:role/x}' at 'roles'" +
				failed + "Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, " +
				"Member must satisfy regular expression pattern: (un)?authenticated]",
		}, {
			"a null entry breaks nothing", identityapi.OpSetIdentityPoolRoles, new(identityapi.SetIdentityPoolRolesInput),
			`{"IdentityPoolId":"us-east-1:0","Roles":{"authenticated":"arn:aws:iam::123456789012:role/x","unauthenticated":"arn:aws:iam::123456789012:role/x","x":null}}`,
			"",
		}, {
			"enum", idpapi.OpInitiateAuth, new(idpapi.InitiateAuthInput), `{"ClientId":"c","AuthFlow":"user_auth"}`,
			"1 validation error detected: Value 'user_auth' at 'authFlow'" + failed + "Member must satisfy enum value set: " +
				"[USER_SRP_AUTH, REFRESH_TOKEN_AUTH, REFRESH_TOKEN, CUSTOM_AUTH, ADMIN_NO_SRP_AUTH, USER_PASSWORD_AUTH, ADMIN_USER_PASSWORD_AUTH, USER_AUTH]",
		}, {
			"enum in a list", idpapi.OpCreateUserPoolClient, new(idpapi.CreateUserPoolClientInput), `{` + client + `,"ExplicitAuthFlows":["ALLOW_USER_AUTH","FOO"]}`,
			"1 validation error detected: Value '[ALLOW_USER_AUTH, FOO]' at 'explicitAuthFlows'" + failed +
				"Member must satisfy constraint: [Member must satisfy enum value set: [ADMIN_NO_SRP_AUTH, CUSTOM_AUTH_FLOW_ONLY, USER_PASSWORD_AUTH, " +
				"ALLOW_ADMIN_USER_PASSWORD_AUTH, ALLOW_CUSTOM_AUTH, ALLOW_USER_PASSWORD_AUTH, ALLOW_USER_SRP_AUTH, ALLOW_REFRESH_TOKEN_AUTH, ALLOW_USER_AUTH, ALLOW_CLIENT_TOKEN_AUTH]]",
		}, {
			"null in a list", idpapi.OpCreateUserPoolClient, new(idpapi.CreateUserPoolClientInput), `{` + client + `,"AllowedOAuthFlows":[null]}`,
			"1 validation error detected: Value '[null]' at 'allowedOAuthFlows'" + failed +
				"Member must satisfy constraint: [Member must satisfy enum value set: [code, implicit, client_credentials], Member must not be null]",
		}, {
			"number above", idpapi.OpCreateUserPoolClient, new(idpapi.CreateUserPoolClientInput), `{` + client + `,"AuthSessionValidity":16}`,
			"1 validation error detected: Value '16' at 'authSessionValidity'" + failed + "Member must have value less than or equal to 15",
		}, {
			"number below", idpapi.OpListUserPools, new(idpapi.ListUserPoolsInput), `{"MaxResults":0}`,
			"1 validation error detected: Value '0' at 'maxResults'" + failed + "Member must have value greater than or equal to 1",
		}, {
			"missing in identity pools", identityapi.OpCreateIdentityPool, new(identityapi.CreateIdentityPoolInput), `{"IdentityPoolName":"p"}`,
			"1 validation error detected: Value null at 'allowUnauthenticatedIdentities'" + failed + "Member must not be null",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := apimodel.Decode(tc.op.Input, []byte(tc.body), tc.dst)
			if tc.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var validation *apimodel.ValidationError
			if !errors.As(err, &validation) {
				t.Fatalf("got %v, want a ValidationError", err)
			}
			if err.Error() != tc.want {
				t.Errorf("got  %s\nwant %s", err, tc.want)
			}
		})
	}
}

// TestMessageIsBounded sends large bodies that are wrong everywhere.
func TestMessageIsBounded(t *testing.T) {
	long := strings.Repeat("é", 1<<18)
	for _, tc := range []struct {
		name string
		body string
		want int // violations
	}{
		{"long value", `{"UserPoolId":"` + long + `","ClientName":"c"}`, 2},
		{"long list", `{"UserPoolId":"a_b","ClientName":"c","ExplicitAuthFlows":["x"` + strings.Repeat(`,"x"`, 1<<12) + `]}`, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := apimodel.Decode(idpapi.OpCreateUserPoolClient.Input, []byte(tc.body), new(idpapi.CreateUserPoolClientInput))
			checkBounded(t, err, tc.want)
		})
	}
	t.Run("many violations", func(t *testing.T) {
		body := `{"ClientId":"c","Username":"u","UserAttributes":[{}` + strings.Repeat(",{}", 1<<12) + `]}`
		checkBounded(t, apimodel.Decode(idpapi.OpSignUp.Input, []byte(body), new(idpapi.SignUpInput)), 64)
	})
}

func checkBounded(t *testing.T, err error, violations int) {
	t.Helper()
	var validation *apimodel.ValidationError
	if !errors.As(err, &validation) || len(validation.Violations) != violations {
		t.Fatalf("got %.300v, want %d violations", err, violations)
	}
	if n := len(err.Error()); n > 16<<10 {
		t.Errorf("the message has %d bytes", n)
	}
}

// TestEveryPattern compiles the patterns of both APIs, which Match does lazily.
func TestEveryPattern(t *testing.T) {
	seen := map[*apimodel.Shape]bool{}
	var walk func(s *apimodel.Shape)
	walk = func(s *apimodel.Shape) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		if s.Pattern != nil {
			s.Pattern.Match("")
		}
		walk(s.Key)
		walk(s.Elem)
		for _, m := range s.Members {
			walk(m.Shape)
		}
	}
	for _, op := range append(idpapi.AllOperations(), identityapi.AllOperations()...) {
		walk(op.Input)
		walk(op.Output)
	}
	if len(seen) < 500 {
		t.Errorf("walked %d shapes", len(seen))
	}
}
