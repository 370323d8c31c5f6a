package lambdaauth_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/lambdaauth"
	"github.com/poolhouse/poolhouse/verify/middleware"
)

// newAuth is made once for all invocations.
func newAuth() *middleware.Middleware {
	v, err := verify.New(verify.Config{
		Pools:     []verify.Pool{{ID: "us-east-1_Example00", ClientIDs: []string{"1example23456789"}}},
		CacheSize: 1000,
	})
	if err != nil {
		log.Fatal(err)
	}
	auth, err := middleware.New(v, middleware.Options{})
	if err != nil {
		log.Fatal(err)
	}
	return auth
}

// The TOKEN authorizer of a REST API: everybody reads, editors write.
func ExampleToken() {
	authorize, err := lambdaauth.Token(newAuth(), lambdaauth.Options{Rules: map[string]middleware.Rule{
		"GET /*":         {},
		"POST /articles": {AnyGroup: []string{"editors"}},
	}})
	if err != nil {
		log.Fatal(err)
	}
	handler := lambda.NewHandler(authorize) // in a program: lambda.Start(authorize)

	_, err = handler.Invoke(context.Background(), []byte(`{
		"type": "TOKEN",
		"authorizationToken": "Bearer a.b.c",
		"methodArn": "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod/GET/articles"
	}`))
	fmt.Println(err) // API Gateway makes a 401 of it
	// Output: Unauthorized
}

// The authorizer of a GraphQL API, whose answers AppSync keeps for a minute.
func ExampleAppSync() {
	authorize, err := lambdaauth.AppSync(newAuth(), lambdaauth.Options{
		Rules: map[string]middleware.Rule{"Mutation.createArticle": {AnyGroup: []string{"editors"}}},
		TTL:   time.Minute,
	})
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(authorize)
}

// The authorizer of an HTTP API that takes simple responses.
func ExampleHTTPSimple() {
	authorize, err := lambdaauth.HTTPSimple(newAuth(), lambdaauth.Options{})
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(authorize)
}
