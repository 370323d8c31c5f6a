package identity

import (
	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/identityapi"
	"github.com/poolhouse/poolhouse/internal/identitypool"
)

// Service serves the operations of the identity-pool API.
type Service struct {
	pools *identitypool.Pools
}

// New returns the Service of some pools.
func New(pools *identitypool.Pools) *Service { return &Service{pools: pools} }

// API is the service as awsjson serves it.
func (s *Service) API() awsjson.Service {
	return awsjson.Service{
		TargetPrefix: identityapi.TargetPrefix,
		SigningName:  identityapi.SigningName,
		Operations:   s.Operations(),
	}
}

// Operations are all operations of the API, grouped by the file they stand in. A
// test holds the list against the API model.
func (s *Service) Operations() []awsjson.Operation {
	return []awsjson.Operation{
		// identity_pool.go
		awsjson.Handle(identityapi.OpCreateIdentityPool, s.CreateIdentityPool),
		awsjson.Handle(identityapi.OpDescribeIdentityPool, s.DescribeIdentityPool),
		awsjson.Handle(identityapi.OpUpdateIdentityPool, s.UpdateIdentityPool),
		awsjson.Handle(identityapi.OpDeleteIdentityPool, s.DeleteIdentityPool),
		awsjson.Handle(identityapi.OpListIdentityPools, s.ListIdentityPools),

		// role.go
		awsjson.Handle(identityapi.OpSetIdentityPoolRoles, s.SetIdentityPoolRoles),
		awsjson.Handle(identityapi.OpGetIdentityPoolRoles, s.GetIdentityPoolRoles),
		awsjson.Handle(identityapi.OpSetPrincipalTagAttributeMap, s.SetPrincipalTagAttributeMap),
		awsjson.Handle(identityapi.OpGetPrincipalTagAttributeMap, s.GetPrincipalTagAttributeMap),

		// tag.go
		awsjson.Handle(identityapi.OpTagResource, s.TagResource),
		awsjson.Handle(identityapi.OpUntagResource, s.UntagResource),
		awsjson.Handle(identityapi.OpListTagsForResource, s.ListTagsForResource),

		// identity.go
		awsjson.Handle(identityapi.OpGetId, s.GetId),
		awsjson.Handle(identityapi.OpGetOpenIdToken, s.GetOpenIdToken),
		awsjson.Handle(identityapi.OpGetCredentialsForIdentity, s.GetCredentialsForIdentity),
		awsjson.Handle(identityapi.OpUnlinkIdentity, s.UnlinkIdentity),
		awsjson.Handle(identityapi.OpDescribeIdentity, s.DescribeIdentity).AuthorizedByMethod(),
		awsjson.Handle(identityapi.OpListIdentities, s.ListIdentities),
		awsjson.Handle(identityapi.OpDeleteIdentities, s.DeleteIdentities).AuthorizedByMethod(),

		// developer.go
		awsjson.Handle(identityapi.OpGetOpenIdTokenForDeveloperIdentity, s.GetOpenIdTokenForDeveloperIdentity),
		awsjson.Handle(identityapi.OpLookupDeveloperIdentity, s.LookupDeveloperIdentity),
		awsjson.Handle(identityapi.OpMergeDeveloperIdentities, s.MergeDeveloperIdentities),
		awsjson.Handle(identityapi.OpUnlinkDeveloperIdentity, s.UnlinkDeveloperIdentity),
	}
}
