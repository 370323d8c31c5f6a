package lambdaauth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/verify/middleware"
)

const (
	maxKey = 512       // bytes of a key of Options.Rules
	maxTTL = time.Hour // AppSync's
)

// Options say who may use what. With the zero value, whoever has a good token may
// use all of the API.
type Options struct {
	// Rules are what routes and fields ask of tokens beyond being good.
	//
	// For policies, a key is a method and a path as the client writes it, such as
	// "GET /articles/*", where "*" stands for any number of characters and "?" for
	// one, slashes included. With rules, only the routes that they name can be
	// used, and a route that several of them name by those who meet any of them.
	//
	// For AppSync, a key is a field, such as "Mutation.createArticle". It is null
	// to those who do not meet its rule; fields without a rule are open.
	//
	// HTTPSimple takes none.
	Rules map[string]middleware.Rule
	// Source finds the token in the requests of Request, HTTPPolicy and HTTPSimple;
	// they have no body. The default is middleware.FromHeader. Token and AppSync
	// get it from the gateway, after "Bearer" or bare.
	Source middleware.Source
	// Context adds to what the integration behind the gateway learns of the caller,
	// whom middleware.From and middleware.UserFrom tell. The values must be strings,
	// numbers or booleans. See Token on what is there without it.
	Context func(context.Context) map[string]any
	// OnResult is told of each invocation, for logs and metrics. A client never sees
	// why it was refused.
	OnResult func(context.Context, middleware.Result)
	// TTL is how long AppSync keeps an answer, at most an hour and as long as the
	// token lives. The default is not at all.
	TTL time.Duration
	// Now is the clock for TTL. The default is time.Now.
	Now func() time.Time
}

// route is a key of Rules for policies. An IAM variable, "${...}", is none.
var (
	route = regexp.MustCompile(`^(\*|[A-Z]+) (/[!-z|~]*)$`)
	field = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]*\.[_A-Za-z][_0-9A-Za-z]*$`)
)

// newGuard checks the options. keys is what the keys of Rules must be, nil for
// none at all.
func newGuard(m *middleware.Middleware, o Options, keys *regexp.Regexp) (*guard, error) {
	if m == nil {
		return nil, errors.New("lambdaauth: no middleware")
	}
	if o.TTL < 0 || o.TTL > maxTTL {
		return nil, errors.New("lambdaauth: TTL must be from 0 to an hour")
	}
	if keys == nil && len(o.Rules) > 0 {
		return nil, errors.New("lambdaauth: a simple response may be kept for all routes: use HTTPPolicy with Rules")
	}
	for key := range o.Rules {
		switch {
		case len(key) > maxKey || !keys.MatchString(key):
			return nil, fmt.Errorf("lambdaauth: key %.64q of Rules is not of this kind of API", key)
		case keys == route && strings.HasPrefix(key, "ANY "):
			return nil, fmt.Errorf("lambdaauth: key %.64q of Rules: the method of all methods is *", key)
		}
	}
	if o.Source == nil {
		o.Source = middleware.FromHeader
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Rules = maps.Clone(o.Rules)
	return &guard{m: m, o: o, keys: slices.Sorted(maps.Keys(o.Rules))}, nil
}
