package app

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"

	"github.com/poolhouse/poolhouse/internal/arn"
	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/sigv4"
	"github.com/poolhouse/poolhouse/internal/store"
)

const accessKeyPurpose keys.Purpose = "access-key"

// openAccessKey is the secret of an access key and whom it stands for. A revoked
// key is as unknown as one that never was.
func openAccessKey(ring *keys.Ring, accountID string, row store.AccessKey) (string, *iam.Principal, error) {
	if !row.RevokedAt.IsZero() {
		return "", nil, sigv4.ErrUnknownKey
	}
	secret, err := ring.Open(accessKeyPurpose, row.SealedSecret, row.ID)
	if err != nil {
		return "", nil, fmt.Errorf("access key %s: %w", row.ID, err)
	}
	policy, err := iam.ParsePolicy([]byte(row.Policy))
	if err != nil {
		return "", nil, fmt.Errorf("access key %s: %w", row.ID, err)
	}
	return string(secret), &iam.Principal{
		AccessKeyID: row.ID,
		ARN:         arn.New("iam", "", accountID, "user/"+row.Name),
		Account:     accountID,
		Policy:      policy,
	}, nil
}

// accessKeyCache finds access keys without asking the database each time: what
// another node revokes is unknown here within a second.
type accessKeyCache struct {
	db        *store.DB
	ring      *keys.Ring
	accountID string

	mu         sync.Mutex
	generation int
	known      map[string]knownKey
}

type knownKey struct {
	secret    string
	principal *iam.Principal
}

// maxKnownKeys bounds the cache; a deployment has a handful.
const maxKnownKeys = 1000

func newAccessKeyCache(db *store.DB, ring *keys.Ring, accountID string) *accessKeyCache {
	c := &accessKeyCache{db: db, ring: ring, accountID: accountID, known: make(map[string]knownKey)}
	db.OnConfigChange(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.generation++
		clear(c.known)
	})
	return c
}

// find returns the secret of an access key and whom it stands for, or
// sigv4.ErrUnknownKey.
func (c *accessKeyCache) find(ctx context.Context, id string) (string, *iam.Principal, error) {
	c.mu.Lock()
	k, ok := c.known[id]
	generation := c.generation
	c.mu.Unlock()
	if ok {
		return k.secret, k.principal, nil
	}
	var row store.AccessKey
	err := c.db.View(ctx, func(tx *store.Tx) error {
		var err error
		row, err = tx.AccessKey(id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return "", nil, sigv4.ErrUnknownKey
	}
	if err != nil {
		return "", nil, err
	}
	if k.secret, k.principal, err = openAccessKey(c.ring, c.accountID, row); err != nil {
		return "", nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation == generation && len(c.known) < maxKnownKeys {
		c.known[id] = k
	}
	return k.secret, k.principal, nil
}

// AccessKeys makes, lists and revokes access keys, for the command line.
type AccessKeys struct {
	db   *store.DB
	ring *keys.Ring
}

// NewAccessKeys works on an open database.
func NewAccessKeys(db *store.DB, ring *keys.Ring) *AccessKeys { return &AccessKeys{db, ring} }

// accessKeyName is what IAM takes for the name of a user, which an access key's
// name stands for in ARNs.
var accessKeyName = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)

// Create makes an access key. Its secret is not seen again.
func (k *AccessKeys) Create(ctx context.Context, name string, policy *iam.Policy) (iam.AccessKey, error) {
	if !accessKeyName.MatchString(name) {
		return iam.AccessKey{}, fmt.Errorf("%q is no name for an access key: 1 to 64 letters, digits and _+=,.@-", name)
	}
	made := iam.NewAccessKey()
	sealed, err := k.ring.Seal(accessKeyPurpose, []byte(made.Secret), made.ID)
	if err != nil {
		return iam.AccessKey{}, err
	}
	err = k.db.Update(ctx, func(tx *store.Tx) error {
		return tx.InsertAccessKey(store.AccessKey{
			ID: made.ID, Name: name, SealedSecret: sealed, Policy: policy.String(), CreatedAt: tx.Now(),
		})
	})
	return made, err
}

// List returns all access keys, oldest first.
func (k *AccessKeys) List(ctx context.Context) (all []store.AccessKey, err error) {
	err = k.db.View(ctx, func(tx *store.Tx) error {
		all, err = tx.AccessKeys()
		return err
	})
	return all, err
}

// Revoke ends an access key for good.
func (k *AccessKeys) Revoke(ctx context.Context, id string) error {
	err := k.db.Update(ctx, func(tx *store.Tx) error { return tx.RevokeAccessKey(id, tx.Now()) })
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no access key %s", id)
	}
	return err
}
