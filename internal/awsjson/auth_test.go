package awsjson

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/sigv4"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

var testTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

const testAccount = "123456789012"

// keyring is an AccessKey function over a few keys, whose secrets are their ids
// in lower case.
type keyring map[string]string // policy by key id

func (k keyring) find(_ context.Context, id string) (string, *iam.Principal, error) {
	document, ok := k[id]
	if !ok {
		return "", nil, sigv4.ErrUnknownKey
	}
	policy, err := iam.ParsePolicy([]byte(document))
	if err != nil {
		return "", nil, err
	}
	return strings.ToLower(id), &iam.Principal{
		AccessKeyID: id,
		ARN:         "arn:aws:iam::" + testAccount + ":user/" + strings.ToLower(id),
		Account:     testAccount,
		Policy:      policy,
	}, nil
}

func statement(effect, action, resource string) string {
	return `{"Effect":"` + effect + `","Action":"` + action + `","Resource":"` + resource + `"}`
}

func policy(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

var testKeys = keyring{
	"ADMIN":  policy(statement("Allow", "*", "*")),
	"NOBODY": policy(statement("Deny", "*", "*")),
	"ONE":    policy(statement("Allow", "cognito-idp:*", "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_one")),
	"READ":   policy(statement("Allow", "cognito-idp:AdminGet*", "arn:aws:cognito-idp:*:123456789012:userpool/*")),
	"TERMS": policy(
		statement("Allow", "cognito-idp:*", "*"),
		statement("Deny", "cognito-idp:DescribeTerms", "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_one")),
	"GUEST":  policy(statement("Allow", "cognito-identity:*", "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:11111111-2222-3333-4444-555555555555")),
	"BROKEN": `{}`, // an error that is not the caller's
}

// A call is a request to sign; zero fields mean an ordinary one.
type call struct {
	key, secret, token string
	region, service    string
	target, body       string
	at                 time.Time
	presign            bool
	after              func(r *http.Request) // between signing and sending
	sent               string                // body to send instead of the signed one
	unsigned           bool
}

func (c call) do(t *testing.T, h http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	or := func(s *string, otherwise string) {
		if *s == "" {
			*s = otherwise
		}
	}
	or(&c.key, "ADMIN")
	or(&c.secret, strings.ToLower(c.key))
	or(&c.region, "us-east-1")
	or(&c.service, "cognito-idp")
	or(&c.target, adminGetUser)
	or(&c.body, `{"UserPoolId":"us-east-1_one","Username":"kim"}`)
	or(&c.sent, c.body)
	if c.at.IsZero() {
		c.at = testTime
	}
	r := httptest.NewRequest(http.MethodPost, "http://cognito.example/", strings.NewReader(c.sent))
	r.Header.Set("X-Amz-Target", c.target)
	r.Header.Set("Content-Type", contentType)
	r.ContentLength = int64(len(c.body)) // what the signer signs
	if !c.unsigned {
		credentials := aws.Credentials{AccessKeyID: c.key, SecretAccessKey: c.secret, SessionToken: c.token}
		sum := sha256.Sum256([]byte(c.body))
		hash := hex.EncodeToString(sum[:])
		signer := v4.NewSigner()
		if c.presign {
			r.URL.RawQuery = "X-Amz-Expires=60"
			signed, headers, err := signer.PresignHTTP(t.Context(), credentials, r, hash, c.service, c.region, c.at,
				func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true }) // X-Amz-Target stays a header
			if err != nil {
				t.Fatal(err)
			}
			if r.URL, err = url.Parse(signed); err != nil {
				t.Fatal(err)
			}
			for name, values := range headers {
				r.Header[name] = values
			}
		} else if err := signer.SignHTTP(t.Context(), credentials, r, hash, c.service, c.region, c.at); err != nil {
			t.Fatal(err)
		}
		r.RequestURI = r.URL.RequestURI()
	}
	if c.after != nil {
		c.after(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func newSignedHandler(t *testing.T, o Options) (*Handler, *Request) {
	o.AccessKey = testKeys.find
	o.Now = func() time.Time { return testTime }
	return newTestHandler(t, o)
}

func TestSignatures(t *testing.T) {
	h, seen := newSignedHandler(t, Options{AcceptsRegion: func(r string) bool { return r == "eu-west-1" }})
	const unknownKey = "The security token included in the request is invalid."
	for _, c := range []struct {
		name          string
		call          call
		code, message string // message is part of the answer's
	}{
		{"valid", call{}, "", ""},
		{"presigned", call{presign: true}, "", ""},
		{"another region that is served", call{region: "eu-west-1", body: `{"UserPoolId":"eu-west-1_x","Username":"kim"}`}, "", ""},
		{"not signed", call{unsigned: true}, "MissingAuthenticationTokenException", "Missing Authentication Token"},
		{"another scheme", call{unsigned: true, after: func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }}, "IncompleteSignatureException", ""},
		{"wrong secret", call{secret: "guess"}, "InvalidSignatureException", "does not match"},
		{"unknown key", call{key: "STRANGER"}, "UnrecognizedClientException", unknownKey},
		{"session token with a long-term key", call{token: "session"}, "UnrecognizedClientException", unknownKey},
		{"key that cannot be looked up", call{key: "BROKEN"}, "InternalErrorException", "Internal server error"},
		{"clock behind", call{at: testTime.Add(-6 * time.Minute)}, "InvalidSignatureException", ""},
		{"clock ahead", call{at: testTime.Add(6 * time.Minute)}, "InvalidSignatureException", ""},
		{"body changed", call{sent: `{"UserPoolId":"us-east-1_two","Username":"kim"}`}, "InvalidSignatureException", ""},
		{"target changed", call{target: getUser, after: func(r *http.Request) { r.Header.Set("X-Amz-Target", adminGetUser) }}, "InvalidSignatureException", ""},
		{"signed header removed", call{after: func(r *http.Request) { r.Header.Del("Content-Type") }}, "InvalidSignatureException", ""},
		{"date removed", call{after: func(r *http.Request) { r.Header.Del("X-Amz-Date") }}, "IncompleteSignatureException", ""},
		{"wrong region", call{region: "us-west-2"}, "InvalidSignatureException", ""},
		{"wrong service", call{service: "cognito-identity"}, "InvalidSignatureException", ""},
		{"presigned with a wrong secret", call{presign: true, secret: "guess"}, "InvalidSignatureException", ""},
		{"presigned and changed", call{presign: true, sent: `{"UserPoolId":"us-east-1_two","Username":"kim"}`}, "InvalidSignatureException", ""},
		{"refused before the input is judged", call{secret: "guess", body: `{`}, "InvalidSignatureException", ""},
		{"public and not signed", call{unsigned: true, target: getUser, body: `{"AccessToken":"kim"}`}, "", ""},
		{"public and signed wrongly", call{secret: "guess", region: "eu-west-1", target: getUser, body: `{"AccessToken":"kim"}`}, "", ""},
		{"public and signed brokenly", call{unsigned: true, target: getUser, body: `{"AccessToken":"kim"}`, after: func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 x") }}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			*seen = Request{}
			w := c.call.do(t, h)
			code, message := errorOf(t, w)
			if code != c.code || !strings.Contains(message, c.message) {
				t.Fatalf("%d %s\nwant %s %q", w.Code, w.Body, c.code, c.message)
			}
			if (seen.ID != "") != (c.code == "") {
				t.Errorf("the method ran: %t", seen.ID != "")
			}
			if c.code != "" {
				return
			}
			region := "us-east-1"
			if c.call.region != "" && c.call.target == "" {
				region = c.call.region
			}
			if seen.Region != region {
				t.Errorf("region %s, want %s", seen.Region, region)
			}
			if public := c.call.target == getUser; public != (seen.Principal == nil) {
				t.Errorf("principal %v", seen.Principal)
			} else if !public && seen.Principal.AccessKeyID != "ADMIN" {
				t.Errorf("access key %s", seen.Principal.AccessKeyID)
			}
		})
	}
}

func TestNoKeys(t *testing.T) {
	h, _ := newTestHandler(t, Options{Now: func() time.Time { return testTime }})
	if code, _ := errorOf(t, call{}.do(t, h)); code != "UnrecognizedClientException" {
		t.Errorf("the zero Options answered %q", code)
	}
}

func TestRevokedKey(t *testing.T) {
	keys := keyring{"ADMIN": testKeys["ADMIN"]}
	h, _ := newTestHandler(t, Options{AccessKey: keys.find, Now: func() time.Time { return testTime }})
	if code, _ := errorOf(t, call{}.do(t, h)); code != "" {
		t.Fatalf("before: %s", code)
	}
	delete(keys, "ADMIN")
	if code, _ := errorOf(t, call{}.do(t, h)); code != "UnrecognizedClientException" {
		t.Errorf("after: %q", code)
	}
}

func TestPolicies(t *testing.T) {
	h, _ := newSignedHandler(t, Options{AcceptsRegion: func(string) bool { return true }})
	const (
		arn       = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_one"
		two       = `{"UserPoolId":"us-east-1_two","Username":"kim"}`
		terms     = `{"UserPoolId":"us-east-1_one","ClientId":"c","TermsName":"terms-of-use"}`
		identity  = `{"IdentityPoolId":"us-east-1:11111111-2222-3333-4444-555555555555"}`
		identity2 = `{"IdentityPoolId":"us-east-1:11111111-2222-3333-4444-666666666666"}`
	)
	tag := func(arn string) string { return `{"ResourceArn":"` + arn + `","Tags":{"a":"b"}}` }
	for _, c := range []struct {
		name          string
		call          call
		code, message string
	}{
		{"its pool", call{key: "ONE"}, "", ""},
		{"another pool", call{key: "ONE", body: two}, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/one is not authorized to perform: cognito-idp:AdminGetUser on resource: arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_two because no identity-based policy allows the cognito-idp:AdminGetUser action"},
		{"no pool", call{key: "ONE", target: listPools, body: `{"MaxResults":1}`}, "AccessDeniedException", "on resource: *"},
		{"no pool, everything allowed", call{target: listPools, body: `{"MaxResults":1}`}, "", ""},
		{"denied", call{key: "NOBODY"}, "AccessDeniedException", "explicit deny"},
		{"pattern of actions", call{key: "READ", body: two}, "", ""},
		{"other action", call{key: "READ", target: describeTBC, body: terms}, "AccessDeniedException", "cognito-idp:DescribeTermsByClient"},
		{"denial of DescribeTerms", call{key: "TERMS", target: describeTBC, body: terms}, "AccessDeniedException", "cognito-idp:DescribeTerms on resource"},
		{"no denial of DescribeTerms here", call{key: "TERMS", target: describeTBC, body: strings.ReplaceAll(terms, "_one", "_two")}, "", ""},
		{"DescribeTerms need not be allowed", call{key: "ONE", target: describeTBC, body: terms}, "", ""},
		{"tags of its pool", call{key: "ONE", target: tagResource, body: tag(arn)}, "", ""},
		{"tags of another pool", call{key: "ONE", target: tagResource, body: tag(strings.ReplaceAll(arn, "_one", "_two"))}, "AccessDeniedException", "userpool/us-east-1_two"},
		{"tags in another account", call{key: "READ", target: tagResource, body: tag(strings.ReplaceAll(arn, testAccount, "210987654321"))}, "AccessDeniedException", "on resource: *"},
		{"tags by an ARN of another service", call{key: "ONE", target: tagResource, body: tag("arn:aws:s3:us-east-1:123456789012:userpool/us-east-1_one")}, "AccessDeniedException", "on resource: *"},
		{"signed for another region than the pool's", call{region: "eu-west-1"}, "ResourceNotFoundException", "User pool us-east-1_one does not exist."},
		{"same, and not allowed", call{key: "ONE", region: "eu-west-1"}, "AccessDeniedException", "userpool/us-east-1_one"},
		{"its identity pool", call{key: "GUEST", service: "cognito-identity", target: describePool, body: identity}, "", ""},
		{"another identity pool", call{key: "GUEST", service: "cognito-identity", target: describePool, body: identity2}, "AccessDeniedException", "cognito-identity:DescribeIdentityPool on resource: arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:11111111-2222-3333-4444-666666666666"},
		{"identity pool of another region", call{region: "eu-west-1", service: "cognito-identity", target: describePool, body: identity}, "ResourceNotFoundException", "IdentityPool 'us-east-1:11111111-2222-3333-4444-555555555555' not found."},
		{"key of a user pool at an identity pool", call{key: "ONE", service: "cognito-identity", target: describePool, body: identity}, "AccessDeniedException", ""},
		{"of its identity pool", call{key: "GUEST", service: "cognito-identity", target: describeID, body: `{"IdentityId":"us-east-1:11111111-2222-3333-4444-555555555555"}`}, "", ""},
		{"of another identity pool", call{key: "GUEST", service: "cognito-identity", target: describeID, body: `{"IdentityId":"us-east-1:6"}`}, "AccessDeniedException", "cognito-identity:DescribeIdentity on resource: * because"},
		{"of no identity pool", call{key: "GUEST", service: "cognito-identity", target: describeID, body: `{"IdentityId":"none:0"}`}, "AccessDeniedException", "on resource: *"},
		{"of no identity pool, everything allowed", call{service: "cognito-identity", target: describeID, body: `{"IdentityId":"none:0"}`}, "", ""},
		{"of an identity pool of another region", call{region: "eu-west-1", service: "cognito-identity", target: describeID, body: `{"IdentityId":"us-east-1:6"}`}, "ResourceNotFoundException", "IdentityPool 'us-east-1:6' not found."},
		{"a method that asks no policy", call{service: "cognito-identity", target: "AWSCognitoIdentityService.DeleteIdentities", body: `{"IdentityIdsToDelete":["us-east-1:6"]}`}, "InternalErrorException", ""},
		{"input is judged before the policy", call{key: "NOBODY", body: `{"UserPoolId":"x"}`}, "InvalidParameterException", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := c.call.do(t, h)
			if code, message := errorOf(t, w); code != c.code || !strings.Contains(message, c.message) {
				t.Errorf("%d %s\nwant %s %q", w.Code, w.Body, c.code, c.message)
			}
		})
	}
}

// Outside of a signed request nobody is allowed anything; where no signature is
// checked everybody is.
func TestAuthorizeOutsideOfSignedRequests(t *testing.T) {
	if err := Authorize(t.Context(), "us-east-1:6"); fault.CodeOf(err) != fault.AccessDenied {
		t.Errorf("outside of a request: %v", err)
	}
	dev, _ := newTestHandler(t, Options{SkipSignatures: true})
	if w := (call{unsigned: true, target: describeID, body: `{"IdentityId":"us-east-1:6"}`}).do(t, dev); w.Code != http.StatusOK {
		t.Errorf("a development server: %d %s", w.Code, w.Body)
	}
}

func TestSkipSignaturesOfPagesOfThisMachineOnly(t *testing.T) {
	dev, _ := newTestHandler(t, Options{SkipSignatures: true})
	for origin, foreign := range map[string]bool{
		"http://localhost:3000": false, "https://app.localhost": false, "http://127.0.0.1:9339": false, "http://[::1]:3000": false,
		"https://evil.example": true, "http://localhost.evil.example": true, "http://127.0.0.1.evil.example": true,
		"http://192.168.1.5": true, "null": true, "http://%zz": true,
	} {
		from := func(r *http.Request) { r.Header.Set("Origin", origin) }
		w := call{unsigned: true, after: from}.do(t, dev)
		if foreign {
			if code, _ := errorOf(t, w); code != "AccessDeniedException" {
				t.Errorf("administrative call from %s: %d %s", origin, w.Code, w.Body)
			}
		} else if w.Code != 200 {
			t.Errorf("administrative call from %s: %d %s", origin, w.Code, w.Body)
		}
		// Apps' pages sign users in from wherever they are.
		if w := (call{target: getUser, body: `{"AccessToken":"kim"}`, after: from}).do(t, dev); w.Code != 200 {
			t.Errorf("public call from %s: %d %s", origin, w.Code, w.Body)
		}
	}
}

func TestSkipSignatures(t *testing.T) {
	h, seen := newTestHandler(t, Options{SkipSignatures: true})
	invented := func(credential string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+credential+", SignedHeaders=host, Signature=0")
		}
	}
	for _, c := range []struct {
		name   string
		call   call
		region string
	}{
		{"not signed", call{unsigned: true}, "us-east-1"},
		{"any key", call{key: "STRANGER", region: "eu-central-1"}, "eu-central-1"},
		{"pool of another region", call{region: "eu-west-1"}, "eu-west-1"},
		{"presigned", call{presign: true, region: "ap-southeast-2"}, "ap-southeast-2"},
		{"public", call{target: getUser, region: "eu-west-1", body: `{"AccessToken":"kim"}`}, "eu-west-1"},
		{"invented", call{unsigned: true, after: invented("mock/20200101/us-gov-west-1/cognito-idp/aws4_request")}, "us-gov-west-1"},
		{"slash in the key id", call{unsigned: true, after: invented("a/b/20200101/eu-west-2/cognito-idp/aws4_request")}, "eu-west-2"},
		{"too few parts", call{unsigned: true, after: invented("mock/eu-west-1")}, "us-east-1"},
		{"not a region", call{unsigned: true, after: invented("a/20200101/EU-west-1\"/s/aws4_request")}, "us-east-1"},
		{"long region", call{unsigned: true, after: invented("a/20200101/eu-" + strings.Repeat("x", maxRegion) + "-1/s/aws4_request")}, "us-east-1"},
		{"another scheme", call{unsigned: true, after: func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }}, "us-east-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			*seen = Request{}
			if w := c.call.do(t, h); w.Code != 200 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if seen.Region != c.region {
				t.Errorf("region %q, want %q", seen.Region, c.region)
			}
			if c.call.target == getUser {
				return
			}
			if seen.Principal == nil || !seen.Principal.Policy.Allows("cognito-idp:CreateUserPool", "*") {
				t.Errorf("principal %v is no administrator", seen.Principal)
			}
		})
	}
}

// TestUnreadBody shows that an unsigned request is refused without its body.
func TestUnreadBody(t *testing.T) {
	h, _ := newSignedHandler(t, Options{})
	r := httptest.NewRequest(http.MethodPost, "/", failOnRead{t})
	r.Header.Set("X-Amz-Target", adminGetUser)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if code, _ := errorOf(t, w); code != "MissingAuthenticationTokenException" {
		t.Errorf("%s", w.Body)
	}
}

type failOnRead struct{ t *testing.T }

func (f failOnRead) Read([]byte) (int, error) {
	f.t.Error("the body was read")
	return 0, errors.New("read")
}
