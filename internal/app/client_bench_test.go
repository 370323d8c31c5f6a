//go:build unix

package app_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/poolhouse/poolhouse/internal/srp"
)

// caller calls a server as cheaply as HTTP allows, over connections that stay.
type caller struct {
	url         string
	credentials aws.Credentials
	signing     *v4.Signer
	http        *http.Client
}

func newCaller(addr string, credentials aws.Credentials) *caller {
	return &caller{
		url: "http://" + addr + "/", credentials: credentials, signing: v4.NewSigner(),
		http: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: concurrency, DisableCompression: true}},
	}
}

type parameters map[string]string

// signIn is the members of the answers that benchmarks look at.
type signIn struct {
	ChallengeName        string
	ChallengeParameters  parameters
	Session              string
	AuthenticationResult struct{ AccessToken, IDToken, RefreshToken string }
}

func (s *signIn) granted() error {
	if s.AuthenticationResult.AccessToken == "" {
		return fmt.Errorf("no tokens: %+v", s)
	}
	return nil
}

// call makes a request, signed for administrators, and reads the answer to out.
func (c *caller) call(ctx context.Context, operation string, signed bool, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	target, service := "AWSCognitoIdentityProviderService.", "cognito-idp"
	if ofIdentities[operation] {
		target, service = "AWSCognitoIdentityService.", "cognito-identity"
	}
	r.Header.Set("X-Amz-Target", target+operation)
	if signed {
		sum := sha256.Sum256(body)
		if err := c.signing.SignHTTP(ctx, c.credentials, r, hex.EncodeToString(sum[:]), service, "us-east-1", time.Now()); err != nil {
			return err
		}
	}
	w, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer w.Body.Close()
	answer, err := io.ReadAll(w.Body)
	if err != nil {
		return err
	}
	if w.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", operation, w.Status, answer)
	}
	return json.Unmarshal(answer, out)
}

func (c *caller) initiate(ctx context.Context, flow string, p parameters) (*signIn, error) {
	var out signIn
	in := map[string]any{"AuthFlow": flow, "ClientId": benchClient, "AuthParameters": p}
	if err := c.call(ctx, "InitiateAuth", false, in, &out); err != nil {
		return nil, err
	}
	return &out, nil
}

func (c *caller) password(ctx context.Context, username string) (*signIn, error) {
	out, err := c.provePassword(ctx, username)
	if err != nil {
		return nil, err
	}
	return out, out.granted()
}

// provePassword gives tokens, or asks for a second factor.
func (c *caller) provePassword(ctx context.Context, username string) (*signIn, error) {
	return c.initiate(ctx, "USER_PASSWORD_AUTH", parameters{"USERNAME": username, "PASSWORD": benchPassword})
}

func (c *caller) srp(ctx context.Context, username string) error {
	out, err := c.proveSRP(ctx, username)
	if err != nil {
		return err
	}
	return out.granted()
}

// proveSRP is provePassword by the Secure Remote Password protocol.
func (c *caller) proveSRP(ctx context.Context, username string) (*signIn, error) {
	_, poolName, _ := strings.Cut(benchPool, "_")
	client := srp.NewClient(poolName)
	challenge, err := c.initiate(ctx, "USER_SRP_AUTH", parameters{"USERNAME": username, "SRP_A": client.A()})
	if err != nil {
		return nil, err
	}
	given := challenge.ChallengeParameters
	secret, err := srp.ParseSecretBlock(given["SECRET_BLOCK"])
	if err != nil {
		return nil, err
	}
	timestamp, userID := srp.FormatTimestamp(time.Now()), given["USER_ID_FOR_SRP"]
	claim, err := client.Claim(userID, benchPassword, given["SALT"], given["SRP_B"], secret, timestamp)
	if err != nil {
		return nil, err
	}
	in := map[string]any{
		"ChallengeName": "PASSWORD_VERIFIER", "ClientId": benchClient,
		"ChallengeResponses": parameters{
			"USERNAME": userID, "PASSWORD_CLAIM_SECRET_BLOCK": given["SECRET_BLOCK"], "TIMESTAMP": timestamp,
			"PASSWORD_CLAIM_SIGNATURE": base64.StdEncoding.EncodeToString(claim.Signature),
		},
	}
	if challenge.Session != "" {
		in["Session"] = challenge.Session
	}
	var out signIn
	return &out, c.call(ctx, "RespondToAuthChallenge", false, in, &out)
}

func (c *caller) refresh(ctx context.Context, token string) error {
	out, err := c.initiate(ctx, "REFRESH_TOKEN_AUTH", parameters{"REFRESH_TOKEN": token})
	if err != nil {
		return err
	}
	return out.granted()
}

func (c *caller) getUser(ctx context.Context, username, token string) error {
	return named(username, func(out *user) error {
		return c.call(ctx, "GetUser", false, map[string]string{"AccessToken": token}, out)
	})
}

func (c *caller) adminGetUser(ctx context.Context, username string) error {
	return named(username, func(out *user) error {
		return c.call(ctx, "AdminGetUser", true, map[string]string{"UserPoolId": benchPool, "Username": username}, out)
	})
}

func (c *caller) listByEmail(ctx context.Context, username, email string) error {
	return named(username, func(out *user) error {
		var list struct{ Users []user }
		in := map[string]string{"UserPoolId": benchPool, "Filter": `email = "` + email + `"`}
		if err := c.call(ctx, "ListUsers", true, in, &list); err != nil {
			return err
		}
		if len(list.Users) != 1 {
			return fmt.Errorf("%d users have the email %s", len(list.Users), email)
		}
		*out = list.Users[0]
		return nil
	})
}

type user struct{ Username string }

// named asks for a user and refuses another.
func named(username string, ask func(*user) error) error {
	var got user
	if err := ask(&got); err != nil {
		return err
	}
	if got.Username != username {
		return fmt.Errorf("asked for %q, got %q", username, got.Username)
	}
	return nil
}
