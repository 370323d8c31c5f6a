package userpool

import (
	"context"
	"maps"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// TaggedPool returns the pool that an ARN names. region is the one that the caller
// works in: what belongs to others, by region or by account, does not exist for
// it. Errors: InvalidParameterException for what is no ARN of a user pool,
// ResourceNotFoundException.
func (p *Pools) TaggedPool(ctx context.Context, region, arn string) (*Pool, error) {
	id, ok := poolOfARN(arn)
	if !ok {
		return nil, invalid("%s is not the ARN of a user pool.", arn)
	}
	pool, err := p.Pool(ctx, id)
	if err != nil {
		return nil, err
	}
	if pool.Region() != region || p.ARN(id) != arn {
		return nil, poolNotFound(id)
	}
	return pool, nil
}

// poolOfARN is the id in an ARN of a user pool, of whatever account and region.
func poolOfARN(arn string) (id string, ok bool) {
	parts := strings.SplitN(arn, ":", 6) // arn:partition:service:region:account:resource
	id, ok = strings.CutPrefix(parts[len(parts)-1], "userpool/")
	return id, ok && len(parts) == 6 && parts[0] == "arn" && parts[2] == "cognito-idp" && poolID.MatchString(id)
}

// Tag sets tags of a pool and leaves its others. Errors:
// ResourceNotFoundException, InvalidParameterException.
func (p *Pools) Tag(ctx context.Context, id string, tags map[string]string) error {
	return p.changePool(ctx, id, func(pool *Pool) error {
		if pool.UserPoolTags == nil {
			pool.UserPoolTags = map[string]string{}
		}
		maps.Copy(pool.UserPoolTags, tags)
		// The operation lacks the error that creating a pool has for this.
		return checkTags(pool.UserPoolTags, fault.InvalidParameter)
	})
}

// Untag removes tags of a pool; those it does not have do not matter. Errors:
// ResourceNotFoundException.
func (p *Pools) Untag(ctx context.Context, id string, keys []string) error {
	return p.changePool(ctx, id, func(pool *Pool) error {
		for _, key := range keys {
			delete(pool.UserPoolTags, key)
		}
		return nil
	})
}
