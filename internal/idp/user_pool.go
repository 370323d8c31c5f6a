package idp

import (
	"context"
	"math"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// CreateUserPool makes a pool in the region that the request is signed for.
func (s *Service) CreateUserPool(ctx context.Context, in *idpapi.CreateUserPoolInput) (*idpapi.CreateUserPoolOutput, error) {
	settings, err := convert[userpool.PoolSettings](in)
	if err != nil {
		return nil, err
	}
	pool, err := s.pools.Create(ctx, userpool.NewPool{
		Region: awsjson.RequestFrom(ctx).Region, Name: in.PoolName, Settings: settings,
	})
	if err != nil {
		return nil, err
	}
	described, err := s.describePool(ctx, pool)
	if err != nil {
		return nil, err
	}
	return &idpapi.CreateUserPoolOutput{UserPool: described}, nil
}

// DescribeUserPool shows a pool's configuration.
func (s *Service) DescribeUserPool(ctx context.Context, in *idpapi.DescribeUserPoolInput) (*idpapi.DescribeUserPoolOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	described, err := s.describePool(ctx, pool)
	if err != nil {
		return nil, err
	}
	return &idpapi.DescribeUserPoolOutput{UserPool: described}, nil
}

// UpdateUserPool replaces a pool's configuration.
func (s *Service) UpdateUserPool(ctx context.Context, in *idpapi.UpdateUserPoolInput) (*idpapi.UpdateUserPoolOutput, error) {
	settings, err := convert[userpool.PoolSettings](in)
	if err != nil {
		return nil, err
	}
	if err := s.pools.Update(ctx, in.UserPoolId, in.PoolName, settings); err != nil {
		return nil, err
	}
	return &idpapi.UpdateUserPoolOutput{}, nil
}

// DeleteUserPool removes a pool and everything in it.
func (s *Service) DeleteUserPool(ctx context.Context, in *idpapi.DeleteUserPoolInput) (*idpapi.DeleteUserPoolOutput, error) {
	if err := s.pools.Delete(ctx, in.UserPoolId); err != nil {
		return nil, err
	}
	return &idpapi.DeleteUserPoolOutput{}, nil
}

// ListUserPools lists all pools, page by page.
func (s *Service) ListUserPools(ctx context.Context, in *idpapi.ListUserPoolsInput) (*idpapi.ListUserPoolsOutput, error) {
	pools, next, err := s.pools.List(ctx, in.NextToken, pageSize(in.MaxResults, userpool.MaxPage))
	if err != nil {
		return nil, err
	}
	out := &idpapi.ListUserPoolsOutput{UserPools: []idpapi.UserPoolDescriptionType{}, NextToken: next}
	for _, pool := range pools {
		lambda, err := convert[*idpapi.LambdaConfigType](pool.LambdaConfig)
		if err != nil {
			return nil, err
		}
		out.UserPools = append(out.UserPools, idpapi.UserPoolDescriptionType{
			Id: pool.ID, Name: pool.Name, LambdaConfig: lambda,
			CreationDate:     apimodel.Time{Time: pool.CreatedAt},
			LastModifiedDate: apimodel.Time{Time: pool.ModifiedAt},
		})
	}
	return out, nil
}

// AddCustomAttributes adds attributes to a pool's schema.
func (s *Service) AddCustomAttributes(ctx context.Context, in *idpapi.AddCustomAttributesInput) (*idpapi.AddCustomAttributesOutput, error) {
	attributes, err := convert[[]userpool.SchemaSettings](in.CustomAttributes)
	if err != nil {
		return nil, err
	}
	if err := s.pools.AddCustomAttributes(ctx, in.UserPoolId, attributes); err != nil {
		return nil, err
	}
	return &idpapi.AddCustomAttributesOutput{}, nil
}

// describePool is the API's form of a pool.
func (s *Service) describePool(ctx context.Context, pool *userpool.Pool) (*idpapi.UserPoolType, error) {
	described, err := convert[*idpapi.UserPoolType](pool.PoolConfig)
	if err != nil {
		return nil, err
	}
	users, err := s.pools.UserCount(ctx, pool.ID)
	if err != nil {
		return nil, err
	}
	prefix, custom, err := s.pools.DomainsOf(ctx, pool.ID)
	if err != nil {
		return nil, err
	}
	if prefix != nil {
		described.Domain = prefix.Name
	}
	if custom != nil {
		described.CustomDomain = custom.Name
	}
	described.Id = pool.ID
	described.Name = pool.Name
	described.Arn = s.pools.ARN(pool.ID)
	described.CreationDate = apimodel.Time{Time: pool.CreatedAt}
	described.LastModifiedDate = apimodel.Time{Time: pool.ModifiedAt}
	described.EstimatedNumberOfUsers = new(int32(min(users, math.MaxInt32)))
	return described, nil
}
