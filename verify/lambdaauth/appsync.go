package lambdaauth

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/poolhouse/poolhouse/verify/middleware"
)

// AppSync is a handler for the Lambda authorization of GraphQL APIs. Resolvers
// find in $ctx.identity.resolverContext what Token tells, and the fields whose
// rules the caller does not meet are denied. Refusals are not kept.
func AppSync(m *middleware.Middleware, o Options) (
	func(context.Context, events.AppSyncLambdaAuthorizerRequest) (events.AppSyncLambdaAuthorizerResponse, error), error,
) {
	g, err := newGuard(m, o, field)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, event events.AppSyncLambdaAuthorizerRequest) (events.AppSyncLambdaAuthorizerResponse, error) {
		d := g.decide(ctx, fromValue(event.AuthorizationToken))
		switch d.status {
		case 0:
			return events.AppSyncLambdaAuthorizerResponse{
				IsAuthorized: true, ResolverContext: d.context, DeniedFields: d.unmet, TTLOverride: new(g.ttl(d.expires)),
			}, nil
		case http.StatusUnauthorized, http.StatusForbidden:
			return events.AppSyncLambdaAuthorizerResponse{TTLOverride: new(int)}, nil
		}
		return events.AppSyncLambdaAuthorizerResponse{}, errUnavailable
	}, nil
}

// ttl is for how many seconds to keep the answer for a token.
func (g *guard) ttl(expires time.Time) int {
	keep := g.o.TTL
	if !expires.IsZero() {
		keep = min(keep, expires.Sub(g.o.Now()))
	}
	return max(0, int(keep/time.Second))
}
