package idp

import (
	"context"
	"maps"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// TagResource sets tags of a pool, or of its replica in another region.
func (s *Service) TagResource(ctx context.Context, in *idpapi.TagResourceInput) (*idpapi.TagResourceOutput, error) {
	pool, replica, err := s.tagged(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if replica != nil {
		err = s.pools.TagReplica(ctx, pool, replica.Region, in.Tags)
	} else {
		err = s.pools.Tag(ctx, pool, in.Tags)
	}
	if err != nil {
		return nil, err
	}
	return &idpapi.TagResourceOutput{}, nil
}

// UntagResource removes tags of a pool, or of its replica in another region.
func (s *Service) UntagResource(ctx context.Context, in *idpapi.UntagResourceInput) (*idpapi.UntagResourceOutput, error) {
	pool, replica, err := s.tagged(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if replica != nil {
		err = s.pools.UntagReplica(ctx, pool, replica.Region, in.TagKeys)
	} else {
		err = s.pools.Untag(ctx, pool, in.TagKeys)
	}
	if err != nil {
		return nil, err
	}
	return &idpapi.UntagResourceOutput{}, nil
}

// ListTagsForResource shows the tags of a pool, or of its replica in another
// region.
func (s *Service) ListTagsForResource(ctx context.Context, in *idpapi.ListTagsForResourceInput) (*idpapi.ListTagsForResourceOutput, error) {
	id, replica, err := s.tagged(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	out := &idpapi.ListTagsForResourceOutput{Tags: map[string]string{}} // {} where there are none
	if replica != nil {
		maps.Copy(out.Tags, replica.Tags)
		return out, nil
	}
	pool, err := s.pools.Pool(ctx, id)
	if err != nil {
		return nil, err
	}
	maps.Copy(out.Tags, pool.UserPoolTags)
	return out, nil
}

// tagged is the id of the pool that an ARN names, with the replica if it is that
// which is named.
func (s *Service) tagged(ctx context.Context, arn string) (poolID string, replica *userpool.Replica, err error) {
	region := awsjson.RequestFrom(ctx).Region
	poolID, replica, err = s.pools.TaggedReplica(ctx, region, arn)
	if replica != nil || err != nil {
		return poolID, replica, err
	}
	pool, err := s.pools.TaggedPool(ctx, region, arn)
	if err != nil {
		return "", nil, err
	}
	return pool.ID, nil, nil
}
