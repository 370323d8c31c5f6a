package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/poolhouse/poolhouse/internal/arn"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Replica is a region that a pool is served in: its own, or one that it was said
// to be replicated to. All nodes share the database, so a replica here holds
// nothing of its own but its status and tags.
type Replica struct {
	Region  string
	Status  string // INACTIVE or ACTIVE; DELETING of one that is gone
	Primary bool
	ARN     string
	Tags    map[string]string // of a secondary
}

// maxReplicas is how many replicas a pool may have: all fit on one page.
const maxReplicas = 10

var replicaRegion = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]+$`)

func replicaNotFound(poolID, region string) error {
	return fault.Errorf(fault.ResourceNotFound, "User pool %s has no replica in %s.", poolID, region)
}

// CreateReplica records that a pool has a replica in a region. As on AWS it is
// INACTIVE at first, and the pool must have a multi-Region key of its owner's.
// Errors: ResourceNotFoundException, InvalidParameterException,
// OperationNotEnabledException, LimitExceededException,
// UserPoolTaggingException, FeatureUnavailableInTierException.
func (p *Pools) CreateReplica(ctx context.Context, poolID, region string, tags map[string]string) (*Replica, error) {
	if err := checkTags(tags, fault.UserPoolTagging); err != nil {
		return nil, err
	}
	text, err := json.Marshal(tags)
	if err != nil {
		return nil, fmt.Errorf("tags of a replica: %w", err)
	}
	row := &store.Replica{PoolID: poolID, Region: region, Status: "INACTIVE", Tags: string(text)}
	err = p.db.Update(ctx, func(tx *store.Tx) error {
		pool, err := findPool(tx, poolID)
		if err != nil {
			return err
		}
		if err := p.checkReplicated(pool, region); err != nil {
			return err
		}
		others, err := tx.Replicas(poolID)
		if err != nil {
			return err
		}
		row.CreatedAt, row.ModifiedAt = tx.Now(), tx.Now()
		err = tx.InsertReplica(row)
		switch {
		case errors.Is(err, store.ErrExists):
			return invalid("User pool %s already has a replica in %s.", poolID, region)
		case err == nil && len(others) >= maxReplicas:
			return fault.Errorf(fault.LimitExceeded, "The maximum number of replicas, %d, is reached.", maxReplicas)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return p.readReplica(row)
}

// checkReplicated refuses a pool or region that there can be no replica of.
func (p *Pools) checkReplicated(pool *Pool, region string) error {
	switch {
	case !replicaRegion.MatchString(region):
		return invalid("Invalid region name: %s", region)
	case region == pool.Region():
		return invalid("User pool %s is in %s already.", pool.ID, region)
	case p.strictTiers && pool.UserPoolTier == "LITE":
		return pool.errTier(fault.FeatureUnavailableInTier, featureReplication)
	case !pool.KeyConfiguration.multiRegion():
		return fault.New(fault.OperationNotEnabled,
			"The user pool must be configured with a multi-Region customer managed key before it can be replicated.")
	}
	return nil
}

// multiRegion reports whether the key is a multi-Region one of the pool's owner.
func (k *KeyConfiguration) multiRegion() bool {
	return k != nil && k.KeyType == "CUSTOMER_MANAGED_KEY" && strings.Contains(k.KmsKeyArn, ":key/mrk-")
}

// keyOfReplicas is the key that a pool has after an update with the key given, nil
// for none. Like other settings it goes when an update leaves it out. Where the pool
// has replicas, which cannot be without, it stays: clients from before the setting
// cannot name it.
func keyOfReplicas(tx *store.Tx, poolID string, old, given *KeyConfiguration) (*KeyConfiguration, error) {
	if !old.multiRegion() || given.multiRegion() {
		return given, nil
	}
	replicas, err := tx.Replicas(poolID)
	switch {
	case err != nil:
		return nil, err
	case len(replicas) == 0:
		return given, nil
	case given == nil:
		return old, nil
	}
	return nil, fault.New(fault.OperationNotEnabled,
		"The user pool must be configured with a multi-Region customer managed key while it has replicas.")
}

// UpdateReplica sets the status of a replica, ACTIVE or INACTIVE. Errors:
// ResourceNotFoundException, InvalidParameterException.
func (p *Pools) UpdateReplica(ctx context.Context, poolID, region, status string) (*Replica, error) {
	return p.changeReplica(ctx, poolID, region, func(tx *store.Tx, row *store.Replica) error {
		row.Status = status
		return tx.UpdateReplica(row)
	})
}

// DeleteReplica forgets a replica. Errors: ResourceNotFoundException,
// InvalidParameterException.
func (p *Pools) DeleteReplica(ctx context.Context, poolID, region string) (*Replica, error) {
	return p.changeReplica(ctx, poolID, region, func(tx *store.Tx, row *store.Replica) error {
		domains, err := tx.DomainsOf(poolID)
		if err != nil {
			return err
		}
		for _, domain := range domains {
			d, err := readDomain(domain)
			if err != nil {
				return err
			}
			if d.Routing != nil && d.Routing.Failover.SecondaryRegion == region {
				return invalid("Domain %s fails over to the replica in %s.", d.Name, region)
			}
		}
		row.Status = "DELETING"
		return tx.DeleteReplica(poolID, region)
	})
}

// changeReplica reads the row of a replica and lets change change it, in one
// transaction.
func (p *Pools) changeReplica(ctx context.Context, poolID, region string, change func(*store.Tx, *store.Replica) error) (*Replica, error) {
	var row *store.Replica
	err := p.db.Update(ctx, func(tx *store.Tx) error {
		pool, err := findPool(tx, poolID)
		if err != nil {
			return err
		}
		if region == pool.Region() {
			return invalid("The user pool in %s is the primary one.", region)
		}
		row, err = tx.Replica(poolID, region)
		if errors.Is(err, store.ErrNotFound) {
			return replicaNotFound(poolID, region)
		}
		if err != nil {
			return err
		}
		row.ModifiedAt = tx.Now()
		return change(tx, row)
	})
	if err != nil {
		return nil, err
	}
	return p.readReplica(row)
}

// Replicas returns the replicas of a pool, the pool itself first. All are on the
// first page, so that no token is one. Errors: ResourceNotFoundException,
// InvalidParameterException.
func (p *Pools) Replicas(ctx context.Context, poolID, token string) ([]*Replica, error) {
	pool, err := p.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	if token != "" {
		return nil, ErrPageToken
	}
	replicas := []*Replica{{Region: pool.Region(), Status: "ACTIVE", Primary: true, ARN: p.ARN(poolID)}}
	var rows []*store.Replica
	if err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.Replicas(poolID)
		return err
	}); err != nil {
		return nil, fmt.Errorf("list replicas: %w", err)
	}
	for _, row := range rows {
		r, err := p.readReplica(row)
		if err != nil {
			return nil, err
		}
		replicas = append(replicas, r)
	}
	return replicas, nil
}

func (p *Pools) readReplica(row *store.Replica) (*Replica, error) {
	r := &Replica{Region: row.Region, Status: row.Status,
		ARN: arn.New("cognito-idp", row.Region, p.accountID, "userpool/"+row.PoolID)}
	if err := json.Unmarshal([]byte(row.Tags), &r.Tags); err != nil {
		return nil, fmt.Errorf("tags of the replica of %s in %s: %w", row.PoolID, row.Region, err)
	}
	return r, nil
}
