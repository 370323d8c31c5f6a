package idp

import (
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

const testCertificate = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000"

func TestDomains(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{DomainSuffix: "example.com"})
	id := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	const custom = `,"CustomDomainConfig":{"CertificateArn":"` + testCertificate + `"`
	for _, tc := range []struct {
		name, operation, input string // one after the other
		answer                 string // of the operation, with CloudFrontDomain as X
		described              string // what DescribeUserPoolDomain shows of the settings
	}{
		{"a prefix", "CreateUserPoolDomain", `"Domain":"my-app"`, `{"ManagedLoginVersion":1}`, `{} 1 null`},
		{"its pages", "UpdateUserPoolDomain", `"Domain":"my-app","ManagedLoginVersion":2`, `{"ManagedLoginVersion":2}`, `{} 2 null`},
		{"nothing", "UpdateUserPoolDomain", `"Domain":"my-app"`, `{"ManagedLoginVersion":2}`, `{} 2 null`},
		{"a host name", "CreateUserPoolDomain", `"Domain":"id.example.org","ManagedLoginVersion":2` + custom + `,"SecurityPolicy":"TLS_V1_3_2025"}`,
			`{"CloudFrontDomain":"X","ManagedLoginVersion":2}`, `{"CertificateArn":"` + testCertificate + `","SecurityPolicy":"TLS_V1_3_2025"} 2 null`},
		{"its certificate", "UpdateUserPoolDomain", `"Domain":"id.example.org"` + custom + `}`,
			`{"CloudFrontDomain":"X","ManagedLoginVersion":2}`, `{"CertificateArn":"` + testCertificate + `"} 2 null`},
		{"its pages", "UpdateUserPoolDomain", `"Domain":"id.example.org","ManagedLoginVersion":1`,
			`{"CloudFrontDomain":"X","ManagedLoginVersion":1}`, `{"CertificateArn":"` + testCertificate + `"} 1 null`},
	} {
		t.Run(tc.operation+" "+tc.name, func(t *testing.T) {
			got := a.do(t, tc.operation, fill(`{"UserPoolId":"POOL",`+tc.input+`}`, id, ""))
			domain := strings.Split(tc.input, `"`)[3]
			described := a.do(t, "DescribeUserPoolDomain", `{"Domain":"`+domain+`"}`)
			distribution := described.text("DomainDescription.CloudFrontDistribution")
			if text := strings.ReplaceAll(answer{t: t, body: map[string]any{"": got.body}}.json(""), distribution, "X"); text != tc.answer {
				t.Errorf("answers %s, want %s", text, tc.answer)
			}
			shown := described.json("DomainDescription.CustomDomainConfig") + " " + described.json("DomainDescription.ManagedLoginVersion") + " " + described.json("DomainDescription.Routing")
			if shown != tc.described {
				t.Errorf("shows %s, want %s", shown, tc.described)
			}
		})
	}
	described := a.do(t, "DescribeUserPoolDomain", `{"Domain":"my-app"}`)
	for path, want := range map[string]string{
		"UserPoolId": id, "AWSAccountId": "123456789012", "Domain": "my-app", "Status": "ACTIVE",
		"S3Bucket": "aws-cognito-prod-us-east-1-assets",
	} {
		if got := described.text("DomainDescription." + path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if version := described.text("DomainDescription.Version"); len(version) != 14 {
		t.Errorf("version %s", version)
	}
	if name := described.text("DomainDescription.CloudFrontDistribution"); !strings.HasSuffix(name, ".auth.example.com") || len(name) != len("d0123456789abc.auth.example.com") {
		t.Errorf("distribution %s", name)
	}
	pool := a.do(t, "DescribeUserPool", fill(`{"UserPoolId":"POOL"}`, id, ""))
	if prefix, host := pool.text("UserPool.Domain"), pool.text("UserPool.CustomDomain"); prefix != "my-app" || host != "id.example.org" {
		t.Errorf("the pool shows %s and %s", prefix, host)
	}

	const held = "InvalidParameterException: User pool cannot be deleted. It has a domain configured that should be deleted first."
	for _, domain := range []string{"my-app", "id.example.org"} {
		a.refuse(t, "DeleteUserPool", fill(`{"UserPoolId":"POOL"}`, id, ""), held)
		if got := a.do(t, "DeleteUserPoolDomain", fill(`{"UserPoolId":"POOL","Domain":"`+domain+`"}`, id, "")); len(got.body) != 0 {
			t.Errorf("DeleteUserPoolDomain answers %v", got.body)
		}
		if got := a.do(t, "DescribeUserPoolDomain", `{"Domain":"`+domain+`"}`).json("DomainDescription"); got != `{}` {
			t.Errorf("a deleted domain is described as %s", got)
		}
	}
	pool = a.do(t, "DescribeUserPool", fill(`{"UserPoolId":"POOL"}`, id, ""))
	if pool.at("UserPool.Domain") != nil || pool.at("UserPool.CustomDomain") != nil {
		t.Errorf("the pool still shows %v", pool.body)
	}
	a.do(t, "DeleteUserPool", fill(`{"UserPoolId":"POOL"}`, id, ""))
}

func TestDomainsRefuse(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{DomainSuffix: "example.com"})
	id := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	other := a.do(t, "CreateUserPool", `{"PoolName":"other"}`).text("UserPool.Id")
	const config = `,"CustomDomainConfig":{"CertificateArn":"` + testCertificate + `"}`
	a.do(t, "CreateUserPoolDomain", fill(`{"UserPoolId":"POOL","Domain":"taken"}`, other, ""))
	a.do(t, "CreateUserPoolDomain", fill(`{"UserPoolId":"POOL","Domain":"id.example.org"`+config+`}`, other, ""))
	const (
		form = "InvalidParameterException: The domain name contains an invalid character. Domain names can only contain lower-case letters, numbers, and hyphens. " +
			`Please enter a different name that follows this format: ^[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?$`
		taken     = "InvalidParameterException: Domain already associated with another user pool."
		none      = "InvalidParameterException: No such domain or user pool exists."
		subdomain = "InvalidParameterException: Custom domain is not a valid subdomain: Was not able to resolve a DNS A record for the parent domain or domain parent is a top-level domain."
		host      = "InvalidParameterException: One or more of the CNAMEs you provided are already associated with a different resource."
		failover  = `,"Routing":{"Failover":{"SecondaryRegion":"eu-west-1","PrimaryRoute53HealthCheckId":"check"}}`
	)
	long := strings.Repeat("x", 64)
	for _, tc := range []struct{ name, operation, input, want string }{
		{"upper case", "CreateUserPoolDomain", `"Domain":"App"`, form},
		{"a hyphen at the end", "CreateUserPoolDomain", `"Domain":"app-"`, form},
		{"a host name without a certificate", "CreateUserPoolDomain", `"Domain":"id.example.net"`, form},
		{"too long", "CreateUserPoolDomain", `"Domain":"` + long + `"`,
			"InvalidParameterException: 1 validation error detected: Value '" + long + "' at 'domain' failed to satisfy constraint: Member must have length less than or equal to 63"},
		{"aws", "CreateUserPoolDomain", `"Domain":"my-aws-app"`, "InvalidParameterException: Domain cannot contain reserved word: aws"},
		{"amazon", "CreateUserPoolDomain", `"Domain":"amazonia"`, "InvalidParameterException: Domain cannot contain reserved word: amazon"},
		{"cognito", "CreateUserPoolDomain", `"Domain":"newcognito"`, "InvalidParameterException: Domain cannot contain reserved word: cognito"},
		{"another pool's prefix", "CreateUserPoolDomain", `"Domain":"taken"`, taken},
		{"another pool's host name", "CreateUserPoolDomain", `"Domain":"id.example.org"` + config, taken},
		{"a top-level domain", "CreateUserPoolDomain", `"Domain":"localhost"` + config, subdomain},
		{"an address", "CreateUserPoolDomain", `"Domain":"127.0.0.1"` + config, subdomain},
		{"an empty label", "CreateUserPoolDomain", `"Domain":"id..example.net"` + config, form},
		{"the deployment itself", "CreateUserPoolDomain", `"Domain":"example.com"` + config, host},
		{"a prefix domain's host", "CreateUserPoolDomain", `"Domain":"app.auth.example.com"` + config, host},
		{"what is no certificate", "CreateUserPoolDomain", `"Domain":"id.example.net","CustomDomainConfig":{"CertificateArn":"arn:aws:sns:us-east-1:123456789012:topic"}`,
			"InvalidParameterException: The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain."},
		{"pages of the future", "CreateUserPoolDomain", `"Domain":"app","ManagedLoginVersion":3`,
			"InvalidParameterException: 1 validation error detected: Value '3' at 'managedLoginVersion' failed to satisfy constraint: Member must have value less than or equal to 2"},
		{"no pages", "CreateUserPoolDomain", `"Domain":"app","ManagedLoginVersion":0`,
			"InvalidParameterException: 1 validation error detected: Value '0' at 'managedLoginVersion' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"failover of a prefix", "CreateUserPoolDomain", `"Domain":"app"` + failover, "InvalidParameterException: Failover can only be configured for a custom domain."},
		{"failover to nowhere", "CreateUserPoolDomain", `"Domain":"id.example.net"` + config + failover, "InvalidParameterException: User pool POOL has no replica in eu-west-1 to fail over to."},
		{"update none", "UpdateUserPoolDomain", `"Domain":"app"`, none},
		{"update another pool's", "UpdateUserPoolDomain", `"Domain":"taken","ManagedLoginVersion":2`, none},
		{"delete none", "DeleteUserPoolDomain", `"Domain":"app"`, none},
		{"delete another pool's", "DeleteUserPoolDomain", `"Domain":"taken"`, none},
	} {
		t.Run(tc.operation+" "+tc.name, func(t *testing.T) {
			a.refuse(t, tc.operation, fill(`{"UserPoolId":"POOL",`+tc.input+`}`, id, ""), fill(tc.want, id, ""))
		})
	}
	a.refuse(t, "CreateUserPoolDomain", fill(`{"UserPoolId":"POOL","Domain":"second"}`, other, ""), "InvalidParameterException: User pool already has a domain configured.")
	a.refuse(t, "CreateUserPoolDomain", fill(`{"UserPoolId":"POOL","Domain":"taken"}`, other, ""), "InvalidParameterException: User pool already has a domain configured.")
	a.refuse(t, "UpdateUserPoolDomain", fill(`{"UserPoolId":"POOL","Domain":"taken"`+config+`}`, other, ""), "InvalidParameterException: CustomDomainConfig can not be set on a prefix domain.")
	for op, input := range map[string]string{"CreateUserPoolDomain": `app`, "UpdateUserPoolDomain": `taken`, "DeleteUserPoolDomain": `taken`} {
		a.refuse(t, op, `{"UserPoolId":"us-east-1_none","Domain":"`+input+`"}`, "ResourceNotFoundException: User pool us-east-1_none does not exist.")
	}
	if got := a.do(t, "DescribeUserPoolDomain", `{"Domain":"Not A Domain!"}`).json("DomainDescription"); got != `{}` {
		t.Errorf("what is no domain is described as %s", got)
	}

	strict := newTestAPI(t, userpool.PoolsOptions{StrictTiers: true})
	lite := strict.do(t, "CreateUserPool", `{"PoolName":"p","UserPoolTier":"LITE"}`).text("UserPool.Id")
	strict.refuse(t, "CreateUserPoolDomain", fill(`{"UserPoolId":"POOL","Domain":"app","ManagedLoginVersion":2}`, lite, ""),
		"FeatureUnavailableInTierException: The following features need to be disabled for the LITE pricing tier configured: Managed Login")
	strict.do(t, "CreateUserPoolDomain", fill(`{"UserPoolId":"POOL","Domain":"app","ManagedLoginVersion":1}`, lite, ""))
}
