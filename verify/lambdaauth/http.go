package lambdaauth

import (
	"context"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/poolhouse/poolhouse/verify/middleware"
)

// HTTPPolicy is a handler for the authorizers of HTTP APIs that answer with IAM
// policies, payload format 2.0. Its answers are those of Token.
func HTTPPolicy(m *middleware.Middleware, o Options) (
	func(context.Context, events.APIGatewayV2CustomAuthorizerV2Request) (events.APIGatewayV2CustomAuthorizerIAMPolicyResponse, error), error,
) {
	g, err := newGuard(m, o, route)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, event events.APIGatewayV2CustomAuthorizerV2Request) (events.APIGatewayV2CustomAuthorizerIAMPolicyResponse, error) {
		response, err := g.rest(event.RouteArn, g.decide(ctx, g.fromRequest(ctx, httpRequest(event))))
		return events.APIGatewayV2CustomAuthorizerIAMPolicyResponse{
			PrincipalID: response.PrincipalID, PolicyDocument: response.PolicyDocument, Context: response.Context,
		}, err
	}, nil
}

// HTTPSimple is a handler for the authorizers of HTTP APIs that answer yes or no,
// payload format 2.0. The context is that of Token. Since the gateway may keep the
// answer for other routes, Options.Rules must be empty: what all routes ask for
// is said in verify.Pool.
func HTTPSimple(m *middleware.Middleware, o Options) (
	func(context.Context, events.APIGatewayV2CustomAuthorizerV2Request) (events.APIGatewayV2CustomAuthorizerSimpleResponse, error), error,
) {
	g, err := newGuard(m, o, nil)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, event events.APIGatewayV2CustomAuthorizerV2Request) (events.APIGatewayV2CustomAuthorizerSimpleResponse, error) {
		d := g.decide(ctx, g.fromRequest(ctx, httpRequest(event)))
		switch d.status {
		case 0:
			return events.APIGatewayV2CustomAuthorizerSimpleResponse{IsAuthorized: true, Context: d.context}, nil
		case http.StatusForbidden:
			return events.APIGatewayV2CustomAuthorizerSimpleResponse{}, nil
		case http.StatusUnauthorized:
			return events.APIGatewayV2CustomAuthorizerSimpleResponse{}, errUnauthorized
		}
		return events.APIGatewayV2CustomAuthorizerSimpleResponse{}, errUnavailable
	}, nil
}

// httpRequest is the request as net/http would give it to a source. The event has
// the values of a header that came several times in one, between commas: two
// Authorization headers are no token.
func httpRequest(event events.APIGatewayV2CustomAuthorizerV2Request) *http.Request {
	r := newRequest(event.RequestContext.HTTP.Method, event.RawPath)
	for name, value := range event.Headers {
		r.Header.Add(name, value)
	}
	if len(event.Cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(event.Cookies, "; "))
	}
	r.URL.RawQuery = event.RawQueryString
	return r
}
