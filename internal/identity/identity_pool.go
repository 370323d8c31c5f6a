package identity

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/identityapi"
	"github.com/poolhouse/poolhouse/internal/identitypool"
)

// CreateIdentityPool makes an identity pool in the region of the request.
func (s *Service) CreateIdentityPool(ctx context.Context, in *identityapi.CreateIdentityPoolInput) (*identityapi.CreateIdentityPoolOutput, error) {
	c, err := convert[identitypool.Config](in)
	if err != nil {
		return nil, err
	}
	pool, err := s.pools.Create(ctx, awsjson.RequestFrom(ctx).Region, in.IdentityPoolName, c)
	if err != nil {
		return nil, err
	}
	return describe(pool)
}

// DescribeIdentityPool shows an identity pool.
func (s *Service) DescribeIdentityPool(ctx context.Context, in *identityapi.DescribeIdentityPoolInput) (*identityapi.DescribeIdentityPoolOutput, error) {
	pool, err := s.pools.Pool(ctx, in.IdentityPoolId)
	if err != nil {
		return nil, err
	}
	return describe(pool)
}

// UpdateIdentityPool replaces the configuration of an identity pool.
func (s *Service) UpdateIdentityPool(ctx context.Context, in *identityapi.UpdateIdentityPoolInput) (*identityapi.UpdateIdentityPoolOutput, error) {
	c, err := convert[identitypool.Config](in)
	if err != nil {
		return nil, err
	}
	pool, err := s.pools.Update(ctx, in.IdentityPoolId, in.IdentityPoolName, c)
	if err != nil {
		return nil, err
	}
	return describe(pool)
}

// DeleteIdentityPool removes an identity pool with its identities.
func (s *Service) DeleteIdentityPool(ctx context.Context, in *identityapi.DeleteIdentityPoolInput) (*identityapi.DeleteIdentityPoolOutput, error) {
	if err := s.pools.Delete(ctx, in.IdentityPoolId); err != nil {
		return nil, err
	}
	return &identityapi.DeleteIdentityPoolOutput{}, nil
}

// ListIdentityPools lists the identity pools, page by page.
func (s *Service) ListIdentityPools(ctx context.Context, in *identityapi.ListIdentityPoolsInput) (*identityapi.ListIdentityPoolsOutput, error) {
	pools, next, err := s.pools.List(ctx, in.NextToken, pageSize(in.MaxResults))
	if err != nil {
		return nil, err
	}
	out := &identityapi.ListIdentityPoolsOutput{IdentityPools: []identityapi.IdentityPoolShortDescription{}, NextToken: next}
	for _, pool := range pools {
		out.IdentityPools = append(out.IdentityPools, identityapi.IdentityPoolShortDescription{IdentityPoolId: pool.ID, IdentityPoolName: pool.Name})
	}
	return out, nil
}

// describe is the API's form of a pool.
func describe(pool *identitypool.Pool) (*identityapi.IdentityPool, error) {
	out, err := convert[identityapi.IdentityPool](pool.Config)
	if err != nil {
		return nil, err
	}
	out.IdentityPoolId, out.IdentityPoolName = pool.ID, pool.Name
	if out.IdentityPoolTags == nil {
		out.IdentityPoolTags = map[string]string{} // {} where there are none
	}
	return &out, nil
}

// convert turns a value into another type that has the same JSON. Members that T
// lacks are dropped.
func convert[T any](in any) (T, error) {
	var out T
	b, err := json.Marshal(in)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return out, fmt.Errorf("convert %T to %T: %w", in, out, err)
	}
	return out, nil
}

// pageSize is the number of items on a page.
func pageSize(asked *int32) int {
	if asked == nil || *asked <= 0 {
		return identitypool.MaxPage
	}
	return min(int(*asked), identitypool.MaxPage)
}
