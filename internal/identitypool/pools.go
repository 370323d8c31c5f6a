package identitypool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"

	"github.com/google/uuid"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/identitypool/login"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Pools keeps the identity pools of the deployment with their identities. Pools
// are read from a cache of this node: changes made here are seen at once, those
// of other nodes within a second. Its methods may be called concurrently, but not
// inside a transaction.
type Pools struct {
	db          *store.DB
	ring        *keys.Ring
	logins      *login.Verifier
	credentials CredentialsIssuer
	tokens      bool
	accountID   string
	issuer      string
	log         *slog.Logger
	cache       cache
}

// Options are what Pools works with.
type Options struct {
	// AccountID is the 12-digit account in ARNs; empty means 123456789012.
	AccountID string

	// Issuer is the iss of the tokens of identities.
	Issuer string

	// Logger gets what goes wrong with one item of several. Nil means slog.Default.
	Logger *slog.Logger

	// Credentials makes credentials; nil: there are none to be had.
	Credentials CredentialsIssuer

	// Tokens says that Credentials is to be shown a token of the identity. Its
	// signature costs as much as most of the rest.
	Tokens bool
}

// New returns the identity pools in db. It registers with db for changes and
// lives as long as db does.
func New(db *store.DB, ring *keys.Ring, logins *login.Verifier, o Options) *Pools {
	p := &Pools{
		db: db, ring: ring, logins: logins, credentials: o.Credentials, tokens: o.Tokens,
		accountID: cmp.Or(o.AccountID, "123456789012"), issuer: o.Issuer, log: cmp.Or(o.Logger, slog.Default()),
	}
	p.cache.drop()
	db.OnConfigChange(p.cache.drop)
	return p
}

// Create makes a pool. Errors: InvalidParameterException, LimitExceededException.
func (p *Pools) Create(ctx context.Context, region, name string, c Config) (*Pool, error) {
	if err := p.check(&c); err != nil {
		return nil, err
	}
	pool := &Pool{ID: newID(region), Name: name, Config: c}
	err := p.db.Update(ctx, func(tx *store.Tx) error {
		count, err := tx.CountIdentityPools()
		if err != nil {
			return err
		}
		if count >= maxPools {
			return fault.Errorf(fault.LimitExceeded, "The maximum number of identity pools, %d, is reached.", maxPools)
		}
		pool.CreatedAt, pool.ModifiedAt = tx.Now(), tx.Now()
		row, err := pool.row()
		if err != nil {
			return err
		}
		return tx.InsertIdentityPool(row)
	})
	if err != nil {
		return nil, err
	}
	return pool, nil
}

// newID is an id of a pool or an identity.
func newID(region string) string { return cmp.Or(region, "us-east-1") + ":" + uuid.NewString() }

// Update replaces the name and configuration of a pool. Tags stay where none are
// given, and so does the name of the developer provider, which cannot change.
// Errors: ResourceNotFoundException, InvalidParameterException,
// LimitExceededException.
func (p *Pools) Update(ctx context.Context, id, name string, c Config) (*Pool, error) {
	if err := p.check(&c); err != nil {
		return nil, err
	}
	return p.change(ctx, id, func(pool *Pool) error {
		c := c // the function may run again
		if c.Tags == nil {
			c.Tags = pool.Tags
		}
		if c.DeveloperProviderName == "" {
			c.DeveloperProviderName = pool.DeveloperProviderName
		}
		if pool.DeveloperProviderName != "" && c.DeveloperProviderName != pool.DeveloperProviderName {
			return invalid("The developer provider name cannot be changed once it is set.")
		}
		if err := p.check(&c); err != nil {
			return err
		}
		pool.Name, pool.Config = name, c
		return nil
	})
}

// change applies a change to a pool and returns it as it is then.
func (p *Pools) change(ctx context.Context, id string, change func(*Pool) error) (*Pool, error) {
	var pool *Pool
	err := p.db.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.IdentityPool(id)
		if errors.Is(err, store.ErrNotFound) {
			return poolNotFound(id)
		}
		if err != nil {
			return err
		}
		if pool, err = readPool(row); err != nil {
			return err
		}
		if err := change(pool); err != nil {
			return err
		}
		pool.ModifiedAt = tx.Now()
		if row, err = pool.row(); err != nil {
			return err
		}
		return tx.UpdateIdentityPool(row)
	})
	if err != nil {
		return nil, err
	}
	return pool, nil
}

