package identity

import (
	"context"
	"maps"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/identityapi"
)

// TagResource sets tags of an identity pool.
func (s *Service) TagResource(ctx context.Context, in *identityapi.TagResourceInput) (*identityapi.TagResourceOutput, error) {
	if err := s.pools.Tag(ctx, awsjson.RequestFrom(ctx).Region, in.ResourceArn, in.Tags); err != nil {
		return nil, err
	}
	return &identityapi.TagResourceOutput{}, nil
}

// UntagResource removes tags of an identity pool.
func (s *Service) UntagResource(ctx context.Context, in *identityapi.UntagResourceInput) (*identityapi.UntagResourceOutput, error) {
	if err := s.pools.Untag(ctx, awsjson.RequestFrom(ctx).Region, in.ResourceArn, in.TagKeys); err != nil {
		return nil, err
	}
	return &identityapi.UntagResourceOutput{}, nil
}

// ListTagsForResource shows the tags of an identity pool.
func (s *Service) ListTagsForResource(ctx context.Context, in *identityapi.ListTagsForResourceInput) (*identityapi.ListTagsForResourceOutput, error) {
	tags, err := s.pools.Tags(ctx, awsjson.RequestFrom(ctx).Region, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	out := &identityapi.ListTagsForResourceOutput{Tags: map[string]string{}} // {} where there are none
	maps.Copy(out.Tags, tags)
	return out, nil
}
