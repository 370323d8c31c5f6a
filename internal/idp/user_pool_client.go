package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// CreateUserPoolClient makes an app client.
func (s *Service) CreateUserPoolClient(ctx context.Context, in *idpapi.CreateUserPoolClientInput) (*idpapi.CreateUserPoolClientOutput, error) {
	settings, err := convert[userpool.ClientSettings](in)
	if err != nil {
		return nil, err
	}
	client, err := s.pools.CreateClient(ctx, userpool.NewClient{
		PoolID: in.UserPoolId, Name: in.ClientName, Secret: in.ClientSecret,
		GenerateSecret: in.GenerateSecret != nil && *in.GenerateSecret, Settings: settings,
	})
	if err != nil {
		return nil, err
	}
	described, err := describeClient(client)
	if err != nil {
		return nil, err
	}
	return &idpapi.CreateUserPoolClientOutput{UserPoolClient: described}, nil
}

// DescribeUserPoolClient shows a client's configuration and its oldest secret.
func (s *Service) DescribeUserPoolClient(ctx context.Context, in *idpapi.DescribeUserPoolClientInput) (*idpapi.DescribeUserPoolClientOutput, error) {
	_, client, err := s.pools.PoolClient(ctx, in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	described, err := describeClient(client)
	if err != nil {
		return nil, err
	}
	return &idpapi.DescribeUserPoolClientOutput{UserPoolClient: described}, nil
}

// UpdateUserPoolClient replaces a client's configuration.
func (s *Service) UpdateUserPoolClient(ctx context.Context, in *idpapi.UpdateUserPoolClientInput) (*idpapi.UpdateUserPoolClientOutput, error) {
	settings, err := convert[userpool.ClientSettings](in)
	if err != nil {
		return nil, err
	}
	client, err := s.pools.UpdateClient(ctx, in.UserPoolId, in.ClientId, in.ClientName, settings)
	if err != nil {
		return nil, err
	}
	described, err := describeClient(client)
	if err != nil {
		return nil, err
	}
	return &idpapi.UpdateUserPoolClientOutput{UserPoolClient: described}, nil
}

// DeleteUserPoolClient removes a client.
func (s *Service) DeleteUserPoolClient(ctx context.Context, in *idpapi.DeleteUserPoolClientInput) (*idpapi.DeleteUserPoolClientOutput, error) {
	if err := s.pools.DeleteClient(ctx, in.UserPoolId, in.ClientId); err != nil {
		return nil, err
	}
	return &idpapi.DeleteUserPoolClientOutput{}, nil
}

// ListUserPoolClients lists the clients of a pool, page by page.
func (s *Service) ListUserPoolClients(ctx context.Context, in *idpapi.ListUserPoolClientsInput) (*idpapi.ListUserPoolClientsOutput, error) {
	clients, next, err := s.pools.ListClients(ctx, in.UserPoolId, string(in.ClientType), in.NextToken,
		pageSize(in.MaxResults, userpool.MaxPage))
	if err != nil {
		return nil, err
	}
	out := &idpapi.ListUserPoolClientsOutput{UserPoolClients: []idpapi.UserPoolClientDescription{}, NextToken: next}
	for _, c := range clients {
		out.UserPoolClients = append(out.UserPoolClients, idpapi.UserPoolClientDescription{
			ClientId: c.ID, ClientName: c.Name, UserPoolId: c.PoolID,
		})
	}
	return out, nil
}

// describeClient is the API's form of a client.
func describeClient(client *userpool.Client) (*idpapi.UserPoolClientType, error) {
	described, err := convert[*idpapi.UserPoolClientType](client.ClientConfig)
	if err != nil {
		return nil, err
	}
	described.UserPoolId = client.PoolID
	described.ClientId = client.ID
	described.ClientName = client.Name
	described.ClientSecret = client.Secret()
	described.CreationDate = apimodel.Time{Time: client.CreatedAt}
	described.LastModifiedDate = apimodel.Time{Time: client.ModifiedAt}
	return described, nil
}
