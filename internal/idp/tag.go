package idp

import (
	"context"
	"maps"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// TagResource sets tags of a pool.
func (s *Service) TagResource(ctx context.Context, in *idpapi.TagResourceInput) (*idpapi.TagResourceOutput, error) {
	pool, err := s.taggedPool(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if err := s.pools.Tag(ctx, pool.ID, in.Tags); err != nil {
		return nil, err
	}
	return &idpapi.TagResourceOutput{}, nil
}

// UntagResource removes tags of a pool.
func (s *Service) UntagResource(ctx context.Context, in *idpapi.UntagResourceInput) (*idpapi.UntagResourceOutput, error) {
	pool, err := s.taggedPool(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if err := s.pools.Untag(ctx, pool.ID, in.TagKeys); err != nil {
		return nil, err
	}
	return &idpapi.UntagResourceOutput{}, nil
}

// ListTagsForResource shows the tags of a pool.
func (s *Service) ListTagsForResource(ctx context.Context, in *idpapi.ListTagsForResourceInput) (*idpapi.ListTagsForResourceOutput, error) {
	pool, err := s.taggedPool(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	out := &idpapi.ListTagsForResourceOutput{Tags: map[string]string{}} // {} where there are none
	maps.Copy(out.Tags, pool.UserPoolTags)
	return out, nil
}

func (s *Service) taggedPool(ctx context.Context, arn string) (*userpool.Pool, error) {
	return s.pools.TaggedPool(ctx, awsjson.RequestFrom(ctx).Region, arn)
}
