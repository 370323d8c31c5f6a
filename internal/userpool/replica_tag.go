package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// TaggedReplica returns the replica, and its pool's id, that an ARN names; nil if
// it names none in region, the one that the caller works in.
func (p *Pools) TaggedReplica(ctx context.Context, region, arn string) (poolID string, r *Replica, err error) {
	id, ok := poolOfARN(arn)
	if !ok {
		return "", nil, nil
	}
	var row *store.Replica
	err = p.db.View(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.Replica(id, region)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, fmt.Errorf("load replica: %w", err)
	}
	if r, err = p.readReplica(row); err != nil || r.ARN != arn {
		return "", nil, err
	}
	return id, r, nil
}

// TagReplica sets tags of a replica, which has its own, and leaves its others.
// Errors: ResourceNotFoundException, InvalidParameterException.
func (p *Pools) TagReplica(ctx context.Context, poolID, region string, tags map[string]string) error {
	return p.changeReplicaTags(ctx, poolID, region, func(has map[string]string) { maps.Copy(has, tags) })
}

// UntagReplica removes tags of a replica; those it does not have do not matter.
// The error is ResourceNotFoundException.
func (p *Pools) UntagReplica(ctx context.Context, poolID, region string, keys []string) error {
	return p.changeReplicaTags(ctx, poolID, region, func(has map[string]string) {
		for _, key := range keys {
			delete(has, key)
		}
	})
}

func (p *Pools) changeReplicaTags(ctx context.Context, poolID, region string, change func(map[string]string)) error {
	_, err := p.changeReplica(ctx, poolID, region, func(tx *store.Tx, row *store.Replica) error {
		r, err := p.readReplica(row)
		if err != nil {
			return err
		}
		if r.Tags == nil {
			r.Tags = map[string]string{}
		}
		change(r.Tags)
		if err := checkTags(r.Tags, fault.InvalidParameter); err != nil {
			return err
		}
		text, err := json.Marshal(r.Tags)
		if err != nil {
			return fmt.Errorf("tags of a replica: %w", err)
		}
		row.Tags = string(text)
		return tx.UpdateReplica(row)
	})
	return err
}
