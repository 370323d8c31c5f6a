package idp

import (
	"context"
	"reflect"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Service serves the operations of the user-pool API.
type Service struct {
	pools  *userpool.Pools
	users  *userpool.Users
	tokens *token.Issuer
	signin *signin.Machine
}

// Parts are what a Service works with. All are required.
type Parts struct {
	Pools  *userpool.Pools
	Users  *userpool.Users
	Tokens *token.Issuer
	SignIn *signin.Machine
}

// New returns the Service of these parts.
func New(p Parts) *Service {
	return &Service{pools: p.Pools, users: p.Users, tokens: p.Tokens, signin: p.SignIn}
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
