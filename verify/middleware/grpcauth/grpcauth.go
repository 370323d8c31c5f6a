package grpcauth

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/middleware"
)

// Unary guards unary methods. rules are what methods ask of tokens beyond being
// good, by full name, as in "/articles.Articles/Create"; nil asks for no more.
// It refuses with Unauthenticated, PermissionDenied or Unavailable.
func Unary(m *middleware.Middleware, rules map[string]middleware.Rule) grpc.UnaryServerInterceptor {
	rules = maps.Clone(rules)
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		ctx, err := authenticate(ctx, m, rules, info.FullMethod)
		if err != nil {
			return nil, err
		}
		return next(ctx, request)
	}
}

// Stream guards streaming methods, as Unary does. The token is checked when a
// stream begins, and may expire while it lasts.
func Stream(m *middleware.Middleware, rules map[string]middleware.Rule) grpc.StreamServerInterceptor {
	rules = maps.Clone(rules)
	return func(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		ctx, err := authenticate(stream.Context(), m, rules, info.FullMethod)
		if err != nil {
			return err
		}
		return next(server, callerStream{stream, ctx})
	}
}

// callerStream is a stream whose context has the caller.
type callerStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s callerStream) Context() context.Context { return s.ctx }

func authenticate(ctx context.Context, m *middleware.Middleware, rules map[string]middleware.Rule, method string) (context.Context, error) {
	raw, err := token(ctx)
	if err != nil {
		return nil, refusal(err)
	}
	ctx, err = m.Authenticate(ctx, raw)
	if err != nil {
		return nil, refusal(err)
	}
	if rule, ok := rules[method]; ok {
		if err := rule.Check(ctx); err != nil {
			return nil, refusal(err)
		}
	}
	return ctx, nil
}

// token is in the metadata as it would be in the header, and read by the same
// rules.
func token(ctx context.Context) (string, error) {
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	return middleware.FromHeader(&http.Request{Header: http.Header{"Authorization": values}})
}

// refusal is an error in gRPC's codes. It tells no cause.
func refusal(err error) error {
	code := codes.Unavailable
	switch httpStatus, _ := middleware.Status(err); httpStatus {
	case http.StatusUnauthorized:
		code = codes.Unauthenticated
	case http.StatusForbidden:
		code = codes.PermissionDenied
	default:
		return status.Error(code, "the service is unavailable, try again later")
	}
	why, _ := errors.AsType[verify.Code](err)
	if e, ok := errors.AsType[*verify.Error](err); ok {
		why = e.Code
	}
	return status.Error(code, strings.TrimPrefix(why.Error(), "verify: "))
}
