package idp

import (
	"context"
	"reflect"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/threat"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userimport"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Service serves the operations of the user-pool API.
type Service struct {
	pools   *userpool.Pools
	users   *userpool.Users
	tokens  *token.Issuer
	signin  *signin.Machine
	imports *userimport.Jobs
	limits  awsjson.Limits
	guard   *threat.Guard

	publicURL string
}

// Parts are what a Service works with. All are required, but Limits and Guard may be
// nil and PublicURL empty.
type Parts struct {
	Pools   *userpool.Pools
	Users   *userpool.Users
	Tokens  *token.Issuer
	SignIn  *signin.Machine
	Imports *userimport.Jobs
	Limits  awsjson.Limits // of the deployment, which provisioned ones come on top of

	Guard *threat.Guard // nil: no threat protection

	// PublicURL is what addresses in answers begin with, without a slash at the
	// end.
	PublicURL string
}

// New returns the Service of these parts.
func New(p Parts) *Service {
	return &Service{pools: p.Pools, users: p.Users, tokens: p.Tokens, signin: p.SignIn, imports: p.Imports, limits: p.Limits, guard: p.Guard, publicURL: p.PublicURL}
}

// API is the service as awsjson serves it.
func (s *Service) API() awsjson.Service {
	return awsjson.Service{
		TargetPrefix: idpapi.TargetPrefix,
		SigningName:  idpapi.SigningName,
		Operations:   s.Operations(),
	}
}

// PoolOf is the pool that a call which names only an app client counts against,
// or "". It looks no further than this node's cache, since it is asked before
// the rate limits.
func (s *Service) PoolOf(_ context.Context, input any) string {
	v := reflect.Indirect(reflect.ValueOf(input))
	if v.Kind() != reflect.Struct {
		return ""
	}
	client := v.FieldByName("ClientId")
	if !client.IsValid() || client.Kind() != reflect.String {
		return ""
	}
	return s.pools.CachedPoolOf(client.String())
}
