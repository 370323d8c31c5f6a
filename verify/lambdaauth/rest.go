package lambdaauth

import (
	"context"
	"net/http"
	"net/url"

	"github.com/aws/aws-lambda-go/events"

	"github.com/poolhouse/poolhouse/verify/middleware"
)

// Token is a handler for the TOKEN authorizers of REST APIs. The principal is the
// user's sub. The integration finds in its context sub, username, client_id,
// token_use, scope and groups, the last two with spaces between, and what
// Options.Context adds.
func Token(m *middleware.Middleware, o Options) (
	func(context.Context, events.APIGatewayCustomAuthorizerRequest) (events.APIGatewayCustomAuthorizerResponse, error), error,
) {
	g, err := newGuard(m, o, route)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, event events.APIGatewayCustomAuthorizerRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
		return g.rest(event.MethodArn, g.decide(ctx, fromValue(event.AuthorizationToken)))
	}, nil
}

// Request is a handler for the REQUEST authorizers of REST and of WebSocket APIs.
// Its answers are those of Token.
func Request(m *middleware.Middleware, o Options) (
	func(context.Context, events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error), error,
) {
	g, err := newGuard(m, o, route)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, event events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
		return g.rest(event.MethodArn, g.decide(ctx, g.fromRequest(ctx, restRequest(event))))
	}, nil
}

func (g *guard) rest(arn string, d decision) (events.APIGatewayCustomAuthorizerResponse, error) {
	policy, err := g.policy(arn, d)
	if err != nil {
		return events.APIGatewayCustomAuthorizerResponse{}, err
	}
	return events.APIGatewayCustomAuthorizerResponse{PrincipalID: d.subject, PolicyDocument: policy, Context: d.context}, nil
}

// restRequest is the request as net/http would give it to a source.
func restRequest(event events.APIGatewayCustomAuthorizerRequestTypeRequest) *http.Request {
	r := newRequest(event.HTTPMethod, event.Path)
	for name, values := range multi(event.MultiValueHeaders, event.Headers) {
		for _, value := range values {
			r.Header.Add(name, value)
		}
	}
	r.URL.RawQuery = url.Values(multi(event.MultiValueQueryStringParameters, event.QueryStringParameters)).Encode()
	return r
}

// multi is all values of each name, if the event has them.
func multi(all map[string][]string, last map[string]string) map[string][]string {
	if all != nil {
		return all
	}
	all = make(map[string][]string, len(last))
	for name, value := range last {
		all[name] = []string{value}
	}
	return all
}

func newRequest(method, path string) *http.Request {
	return &http.Request{
		Method: method, URL: &url.URL{Path: path}, Header: http.Header{},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody,
	}
}
