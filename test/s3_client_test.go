package test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
)

// s3Client is what the test's program does instead of its tests where it runs
// within the namespaces of an S3 server: as a program with AWS's SDK for Go, it gets
// credentials of an identity and writes and reads an object with them.
func s3Client(ctx context.Context) error {
	var logins map[string]string
	if err := json.Unmarshal([]byte(os.Getenv("LOGINS")), &logins); err != nil {
		return err
	}
	identity := cognitoidentity.New(cognitoidentity.Options{
		BaseEndpoint: aws.String(os.Getenv("POOLHOUSE")), Region: region, Credentials: aws.AnonymousCredentials{}, HTTPClient: wholeBodies{},
	})
	id, err := identity.GetId(ctx, &cognitoidentity.GetIdInput{IdentityPoolId: aws.String(os.Getenv("IDENTITY_POOL")), Logins: logins})
	if err != nil {
		return err
	}
	got, err := identity.GetCredentialsForIdentity(ctx, &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: id.IdentityId, Logins: logins})
	if err != nil {
		return err
	}
	c := aws.Credentials{AccessKeyID: *got.Credentials.AccessKeyId, SecretAccessKey: *got.Credentials.SecretKey, SessionToken: *got.Credentials.SessionToken}
	for _, want := range []struct {
		method, owner, body string
		status              int
		answer              string
	}{
		{http.MethodPut, *id.IdentityId, "a horse", http.StatusOK, ""},
		{http.MethodGet, *id.IdentityId, "", http.StatusOK, "a horse"},
		{http.MethodPut, os.Getenv("FOREIGN"), "x", http.StatusForbidden, ""},
	} {
		status, answer, err := s3Object(ctx, c, want.method, want.owner, want.body)
		if err != nil {
			return err
		}
		if status != want.status || want.answer != "" && answer != want.answer {
			return fmt.Errorf("%s for %s: %d %s, want %d %s", want.method, want.owner, status, answer, want.status, want.answer)
		}
	}
	return nil
}

// s3Object asks for an object of somebody, as S3 wants requests signed.
func s3Object(ctx context.Context, c aws.Credentials, method, owner, body string) (status int, answer string, err error) {
	r, err := http.NewRequestWithContext(ctx, method, os.Getenv("S3")+"/photos/"+url.QueryEscape(owner)+"/go.txt", bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, "", err
	}
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	r.Header.Set("X-Amz-Content-Sha256", hash)
	escapedOnce := func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }
	if err := v4.NewSigner().SignHTTP(ctx, c, r, hash, "s3", region, time.Now(), escapedOnce); err != nil {
		return 0, "", err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}
