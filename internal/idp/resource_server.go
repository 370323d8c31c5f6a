package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// CreateResourceServer adds an API with its scopes to a pool.
func (s *Service) CreateResourceServer(ctx context.Context, in *idpapi.CreateResourceServerInput) (*idpapi.CreateResourceServerOutput, error) {
	server, err := convert[userpool.ResourceServer](in)
	if err != nil {
		return nil, err
	}
	if err := s.pools.CreateResourceServer(ctx, server); err != nil {
		return nil, err
	}
	return &idpapi.CreateResourceServerOutput{ResourceServer: describeResourceServer(&server)}, nil
}

// DescribeResourceServer shows an API with its scopes.
func (s *Service) DescribeResourceServer(ctx context.Context, in *idpapi.DescribeResourceServerInput) (*idpapi.DescribeResourceServerOutput, error) {
	server, err := s.pools.ResourceServer(ctx, in.UserPoolId, in.Identifier)
	if err != nil {
		return nil, err
	}
	return &idpapi.DescribeResourceServerOutput{ResourceServer: describeResourceServer(server)}, nil
}

// UpdateResourceServer replaces the name and the scopes of an API.
func (s *Service) UpdateResourceServer(ctx context.Context, in *idpapi.UpdateResourceServerInput) (*idpapi.UpdateResourceServerOutput, error) {
	server, err := convert[userpool.ResourceServer](in)
	if err != nil {
		return nil, err
	}
	if err := s.pools.UpdateResourceServer(ctx, server); err != nil {
		return nil, err
	}
	return &idpapi.UpdateResourceServerOutput{ResourceServer: describeResourceServer(&server)}, nil
}

// DeleteResourceServer removes an API with its scopes.
func (s *Service) DeleteResourceServer(ctx context.Context, in *idpapi.DeleteResourceServerInput) (*idpapi.DeleteResourceServerOutput, error) {
	if err := s.pools.DeleteResourceServer(ctx, in.UserPoolId, in.Identifier); err != nil {
		return nil, err
	}
	return &idpapi.DeleteResourceServerOutput{}, nil
}

// ListResourceServers lists the APIs of a pool, page by page.
func (s *Service) ListResourceServers(ctx context.Context, in *idpapi.ListResourceServersInput) (*idpapi.ListResourceServersOutput, error) {
	servers, next, err := s.pools.ListResourceServers(ctx, in.UserPoolId, in.NextToken,
		pageSize(in.MaxResults, userpool.MaxResourceServerPage))
	if err != nil {
		return nil, err
	}
	out := &idpapi.ListResourceServersOutput{ResourceServers: []idpapi.ResourceServerType{}, NextToken: next}
	for _, server := range servers {
		out.ResourceServers = append(out.ResourceServers, *describeResourceServer(server))
	}
	return out, nil
}

// describeResourceServer is the API's form of a resource server.
func describeResourceServer(s *userpool.ResourceServer) *idpapi.ResourceServerType {
	described := &idpapi.ResourceServerType{UserPoolId: s.PoolID, Identifier: s.Identifier, Name: s.Name}
	for _, scope := range s.Scopes {
		described.Scopes = append(described.Scopes, idpapi.ResourceServerScopeType{ScopeName: scope.Name, ScopeDescription: scope.Description})
	}
	return described
}