// Delete removes a pool; its identities are cleared away by ClearDeleted. Errors:
// ResourceNotFoundException.
func (p *Pools) Delete(ctx context.Context, id string) error {
	err := p.db.Update(ctx, func(tx *store.Tx) error { return tx.DeleteIdentityPool(id) })
	if errors.Is(err, store.ErrNotFound) {
		return poolNotFound(id)
	}
	return err
}

// clearStep is how many rows of a table one transaction clears away.
const clearStep = 500

// ClearDeleted clears away the identities of deleted pools, in short
// transactions. Where it stopped, the next call goes on, on any node.
func (p *Pools) ClearDeleted(ctx context.Context) error {
	var ids []string
	if err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		ids, err = tx.DeletedIdentityPools()
		return err
	}); err != nil {
		return fmt.Errorf("list deleted identity pools: %w", err)
	}
	for _, id := range ids {
		for done := false; !done; {
			if err := p.db.Update(ctx, func(tx *store.Tx) (err error) {
				done, err = tx.ClearDeletedIdentityPool(id, clearStep)
				return err
			}); err != nil {
				return fmt.Errorf("clear deleted identity pool: %w", err)
			}
		}
	}
	return nil
}

// tagged returns the pool that an ARN names, in the caller's region. Errors:
// InvalidParameterException, ResourceNotFoundException.
func (p *Pools) tagged(ctx context.Context, region, arn string) (*Pool, error) {
	parts := strings.SplitN(arn, ":", 6) // arn:partition:service:region:account:resource
	id, ok := strings.CutPrefix(parts[len(parts)-1], "identitypool/")
	if !ok || len(parts) != 6 || parts[2] != "cognito-identity" {
		return nil, invalid("%s is not the ARN of an identity pool.", arn)
	}
	pool, err := p.Pool(ctx, id)
	if err != nil {
		return nil, err
	}
	if parts[4] == "" { // Terraform's, where it may not ask for the account
		parts[4] = p.accountID
	}
	if region != "" && pool.Region() != region || p.ARN(id) != strings.Join(parts, ":") {
		return nil, poolNotFound(id)
	}
	return pool, nil
}

// Tag sets tags of the pool that an ARN names. Errors:
// InvalidParameterException, ResourceNotFoundException.
func (p *Pools) Tag(ctx context.Context, region, arn string, tags map[string]string) error {
	pool, err := p.tagged(ctx, region, arn)
	if err != nil {
		return err
	}
	_, err = p.change(ctx, pool.ID, func(pool *Pool) error {
		all := maps.Clone(pool.Tags)
		if all == nil {
			all = map[string]string{}
		}
		maps.Copy(all, tags)
		pool.Tags = all
		return checkTags(all)
	})
	return err
}

// Untag removes tags of the pool that an ARN names. Errors as Tag.
func (p *Pools) Untag(ctx context.Context, region, arn string, keys []string) error {
	pool, err := p.tagged(ctx, region, arn)
	if err != nil {
		return err
	}
	_, err = p.change(ctx, pool.ID, func(pool *Pool) error {
		for _, key := range keys {
			delete(pool.Tags, key)
		}
		return nil
	})
	return err
}

// Tags returns the tags of the pool that an ARN names. Errors as Tag.
func (p *Pools) Tags(ctx context.Context, region, arn string) (map[string]string, error) {
	pool, err := p.tagged(ctx, region, arn)
	if err != nil {
		return nil, err
	}
	return pool.Tags, nil
}

// List returns up to limit pools, in the order of their ids, and the token of the
// next page, "" if there is none. Errors: InvalidParameterException.
func (p *Pools) List(ctx context.Context, token string, limit int) (pools []*Pool, next string, err error) {
	after, err := userpool.PageAfter("pools", token)
	if err != nil {
		return nil, "", err
	}
	var rows []*store.IdentityPool
	if err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.ListIdentityPools(after, limit+1)
		return err
	}); err != nil {
		return nil, "", fmt.Errorf("list identity pools: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = userpool.PageToken("pools", rows[limit-1].ID)
	}
	for _, row := range rows {
		pool, err := readPool(row)
		if err != nil {
			return nil, "", err
		}
		pools = append(pools, pool)
	}
	return pools, next, nil
}
