package awsjson

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
)

// TestSDK calls through AWS's own client, over a real connection.
func TestSDK(t *testing.T) {
	h, seen := newTestHandler(t, Options{AccessKey: testKeys.find, Now: time.Now})
	server := httptest.NewServer(h)
	defer server.Close()
	client := func(key, secret string) *cognitoidentityprovider.Client {
		return cognitoidentityprovider.New(cognitoidentityprovider.Options{
			BaseEndpoint: aws.String(server.URL),
			Region:       "us-east-1",
			Credentials:  credentials.NewStaticCredentialsProvider(key, secret, ""),
			HTTPClient:   server.Client(),
			Retryer:      aws.NopRetryer{},
		})
	}
	admin := client("ADMIN", "admin")

	user, err := admin.GetUser(t.Context(), &cognitoidentityprovider.GetUserInput{AccessToken: aws.String("kim")})
	if err != nil || aws.ToString(user.Username) != "kim" {
		t.Errorf("GetUser: %v, %v", user, err)
	}
	_, err = admin.GetUser(t.Context(), &cognitoidentityprovider.GetUserInput{AccessToken: aws.String("refused")})
	if e, ok := errors.AsType[*types.NotAuthorizedException](err); !ok || e.ErrorMessage() != "Invalid Access Token" {
		t.Errorf("GetUser refused: %v", err)
	}
	in := &cognitoidentityprovider.AdminGetUserInput{UserPoolId: aws.String("us-east-1_one"), Username: aws.String("kim")}
	if _, err = admin.AdminGetUser(t.Context(), in); err != nil {
		t.Errorf("AdminGetUser: %v", err)
	}
	if seen.Principal == nil || seen.Principal.AccessKeyID != "ADMIN" || seen.SourceIP != "127.0.0.1" {
		t.Errorf("request %+v", seen)
	}
	_, err = client("NOBODY", "nobody").AdminGetUser(t.Context(), in)
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "AccessDeniedException" {
		t.Errorf("AdminGetUser denied: %v", err)
	}
	_, err = client("ADMIN", "guess").AdminGetUser(t.Context(), in)
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "InvalidSignatureException" {
		t.Errorf("AdminGetUser forged: %v", err)
	}
}
