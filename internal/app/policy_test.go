package app

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/identityapi"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/keys"
)

// aboutNoPool are the operations that want a signature and name no pool, which a
// policy is asked about with the resource "*", as IAM does ("Actions, resources,
// and condition keys for Amazon Cognito ...", those without a resource type). An
// operation that comes later must name its pool or stand here.
var aboutNoPool = map[string]bool{
	"CreateUserPool": true, "ListUserPools": true, "DescribeUserPoolDomain": true,
	"GetProvisionedLimit": true, "UpdateProvisionedLimit": true,

	"CreateIdentityPool": true, "ListIdentityPools": true, "DescribeIdentity": true, "DeleteIdentities": true,
}

// TestPoliciesOfAllOperations signs every operation of both APIs by keys that are
// allowed nothing, everything at another pool, the operation before, and just this
// operation at just its pool.
func TestPoliciesOfAllOperations(t *testing.T) {
	a, err := New(t.Context(), Options{
		DatabaseURL: "sqlite::memory:", MasterKey: keys.GenerateMasterKey(), Migrate: true, PublicURL: "http://localhost",
		Region: "us-east-1", AccountID: "123456789012", Dev: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, api := range []struct {
		service, target, member, arn, one, two string
		operations                             []*apimodel.Operation
	}{
		{idpapi.SigningName, idpapi.TargetPrefix, "UserPoolId", "arn:aws:cognito-idp:us-east-1:123456789012:userpool/",
			"us-east-1_AbCdEfOne", "us-east-1_AbCdEfTwo", idpapi.AllOperations()},
		{identityapi.SigningName, identityapi.TargetPrefix, "IdentityPoolId", "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/",
			"us-east-1:00000000-0000-4000-8000-000000000001", "us-east-1:00000000-0000-4000-8000-000000000002", identityapi.AllOperations()},
	} {
		p := policyTest{t, a, api.service, api.target}
		nothing := p.key("poolhouse:*", "*")
		otherPool := p.key(api.service+":*", api.arn+api.two)
		before := nothing
		g := &generator{Rand: rand.New(rand.NewPCG(3, 0)), known: map[string][]string{}, calm: true}
		g.known[api.member], g.known["ResourceArn"] = []string{api.one}, []string{api.arn + api.one}
		g.known["SessionId"] = []string{"tkn0190f00000000000000000abc"} // its pattern has no length
		for _, op := range api.operations {
			if op.Public {
				continue
			}
			resource := api.arn + api.one
			if aboutNoPool[op.Name] {
				resource = "*"
			}
			action := api.service + ":" + op.Name
			refusal := func(name string) string {
				return fmt.Sprintf("AccessDeniedException: User: arn:aws:iam::123456789012:user/%s is not authorized to perform: %s on resource: %s"+
					" because no identity-based policy allows the %s action", name, action, resource, action)
			}
			input, failure := p.valid(g, op, api.member, nothing)
			if want := refusal("tester"); failure != want {
				t.Errorf("%s, nothing allowed: %q, want %q", op.Name, failure, want)
			}
			if failure := p.call(op.Name, input, iam.AccessKey{}); !strings.HasPrefix(failure, "MissingAuthenticationTokenException: ") {
				t.Errorf("%s without a signature: %q", op.Name, failure)
			}
			if failure := p.call(op.Name, input, otherPool); failure != refusal("tester") {
				t.Errorf("%s, another pool allowed: %q", op.Name, failure)
			}
			if failure := p.call(op.Name, input, before); failure != refusal("tester") {
				t.Errorf("%s, another operation allowed: %q", op.Name, failure)
			}
			allowed := p.key(action, resource)
			if failure := p.call(op.Name, input, allowed); strings.HasPrefix(failure, "AccessDenied") || strings.HasPrefix(failure, "InternalError") {
				t.Errorf("%s, allowed: %q for %s", op.Name, failure, input)
			}
			before = allowed
		}
	}
}

type policyTest struct {
	t *testing.T
	*App
	service, target string
}

// key makes a key that is allowed an action on a resource.
func (p policyTest) key(action, resource string) iam.AccessKey {
	p.t.Helper()
	policy, err := iam.ParsePolicy(fmt.Appendf(nil, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":%q,"Resource":%q}]}`, action, resource))
	if err != nil {
		p.t.Fatal(err)
	}
	key, err := NewAccessKeys(p.db, p.ring).Create(p.t.Context(), "tester", policy)
	if err != nil {
		p.t.Fatal(err)
	}
	return key
}

// valid makes input that the API model takes, which is judged before policies are,
// with the required members and the pool, and calls the operation with it.
func (p policyTest) valid(g *generator, op *apimodel.Operation, pool string, key iam.AccessKey) (input, failure string) {
	for range 200 {
		var members []string
		for _, m := range op.Input.Members {
			if m.Required || m.Name == pool {
				var b strings.Builder
				if known := g.known[m.Name]; known != nil {
					fmt.Fprintf(&b, "%q", known[0])
				} else {
					g.value(&b, m.Shape, m.Name, true)
				}
				members = append(members, fmt.Sprintf("%q:%s", m.Name, &b))
			}
		}
		input = "{" + strings.Join(members, ",") + "}"
		failure = p.call(op.Name, input, key)
		if !strings.Contains(failure, "validation error") && !strings.HasPrefix(failure, "SerializationException") {
			break
		}
	}
	return input, failure
}

// call signs a request and sends it. The error is as in node.call.
func (p policyTest) call(operation, input string, key iam.AccessKey) (failure string) {
	p.t.Helper()
	r := httptest.NewRequest("POST", "http://localhost/", strings.NewReader(input))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", p.target+"."+operation)
	if key.ID != "" {
		sum := sha256.Sum256([]byte(input))
		if err := v4.NewSigner().SignHTTP(p.t.Context(), aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: key.Secret},
			r, hex.EncodeToString(sum[:]), p.service, "us-east-1", time.Now()); err != nil {
			p.t.Fatal(err)
		}
	}
	w := httptest.NewRecorder()
	p.Handler().ServeHTTP(w, r)
	if w.Code == 200 {
		return ""
	}
	var fault struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &fault); err != nil {
		p.t.Errorf("%s answered %d %s", operation, w.Code, w.Body)
	}
	return fault.Type + ": " + fault.Message
}
