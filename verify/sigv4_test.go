package verify

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// sdkSignature is the Authorization header that AWS's SDK gives a GET.
func sdkSignature(ctx context.Context, target string, k AccessKey, region string, now time.Time) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return "", err
	}
	credentials := aws.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret, SessionToken: k.SessionToken}
	err = v4.NewSigner().SignHTTP(ctx, credentials, r, emptyHash, "cognito-idp", region, now)
	return r.Header.Get("Authorization"), err
}

func TestSignatureIsTheSDKs(t *testing.T) {
	key := AccessKey{ID: "AKIAIOSFODNN7EXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	temporary := key
	temporary.SessionToken = "session/to+ken=="
	for _, target := range []string{
		"https://auth.example.com/_poolhouse/revocations?version=1&pool=us-east-1_a&limit=1000",
		"http://127.0.0.1:9339/_poolhouse/revocations?after=a%2Fb%2Bc%3D%3D+d~e*f&pool=x&limit=1",
		"https://auth.example.com/",
		"https://auth.example.com/a?b=2&b=1&a=%C3%A9",
	} {
		for _, k := range []AccessKey{key, temporary} {
			now := time.Date(2026, 3, 4, 23, 59, 59, 0, time.FixedZone("", -3600))
			want, err := sdkSignature(t.Context(), target, k, "eu-west-1", now)
			if err != nil {
				t.Fatal(err)
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
			if err != nil {
				t.Fatal(err)
			}
			k.sign(r, "eu-west-1", "cognito-idp", now)
			if got := r.Header.Get("Authorization"); got != want {
				t.Errorf("%s:\ngot  %s\nwant %s", target, got, want)
			}
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		feed := RevocationFeed{URL: "https://auth.example.com", PoolID: feedPool, AccessKey: key}
		p, err := NewPoolhouseRevocations(feed)
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range []any{key, &key, feed, &feed, p} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, key.Secret) {
				t.Errorf("%s of %T shows the secret", verb, value)
			}
		}
	}
}
